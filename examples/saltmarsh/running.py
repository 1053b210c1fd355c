"""Real processes for the demo, on this machine's own network alone: servers that answer, and are stopped or killed by their own handle."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SECONDS = 60.0
"""How long anything may take to answer."""


class NotHealthyError(Exception):
    """A server that did not come up, or an answer that did not come."""


@dataclass(frozen=True)
class Server:
    """A program that answers at *url*; *ready* is what it said of itself."""

    process: subprocess.Popen[str]
    url: str
    ready: dict[str, Any]

    def json(self, path: str = "") -> Any:
        """What it answers as JSON."""
        return json.loads(fetch(f"{self.url}/{path}"))

    def kill(self) -> None:
        """End it at once (SIGKILL), as a power failure or a thief would."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Ask it to end (SIGTERM), and insist after ten seconds."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()


class Programs:
    """Starts programs as processes of their own and waits until they answer; all end with *stack*."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack

    def __call__(self, *arguments: str, log: Path | None = None) -> Server:
        """Start ``commonhold ARGUMENTS --json``, which says on its first line where it answers."""
        executable = Path(sys.executable).with_name("commonhold")
        process = self._begin([str(executable), *arguments, "--json"], log)
        return Server(process, *_ready(process, arguments))

    def web(self, folder: Path) -> Server:
        """Start Python's own web server, which hands out *folder* and knows nothing of Commonhold."""
        process = self._begin([sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(folder)], None)
        return Server(process, f"http://127.0.0.1:{_line(process, 'python3 -m http.server').split()[5]}", {})

    def _begin(self, command: list[str], log: Path | None) -> subprocess.Popen[str]:
        said = self._stack.enter_context((log or Path(os.devnull)).open("ab"))
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True)
        self._stack.callback(Server(process, "", {}).stop)
        return process


@contextmanager
def programs() -> Iterator[Programs]:
    """What starts programs; whatever it has started ends with the block, on SIGTERM too."""
    with ExitStack() as stack:
        stack.callback(signal.signal, signal.SIGTERM, signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM)))
        yield Programs(stack)


def _line(process: subprocess.Popen[str], name: str) -> str:
    """The first line that a program prints, which says where it answers."""
    assert process.stdout is not None
    answers = select.select([process.stdout], [], [], SECONDS)[0]
    line = process.stdout.readline() if answers else ""
    if not line:
        process.kill()
        raise NotHealthyError(f"`{name}` did not start within {SECONDS:.0f} seconds")
    return line


def _ready(process: subprocess.Popen[str], arguments: tuple[str, ...]) -> tuple[str, dict[str, Any]]:
    assert process.stdout is not None
    line = _line(process, f"commonhold {' '.join(arguments[:3])}")
    try:
        ready = json.loads(line)
    except ValueError:
        rest = process.stdout.read()
        raise NotHealthyError(f"`commonhold {' '.join(arguments[:3])}` did not start: {line}{rest}") from None
    # A house serves its pages at one address and its log below it; what this is for is the log.
    url = ready.get("log_url", ready["url"]).rstrip("/")
    # What it prints later is not read by anybody, and must not fill the pipe.
    threading.Thread(target=process.stdout.read, daemon=True).start()
    until(lambda: fetch(f"{url}/") is not None, f"{url} answers")
    return url, ready


def free_addresses(count: int) -> list[str]:
    """Addresses of this machine on which nothing listens now, for servers that must know of each other beforehand."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]


def fetch(url: str, body: bytes | None = None, accept: str = "*/*") -> bytes:
    """What is served at *url*, after sending *body* if there is one.

    Raises:
        OSError: if nobody answers, or with an error.
    """
    request = urllib.request.Request(url, body, {"Accept": accept})
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        data: bytes = answer.read()
        return data


def refusal(url: str, body: bytes) -> tuple[int, bytes]:
    """The status and the words with which *url* answers *body*."""
    try:
        return 200, fetch(url, body)
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def until(held: Callable[[], object], what: str, seconds: float = SECONDS) -> float:
    """Wait until *held*; gives how many seconds that took.

    Raises:
        NotHealthyError: if it does not.
    """
    start = time.monotonic()
    while True:
        try:
            if held():
                return time.monotonic() - start
        except OSError:
            pass
        if time.monotonic() - start > seconds:
            raise NotHealthyError(f"after {seconds:.0f} seconds it is still not so that {what}")
        time.sleep(0.1)
