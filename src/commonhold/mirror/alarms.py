"""What a node has to say against a log, kept with the evidence: bounded, each thing once, for anybody to fetch.

Five kinds, each with a file that `commonhold verify` reads. ``two-faces``: the log signed two checkpoints that no log can have had both; the evidence is a proof file that anybody can check
(docs/formats/equivocation-proof.md). ``rollback``: the log's own address served an older checkpoint than it had before; the evidence
is a file too (docs/formats/rollback.md). ``two-successions``: members decided two next epochs that exclude each other
(docs/formats/two-successions.md). ``withheld``: an entry that
the fold accepts was left out for ten minutes. ``unproved``: somebody brought a checkpoint that the log signed, without proof that it leads on from
what the node had cosigned; that alone accuses nobody, and is forgotten once the record has grown past it (docs/formats/suspicion.md).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from commonhold.kernel.errors import CommonholdError
from commonhold.kernel.notes import VerifierKey, parse_note
from commonhold.kernel.record.suspicion import Unproved, Withheld, parse_suspicion
from commonhold.kernel.record.twosuccessions import TwoSuccessions
from commonhold.kernel.tlog.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint
from commonhold.kernel.tlog.equivocation import Equivocation, show_equivocation
from commonhold.kernel.tlog.merkle import Tree
from commonhold.kernel.tlog.rollback import Rollback
from commonhold.mirror.database import Database

TWO_FACES: Final = "two-faces"
ROLLBACK: Final = "rollback"
TWO_SUCCESSIONS: Final = "two-successions"
WITHHELD: Final = "withheld"
UNPROVED: Final = "unproved"
MAX_EACH: Final = 50
"""Alarms of one kind that are kept for one log; more of the same say nothing new."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """One thing that a node noticed; *evidence* is fetched by *id*."""

    id: str
    origin: str
    kind: str
    time: int
    words: str


class Alarms:
    """The alarms of one node."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def sound(self, origin: str, kind: str, time: int, words: str, evidence: bytes, *, same: bytes = b"") -> None:
        """Keep an alarm, unless it is kept already or there are fifty of its kind for this log; durable when this returns.

        Args:
            same: what two alarms of one kind have in common if they are the same; by default all of the evidence.

        Raises:
            StoreError: if the database cannot be changed.
        """
        name = hashlib.sha256(b"\n".join((origin.encode(), kind.encode(), same or evidence))).hexdigest()
        if self._database.read("SELECT 1 FROM alarms WHERE id = ?", name):
            return
        with self._database.changing() as rows:
            rows.execute(
                "INSERT OR IGNORE INTO alarms SELECT ?, ?, ?, ?, ?, ? WHERE (SELECT count(*) FROM alarms WHERE origin = ? AND kind = ?) < ?",
                (name, origin, kind, time, words, evidence, origin, kind, MAX_EACH),
            )

    def two_faces(self, proof: Equivocation, time: int) -> None:
        """Keep a proof that a log showed two faces.

        Raises:
            StoreError: if the database cannot be changed.
        """
        sizes = [parse_checkpoint(parse_note(note.encode()).text).size for note in proof.notes]
        words = f"the log signed two contradicting checkpoints, of sizes {sizes[0]} and {sizes[1]}"
        self.sound(proof.log.name, TWO_FACES, time, words, _file(proof))

    def rollback(self, log: VerifierKey, published: bytes, known: bytes, time: int) -> None:
        """Keep that a log published a smaller checkpoint than was *known*, once for each that it published.

        Raises:
            StoreError: if the database cannot be changed.
        """
        sizes = [_head(note).size for note in (published, known)]
        words = f"the log's address serves a checkpoint of size {sizes[0]}, and had served one of size {sizes[1]}"
        evidence = Rollback(log, (published.decode(), known.decode()), max(1, time))
        self.sound(log.name, ROLLBACK, time, words, _file(evidence), same=published)

    def two_successions(self, origin: str, proof: TwoSuccessions, time: int) -> None:
        """Keep that the log of *origin* was left for two others that exclude each other, once for each two.

        Raises:
            StoreError: if the database cannot be changed.
        """
        names = sorted(one.log.name for one in proof.successions)
        words = f"members have decided two successions that exclude each other, in {names[0]} and in {names[1]}"
        self.sound(origin, TWO_SUCCESSIONS, time, words, proof.canonical_bytes(), same="\n".join(names).encode())

    def withheld(self, evidence: Withheld, words: str) -> None:
        """Keep that a log left an entry out, once for each entry.

        Raises:
            StoreError: if the database cannot be changed.
        """
        self.sound(evidence.log.name, WITHHELD, evidence.time, words, _file(evidence), same=evidence.entry)

    def unproved(self, log: VerifierKey, known: bytes, seen: bytes, time: int) -> None:
        """Keep a checkpoint of the log that was brought without a proof that it leads on from the one that was *known*.

        Raises:
            StoreError: if the database cannot be changed.
        """
        size = _head(seen).size
        words = f"somebody brought a checkpoint of size {size} without proof that it leads on from what was cosigned; that accuses nobody"
        notes = tuple(_bare(log, note) for note in (known, seen))
        self.sound(log.name, UNPROVED, time, words, _file(Unproved(log, (notes[0], notes[1]), max(1, time))), same=seen)

    def all(self) -> list[Alarm]:
        """Every alarm, the newest first."""
        return [Alarm(*row) for row in self._database.read("SELECT id, origin, kind, time, words FROM alarms ORDER BY time DESC, id")]

    def count(self) -> int:
        """How many there are, by which a reader can tell that something was added."""
        found: int = self._database.read("SELECT count(*) FROM alarms")[0][0]
        return found

    def evidence(self, name: str) -> bytes | None:
        """The evidence of one alarm; None if there is none of that id."""
        found = self._database.read("SELECT evidence FROM alarms WHERE id = ?", name)
        return found[0][0] if found else None

    def review(self, log: VerifierKey, held: bytes, tree: Tree, time: int) -> None:
        """Look again at what was brought without proof, now that the tree has grown: forget what was honest, and prove what was not.

        Args:
            held: the log's checkpoint at the size of *tree* or smaller.

        Raises:
            StoreError: if the database cannot be changed.
        """
        for name, file in self._database.read("SELECT id, evidence FROM alarms WHERE origin = ? AND kind = ?", log.name, UNPROVED):
            note = _seen(file)
            found = contradiction(log, held, note, tree)
            if found is not None:
                self.two_faces(found, time)
            if found is not None or parse_checkpoint(parse_note(note).text).size <= tree.size:
                with self._database.changing() as rows:
                    rows.execute("DELETE FROM alarms WHERE id = ?", (name,))


