"""Saltmarsh Community Radio as people meet it: a folder, five kits, and the command line."""

from __future__ import annotations

import contextlib
import io
import json
import secrets
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from commonhold.cli.main import run
from commonhold.kernel.notes import SignerKey, parse_note
from commonhold.kernel.record.entries import signed_bytes, unsigned_entry, with_signature
from commonhold.kernel.tlog.checkpoint import parse_checkpoint
from commonhold.store.files import DirectoryFiles
from commonhold.store.keyfile import load_kit, load_log_key
from commonhold.store.log import Log
from commonhold.store.reader import StaticReader
from commonhold.store.record import LOG_KEY, ReadRecord, read_record

EXAMPLE: Final = Path(__file__).resolve().parents[2] / "examples" / "saltmarsh"
MEMBERS: Final = ("heron", "tern", "plover", "curlew", "avocet")
SEATS: Final = {"chair": "heron", "treasurer": "tern", "editor": "plover"}
TEXT: Final = "Our studio moves on Monday.\n\nThe frequency stays the same.\n"


@dataclass(frozen=True)
class Done:
    """What one command line said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def said(self) -> str:
        return self.out + self.err


def command(*arguments: object) -> Done:
    """Run one command line in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run([str(argument) for argument in arguments])
    done = Done(code, out.getvalue(), err.getvalue())
    assert "Traceback" not in done.said, done.said
    assert code != 70, done.said
    return done


def refused(done: Done, code: int, *words: str) -> None:
    """Assert that a command failed as it should: its exit code, these words, and a next step under the message."""
    assert done.code == code, done.said
    lines = done.err.strip().splitlines()
    message = [line for line in lines if line.startswith("error: ")]
    assert len(message) == 1, done.said
    assert lines.index(message[0]) < len(lines) - 1, f"no next step: {done.said}"
    for word in words:
        assert word in done.err, done.said


@dataclass(frozen=True)
class House:
    """A founded house in the folder ``house``, with each member's kit and card beside it."""

    base: Path

    @property
    def path(self) -> Path:
        return self.base / "house"

    @property
    def record(self) -> Path:
        return self.path / "record"

    def kit(self, name: str) -> Path:
        return self.base / f"{name}.kit"

    def card(self, name: str) -> Path:
        return self.base / f"{name}.card"

    def copy(self, base: Path) -> House:
        shutil.copytree(self.base, base)
        return House(base)

    def write(self, name: str, text: str) -> Path:
        path = self.base / name
        path.write_text(text, "utf-8")
        return path

    def by(self, name: str, *arguments: object) -> Done:
        """An act of a member, reported as JSON."""
        return command(*arguments, "--house", self.path, "--kit", self.kit(name), "--json")

    def do(self, name: str, *arguments: object) -> Any:
        """An act that must succeed; gives its report."""
        done = self.by(name, *arguments)
        assert done.code == 0, done.said
        return done.json

    def ask(self, *arguments: object) -> Any:
        """A question that must be answered; gives its report."""
        done = command(*arguments, "--house", self.path, "--json")
        assert done.code == 0, done.said
        return done.json

    def size(self) -> int:
        size: int = self.ask("log")["size"]
        return size

    def propose(self, name: str, kind: str, *fields: object) -> str:
        """A proposal, not yet approved by anybody; gives its id."""
        proposal: str = self.do(name, "propose", kind, *fields)["entry"]
        return proposal

    def approve(self, proposal: str, *names: str) -> Any:
        """Approvals of these members; gives the last report."""
        report = None
        for name in names:
            report = self.do(name, "approve", proposal)
        return report

    def statement(self, text: str = TEXT, *, approved: bool = True) -> str:
        """A statement by the chair, and official once the treasurer has approved it; gives its proposal."""
        report = self.do("heron", "statement", "publish", self.write("statement.md", text))
        proposal: str = report["proposal"]["id"]
        if approved:
            self.approve(proposal, "tern")
        return proposal

    def append(self, *leaves: bytes) -> None:
        """Append any bytes under the house's own log key, as whoever holds the server can."""
        seed = load_log_key(self.path / LOG_KEY)
        origin = parse_checkpoint(parse_note((self.record / "checkpoint").read_bytes()).text).origin
        with Log.open(DirectoryFiles(self.record), origin, SignerKey(origin, seed)) as log:
            log.append(leaves)

    def read(self) -> ReadRecord:
        """The record, replayed."""
        return read_record(StaticReader.from_directory(self.record))

    def sign(self, name: str, kind: str, body: Mapping[str, Any], *, read: ReadRecord | None = None, **bent: Any) -> bytes:
        """An entry that a member signs with a program of their own; any field may be bent before it is signed. *read* is the record where it was read."""
        read = read or self.read()
        kit = load_kit(self.kit(name))[1]
        size = read.tree.size
        unsigned = unsigned_entry(
            type=kind,
            org=read.state.org,
            epoch=0,
            by=name,
            key=kit.key_id,
            seen=(size, read.tree.root()),
            nonce=secrets.token_bytes(16),
            body=body,
        )
        unsigned.update(bent)
        return with_signature(unsigned, kit.sign(signed_bytes(unsigned)))

    def prove(self, entry: object, name: str = "entry.proof") -> Path:
        """A proof file of an entry."""
        path = self.base / name
        path.unlink(missing_ok=True)
        self.ask("prove", entry, "-o", path)
        return path


def found(
    base: Path, *, accepted: bool = True, charter: Path = EXAMPLE, more: Sequence[str] = (), seats: Iterable[tuple[str, str]] = ()
) -> House:
    """Found a house from nothing, as five people with a command line would; *more* members and *seats* beside theirs."""
    house = House(base)
    base.mkdir(parents=True, exist_ok=True)
    everybody = (*MEMBERS, *more)
    for name in everybody:
        assert command("key", "new", name, "-o", house.kit(name)).code == 0
    members = [part for name in everybody for part in ("--member", house.card(name))]
    places = [part for office, name in (*SEATS.items(), *seats) for part in ("--seat", f"{office}={name}")]
    done = command("found", house.path, "--charter", charter, *members, *places, "--kit", house.kit("heron"))
    assert done.code == 0, done.said
    if accepted:
        for name in everybody:
            house.do(name, "accept")
    return house
