"""Hosts of their own for drills: network namespaces, joined by a hub that the drill makes, cuts and removes itself.

Each host is a namespace with one interface and the address ``10.77.0.N``; each link ends at a bridge in a namespace of the hub's. So a link can break in
two ways that programs see differently: *cut*, where the interface loses its carrier, and *silent*, where everything looks well and no packet
arrives any more. Nothing of it touches the machine's own network.

Needs root and iproute2. Not here: what is drilled.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from tests.mirror.processes import RUN

PORT: Final = 8420
ASK: Final = """
import json, sys, urllib.error, urllib.request
address, seconds = sys.argv[1], float(sys.argv[2])
body = sys.stdin.buffer.read() or None
try:
    with urllib.request.urlopen(urllib.request.Request(address, body, method="POST" if body else "GET"), timeout=seconds) as answer:
        status, data = answer.status, answer.read()
except urllib.error.HTTPError as error:
    status, data = error.code, error.read()
except OSError as error:
    status, data = 0, str(error).encode()
print(status)
sys.stdout.flush()
sys.stdout.buffer.write(data)
"""


@dataclass(frozen=True)
class Answer:
    """What an address answered; status 0 if nothing did."""

    status: int
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Host:
    """One machine, as far as its processes can tell."""

    name: str
    namespace: str
    address: str
    port: str
    """Its end of the link in the hub."""

    @property
    def url(self) -> str:
        return f"http://{self.address}:{PORT}"

    def command(self, *arguments: object) -> list[str]:
        """A command line that runs on this host."""
        return ["ip", "netns", "exec", self.namespace, *map(str, arguments)]

    def ask(self, address: str, body: bytes = b"", seconds: float = 30) -> Answer:
        """GET *address* from this host, or POST *body* to it."""
        done = subprocess.run(
            self.command(sys.executable, "-c", ASK, address, seconds), input=body, capture_output=True, timeout=seconds + 60, check=True
        )
        status, _, data = done.stdout.partition(b"\n")
        return Answer(int(status), data)

    def commonhold(self, *arguments: object) -> tuple[int, Any]:
        """One command line of ours on this host, reported as JSON; gives the exit code too."""
        done = subprocess.run(
            self.command(sys.executable, "-c", RUN, *arguments, "--json"), capture_output=True, text=True, timeout=120, check=False
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, json.loads(done.stdout or "{}")

    @contextlib.contextmanager
    def process(self, *arguments: object) -> Iterator[subprocess.Popen[str]]:
        """A command that runs on this host until the block ends."""
        with subprocess.Popen(self.command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
            try:
                yield running
            finally:
                running.kill()

    @contextlib.contextmanager
    def web_server(self, folder: Path) -> Iterator[str]:
        """Serve *folder* as static files; gives the address."""
        with self.process(sys.executable, "-u", "-m", "http.server", PORT, "--bind", self.address, "--directory", folder) as running:
            assert running.stdout is not None
            assert "Serving" in running.stdout.readline()
            # It says a line for each request, which nobody reads.
            assert running.stderr is not None
            drain = subprocess.Popen(["cat"], stdin=running.stderr, stdout=subprocess.DEVNULL)
            try:
                yield self.url
            finally:
                drain.kill()
                drain.wait()

    @contextlib.contextmanager
    def serving(self, *arguments: object) -> Iterator[dict[str, Any]]:
        """A verb of ours that serves on this host; gives what it said when it was ready."""
        with self.process(sys.executable, "-c", RUN, *arguments, "--listen", f"{self.address}:{PORT}", "--json") as running:
            assert running.stdout is not None
            assert running.stderr is not None
            line = running.stdout.readline()
            assert line, running.stderr.read()
            yield json.loads(line)

    @contextlib.contextmanager
    def partner(self, state: Path, *logs: str) -> Iterator[dict[str, Any]]:
        """A partner node on this host, called by the host's name, that may follow epochs in this network."""
        options = [part for log in logs for part in ("--log", log)]
        with self.serving("partner", "serve", "--state", state, "--name", f"{self.name}.example", "--allow-private", *options) as ready:
            yield ready

    def row(self, origin: str) -> dict[str, Any]:
        """What the node on this host says of a log, to somebody on this host."""
        [row] = [row for row in self.ask(f"{self.url}/").json["logs"] if row["origin"] == origin]
        return dict(row)

    def until_signed(self, origin: str, size: int, seconds: float) -> float:
        """Wait until the node here has signed so many entries; gives how long it took."""
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            row = self.row(origin)
            if row["signed"] and row["signed"]["size"] >= size:
                return time.monotonic() - began
            time.sleep(0.5)
        raise AssertionError(f"{self.name} has not signed size {size} within {seconds:.0f} s: {row}")