def contradiction(log: VerifierKey, held: bytes, seen: bytes, tree: Tree) -> Equivocation | None:
    """The proof that *seen* is of another history than the one that is held; None if it is not, or that cannot be told yet.

    Args:
        held: a note of the log that covers *tree* up to its own size.
        seen: another note of the log.
    """
    base, other = _head(held), _head(seen)
    if not 0 < other.size <= base.size <= tree.size or tree.root(other.size) == other.root:
        return None
    if other.size == base.size:
        return show_equivocation(log, held, seen)
    return show_equivocation(log, held, seen, tree.root(other.size), tree.consistency_proof(other.size, base.size))


def _head(note: bytes) -> Checkpoint:
    return parse_checkpoint(parse_note(note).text)


def _bare(log: VerifierKey, note: bytes) -> str:
    """A note with the log's own signature alone: cosigners have nothing to do with it."""
    _, opened = open_checkpoint(note, [log])
    return f"{opened.text}\n{opened.verified[0][1].line}"


def _seen(file: bytes) -> bytes:
    """The checkpoint that was brought without proof; nodes of before kept it bare."""
    if not file.startswith(b"{"):
        return file
    found = parse_suspicion(file)
    assert isinstance(found, Unproved), "kept as such"  # noqa: S101 - for the types
    return found.notes[1].encode()


def _file(evidence: Equivocation | Rollback | Withheld | Unproved) -> bytes:
    try:
        return evidence.canonical_bytes()
    except CommonholdError:
        # An origin that canonical JSON cannot hold; none of ours is like that.
        return (evidence.note if isinstance(evidence, Withheld) else evidence.notes[-1]).encode()
