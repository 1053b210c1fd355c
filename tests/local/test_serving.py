"""Laws about the served page: loopback and nothing else, alive while it is used, and gone without a trace but the answers."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from commonhold.kernel.custody.interview import interview_bytes, parse_interview
from commonhold.kernel.errors import StoreError
from commonhold.local.serving import LOOPBACK, LocalServer, bind
from tests.interviews import RADIO

loopback = pytest.mark.allow_hosts(["127.0.0.1"])


async def quiet(scope: Any, receive: Any, send: Any) -> None:
    """An application that answers everything with nothing."""
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@contextmanager
def program(file: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The installed command in a process of its own, and the address that it printed; ended with the test."""
    command = [str(Path(sys.executable).with_name("commonhold")), "custody", "interview", str(file), "--no-browser", *options]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    assert process.stdout is not None
    try:
        yield process, process.stdout.readline().strip()
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=30)


def visit(client: httpx2.Client, address: str) -> str:
    """Open an address as its visitor; gives the token that forms carry."""
    page = client.get(address, follow_redirects=True)
    assert page.status_code == 200, page.text
    (token,) = set(re.findall(r'name="token" value="([^"]+)"', page.text))
    return str(token)


@loopback
def test_it_listens_on_loopback_alone() -> None:
    """The socket is bound to 127.0.0.1, never to an address that another machine reaches."""
    with bind() as listening:
        assert listening.getsockname()[0] == LOOPBACK == "127.0.0.1"


@loopback
def test_a_port_that_is_taken_is_said() -> None:
    """The refusal names the port and the way out, and leaves nothing open."""
    with bind() as first:
        port = first.getsockname()[1]
        with pytest.raises(StoreError, match=f"port {port} cannot be used") as refusal:
            bind(port)
    assert refusal.value.code == "local/port"
    bind(port).close()


@loopback
def test_nobody_for_long_ends_it_and_a_visitor_keeps_it() -> None:
    """It ends by itself when nobody has come for as long as was said, counted from the last request."""
    last = [0.0]
    with bind() as listening:
        server = LocalServer(quiet, listening, lambda: last[0], idle=0.8)
        thread = threading.Thread(target=server.run)
        began = time.monotonic()
        thread.start()
        for _ in range(4):
            time.sleep(0.3)
            last[0] = time.monotonic()
        assert thread.is_alive()
        thread.join(20)
        assert not thread.is_alive()
    assert time.monotonic() - began > 1.2 + 0.8


@loopback
def test_a_whole_life_over_loopback(tmp_path: Path) -> None:
    """Opened, answered and closed by the button: the answers are in the file, the command says where, and nobody is served any more."""
    file = tmp_path / "custody.json"
    with program(file) as (process, address):
        assert address.startswith("http://127.0.0.1:")
        with httpx2.Client(timeout=30) as client:
            token = visit(client, address)
            home = address.partition("?")[0]
            sent = client.post(f"{home}start", data={"token": token, "title": "Saltmarsh Radio"})
            assert sent.headers["location"] == "/people"
            assert client.get(home, headers={"host": "evil.example"}).status_code == 421
            # A huge header, and what is no HTTP at all: answered or cut, and the next request is served.
            for junk in (b"GET / HTTP/1.1\r\nx: " + b"y" * 100_000, b"\x16\x03\x01\x00\xff" * 10 + b"\r\n\r\n"):
                with socket.create_connection((LOOPBACK, int(home.rstrip("/").rpartition(":")[2]))) as raw, contextlib.suppress(OSError):
                    raw.sendall(junk)
                    assert raw.recv(100)[:12] in (b"", b"HTTP/1.1 400")
            assert client.get(f"{home}people").status_code == 200
            assert "has ended" in client.post(f"{home}finish", data={"token": token}).text
            # The last screen comes with its style.
            assert client.get(f"{home}interview.css").status_code == 200
        out, said = process.communicate(timeout=60)
        assert process.returncode == 0
        assert f"saved in {file}" in said
        assert "Traceback" not in said
        assert token not in out + said
        with pytest.raises(httpx2.ConnectError):
            httpx2.get(home)
    assert parse_interview(file.read_bytes()).title == "Saltmarsh Radio"
    assert sorted(path.name for path in tmp_path.iterdir()) == [".custody.json.lock", "custody.json"]


@loopback
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_however_it_is_ended_what_was_answered_is_there(tmp_path: Path, how: signal.Signals) -> None:
    """Ctrl-C, a shutdown or a power cut in the middle: the answer that was acknowledged is read by the next program, which is let in at once."""
    file = tmp_path / "custody.json"
    file.write_bytes(interview_bytes(RADIO.interview))
    with program(file) as (process, address), httpx2.Client(timeout=30) as client:
        token, home = visit(client, address), address.partition("?")[0]
        told = client.post(f"{home}t1", data={"token": token, "admins": "p3"}, headers={"accept": "application/json"})
        assert told.json()["ok"] is True
        process.send_signal(how)
        _, said = process.communicate(timeout=60)
        assert "Traceback" not in said
        if how == signal.SIGINT:
            assert process.returncode == 0
            assert f"saved in {file}" in said
    assert parse_interview(file.read_bytes()).things[0].answers["admins"] == ("p3",)
    with program(file) as (_, address), httpx2.Client(timeout=30) as client:
        assert client.get(address, follow_redirects=True).url.path == "/t1"


@loopback
def test_a_second_program_on_the_same_answers_is_refused(tmp_path: Path) -> None:
    """It says that the file is open already and what to do, as every refusal of the command does."""
    file = tmp_path / "custody.json"
    with program(file), program(file) as (second, address):
        _, said = second.communicate(timeout=60)
        assert address == ""
        assert second.returncode != 0
        assert "another program has custody.json open" in said
        assert "Traceback" not in said
