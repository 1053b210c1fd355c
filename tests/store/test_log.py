"""The log when nothing goes wrong: what is appended is proved, published, served as the specification says, and still there tomorrow."""

from __future__ import annotations

from pathlib import Path

import pytest

from commonhold.kernel.errors import CommonholdError, FatalStoreError, FormatError, StoreError
from commonhold.kernel.notes import SignerKey
from commonhold.kernel.tlog.checkpoint import cosign, open_checkpoint, open_cosigned
from commonhold.kernel.tlog.hashes import leaf_hash
from commonhold.kernel.tlog.merkle import EMPTY_ROOT, Tree, verify_consistency
from commonhold.kernel.tlog.tiles import new_bundles, parse_bundle, parse_tile_path, tiles_for
from commonhold.store import log as log_module
from commonhold.store.edge import still_served
from commonhold.store.files import DirectoryFiles
from commonhold.store.log import Log
from commonhold.store.memory import MemoryFiles
from commonhold.store.reader import StaticReader
from tests.shared_data import shared_data
from tests.store.logs import KEY, ORIGIN, WITNESS, check_laws, entries


def test_a_new_log_publishes_its_empty_head() -> None:
    """A log exists from its first checkpoint on, and that one says: no entries."""
    files = MemoryFiles()
    with Log.create(files, ORIGIN, KEY) as log:
        assert (log.origin, log.size, log.root) == (ORIGIN, 0, EMPTY_ROOT)
        checkpoint, found = StaticReader(files.read).read_all([KEY.verifier])
        assert (checkpoint.size, checkpoint.root, list(found)) == (0, EMPTY_ROOT, [])
        assert list(log.entries(0, 0)) == []


def test_an_append_answers_with_the_head_that_it_published() -> None:
    """The answer to an append is the signed checkpoint of all entries so far, and everybody sees it."""
    files = MemoryFiles()
    tree = Tree()
    with Log.create(files, ORIGIN, KEY) as log:
        for count in (1, 2, 255, 256, 300, 700):
            batch = entries(tree.size, count)
            raw = log.append(batch)
            tree.extend(map(leaf_hash, batch))
            assert raw == log.checkpoint == files.read("checkpoint", 1000)
            head, _ = open_checkpoint(raw, [KEY.verifier])
            assert (head.size, head.root) == (log.size, log.root) == (tree.size, tree.root())


def test_a_log_serves_exactly_the_tiles_that_its_heads_need() -> None:
    """Every tile and bundle of the present size is there, of earlier sizes those that are not full yet, and no stale one is left."""
    files = MemoryFiles()
    sizes = [0]
    with Log.create(files, ORIGIN, KEY) as log:
        for count in (200, 100, 500, 1, 255, 2000):
            log.append(entries(log.size, count))
            sizes.append(log.size)
        served = {tile.path for size in sizes for tile in (*tiles_for(size), *new_bundles(0, size))}
        assert served <= files.names()
    needed = {name for name in served if still_served(name, sizes[-1])}
    assert {name for name in files.names() if name.startswith("tile/")} == needed


def test_the_files_are_those_of_another_implementation() -> None:
    """The same entries give, byte for byte, the tiles and bundles that Tessera wrote."""
    theirs = shared_data("record", "tessera-log")
    files = MemoryFiles()
    with Log.create(files, ORIGIN, KEY) as log:
        for width in range(1, 16):
            raw = (theirs / f"tile/entries/000.p/{width}").read_bytes()
            log.append(parse_bundle(raw, width)[-1:])
            for name in (f"tile/entries/000.p/{width}", f"tile/0/000.p/{width}"):
                assert files.read(name, 10_000) == (theirs / name).read_bytes()
            their_head = (theirs / f"checkpoint.{width}").read_text("utf-8").split("\n")
            assert log.checkpoint.decode().split("\n")[1:3] == their_head[1:3]


