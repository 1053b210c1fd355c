"""A record that is served elsewhere, for members who act: read and replayed here, added to by handing entries in (docs/formats/house-log.md).

The place is the address of a house's log, or of a partner's mirror of it (``https://partner/mirror/HASH``). Nothing that it serves is believed: the
whole record is replayed before anything is signed, and what is new is proved to lead on from that. An act is first held against the rules here, and only
then sent; whether it counts is seen in the record, not in what the server says.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

from commonhold.kernel.errors import FormatError, ProofError, RuleError, StoreError
from commonhold.kernel.notes import VerifierKey
from commonhold.kernel.record.fold import Outcome, apply
from commonhold.kernel.record.state import State
from commonhold.kernel.tlog.checkpoint import open_checkpoint
from commonhold.kernel.tlog.merkle import Tree, leaf_hash
from commonhold.store.fetch import foreign_json, url_front, url_post
from commonhold.store.handing import digests_in, pack
from commonhold.store.objects.remote import RemoteObjects
from commonhold.store.reader import StaticReader
from commonhold.store.record import ReadRecord, open_reader, refusal_of

SECONDS: Final = 30.0
SEEN_SECONDS: Final = 8.0
"""How long an entry that was taken is looked for in the record."""
POLL_SECONDS: Final = 0.25
MAX_ANSWER: Final = 1 << 14
MAX_FRONT: Final = 1 << 18
_MIRROR: Final = re.compile(r"(?P<node>.*)/mirror/[0-9a-f]{64}")
_SHOWN: Final = 300


class RemoteRecord:
    """A record at an address, as this run has replayed it; :meth:`refresh` follows what was added since.

    Args:
        url: of the log, or of a partner's mirror. ``missing`` then holds the texts, by digest, that a partner did not take.
        read: the record as it was read from there.
    """

    def __init__(self, url: str, read: ReadRecord) -> None:
        self.path = url.rstrip("/")
        self.state: State = read.state
        self.tree: Tree = read.tree
        self.objects = RemoteObjects(self.path)
        self.missing: dict[str, bytes] = {}
        self._outcomes: dict[str, Outcome] = {}
        self._reader: StaticReader = open_reader(self.path)
        self._log_key: VerifierKey = read.log_key
        mirror = _MIRROR.fullmatch(self.path)
        self.node = mirror["node"] if mirror else ""

    @property
    def entry_address(self) -> str:
        """Where entries are handed in."""
        return f"{self.node or self.path}/entry"

    def submit(self, raw: bytes, texts: Mapping[str, bytes] | None = None) -> Outcome:
        """Hand one entry in, with its texts where the place takes them, and give what came of it as soon as it is seen in the record.

        Where it is not seen in time the outcome is what it will be if nothing else comes first; ``state`` does not have it then.

        Raises:
            RuleError, ProofError, FormatError: if the rules refuse it here, before it was sent, or the server refuses it.
            StoreError: ``act/not-taken`` if nobody takes entries there; or if it cannot be reached.
        """
        _, outcome = apply(self.state, raw, self.tree.root)
        if not outcome.counts or outcome.entry is None:
            raise refusal_of(outcome)
        named = frozenset(digests_in(outcome.entry.body.payload)) if outcome.entry.type == "propose" else frozenset()
        # An amendment comes with the whole charter; the house has what it does not change.
        sent = {digest: text for digest, text in (texts or {}).items() if digest in named}
        # A partner keeps entries and no texts.
        body = raw if self.node else pack(raw, sent)
        status, answer = url_post(self.entry_address, body, max_size=MAX_ANSWER, deadline=SECONDS)
        if status not in (200, 202):
            raise _refused(self.entry_address, status, answer)
        if self.node:
            self.missing.update(sent)
        self.wait(lambda: outcome.entry is not None and outcome.entry.id in self.state.ids, SEEN_SECONDS)
        return self._outcomes.get(outcome.entry.id, outcome)

    def wait(self, done: Callable[[], bool], seconds: float) -> bool:
        """Follow the record until *done* says so, at most *seconds*; whether it did."""
        end = time.monotonic() + seconds
        while True:
            # A server that fails between two looks has lost nothing that it took.
            with contextlib.suppress(StoreError):
                self.refresh()
            if done():
                return True
            if time.monotonic() >= end:
                return False
            time.sleep(POLL_SECONDS)

    def refresh(self) -> list[Outcome]:
        """Replay what was added since, and give what became of it.

        Raises:
            ProofError: ``record/root`` if it does not lead on from what was replayed here: keep both checkpoints.
            FormatError, StoreError: if it cannot be read.
        """
        checkpoint, _ = open_checkpoint(self._reader.checkpoint_raw(), [self._log_key], origin=self._log_key.name)
        if checkpoint.size < self.tree.size or (checkpoint.size == self.tree.size and checkpoint.root == self.tree.root()):
            return []
        hashes = self._reader.hashes(checkpoint.size, checkpoint.root)
        if hashes.root(self.tree.size) != self.tree.root():
            raise ProofError(
                "what the log signs now does not lead on from what it signed a moment ago",
                code="record/root",
                next_step="Do not sign anything here. Read the record at a partner, and show both to your fellow members.",
            )
        found = []
        for leaf in self._reader.proved_entries(self.tree.size, checkpoint.size, hashes):
            self.state, outcome = apply(self.state, leaf, self.tree.root)
            self.tree.append(leaf_hash(leaf))
            found.append(outcome)
            if outcome.entry is not None:
                self._outcomes[outcome.entry.id] = outcome
        return found

    def in_vain(self, size: int) -> tuple[str, ...] | None:
        """What is wrong with each partner, if the log's server has asked them about *size* entries and they were not enough; None otherwise.

        That is the server's word, and decides nothing but how long somebody waits.
        """
        if self.node:
            return None
        try:
            about: Any = foreign_json(url_front(self.path, max_size=MAX_FRONT, deadline=SECONDS))
            if about["asked"]["size"] < size or about["asked"]["enough"]:
                return None
            return tuple(f"{row['url']}: {row['trouble'] or 'has signed'}"[:_SHOWN] for row in about["partners"])
        except (StoreError, KeyError, TypeError):
            return None

    def attests(self, after: int) -> list[Outcome]:
        """What became of the attests that were seen behind the entry with index *after*, in order."""
        found = [outcome for outcome in self._outcomes.values() if outcome.index > after and outcome.entry is not None]
        return sorted((outcome for outcome in found if outcome.entry and outcome.entry.type == "attest"), key=lambda one: one.index)

    def close(self) -> None:
        """Nothing is held open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def deliver_text(url: str, digest: str, raw: bytes) -> bool:
    """Bring a text to a house's log whose record names it; whether it was missing there.

    Raises:
        RuleError, FormatError, StoreError: if it is not taken.
    """
    address = f"{url.rstrip('/')}/objects/{digest[:2]}/{digest[2:]}"
    status, answer = url_post(address, raw, max_size=MAX_ANSWER, deadline=2 * SECONDS)
    if status not in (200, 202):
        raise _refused(address, status, answer)
    return status == 202


def _refused(address: str, status: int, answer: bytes) -> RuleError | StoreError | FormatError:
    """What a server said about an entry, as an error of this side; its words are its own."""
    host = urlsplit(address).netloc
    try:
        value: Any = foreign_json(answer)
        code, words, step = (str(value[name])[:_SHOWN] for name in ("code", "message", "next_step"))
    except (KeyError, TypeError):
        return StoreError(
            f"nobody takes entries at {address}: the server answered {status}",
            code="act/not-taken",
            next_step="Hand it to a partner: give --house the address of a mirror, https://PARTNER/mirror/HASH.",
        )
    family = StoreError if status >= 500 or status in (408, 429) else FormatError if status in (400, 413) else RuleError
    return family(f"{host} refuses it: {words}", code=code or "act/refused", next_step=step)
