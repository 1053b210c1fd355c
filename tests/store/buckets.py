"""Two S3 servers that differ, as real processes, and buckets on them.

localbucket keeps plain files, so a bit can be flipped on its disk, and has neither versions nor checksums; moto keeps everything in memory and is stricter. What
we rely on must hold on both.
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from commonhold.store.objects.bucket import ObjectBucket

KEYS = {"AWS_ACCESS_KEY_ID": "saltmarsh", "AWS_SECRET_ACCESS_KEY": "not-a-secret"}
_numbers = itertools.count()


@dataclass
class Server:
    """An S3 server process."""

    kind: str
    folder: Path
    port: int = 0
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start it, on the port that it had before if it had one, and wait until it answers."""
        if not self.port:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                self.port = probe.getsockname()[1]
        name, place = ("localbucket", [str(self.folder)]) if self.kind == "localbucket" else ("moto_server", ["-H", "127.0.0.1"])
        program = Path(sys.executable).with_name(name)
        self.folder.mkdir(exist_ok=True)
        self.process = subprocess.Popen(
            [str(program), *place, *(["--port"] if self.kind == "localbucket" else ["-p"]), str(self.port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        end = time.monotonic() + 60
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                self.ask("GET", "/")
                return
            time.sleep(0.1)
        raise AssertionError(f"{self.kind} does not answer")

    def kill(self) -> None:
        """Let it die by SIGKILL."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None

    def ask(self, method: str, path: str, body: bytes = b"") -> bytes:
        """One plain request; both servers take it without a signature."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            said = answer.read()
            assert answer.status < 300, (method, path, answer.status, said[:300])
            return said
        finally:
            connection.close()

    def bucket(self) -> Bucket:
        """A new bucket."""
        name = f"saltmarsh{next(_numbers)}"
        self.ask("PUT", f"/{name}")
        return Bucket(self, name)


@dataclass
class Bucket:
    """A bucket, with a prefix."""

    server: Server
    name: str

    @property
    def address(self) -> str:
        """What it is called in a policy."""
        return f"s3://{self.name}/house?endpoint=http://127.0.0.1:{self.server.port}"

    @property
    def objects(self) -> ObjectBucket:
        return ObjectBucket(self.address)

    def flip(self, digest: str) -> None:
        """Turn over one bit: on the disk where there is one, otherwise as a server would that lost it."""
        objects = self.objects
        data = bytearray(objects.get(digest))
        data[len(data) // 2] ^= 1
        name = f"objects/{digest[:2]}/{digest[2:]}"
        path = self.server.folder / self.name / "house" / name
        if self.server.kind == "localbucket":
            assert path.stat().st_size == len(data)
            path.write_bytes(data)
        else:
            objects._api.put(objects._store, name, bytes(data))

    def lose(self, digest: str) -> None:
        self.objects._delete(f"objects/{digest[:2]}/{digest[2:]}")

    def leftovers(self) -> list[str]:
        return [*self.objects.list(), *self.objects.works()]


@contextlib.contextmanager
def serving(kind: str, folder: Path) -> Iterator[Server]:
    """A server for as long as it is needed."""
    before = {name: os.environ.get(name) for name in KEYS}
    os.environ.update(KEYS)
    server = Server(kind, folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value
