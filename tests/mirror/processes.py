"""Real nodes as processes of their own, and a record that a web server on loopback serves to them."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

SECONDS: Final = 60.0
RUN: Final = "import sys; from commonhold.cli.main import run; sys.exit(run(sys.argv[1:]))"
HERE: Final = (sys.executable, "-c", RUN)
"""What runs our command line in a process of its own."""


class _Slow(SimpleHTTPRequestHandler):
    pause = 0.0

    def do_GET(self) -> None:
        time.sleep(self.pause)
        # A reader that was killed while it read is no news.
        with suppress(ConnectionError):
            super().do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@contextmanager
def web_server(folder: Path, pause: float = 0.0) -> Iterator[str]:
    """Serve *folder* on loopback, each file *pause* seconds late; gives the address."""
    handler = type("Handler", (_Slow,), {"pause": pause})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


@dataclass(frozen=True)
class Serving:
    """A house's log that answers at *url*; *log* is its key."""

    process: subprocess.Popen[str]
    url: str
    log: str

    def about(self) -> dict[str, Any]:
        """What it says of itself."""
        with urllib.request.urlopen(f"{self.url}/", timeout=SECONDS) as answer:
            value: dict[str, Any] = json.loads(answer.read())
            return value

    def until(self, done: Callable[[dict[str, Any]], bool], seconds: float = SECONDS) -> dict[str, Any]:
        """Wait until what it says of itself is as it should be."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            about = self.about()
            if done(about):
                return about
            time.sleep(0.05)
        raise AssertionError(f"it never came to that: {self.about()}")


@dataclass(frozen=True)
class Running:
    """A node that answers at *url*."""

    process: subprocess.Popen[str]
    url: str
    vkeys: dict[str, str]

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(f"{self.url}/{path}", timeout=SECONDS) as answer:
            data: bytes = answer.read()
            return data

    def logs(self) -> list[dict[str, Any]]:
        """What it says of the logs that it knows."""
        rows: list[dict[str, Any]] = json.loads(self.get(""))["logs"]
        return rows

    def log(self) -> dict[str, Any]:
        """What it says of the one log that it knows."""
        return self.logs()[0]

    def successors(self, name: str) -> dict[str, Any]:
        """What it says of the logs after one."""
        told: dict[str, Any] = json.loads(self.get(f"mirror/{name}/successors"))
        return told

    def until_frozen(self, name: str) -> dict[str, Any]:
        """Wait until it has signed that a log has ended."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            told = self.successors(name)
            if told["frozen"]:
                return told
            time.sleep(0.05)
        raise AssertionError(f"the node has not left the log: {told}; {self.get('').decode()}")

    def until_signed(self, size: int, *, well: bool = False) -> dict[str, Any]:
        """Wait until the mirror has signed a checkpoint of *size*, and with *well* until it names no trouble."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            row = self.log()
            if row["signed"] and row["signed"]["size"] >= size and not (well and row["trouble"]):
                return row
            time.sleep(0.05)
        raise AssertionError(f"the node has not signed size {size}: {self.log()}")

    def until_alarmed(self, count: int) -> list[dict[str, Any]]:
        """Wait until it has raised so many alarms."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            alarms: list[dict[str, Any]] = json.loads(self.get("alarms"))["alarms"]
            if len(alarms) >= count:
                return alarms
            time.sleep(0.05)
        raise AssertionError(f"the node has raised no {count} alarms: {alarms}")


@contextmanager
def node_process(
    verb: str,
    state: Path,
    log: str,
    *more: str,
    name: str = "heron.example",
    listen: str = "127.0.0.1:0",
    run: Sequence[str] = HERE,
) -> Iterator[Running]:
    """``commonhold VERB serve`` with *more* options in a process of its own, started with *run*; killed at the end if it still runs."""
    options = ["--state", str(state), "--name", name, "--log", log, "--listen", listen, *more]
    with _process(verb, "serve", *options, run=run) as (process, ready):
        yield Running(process, ready["url"], ready["vkeys"])


@contextmanager
def house_process(house: Path, *partners: str, listen: str = "127.0.0.1:0", run: Sequence[str] = HERE) -> Iterator[Serving]:
    """``commonhold house log serve`` in a process of its own, started with *run*; killed at the end if it still runs."""
    options = [part for url in partners for part in ("--partner", url)]
    with _process("house", "log", "serve", "--house", str(house), "--listen", listen, *options, run=run) as (process, ready):
        yield Serving(process, ready["url"], ready["log"])


@contextmanager
def web_house_process(house: Path, listen: str, run: Sequence[str] = HERE) -> Iterator[str]:
    """``commonhold house serve`` in a process of its own, started with *run*; gives its public address; killed at the end."""
    with _process("house", "serve", "--house", str(house), "--listen", listen, run=run) as (_, ready):
        yield ready["public"]


@contextmanager
def _process(*arguments: str, run: Sequence[str]) -> Iterator[tuple[subprocess.Popen[str], Any]]:
    # What a server says on stderr is kept in a file: a pipe that nobody reads would stop it once it is full.
    with tempfile.TemporaryFile("w+") as said:
        command = [*run, *arguments, "--json"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True) as process:
            try:
                assert process.stdout is not None
                line = process.stdout.readline()
                if not line:
                    said.seek(0)
                    raise AssertionError(said.read())
                yield process, json.loads(line)
            finally:
                process.kill()
