"""The log when everything goes wrong: one fault table over every change it makes to the disk, as Sunlight's tests have it.

Kill before, within and after each change; lose, damage or reorder what was not flushed; refuse each change as a full disk does; kill
again during the recovery. Afterwards the log opens by the normal path and keeps every law of :func:`.logs.check_laws`.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable

import pytest

from commonhold.kernel.errors import FatalStoreError, StoreError
from commonhold.kernel.tlog.checkpoint import cosign
from commonhold.store.log import Log
from commonhold.store.memory import Fault, Instant, Killed, Loss, MemoryFiles
from tests.store.logs import KEY, ORIGIN, WITNESS, check_laws, entries

BATCHES = (100, 170, 1, 3)


class Story:
    """A log's life: founded, filled across a tile's boundary, settled more than once, cosigned and closed. It tells what was acknowledged."""

    def __init__(self, files: MemoryFiles) -> None:
        self.files = files
        self.acknowledged: list[bytes] = []
        self.attempted: list[bytes] = []
        self.created = False

    def run(self) -> None:
        with Log.create(self.files, ORIGIN, KEY, settle_batches=2) as log:
            self.created = True
            for count in BATCHES:
                self.attempted = entries(log.size, count)
                log.append(self.attempted)
                self.acknowledged += self.attempted
                self.attempted = []
            log.add_signatures([cosign(log.checkpoint, WITNESS, 100).line])
            self.attempted = entries(log.size, 2)
            log.append(self.attempted)
            self.acknowledged += self.attempted
            self.attempted = []


def steps() -> list[tuple[str, str]]:
    """Every change that the story makes when nothing fails."""
    story = Story(MemoryFiles())
    story.run()
    return story.files.steps


def check_after(story: Story, files: MemoryFiles) -> None:
    """The laws, for a log that was created; and where creating was cut short, it can be done again."""
    if not story.created:
        with contextlib.suppress(StoreError):
            Log.create(files, ORIGIN, KEY).close()
    check_laws(files, story.acknowledged, story.attempted)


def test_the_fault_table_covers_every_kind_of_change() -> None:
    """A change of a kind that the story never makes would be a change that no fault was tried on."""
    assert {kind for kind, _ in steps()} == {"write", "append", "replace", "sync", "delete"}
    assert len(steps()) > 30


@pytest.mark.parametrize("loss", Loss)
@pytest.mark.parametrize("instant", Instant)
def test_a_kill_at_any_change_leaves_a_log_that_opens_by_the_normal_path(instant: Instant, loss: Loss) -> None:
    """Whatever change is cut, and whatever the disk then loses, nothing acknowledged is lost and no head contradicts another."""
    for step in range(len(steps())):
        KEY.signed.clear()
        story = Story(MemoryFiles(Fault(step, instant)))
        with pytest.raises(Killed):
            story.run()
        check_after(story, story.files.reboot(loss))


@pytest.mark.parametrize("loss", [Loss.NOTHING, Loss.DAMAGED])
def test_a_second_kill_during_the_recovery_harms_no_more_than_the_first(loss: Loss) -> None:
    """Recovery is only another writer: killed at any of its own changes, it is begun again."""
    for step, (kind, _) in enumerate(steps()):
        if kind == "write" and step % 7:
            continue
        KEY.signed.clear()
        story = Story(MemoryFiles(Fault(step, Instant.TORN)))
        with pytest.raises(Killed):
            story.run()
        if not story.created:
            continue
        for again in itertools.count():
            files = story.files.reboot(loss)
            files.fault = Fault(again, Instant.TORN)
            try:
                Log.open(files, ORIGIN, KEY).close()
            except Killed:
                check_laws(files.reboot(loss), story.acknowledged, story.attempted)
            else:
                break


@pytest.mark.parametrize("instant", Instant)
def test_a_refused_change_stops_the_log_and_loses_nothing(instant: Instant) -> None:
    """A full disk, met anywhere: the writer is told, the log takes nothing more, and opens again when there is space."""
    for step in range(len(steps())):
        KEY.signed.clear()
        story = Story(MemoryFiles(Fault(step, instant, "store/full")))
        with pytest.raises(StoreError) as refused:
            story.run()
        assert refused.value.code == "store/full"
        story.files.fault = None
        check_after(story, story.files)


@pytest.mark.parametrize("kind", ["append", "write", "sync", "replace"])
def test_break_progress_stops_unbreak_progress_goes_on(kind: str) -> None:
    """While one kind of change is broken every opening or append is refused in words; once it works again, all is there."""
    files = MemoryFiles()
    log = Log.create(files, ORIGIN, KEY, settle_batches=1)
    log.append(entries(0, 300))
    files.broken = lambda what, _name: what == kind
    with pytest.raises(StoreError) as refused:
        log.append(entries(300, 5))
    assert refused.value.code == "store/full"
    assert "open the log again" in refused.value.next_step
    for use in (lambda: log.append(entries(300, 5)), lambda: log.add_signatures([""])):
        with pytest.raises(FatalStoreError, match="an earlier write failed") as stopped:
            use()
        assert stopped.value.code == "store/stopped"
    log.close()
    assert (log.size, list(log.entries(0, log.size))) == (300, entries(0, 300))
    files.broken = None
    check_laws(files, entries(0, 300), entries(300, 5))


def test_a_kill_between_the_durable_point_and_the_head_keeps_the_batch() -> None:
    """What the journal holds counts: the batch that nobody was told of yet is published by the next opening, once."""
    files = MemoryFiles()
    log = Log.create(files, ORIGIN, KEY)
    files.fault = Fault(len(files.steps), Instant.AFTER)
    with pytest.raises(Killed):
        log.append(entries(0, 5))
    assert files.steps[-1] == ("append", ".staging/journal")
    with Log.open(files.reboot(Loss.ALL), ORIGIN, KEY) as log:
        assert list(log.entries(0, log.size)) == entries(0, 5)


def test_nothing_is_signed_before_it_is_durable() -> None:
    """A head is signed only after its entries can no longer be forgotten, so a lost batch leaves no signature behind."""
    files = MemoryFiles()
    log = Log.create(files, ORIGIN, KEY)
    signed = len(KEY.signed)
    files.fault = Fault(len(files.steps), Instant.TORN)
    with pytest.raises(Killed):
        log.append(entries(0, 5))
    assert len(KEY.signed) == signed


def journal_parts(files: MemoryFiles) -> list[bytes]:
    raw, parts = files.read(".staging/journal", 1 << 30), []
    while raw:
        end = 36 + int.from_bytes(raw[:4], "big")
        parts.append(raw[:end])
        raw = raw[end:]
    return parts


def unsettled() -> MemoryFiles:
    """A log of 303 entries: 300 settled, three more batches of one entry in the journal, its writer killed."""
    files = MemoryFiles()
    with Log.create(files, ORIGIN, KEY) as log:
        log.append(entries(0, 300))
    log = Log.open(files, ORIGIN, KEY)
    for index in (300, 301, 302):
        log.append(entries(index, 1))
    return files.reboot()


def flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def signed_elsewhere(count: int, word: bytes) -> bytes:
    """The head of another history, signed with the same key: what a restored backup would have gone on to sign."""
    with Log.create(MemoryFiles(), ORIGIN, KEY) as log:
        return log.append([word] * count)


FATAL: dict[str, tuple[Callable[[MemoryFiles], None], str]] = {
    "a tile of the right edge is altered": (
        lambda f: f.damage("tile/0/001.p/44", flip(f.read("tile/0/001.p/44", 9999), 7)),
        "store/contradiction",
    ),
    "a tile of the right edge is gone": (lambda f: f.damage("tile/0/001.p/44", None), "store/contradiction"),
    "a tile of the right edge is cut": (lambda f: f.damage("tile/1/000.p/1", b"short"), "store/contradiction"),
    "an entry of the right edge is altered": (
        lambda f: f.damage("tile/entries/001.p/44", flip(f.read("tile/entries/001.p/44", 9999), 5)),
        "store/contradiction",
    ),
    "the entries of the right edge are gone": (lambda f: f.damage("tile/entries/001.p/44", None), "store/contradiction"),
    "the published head is ahead of the journal": (
        lambda f: f.damage(".staging/journal", b"".join(journal_parts(f)[:-1])),
        "store/contradiction",
    ),
    "the published head has the size and another root": (
        lambda f: f.damage("checkpoint", signed_elsewhere(303, b"tern")),
        "store/contradiction",
    ),
    "the published head has a smaller size and another root": (
        lambda f: f.damage("checkpoint", signed_elsewhere(7, b"tern")),
        "store/contradiction",
    ),
    "a record of the journal is altered and others follow": (
        lambda f: f.damage(".staging/journal", flip(f.read(".staging/journal", 9999), len(journal_parts(f)[0]) + 50)),
        "store/journal",
    ),
    "the base of the journal is altered": (
        lambda f: f.damage(".staging/journal", flip(f.read(".staging/journal", 9999), 60)),
        "store/journal",
    ),
    "a record of the journal is missing": (
        lambda f: f.damage(".staging/journal", b"".join(part for place, part in enumerate(journal_parts(f)) if place != 1)),
        "store/journal",
    ),
    "the last record is altered although its head was published": (
        lambda f: f.damage(".staging/journal", flip(f.read(".staging/journal", 9999), -1 + len(f.read(".staging/journal", 9999)))),
        "store/contradiction",
    ),
    "the journal is empty": (lambda f: f.damage(".staging/journal", b""), "store/journal"),
}


@pytest.mark.parametrize("name", FATAL)
def test_a_log_that_contradicts_itself_is_not_opened_and_not_touched(name: str) -> None:
    """Where journal, tiles, entries and head disagree, nothing is written or signed, and the person is told to keep the evidence."""
    files = unsettled()
    harm, code = FATAL[name]
    harm(files)
    KEY.signed.clear()
    with pytest.raises(FatalStoreError) as refused:
        Log.open(files, ORIGIN, KEY)
    assert (refused.value.code, files.steps, KEY.signed) == (code, [], [])
    assert "mirror" in refused.value.next_step
    files.lock(".staging/lock").release()


HARMLESS: dict[str, Callable[[MemoryFiles], None]] = {
    "the head is gone": lambda f: f.damage("checkpoint", None),
    "the head is empty": lambda f: f.damage("checkpoint", b""),
    "the head is cut": lambda f: f.damage("checkpoint", f.read("checkpoint", 9999)[:-9]),
    "the head is huge": lambda f: f.damage("checkpoint", b"x" * 200_000),
    "a tile that the journal brings back is gone": lambda f: f.damage("tile/0/001.p/46", None),
    "a bundle that the journal brings back is empty": lambda f: f.damage("tile/entries/001.p/47", b""),
    "the last record is torn within its header": lambda f: f.damage(".staging/journal", f.read(".staging/journal", 9999) + b"\0\1"),
    "the journal ends in blank pages": lambda f: f.damage(".staging/journal", f.read(".staging/journal", 9999) + bytes(5000)),
    "the journal's first blank page is followed by another": lambda f: f.damage(
        ".staging/journal", f.read(".staging/journal", 9999) + bytes(4096) + b"heron" * 100
    ),
    "the journal ends in a record longer than what is there": lambda f: f.damage(
        ".staging/journal", f.read(".staging/journal", 9999) + b"\xff\xff\xff\xff" + b"x" * 90
    ),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_a_power_failure_may_leave_is_mended_by_opening(name: str) -> None:
    """A head or tile that was not flushed yet, or a record that nobody was told of, is no contradiction."""
    files = unsettled()
    HARMLESS[name](files)
    check_laws(files, entries(0, 303))
