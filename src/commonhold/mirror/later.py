"""Which logs of later epochs a node follows: those that begin with an ``open`` by a kit-holder of a branch that it holds (DESIGN 3.4).

Anybody may name the address of one (``POST /epochs``). The node fetches the first entry from there, proved to be in what the log's key has
signed, and accepts it if the fold does, on the state of the branch as this node's own copy of the log before it gives it. The signature of a member's
kit is looked at first, so that a stranger makes this node fetch two files and nothing else. One for each member and week, and so many for each
organisation: when these are used up, the oldest that nobody has decided is forgotten, of whoever has most.

An address is only where the log is fetched; everything from there is proved. Several are kept. One that shows more than is held takes the place of the
one that has given nothing new for longest; a mere copy takes nobody's place, and one that does not answer is asked last.

Not here: fetching (:mod:`.follower`), what stands (:mod:`.standing`), HTTP.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from commonhold.kernel import b64, ed25519
from commonhold.kernel.errors import FormatError, ProofError, RuleError, StoreError
from commonhold.kernel.ids import origin_of
from commonhold.kernel.keys import KitKeys
from commonhold.kernel.notes import VerifierKey, parse_note
from commonhold.kernel.record.entries import Entry, parse_entry
from commonhold.kernel.record.fold import apply
from commonhold.kernel.record.state import State
from commonhold.kernel.tlog.checkpoint import open_checkpoint, parse_checkpoint
from commonhold.kernel.tlog.merkle import Tree
from commonhold.mirror.database import Database
from commonhold.store.fetch import Fetch
from commonhold.store.reader import StaticReader
from commonhold.store.record import refusal_of

WEEK: Final = 7 * 86_400
MAX_OF_ORG: Final = 64
MAX_OF_NODE: Final = 4096
MAX_ADDRESSES: Final = 4


@dataclass(frozen=True, slots=True)
class Later:
    """The log of a later epoch that this node follows: its key, the member who opened it, and where it branches off *parent*."""

    origin: str
    vkey: str
    org: str
    member: str
    parent: str
    size: int
    root: bytes
    time: int


@dataclass(frozen=True, slots=True)
class Opening:
    """The first entry of a log of a later epoch, and the key that signed the checkpoint over it."""

    entry: Entry
    key: VerifierKey
    size: int

    @property
    def parent(self) -> tuple[str, int, bytes]:
        """Origin, size and root at which it branches off."""
        parent = self.entry.body.parent
        return parent.origin, parent.size, b64.decode(parent.root, 32, "root of the branch")


def read_opening(reader: StaticReader) -> Opening:
    """The ``open`` entry with which the log at a place begins, proved to be in a checkpoint that the log's own key has signed.

    Raises:
        FormatError, RuleError: if it begins with anything else. ProofError: if it is not proved. StoreError: if it cannot be read.
    """
    raw = reader.checkpoint_raw()
    claimed = parse_checkpoint(parse_note(raw).text)
    if not claimed.size:
        raise FormatError("the log has no entries yet", code="record/empty", next_step="Announce the epoch once it is opened.")
    entry = parse_entry(next(reader.proved_entries(0, 1, reader.hashes(claimed.size, claimed.root))))
    if entry.type != "open":
        raise RuleError(
            f"the log begins with a {entry.type} entry, and the log of a later epoch begins with an `open`",
            code="epochs/not-open",
            next_step="A first log is followed when the node's operator names it (`partner serve --log`).",
        )
    log_key = b64.decode(entry.body.log_key, length=32, what="log key")
    origin = origin_of(entry.org, entry.epoch, log_key)
    key = VerifierKey.of(origin, log_key)
    open_checkpoint(raw, [key])
    return Opening(entry, key, claimed.size)


def check_kit(state: State, entry: Entry) -> None:
    """Pass in silence if *entry* is signed by a kit that a member of this record has, or has had; what it was at the branch is judged later.

    Raises:
        RuleError: if the key is no member's. ProofError: if it did not sign this.
    """
    enrolled, public = state.keyring.get(entry.key), state.public.get(entry.key)
    if enrolled is None or enrolled.member != entry.by or not isinstance(public, KitKeys):
        raise RuleError(
            f"an epoch is opened with a member's kit, and this node knows no kit {entry.key[:12]} of {entry.by}",
            code="epochs/no-member",
            next_step="If the member is new, try again when this node has caught up with the record.",
        )
    if entry.sig is None or entry.sig.kind != "ed25519" or not ed25519.is_valid(public.sign, entry.signed_bytes, entry.sig.value):
        raise ProofError(f"the signature is not {entry.by}'s over this entry", code="signature/invalid")


def check_opens(start: State, entry: Entry) -> None:
    """Pass in silence if *entry* opens the epoch that begins with the branch *start*.

    Raises:
        RuleError, ProofError, FormatError: in the words of the fold.
    """
    outcome = apply(start, entry, Tree().root)[1]
    if not outcome.counts:
        raise refusal_of(outcome)


class LaterEpochs:
    """The later epochs that one node follows. Threads may call at once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[Later]:
        """Every one, in the order in which they were accepted."""
        rows = self._database.read("SELECT origin, vkey, org, member, parent, size, root, time FROM epochs ORDER BY time, origin")
        return [Later(*row) for row in rows]

    def find(self, origin: str) -> Later | None:
        """One of them."""
        rows = self._database.read("SELECT origin, vkey, org, member, parent, size, root, time FROM epochs WHERE origin = ?", origin)
        return Later(*rows[0]) if rows else None

    def after(self, parent: str) -> list[Later]:
        """Those that branch off a log, in the order in which they were accepted."""
        return [later for later in self.all() if later.parent == parent]

    def places(self, parent: str) -> Collection[int]:
        """The sizes of a log at which others branch off."""
        return {row[0] for row in self._database.read("SELECT size FROM epochs WHERE parent = ?", parent)}

    def addresses(self, origin: str) -> list[str]:
        """Where a log was said to be served, the one that last gave something new first."""
        return [row[0] for row in self._database.read("SELECT url FROM addresses WHERE origin = ? ORDER BY gave DESC, url", origin)]

    def check_free(self, opening: Opening, now: int) -> None:
        """Pass in silence if the member who signed *opening* may have another epoch followed now.

        Raises:
            RuleError: ``epochs/too-many``.
        """
        rows = self._database.read(
            "SELECT max(time) FROM epochs WHERE org = ? AND member = ? AND told AND origin <> ?",
            opening.entry.org,
            opening.entry.by,
            opening.key.name,
        )
        last = rows[0][0]
        if last is not None and now - last < WEEK:
            raise RuleError(
                f"{opening.entry.by} has opened another epoch {max(0, now - last) // 3600} hours ago, and one for each member and week is followed",
                code="epochs/too-many",
                next_step="Let another member open the epoch, or ask this node's operator to name its log (`partner serve --log`).",
            )

    def keep(self, opening: Opening, url: str, now: int, *, told: bool, is_decided: Callable[[str], bool]) -> list[str]:
        """Follow an epoch from now on, durably, and give the origins that are followed no more.

        Args:
            url: where it is served.
            told: whether a stranger named it, and not the operator.
            is_decided: whether the members have decided an epoch, so that it is never forgotten.

        Raises:
            RuleError: ``epochs/too-many`` if there are too many that may not be forgotten.
        """
        entry, (parent, size, root) = opening.entry, opening.parent
        gone = [] if self.find(opening.key.name) else self._make_room(entry.org, is_decided)
        with self._database.changing() as rows:
            rows.executemany("DELETE FROM epochs WHERE origin = ?", [(origin,) for origin in gone])
            rows.execute(
                "INSERT OR IGNORE INTO epochs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (opening.key.name, str(opening.key), entry.org, entry.by, parent, size, root, now, int(told)),
            )
        if url:
            self.remember(opening.key.name, url, now)
        return gone

    def remember(self, origin: str, url: str, now: int) -> None:
        """Keep an address of a log, which has just given something; of too many, the one goes that has given nothing for longest."""
        with self._database.changing() as rows:
            rows.execute("INSERT OR REPLACE INTO addresses VALUES (?, ?, ?)", (origin, url, now))
            rows.execute(
                "DELETE FROM addresses WHERE origin = ? AND url NOT IN (SELECT url FROM addresses WHERE origin = ? ORDER BY gave DESC, url LIMIT ?)",
                (origin, origin, MAX_ADDRESSES),
            )

    def keep_spare(self, origin: str, url: str) -> None:
        """Keep an address that has given nothing new, where there is room for it."""
        with self._database.changing() as rows:
            rows.execute(
                "INSERT OR IGNORE INTO addresses SELECT ?, ?, 0 WHERE (SELECT count(*) FROM addresses WHERE origin = ?) < ?",
                (origin, url, origin, MAX_ADDRESSES),
            )

    def tried(self, origin: str, url: str, fetch: Fetch) -> Fetch:
        """*fetch* of an address of a log: once it does not answer in time it is asked after all others, for it holds up the log's other work."""

        def tried(name: str, max_size: int) -> bytes:
            try:
                return fetch(name, max_size)
            except StoreError as error:
                if error.code == "store/unreachable":
                    with self._database.changing() as rows:
                        rows.execute("UPDATE addresses SET gave = 0 WHERE origin = ? AND url = ? AND gave > 0", (origin, url))
                raise

        return tried

    def _make_room(self, org: str, is_decided: Callable[[str], bool]) -> list[str]:
        every = self.all()
        mine = [later for later in every if later.org == org]
        if len(mine) < MAX_OF_ORG and len(every) < MAX_OF_NODE:
            return []
        parents = {later.parent for later in every}
        free = [later for later in mine if later.origin not in parents and not is_decided(later.origin)]
        if not free:
            raise RuleError(
                f"this node follows {len(mine)} later epochs of this organisation and {len(every)} in all, and takes no more",
                code="epochs/too-many",
                next_step="Give it to another partner.",
            )
        most = Counter(later.member for later in free)
        return [max(free, key=lambda later: (most[later.member], -later.time)).origin]
