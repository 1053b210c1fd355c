"""Laws of acting through an address: what is signed rests on what was replayed here, and a server can refuse, and nothing else."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from commonhold.cli.acting import open_remote
from commonhold.kernel.errors import ProofError, StoreError
from commonhold.store import remote
from commonhold.store.objects.remote import RemoteObjects
from tests.attacks import Mutation, attack
from tests.cli.houses import House, command, found, refused

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

CHANNEL = ("propose", "channel", "op=add", "address=https://a.example")


class _Hostile(SimpleHTTPRequestHandler):
    """Serves a folder, and answers what is handed in as *mood* says."""

    mood = "none"
    over: threading.Event

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        with suppress(OSError):
            if self.mood == "none":
                self.send_error(501)
            elif self.mood == "swallows":
                self._say(202, b'{"ok":true,"status":"taken"}')
            elif self.mood == "page":
                self._say(404, b"<html>no such page</html>")
            elif self.mood == "escapes":
                words = {"ok": False, "code": "x\x1b[2J", "message": "no\x1b]0;gone\x07", "next_step": "\u202edo it"}
                self._say(422, json.dumps(words).encode())
            else:
                self.send_response(202)
                self.end_headers()
                while not self.over.wait(0.05 if self.mood == "drips" else 0):
                    self.wfile.write(b"x" if self.mood == "drips" else b"x" * 65_536)

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        with suppress(OSError):
            super().do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@contextmanager
def hostile(folder: Path, mood: str = "none") -> Iterator[str]:
    over = threading.Event()
    handler = type("Handler", (_Hostile,), {"mood": mood, "over": over})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder))) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            over.set()
            server.shutdown()


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A founded house, not to be written to."""
    return found(tmp_path_factory.mktemp("saltmarsh"))


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody here waits as long as people would."""
    monkeypatch.setattr(remote, "SECONDS", 1.0)
    monkeypatch.setattr(remote, "SEEN_SECONDS", 0.3)


def test_a_static_server_takes_nothing_and_it_is_said_who_does(founded: House) -> None:
    """The record can be read there; for entries a partner is named."""
    with hostile(founded.path) as url:
        refused(command(*CHANNEL, "--house", url, "--kit", founded.kit("heron")), 2, "nobody takes entries", "mirror/HASH")


@pytest.mark.parametrize(("mood", "code"), [("drips", "store/unreachable"), ("endless", "store/too-big"), ("page", "act/not-taken")])
def test_a_server_that_answers_anything_holds_a_member_up_for_seconds_at_most(founded: House, mood: str, code: str) -> None:
    """Endless, dripping or foreign answers end as refusals in words."""
    with hostile(founded.path, mood) as url:
        began = time.monotonic()
        done = command(*CHANNEL, "--house", url, "--kit", founded.kit("heron"), "--json")
        assert (done.code, done.json["code"]) == (2, code)
        assert time.monotonic() - began < 10


def test_what_a_server_says_cannot_reach_the_terminal(founded: House) -> None:
    """Its words are shown, and what would act on a terminal is escaped."""
    with hostile(founded.path, "escapes") as url:
        done = command(*CHANNEL, "--house", url, "--kit", founded.kit("heron"))
        assert done.code == 1
        assert "refuses it" in done.err
        assert not set(done.said) & {"\x1b", "\x07", "\u202e"}


@attack(
    "house-swallows",
    Mutation(
        "src/commonhold/cli/attested.py",
        find="    if entry.id not in record.state.ids:",
        replace="    if False:",
    ),
)
def test_a_server_that_says_taken_and_drops_the_act_is_not_believed(founded: House) -> None:
    """Only the record says that an act is in it: the member is told that theirs is not, and nothing is approved on top of it."""
    with hostile(founded.path, "swallows") as url:
        done = command(*CHANNEL, "--house", url, "--kit", founded.kit("heron"), "--json")
        assert (done.code, done.json["in_record"]) == (0, False)
        both = command(*CHANNEL, "--approve", "--house", url, "--kit", founded.kit("heron"), "--json")
        assert (both.code, both.json["code"]) == (2, "act/not-in-record")
        assert "was not recorded" in both.json["message"]


@attack(
    "house-changes-under-a-member",
    Mutation(
        "src/commonhold/store/remote.py",
        find="        if hashes.root(self.tree.size) != self.tree.root():",
        replace="        if False:",
    ),
)
def test_a_log_that_shows_a_member_another_history_than_a_moment_ago_is_caught(founded: House, tmp_path: Path) -> None:
    """What a member acts on must lead on from what they replayed: otherwise nothing more is signed, and both are to be shown."""
    true, false = founded.copy(tmp_path / "true"), founded.copy(tmp_path / "false")
    true.do("heron", "propose", "channel", "op=add", "address=https://true.example")
    for turn in range(2):
        false.do("tern", "propose", "channel", "op=add", f"address=https://false-{turn}.example")
    with hostile(true.path) as url:
        record = open_remote(url)
        assert record.refresh() == []
        shutil.rmtree(true.record)
        shutil.copytree(false.record, true.record)
        state = record.state
        with pytest.raises(ProofError) as caught:
            record.refresh()
        assert caught.value.code == "record/root"
        assert "Do not sign" in caught.value.next_step
        assert record.state is state


def test_an_older_record_shown_later_changes_nothing(founded: House, tmp_path: Path) -> None:
    """A server that goes back is not followed back."""
    house = founded.copy(tmp_path / "copy")
    older = founded.copy(tmp_path / "older")
    house.do("heron", "propose", "channel", "op=add", "address=https://a.example")
    with hostile(house.path) as url:
        record = open_remote(url)
        size = record.tree.size
        shutil.rmtree(house.record)
        shutil.copytree(older.record, house.record)
        assert record.refresh() == []
        assert record.tree.size == size


def test_texts_are_verified_and_a_server_that_hangs_is_asked_once(founded: House, tmp_path: Path) -> None:
    """A text with another digest is refused; after one answer that did not come no more are asked for."""
    house = founded.copy(tmp_path / "copy")
    house.statement()
    digest = next(iter(house.ask("state")["statements"]))
    with hostile(house.path) as url:
        assert b"moves on Monday" in RemoteObjects(url).get(digest)
        (house.path / "objects" / digest[:2] / digest[2:]).write_bytes(b"altered")
        with pytest.raises(ProofError, match="altered"):
            RemoteObjects(url).get(digest)
    objects = RemoteObjects(url)
    for code in ("store/unreachable", "store/absent"):
        with pytest.raises(StoreError) as gone:
            objects.get(digest)
        assert gone.value.code == code
