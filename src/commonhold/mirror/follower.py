"""Following one log: fetch, verify, store, replay, and only then sign with the mirror key (DESIGN 3.4; C2SP tlog-mirror).

The order is the guarantee. A checkpoint that the log signed is held against everything that it signed before; then every leaf is proved to be
in it, folded and flushed to this node's disk; then, in one transaction, the mirror's signature is remembered; then it leaves. So a mirror
signature means: these entries are here, and anybody can fetch them from here. What is on the disk is served from there, log alive or not.

A mirror stays on the history that it signed first. A log that shows another one gets no signature for it, and a proof goes to :mod:`.alarms`.

The log of a later epoch begins with the state of its branch, which the log before it gives. A log that was signed to have ended
(:mod:`.frozen`) is held and served on, and never signed again.

Not here: C2SP's ``add-entries`` (this mirror fetches, nobody uploads); when to look (:mod:`.node`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Final

from commonhold.kernel.errors import CommonholdError, ProofError, RuleError, StoreError
from commonhold.kernel.notes import SignerKey, VerifierKey, parse_note
from commonhold.kernel.record.brief import Brief
from commonhold.kernel.record.entries import parse_entry
from commonhold.kernel.record.fold import Outcome
from commonhold.kernel.record.state import State
from commonhold.kernel.record.suspicion import Withheld
from commonhold.kernel.tlog.checkpoint import cosign, open_checkpoint, parse_checkpoint
from commonhold.kernel.tlog.equivocation import show_equivocation
from commonhold.kernel.tlog.tilereader import HashReader
from commonhold.mirror.alarms import Alarms, contradiction
from commonhold.mirror.copy import Copy
from commonhold.mirror.database import Database
from commonhold.mirror.frozen import FrozenLogs, check_not_frozen
from commonhold.mirror.held import RELOAD, Held
from commonhold.mirror.pending import Pending
from commonhold.mirror.vouching import Stance, Voucher
from commonhold.mirror.witness import Clock
from commonhold.store.files import Files
from commonhold.store.reader import StaticReader

MAX_UNDECIDED: Final = 16_384
MAX_UNDECIDED_BYTES: Final = 64 << 20
"""What is held of an epoch until its members have decided it: anybody with a kit can open one, and fill it with what counts for nothing."""


class Follower(Held):
    """One log as this node holds it. Threads take turns.

    Args:
        log: the key that signs the log; its name is the origin.
        readers: how its files are fetched: from each address that is known, the best first.
        own: whether the first of these is what the operator gave as the log's own address, so that what it serves is the log's doing.
        files: where this node's own copy lies.
        database: what it must not forget.
        signer: the mirror key, of kind 0x04.
        clock: POSIX seconds.
        alarms: where evidence goes.
        pending: the entries that members gave to this node.
        voucher: what says what the record amounts to.
        frozen: which logs have ended.
        begins: gives the state in which the log begins; None for a founding.
        places: gives the sizes at which other logs branch off.
    """

    def __init__(
        self,
        log: VerifierKey,
        readers: Callable[[], Sequence[StaticReader]],
        files: Files,
        database: Database,
        signer: SignerKey,
        clock: Clock,
        alarms: Alarms,
        pending: Pending,
        voucher: Voucher,
        frozen: FrozenLogs,
        *,
        own: bool = True,
        begins: Callable[[], State | None] = lambda: None,
        places: Callable[[], Collection[int]] = tuple,
    ) -> None:
        super().__init__(log, files, database, begins, places)
        self._readers, self._signer, self._clock, self._own = readers, signer, clock, own
        self._alarms, self._pending, self._voucher, self._frozen = alarms, pending, voucher, frozen
        self._stance: Stance | None = None

    def pull(self) -> None:
        """Fetch what the log now publishes, wherever it is served, and store what is new; nothing is signed.

        Raises:
            StoreError: if no address of the log, or this node's disk, can be reached; what came before is kept.
            ProofError, FormatError: if the log contradicts itself or its files; nothing of that is kept but evidence.
            RuleError: ``mirror/undecided`` if it is an epoch that nobody has decided, and too long.
        """
        failures: list[CommonholdError] = []
        readers = self._readers()
        for gone in [place for place in self.carried if place >= len(readers)]:
            del self.carried[gone]
        for place, reader in enumerate(readers):
            try:
                self.pull_from(reader, place, published=self._own and place == 0)
            except CommonholdError as error:
                failures.append(error)
        lies = [error for error in failures if isinstance(error, ProofError)]
        if lies or len(failures) == len(readers) > 0:
            raise (lies or failures)[0]

    def pull_from(self, reader: StaticReader, place: int = 0, *, published: bool = False) -> None:
        """As :meth:`pull`, from one place.

        Args:
            place: its number among those that are asked.
            published: whether what is served there is the log's own doing, so that going back is an alarm.
        """
        note = reader.checkpoint_raw()
        checkpoint, _ = open_checkpoint(note, [self.log])
        self.carried[place] = note
        before, held, root = self._row()
        if before and held == checkpoint.size == parse_checkpoint(parse_note(before).text).size and root == checkpoint.root:
            return
        with self._my_turn() as copy:
            self._take(copy, note, reader, published=published)

    def cosign(self, note: bytes) -> str:
        """Hold what a signed checkpoint covers, and give the mirror's signature line for it.

        Raises:
            ProofError: ``mirror/not-signed`` if the log did not sign it, ``mirror/conflict`` with the held ``size`` if the mirror holds more,
                or another if it is of another history.
            RuleError: as :meth:`sign`. StoreError, FormatError: as :meth:`pull`.
        """
        with self._my_turn() as copy:
            try:
                checkpoint, _ = open_checkpoint(note, [self.log])
            except CommonholdError as error:
                raise ProofError(f"the log has not signed this checkpoint: {error}", code="mirror/not-signed") from None
            self._take_from_any(copy, note)
            if checkpoint.size < copy.size:
                raise ProofError(
                    f"the checkpoint has size {checkpoint.size}, and this mirror holds {copy.size} entries",
                    code="mirror/conflict",
                    next_step="Ask for a signature of the newest checkpoint.",
                    data={"size": copy.size},
                )
            return self._sign(copy)

    def sign(self) -> str:
        """The mirror's signature line for the newest checkpoint that it holds whole, made now: a heartbeat.

        Remembered durably before this returns, and served from then on.

        Raises:
            ProofError: ``mirror/nothing`` if it holds none.
            RuleError: ``mirror/left-out`` if the log has left out an entry for ten minutes, ``mirror/frozen`` once it has ended.
            StoreError: if the disk refuses; nothing is signed then.
        """
        with self._my_turn() as copy:
            return self._sign(copy)

    def freeze(self, successor: str) -> bytes:
        """Sign that this log ends here, and that *successor* comes after it; see :meth:`.frozen.FrozenLogs.freeze`.

        The caller has read the succession and found it satisfied.

        Raises:
            StoreError: if the copy cannot be read, or the database cannot be changed. FormatError: if nothing is held.
        """
        with self._my_turn() as copy:
            return self._frozen.freeze(self.origin, copy.size, copy.root, successor, self._clock())

    def take_entry(self, raw: bytes) -> Outcome | None:
        """Keep an entry for this log, see :meth:`.pending.Pending.take`. Waits for nobody: a log that drips its files stops no entry.

        Raises:
            RuleError, ProofError, FormatError, StoreError: as it does.
        """
        state, size, root = self.view()
        if not size:
            raise StoreError("this node does not hold the record yet", code="mirror/nothing", next_step="Try again in a minute.")
        hashes = StaticReader(self._files.read).hashes(size, root)
        return self._pending.take(self.origin, state, hashes.root, parse_entry(raw), raw, self._clock())

    def judge(self, note: bytes) -> bool:
        """Hold a checkpoint that the log signed, and that somebody brought from elsewhere, against what is held.

        Gives whether it is of another history; False too while that cannot be told.

        Raises:
            StoreError: if the database cannot be changed.
        """
        if not self._turn.acquire(blocking=False):
            return False
        try:
            return self._copy is not None and self._accuse(self._copy, note)
        finally:
            self._turn.release()

    def _take_from_any(self, copy: Copy, note: bytes) -> None:
        """Hold what *note* covers, from the first address that has it; whoever serves something else, or nothing, is passed over."""
        failures: list[CommonholdError] = []
        for reader in self._readers():
            try:
                self._take(copy, note, reader, published=False)
            except CommonholdError as error:
                if error.code in RELOAD:
                    raise
                failures.append(error)
                continue
            return
        if failures:
            raise failures[0]

    def stance(self) -> Stance | None:
        """What this node stands behind with its mirror and its validating key; None before it has signed anything.

        Raises:
            StoreError: if the copy is being caught up with.
        """
        if self._stance is None:
            with self._my_turn() as copy:
                head = self.head()
                # A node that was started again: what it signed before, it says again.
                if head is not None and head[0] == copy.size:
                    self._stand(copy, *head)
        return self._stance

    def brief(self, entry: str, asked: Sequence[tuple[str, str]]) -> Brief | None:
        """The brief proof of an entry and some keys of the state, see :meth:`.vouching.Voucher.brief`; None before anything is signed.

        Raises:
            RuleError, FormatError, StoreError: as it does.
        """
        stance = self.stance()
        return None if stance is None else self._voucher.brief(stance, StaticReader(self._files.read), self.size(), entry, asked)

    def _take(self, copy: Copy, note: bytes, reader: StaticReader, *, published: bool) -> None:
        checkpoint, opened = open_checkpoint(note, [self.log])
        bare = f"{opened.text}\n{opened.verified[0][1].line}".encode()
        before, _, _ = self._row()
        known = parse_checkpoint(parse_note(before).text) if before else None
        if checkpoint.size <= copy.size and copy.tree.root(checkpoint.size) != checkpoint.root:
            self._accuse(copy, bare)
            raise self._other_history(checkpoint.size)
        behind = known is not None and checkpoint.size < known.size
        if behind and published:
            self._alarms.rollback(self.log, bare, before, self._clock())
            return
        if checkpoint.size > copy.size:
            hashes = reader.hashes(checkpoint.size, checkpoint.root)
            self._check_leads_on(hashes, copy, before, bare)
            leaves = self._bounded(copy, reader.proved_entries(copy.size, checkpoint.size, hashes))
            # What another place has of a log that signed more, and withholds it here, is held as a part of that.
            goal = before if behind else bare
            copy.extend(leaves, checkpoint.size - copy.size, lambda size, root: self._hold(goal, size, root))
            self._alarms.review(self.log, bare, copy.tree, self._clock())

    def _bounded(self, copy: Copy, leaves: Iterator[bytes]) -> Iterator[bytes]:
        """*leaves*, as long as an epoch that nobody has decided stays small."""
        count, held = copy.size, copy.bytes
        for leaf in leaves:
            count, held = count + 1, held + len(leaf)
            if copy.state.phase in ("branched", "succeeding") and (count > MAX_UNDECIDED or held > MAX_UNDECIDED_BYTES):
                raise RuleError(
                    f"the members have not decided to go on in {self.origin}, and it has more than {MAX_UNDECIDED} entries "
                    f"or {MAX_UNDECIDED_BYTES >> 20} MiB already",
                    code="mirror/undecided",
                    next_step="Decide the succession first; if junk has filled this log, open another epoch.",
                )
            yield leaf

    def _check_leads_on(self, hashes: HashReader, copy: Copy, before: bytes, bare: bytes) -> None:
        """Pass in silence if the new tree begins with all that is held and all that the log had signed, as far as it goes."""
        known = parse_checkpoint(parse_note(before).text) if before else None
        if known is not None and known.size <= hashes.size:
            root = hashes.root(known.size)
            if root != known.root:
                proof = hashes.consistency_proof(known.size) if known.size < hashes.size else []
                self._alarms.two_faces(show_equivocation(self.log, before, bare, root if proof else b"", proof), self._clock())
                raise self._other_history(hashes.size)
        if hashes.root(copy.size) != copy.tree.root(copy.size):
            raise self._other_history(hashes.size)

    def _other_history(self, size: int) -> ProofError:
        return ProofError(
            f"the log's checkpoint of size {size} is not of the history that this mirror holds",
            code="mirror/two-faces",
            next_step="Fetch the proof from this node's /alarms, and show it to the organisation's members.",
        )

    def _accuse(self, copy: Copy, note: bytes) -> bool:
        before, _, _ = self._row()
        found = contradiction(self.log, before, note, copy.tree) if before else None
        if found is not None:
            self._alarms.two_faces(found, self._clock())
        return found is not None

    def _sign(self, copy: Copy) -> str:
        note, held, _ = self._row()
        checkpoint = parse_checkpoint(parse_note(note).text) if note else None
        if checkpoint is None or held != checkpoint.size or copy.size != held:
            raise ProofError("this mirror does not hold the whole of what the log has signed", code="mirror/nothing")
        now = max(1, self._clock())
        self._frozen.check(self.origin)
        late = self._pending.left_out(self.origin, copy, now)
        for entry, raw in late:
            words = f"the log has left out an entry of {entry.member or 'the partners'} that the rules accept, since {entry.since}"
            signer = copy.state.public.get(parse_entry(raw).key)
            key = signer.to_value() if signer is not None else {}
            self._alarms.withheld(Withheld(self.log, note.decode(), raw, key, max(1, entry.since), now), words)
        if late:
            raise RuleError(
                f"the log has left out {len(late)} entries that the rules accept, the first {late[0][0].id[:12]} for {now - late[0][0].since} seconds",
                code="mirror/left-out",
                next_step="Append the entries that this node lists at /pending; then it signs again.",
                data={"entries": [entry.id for entry, _ in late]},
            )
        line = cosign(note, self._signer, now).line
        with self._database.changing() as rows:
            check_not_frozen(rows, self.origin)
            rows.execute("UPDATE copies SET size = ?, note = ?, time = ? WHERE origin = ?", (held, note + line.encode(), now, self.origin))
        self._publish(note + line.encode())
        self._stand(copy, held, note + line.encode(), now)
        return line

    def _stand(self, copy: Copy, size: int, note: bytes, time: int) -> None:
        self._stance = self._voucher.stand(self._stance, copy.state, copy.tree, size, note, time)
