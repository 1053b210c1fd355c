"""The staging journal's form: what is written is read, a torn end is dropped, and anything else that is wrong is fatal."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonhold.kernel.errors import FatalStoreError, StoreError
from commonhold.kernel.tlog.hashes import EMPTY_ROOT
from commonhold.store.edge import frame
from commonhold.store.journal import MAGIC, Base, Batch, Record, Signatures, encode_record, parse_journal
from commonhold.store.log import Log
from commonhold.store.memory import MemoryFiles
from tests.store.logs import KEY, ORIGIN, check_laws, entries

BASE = Base(ORIGIN, str(KEY.verifier), 0, 256, EMPTY_ROOT, ("— witness.example/curlew AAAA",))
later = st.lists(
    st.one_of(
        st.builds(
            Batch, st.integers(0, 2**63 - 1), st.lists(st.binary(min_size=1, max_size=40).map(frame), min_size=1, max_size=4).map(tuple)
        ),
        st.builds(Signatures, st.integers(0, 2**63 - 1), st.lists(st.sampled_from(["— heron AAAA", "— tern BBBB"]), max_size=3).map(tuple)),
    ),
    max_size=5,
)


def encoded(*records: Record) -> tuple[list[bytes], bytes]:
    parts, chain = [], bytes(32)
    for record in records:
        data, chain = encode_record(record, chain)
        parts.append(data)
    return parts, chain


@given(later)
def test_a_journal_reads_as_it_was_written(records: list[Batch | Signatures]) -> None:
    """Base, batches and signatures come back in order, with the digest to chain the next record to."""
    parts, chain = encoded(BASE, *records)
    journal = parse_journal(b"".join(parts))
    assert (journal.base, journal.records, journal.chain, journal.torn) == (BASE, tuple(records), chain, 0)


@given(later, st.data())
def test_a_journal_cut_anywhere_gives_a_prefix_of_its_records(records: list[Batch | Signatures], data: st.DataObject) -> None:
    """Wherever an append stopped, the whole records before it are read, and the rest is counted as torn; only the base must be whole."""
    parts, _ = encoded(BASE, *records)
    raw = b"".join(parts)
    cut = data.draw(st.integers(0, len(raw)))
    if cut < len(parts[0]):
        with pytest.raises(FatalStoreError) as refused:
            parse_journal(raw[:cut])
        assert refused.value.code == "store/journal"
        return
    journal = parse_journal(raw[:cut])
    whole = 1 + len(journal.records)
    assert journal.records == tuple(records)[: len(journal.records)]
    assert len(b"".join(parts[:whole])) + journal.torn == cut


@given(st.lists(st.sampled_from(entries(0, 3)).map(frame), min_size=1).map(tuple), st.data())
def test_no_altered_byte_is_read_as_a_record(framed: tuple[bytes, ...], data: st.DataObject) -> None:
    """A record with any byte changed, between two whole ones, is fatal, or at most taken for a torn end; it is never believed."""
    records = [Batch(256, framed), Batch(256 + len(framed), framed), Batch(0, framed)]
    parts, _ = encoded(BASE, *records)
    at = data.draw(st.integers(0, len(parts[2]) - 1))
    parts[2] = parts[2][:at] + bytes([parts[2][at] ^ data.draw(st.integers(1, 255))]) + parts[2][at + 1 :]
    try:
        journal = parse_journal(b"".join(parts))
    except FatalStoreError:
        return
    assert journal.records == (records[0],)


def payload(raw: bytes) -> bytes:
    return len(raw).to_bytes(4, "big") + hashlib.sha256(bytes(32) + raw).digest() + raw


@pytest.mark.parametrize(
    "raw", [b"", b"Q", b"A" + bytes(8) + b"\0\x05he", MAGIC + b"\xff", MAGIC + b"one\ntwo\n", b"S" + bytes(8) + b"\xff", b"A" + bytes(8)]
)
def test_a_first_record_that_is_no_base_is_fatal(raw: bytes) -> None:
    """An unknown kind, a cut entry, bytes that are no text, or a batch where the base should stand."""
    with pytest.raises(FatalStoreError) as refused:
        parse_journal(payload(raw))
    assert refused.value.code == "store/journal"
    assert refused.value.next_step


def test_a_second_base_is_fatal() -> None:
    """A journal has one beginning: two mean that two writers mixed."""
    with pytest.raises(FatalStoreError, match="second base"):
        parse_journal(b"".join(encoded(BASE, BASE)[0]))


def test_records_that_do_not_follow_one_another_are_fatal() -> None:
    """A batch must begin where the log ended: a journal whose records are whole and do not fit together is a contradiction."""
    files = MemoryFiles()
    Log.create(files, ORIGIN, KEY).close()
    base = parse_journal(files.read(".staging/journal", 9999)).base
    for record in (Batch(5, (frame(b"heron"),)), Signatures(5, ())):
        files.damage(".staging/journal", b"".join(encoded(base, record)[0]))
        with pytest.raises(FatalStoreError, match="begins at size 5, and the log then had 0") as refused:
            Log.open(files, ORIGIN, KEY)
        assert refused.value.code == "store/contradiction"


def test_a_head_for_another_origin_by_the_same_key_is_a_contradiction() -> None:
    """A key that signs for two logs is no torn file: somebody mixed two folders."""
    files, other = MemoryFiles(), MemoryFiles()
    with Log.create(other, "commonhold/highvale/0", KEY):
        pass
    Log.create(files, ORIGIN, KEY).close()
    files.damage("checkpoint", other.read("checkpoint", 9999))
    with pytest.raises(FatalStoreError) as refused:
        Log.open(files, ORIGIN, KEY)
    assert refused.value.code == "store/contradiction"


@pytest.mark.parametrize("name", ["checkpoint", "tile/0/000.p/3", ".staging/journal"])
def test_a_disk_that_cannot_be_read_is_no_contradiction(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where reading fails, trying again may help: the refusal is the disk's own, and nothing is written."""
    files = MemoryFiles()
    with Log.create(files, ORIGIN, KEY) as log:
        log.append(entries(0, 3))
    read, taken = files.read, len(files.steps)

    def broken(wanted: str, max_size: int) -> bytes:
        if wanted == name:
            raise StoreError(f"cannot read {name}", code="store/io")
        return read(wanted, max_size)

    with monkeypatch.context() as patch:
        patch.setattr(files, "read", broken)
        with pytest.raises(StoreError) as refused:
            Log.open(files, ORIGIN, KEY)
    assert (refused.value.code, len(files.steps)) == ("store/io", taken)
    assert not isinstance(refused.value, FatalStoreError)
    check_laws(files, entries(0, 3))