@pytest.mark.parametrize("settle_batches", [1, 2, 100])
def test_a_log_that_was_closed_goes_on_where_it_was(settle_batches: int) -> None:
    """Opening gives the same size, root and head; heads before and after are consistent; and proofs span both."""
    files = MemoryFiles()
    before: list[tuple[int, bytes]] = []
    Log.create(files, ORIGIN, KEY).close()
    for count in (3, 253, 1, 600, 1500):
        with Log.open(files, ORIGIN, KEY, settle_batches=settle_batches) as log:
            if before:
                assert (log.size, log.root) == before[-1]
            log.append(entries(log.size, count // 2 + 1))
            log.append(entries(log.size, count))
            before.append((log.size, log.root))
            for size, root in before:
                verify_consistency(size, log.size, root, log.root, log.hashes().consistency_proof(size))
    check_laws(files, entries(0, before[-1][0]))


def test_opening_a_settled_log_changes_nothing() -> None:
    """Who only looks leaves no trace: no write, no flush, no new signature that differs."""
    files = MemoryFiles()
    with Log.create(files, ORIGIN, KEY) as log:
        log.append(entries(0, 700))
    taken = len(files.steps)
    with Log.open(files, ORIGIN, KEY) as log:
        assert log.size == 700
    assert len(files.steps) == taken


def test_entries_are_read_back_by_range() -> None:
    """Any range gives exactly those entries, across bundles; a range outside the log is refused before anything is read."""
    with Log.create(MemoryFiles(), ORIGIN, KEY) as log:
        log.append(entries(0, 700))
        for start, stop in ((0, 700), (0, 0), (700, 700), (255, 257), (256, 512), (511, 700), (699, 700)):
            assert list(log.entries(start, stop)) == entries(start, stop - start)
        for start, stop in ((0, 701), (5, 4), (-1, 3)):
            with pytest.raises(FormatError, match="the log has 700") as refused:
                log.entries(start, stop)
            assert refused.value.code == "log/range"


@pytest.mark.parametrize(
    ("batch", "code"),
    [
        ([], "log/batch-empty"),
        ([b"tern", b""], "log/entry-size"),
        ([b"tern", b"x" * 65_536], "log/entry-size"),
        ([b"x" * 65_535] * 257, "log/batch-size"),
    ],
)
def test_a_batch_that_cannot_be_kept_is_refused_whole(batch: list[bytes], code: str) -> None:
    """An empty batch, an empty or oversized entry, or too many bytes: nothing is appended, and the log goes on."""
    files = MemoryFiles()
    with Log.create(files, ORIGIN, KEY) as log:
        log.append([b"heron"])
        taken, head = len(files.steps), log.checkpoint
        with pytest.raises(FormatError) as refused:
            log.append(batch)
        assert refused.value.code == code
        assert (log.size, log.checkpoint, len(files.steps)) == (1, head, taken)
        log.append([b"y" * 65_535])
        assert list(log.entries(1, 2)) == [b"y" * 65_535]


def test_cosignatures_join_the_published_head_and_survive() -> None:
    """A witness's line is attached to the head, replaced by its newer one, kept over settling and opening, and gone with the next head."""
    files = MemoryFiles()
    with Log.create(files, ORIGIN, KEY) as log:
        raw = log.append(entries(0, 5))
        log.add_signatures([cosign(raw, WITNESS, 100).line], size=5)
        note = log.add_signatures([cosign(raw, WITNESS, 200).line.rstrip("\n")])
        assert note == files.read("checkpoint", 10_000)
        assert open_cosigned(note, [KEY.verifier], [WITNESS.verifier]).cosignatures == {WITNESS.verifier: 200}
    for _ in range(2):
        with Log.open(files, ORIGIN, KEY) as log:
            assert log.checkpoint == note
    with Log.open(files, ORIGIN, KEY) as log:
        assert WITNESS.name not in log.append([b"tern"]).decode()
        with pytest.raises(StoreError, match="size 5, and the log now has size 6") as refused:
            log.add_signatures([cosign(raw, WITNESS, 300).line], size=5)
        assert refused.value.code == "log/moved"
    check_laws(files, [*entries(0, 5), b"tern"])


def test_lines_that_are_not_cosignatures_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line in the log's own name, or one that is no signature, or too much of it, would spoil the head for every reader."""
    with Log.create(MemoryFiles(), ORIGIN, KEY) as log:
        raw = log.append([b"heron"])
        own = raw.decode().splitlines()[-1]
        with pytest.raises(FormatError) as refused:
            log.add_signatures([own])
        assert refused.value.code == "log/own-signature"
        for lines in (["tern was here"], ["", own], []):
            with pytest.raises(FormatError):
                log.add_signatures(lines)
        monkeypatch.setattr(log_module, "MAX_CHECKPOINT", 200)
        with pytest.raises(FormatError) as refused:
            log.add_signatures([cosign(raw, WITNESS, 100).line])
        assert refused.value.code == "note/too-large"
        assert log.checkpoint == raw
        log.append([b"tern"])


def test_a_log_is_not_created_over_another() -> None:
    """Where a journal, a checkpoint or a tile lies, no new log is begun, and what lies there is left."""
    for name in (".staging/journal", "checkpoint", "tile/0/000.p/1"):
        files = MemoryFiles()
        files.damage(name, b"something")
        with pytest.raises(StoreError, match="already a log") as refused:
            Log.create(files, ORIGIN, KEY)
        assert refused.value.code == "store/exists"
        assert (set(files.names()), files.steps) == ({name}, [])
        files.lock(".staging/lock").release()


def test_opening_what_is_no_log_creates_nothing(tmp_path: Path) -> None:
    """A mistyped path is answered with words, not with a new folder."""
    with pytest.raises(StoreError, match="no log here") as refused:
        Log.open(DirectoryFiles(tmp_path / "typo"), ORIGIN, KEY)
    assert refused.value.code == "store/absent"
    assert list(tmp_path.iterdir()) == []


def test_a_copy_without_its_journal_is_not_written() -> None:
    """Whoever signs on from an older copy could contradict a later head, so only the folder with the journal is written."""
    files = MemoryFiles()
    with Log.create(files, ORIGIN, KEY) as log:
        log.append(entries(0, 3))
    files.damage(".staging/journal", None)
    with pytest.raises(StoreError, match="without its journal") as refused:
        Log.open(files, ORIGIN, KEY)
    assert refused.value.code == "store/no-journal"
    assert "new epoch" in refused.value.next_step
    assert len(list(StaticReader(files.read).read_all([KEY.verifier])[1])) == 3


def test_another_log_and_another_key_are_refused_before_anything_is_signed() -> None:
    """A folder belongs to one origin and one key; the refusal names both sides."""
    files = MemoryFiles()
    Log.create(files, ORIGIN, KEY).close()
    other = SignerKey(ORIGIN, bytes(32))
    taken = len(files.steps)
    with pytest.raises(StoreError, match="this is the log commonhold/saltmarsh/0, and commonhold/highvale/0") as refused:
        Log.open(files, "commonhold/highvale/0", KEY)
    assert refused.value.code == "store/wrong-log"
    with pytest.raises(StoreError) as refused:
        Log.open(files, ORIGIN, other)
    assert refused.value.code == "store/wrong-key"
    assert str(other.verifier) in str(refused.value)
    assert len(files.steps) == taken
    check_laws(files, [])


@pytest.mark.parametrize(("origin", "key"), [("two\nlines", KEY), ("", KEY), (ORIGIN, WITNESS)])
def test_an_origin_or_key_that_cannot_sign_checkpoints_is_refused(origin: str, key: SignerKey) -> None:
    """An impossible origin or a cosigner's key is refused while the folder is still empty and unlocked."""
    files = MemoryFiles()
    with pytest.raises(FormatError):
        Log.create(files, origin, key)
    assert (set(files.names()), files.steps) == (set(), [])
    Log.create(files, ORIGIN, KEY).close()


def test_a_closed_log_refuses_and_says_so() -> None:
    """After closing nothing is taken; closing again does nothing; the next writer gets in."""
    files = MemoryFiles()
    log = Log.create(files, ORIGIN, KEY)
    log.append([b"heron"])
    log.close()
    log.close()
    for use in (lambda: log.append([b"tern"]), lambda: log.add_signatures(["line"])):
        with pytest.raises(FatalStoreError, match="closed") as refused:
            use()
        assert refused.value.code == "store/stopped"
    check_laws(files, [b"heron"])


def test_every_refusal_is_one_of_ours() -> None:
    """Whatever is asked of a log, no foreign exception comes out."""
    files = MemoryFiles()
    files.damage(".staging/journal", b"nonsense")
    with pytest.raises(CommonholdError):
        Log.open(files, ORIGIN, KEY)
    files.lock(".staging/lock").release()
    assert parse_tile_path("tile/0/000").width == 256