@dataclass
class Network:
    """Hosts around one hub."""

    tag: str
    hosts: dict[str, Host] = field(default_factory=dict)

    @property
    def hub(self) -> str:
        return f"{self.tag}-hub"

    def add(self, name: str) -> Host:
        """Another host, linked and up."""
        number = len(self.hosts) + 1
        host = Host(name, f"{self.tag}-{name}", f"10.77.0.{number}", f"p{number}")
        _ip("netns", "add", host.namespace)
        self.hosts[name] = host
        _ip("-n", self.hub, "link", "add", host.port, "type", "veth", "peer", "name", "eth0", "netns", host.namespace)
        _ip("-n", host.namespace, "addr", "add", f"{host.address}/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            _ip("-n", host.namespace, "link", "set", device, "up")
        _ip("-n", self.hub, "link", "set", host.port, "master", "hub", "up")
        return host

    def cut(self, host: Host) -> None:
        """Pull the plug: the host sees that its carrier is gone."""
        _ip("-n", self.hub, "link", "set", host.port, "down")

    def silence(self, host: Host) -> None:
        """Drop every packet from and to it; nothing on either side looks broken, and connections stay half open."""
        _ip("-n", self.hub, "link", "set", host.port, "nomaster")

    def mend(self, host: Host) -> None:
        """Undo either."""
        _ip("-n", self.hub, "link", "set", host.port, "master", "hub", "up")

    def slow(self, host: Host, kbit: int, delay: int) -> str:
        """Bound what leaves the hub for the host and back, and delay it where the system can; says what was done."""
        ends = [(host.namespace, "eth0"), (self.hub, host.port)]
        for namespace, device in ends:
            late = ["netem", "delay", f"{delay}ms", "rate", f"{kbit}kbit"]
            if _tried("ip", "netns", "exec", namespace, "tc", "qdisc", "replace", "dev", device, "root", *late):
                words = f"{kbit} kbit/s, {delay} ms late"
            else:
                bound = ["tbf", "rate", f"{kbit}kbit", "burst", "4kb", "latency", "800ms"]
                _run("ip", "netns", "exec", namespace, "tc", "qdisc", "replace", "dev", device, "root", *bound)
                words = f"{kbit} kbit/s (this system has no netem, so nothing is late)"
        return words


@contextlib.contextmanager
def network(*names: str) -> Iterator[Network]:
    """So many hosts, all linked; removed at the end, whatever happened. Skips the test, saying why, where there can be none."""
    if shutil.which("ip") is None or os.geteuid() != 0:
        pytest.skip("SKIPPED: network namespaces need root and iproute2 (`ip`), so no link was cut")
    made = Network(f"ch{uuid.uuid4().hex[:8]}")
    try:
        try:
            _ip("netns", "add", made.hub)
            _ip("-n", made.hub, "link", "add", "hub", "type", "bridge")
            _ip("-n", made.hub, "link", "set", "hub", "up")
            for name in names:
                made.add(name)
        except subprocess.CalledProcessError as error:
            pytest.skip(f"SKIPPED: this system makes no network namespaces, so no link was cut: {error.stderr.strip()}")
        yield made
    finally:
        for namespace in [*(host.namespace for host in made.hosts.values()), made.hub]:
            _tried("ip", "netns", "del", namespace)


def _ip(*arguments: str) -> None:
    _run("ip", *arguments)


def _run(*arguments: str) -> None:
    subprocess.run(arguments, capture_output=True, text=True, check=True, timeout=30)


def _tried(*arguments: str) -> bool:
    return (
        shutil.which(arguments[0]) is not None and subprocess.run(arguments, capture_output=True, check=False, timeout=30).returncode == 0
    )
