"""Laws of files that readers bring to /check: each is judged by what the node holds, and what cannot be judged is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from commonhold.kernel import b64
from commonhold.kernel.canonical import canonical_bytes, parse_canonical
from commonhold.kernel.record.verdict import CANNOT_JUDGE, NOT_OFFICIAL, UNWITNESSED
from commonhold.kernel.tlog.rollback import Rollback
from tests.kernel.record.helpers import Club
from tests.mirror.helpers import FakeLog
from tests.mirror.readers import PAGE, a_record, always_looking, decide_channel, reading
from tests.mirror.records import Published
from tests.mirror.test_check import proof_of


@pytest.fixture(autouse=True)
def _always_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every request looks at the node, so that no test has to wait."""
    always_looking(monkeypatch)


def first(record: Published, kind: str) -> str:
    return next(key for key, found in record.club.state.part("proposals").items() if found.kind == kind)


def bent(raw: bytes, **changes: object) -> bytes:
    """A file with some of its fields changed."""
    return canonical_bytes({**parse_canonical(raw, max_size=1 << 24), **changes})


def rollback(log: object) -> bytes:
    fake = log if isinstance(log, FakeLog) else None
    if fake is not None:
        notes = (fake.note(20).decode(), fake.note(30).decode())
        return Rollback(fake.signer.verifier, notes, 5).canonical_bytes()
    assert isinstance(log, Published)
    size = log.club.tree.size
    return Rollback(log.signer.verifier, (log.club.checkpoint(size - 1).decode(), log.club.checkpoint().decode()), 5).canonical_bytes()


CASES: dict[str, tuple[Callable[[Published], bytes], str, str]] = {
    "a rollback of a followed log": (rollback, "rolled-back", "An old backup may have been restored."),
    "a rollback of a log that somebody made": (lambda _: rollback(FakeLog()), CANNOT_JUDGE, "a log that is not followed here"),
    "a kind that is not checked here": (lambda _: b'{"form":"commonhold/pin/v1"}', CANNOT_JUDGE, "cannot be checked here"),
    "bytes that are no text": (lambda _: b"\xff\xfe\x00", CANNOT_JUDGE, "neither a text nor one of the files"),
    "a damaged proof": (lambda _: b'{"form":"commonhold/proof/v1"}', CANNOT_JUDGE, "it is damaged, or of another kind"),
    "a proof from somebody else's record": (
        lambda _: proof_of(other := a_record_of_strangers(), first(other, "channel")),
        CANNOT_JUDGE,
        "an organisation that is not followed here",
    ),
    "a proof under another organisation's name": (
        lambda record: bent(proof_of(a_record_of_strangers(), ""), org=record.club.org),
        NOT_OFFICIAL,
        "knows no such log",
    ),
    "a proof of the founding": (lambda record: proof_of(record, record.club.org), UNWITNESSED, "This is the id of this organisation."),
    "a proof with too few leaves": (
        lambda record: bent(proof_of(record, first(record, "channel")), leaves=[b64.encode(record.club.leaves[0])]),
        NOT_OFFICIAL,
        "This file was altered",
    ),
    "a text that is an address": (lambda _: PAGE.encode(), UNWITNESSED, "a channel of record"),
}


def a_record_of_strangers() -> Published:
    record = Published(Club(members=("heron", "tern", "plover", "curlew", "avocet")))
    decide_channel(record, PAGE)
    record.publish()
    return record


@pytest.mark.parametrize("name", CASES)
def test_a_file_is_judged_or_it_is_said_why_not(tmp_path: Path, name: str) -> None:
    """Each kind of file with its answer."""
    make, code, sentence = CASES[name]
    record = a_record()
    raw = make(record)
    with reading(tmp_path, record) as reader:
        found, words = reader.hands(raw)
        assert found == code, words
        assert sentence in words


def test_a_proof_of_more_than_the_node_holds_is_not_judged(tmp_path: Path) -> None:
    """It may be true; the reader is asked to come back."""
    record = a_record()
    with reading(tmp_path, record) as reader:
        proposal = decide_channel(record, "https://other.example/")
        record.publish()
        code, words = reader.hands(proof_of(record, proposal))
        assert (code, "more entries than are held here" in words) == (CANNOT_JUDGE, True)


def test_a_proof_of_an_entry_that_counts_for_nothing_is_no(tmp_path: Path) -> None:
    """It stands in the record, and the rules refused it."""
    record = a_record()
    record.club.act("heron", "approve", proposal="0" * 64)
    record.publish()
    index = record.club.tree.size - 1
    raw = proof_of(record, first(record, "channel"), index)
    with reading(tmp_path, record) as reader:
        code, words = reader.hands(raw)
        assert (code, "counts for nothing" in words) == (NOT_OFFICIAL, True)
