"""A house in memory, for tests, benches and drills: members with kits, their acts, generated partners and their cosignatures.

The partners here are *simulated*: they cosign whatever checkpoint they are given, with a time of the test's choosing. Everything else (kits,
signatures, canonical entries, the fold) is the real thing. All randomness is derived from a seed, so a failing test fails again.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from commonhold.kernel import b64
from commonhold.kernel.keys import parse_key_value
from commonhold.kernel.kit import Kit
from commonhold.kernel.notes import COSIGNATURE, SignerKey, append_signatures, note_of
from commonhold.kernel.record import entries
from commonhold.kernel.record.brief import Brief
from commonhold.kernel.record.briefing import keys_to_show, make_brief
from commonhold.kernel.record.digest import LeafProof, StateTree
from commonhold.kernel.record.fold import Outcome, apply, fold
from commonhold.kernel.record.founding import origin_of
from commonhold.kernel.record.history import Log
from commonhold.kernel.record.state import State, empty_state, value_of
from commonhold.kernel.record.statements import Vouched
from commonhold.kernel.record.succession import branch, epoch_of
from commonhold.kernel.tlog.checkpoint import Checkpoint, cosign
from commonhold.kernel.tlog.merkle import Tree, leaf_hash

FAR = 4_102_444_800
"""1 January 2100, the ``not_after`` of proposals whose end does not matter."""


def derive(*parts: object) -> bytes:
    """32 bytes that depend on the parts and on nothing else."""
    return hashlib.sha256("|".join(map(str, parts)).encode()).digest()


class MemoryHouse:
    """An organisation whose record lives in a list.

    Every act appends one entry and returns its :class:`Outcome`; :meth:`do` insists that it counts and returns its id.
    """

    start: State | None = None
    """Where this log begins: with nothing, or in a later epoch at its branch."""

    def __init__(
        self, charter: Mapping[str, Any], members: Sequence[str], seats: Mapping[str, str] | None = None, *, seed: str = "house"
    ) -> None:
        self.seed = seed
        self.kits = {name: Kit(derive(seed, "kit", name)) for name in members}
        self.log = SignerKey("log", derive(seed, "log"))
        self.partners: dict[str, SignerKey] = {}
        self.validators: dict[str, SignerKey] = {}
        self._begin(empty_state())
        founder = members[0]
        body = {
            "charter": dict(charter),
            "log_key": b64.encode(self.log.verifier.public),
            "members": [{"member": name, "kit": self.kits[name].keys.to_value()} for name in members],
            "seats": [{"office": office.partition("/")[0], "member": member} for office, member in (seats or {}).items()],
        }
        self.founding = self.append(self.sign(founder, "found", body))
        self.org = self.state.org

    def _begin(self, state: State) -> None:
        self.leaves: list[bytes] = []
        self.outcomes: list[Outcome] = []
        self.tree = Tree()
        self.state = state
        self._nonces = 0

    def branch_off(self, seed: str, size: int | None = None) -> MemoryHouse:
        """The log of a next epoch that branches off at a size, the newest by default; nobody has opened it yet.

        It has a key of its own, and the members' kits and partners' keys of this house.
        """
        size = self.tree.size if size is None else size
        house = copy.copy(self)
        house.seed, house.log = seed, SignerKey("log", derive(seed, "log"))
        house.kits, house.partners, house.validators = dict(self.kits), dict(self.partners), dict(self.validators)
        house.start = branch(fold(self.leaves[:size], self.start), self.tree.root(size))
        house._begin(house.start)  # noqa: SLF001 - a house of the same class
        return house

    def open(self, name: str, policy: Mapping[str, Any] | None = None) -> Outcome:
        """Append the ``open`` entry of the epoch that this log begins, signed by *name*."""
        assert self.state.parent is not None
        parent = value_of(self.state.parent)
        body = {"parent": parent, "log_key": b64.encode(self.log.verifier.public), **({"policy": dict(policy)} if policy else {})}
        return self.append(self.sign(name, "open", body))

    def succeed(self, *names: str, unwitnessed: bool = False) -> str:
        """Propose and approve that the organisation goes on here; gives the proposal's id."""
        epoch = epoch_of(self.state)
        assert epoch is not None
        proposal = self.propose(names[0], "succeed", {"open": epoch.open, **({"unwitnessed": True} if unwitnessed else {})})
        for name in names:
            if self.status(proposal) == "open":
                self.approve(proposal, name)
        return proposal

    @property
    def last(self) -> Outcome:
        """What became of the newest entry."""
        return self.outcomes[-1]

    def accept_all(self) -> None:
        """Let every founding member accept the founding."""
        for name in self.kits:
            self.do(name, "accept", of=self.org)

    def sign(
        self,
        name: str,
        type: str,
        body: Mapping[str, Any],
        *,
        seen: int | None = None,
        epoch: int | None = None,
        org: str = "",
        kit: Kit | None = None,
    ) -> bytes:
        """A signed entry by *name*, not yet appended; every part of it may be bent for an attack."""
        kit = kit or self.kits[name]
        unsigned = self.unsigned(name, type, body, kit.key_id, seen=seen, epoch=epoch, org=org)
        return entries.with_signature(unsigned, kit.sign(entries.signed_bytes(unsigned)))

    def unsigned(
        self, name: str, type: str, body: Mapping[str, Any], key: str, *, seen: int | None = None, epoch: int | None = None, org: str = ""
    ) -> dict[str, Any]:
        """An entry by *name* as a house offers it for the signature of the key with the id *key*, a kit's or a passkey's."""
        size = self.tree.size if seen is None else seen
        self._nonces += 1
        return entries.unsigned_entry(
            type=type,
            org=org or self.state.org,
            epoch=self.state.epoch if epoch is None else epoch,
            by=name,
            key=key,
            seen=None if type == "found" else (size, self.tree.root(size)),
            nonce=derive(self.seed, "nonce", self._nonces)[:16],
            body=body,
        )

    def append(self, raw: bytes) -> Outcome:
        """Append any bytes to the log, as a hostile server could, and fold them."""
        self.state, outcome = apply(self.state, raw, self.tree.root)
        self.tree.append(leaf_hash(raw))
        self.leaves.append(raw)
        self.outcomes.append(outcome)
        return outcome

    def act(self, name: str, type: str, *, kit: Kit | None = None, seen: int | None = None, **body: Any) -> Outcome:
        """Sign and append one act."""
        return self.append(self.sign(name, type, body, kit=kit, seen=seen))

    def do(self, name: str, type: str, **body: Any) -> str:
        """Sign and append one act that must count; gives the entry's id."""
        outcome = self.act(name, type, **body)
        assert outcome.counts, f"{name} {type} {body}: {outcome.words}"
        assert outcome.entry is not None
        return outcome.entry.id

    def propose(self, name: str, kind: str, payload: Mapping[str, Any], *, not_after: int = FAR, emergency: str = "") -> str:
        """A proposal that must be accepted; gives its id."""
        extra = {"emergency": emergency} if emergency else {}
        return self.do(name, "propose", kind=kind, payload=dict(payload), not_after=not_after, **extra)

    def approve(self, proposal: str, *names: str) -> None:
        """Approvals that must count, one after the other."""
        made = self.state.parts["proposals"][proposal]
        extra = {}
        if made.kind == "admit":
            extra = {"key": self.key_of(made.payload["keys"][0])}
        elif made.kind == "recover-member":
            extra = {"key": self.key_of(made.payload["kit"])}
        for name in names:
            self.do(name, "approve", proposal=proposal, **extra)

    def status(self, proposal: str) -> str:
        """A proposal's status in the state."""
        found = self.state.proposal(proposal)
        assert found is not None
        return found.status

    def new_kit(self, name: str) -> Kit:
        """Another kit for *name*, not enrolled anywhere."""
        self._nonces += 1
        return Kit(derive(self.seed, "kit", name, self._nonces))

    @staticmethod
    def key_of(value: Mapping[str, Any]) -> str:
        """The key id of a key in its canonical form."""
        return parse_key_value(value).key_id

    def make_partners(self, *names: str, k: int, vouch: bool = False) -> dict[str, Any]:
        """The payload of a ``partner`` decision over generated partners, of whom *k* must cosign; with *vouch* all of them vouch for states."""
        self.partners = {name: SignerKey(f"partner.example/{name}", derive(self.seed, "partner", name), COSIGNATURE) for name in names}
        self.validators = {
            name: SignerKey(f"partner.example/{name}/validator", derive(self.seed, "validator", name), COSIGNATURE) for name in names
        }
        return {
            "witnesses": {name: str(signer.verifier) for name, signer in self.partners.items()},
            "groups": {"all": {"k": k, "of": list(names)}},
            "quorum": "all",
            **({"validators": {name: str(signer.verifier) for name, signer in self.validators.items()}} if vouch else {}),
        }

    def vouched(self, time: int | Mapping[str, int]) -> bytes:
        """What partners say of the state now: every one at one time, or each at its own."""
        times = time if isinstance(time, Mapping) else dict.fromkeys(self.validators, time)
        tree, size = StateTree.of(self.state), self.tree.size
        text = Vouched(self.state.origin, size, self.tree.root(size), tree.root(), tree.count).text()
        return note_of(text, [self.validators[name].sign(text, at) for name, at in times.items()])

    def brief(self, time: int | Mapping[str, int], *asked: tuple[str, str], index: int | None = None) -> Brief:
        """The brief proof that partners would give of these keys, and of the entry at *index* of this log."""
        entry, shown = None, None
        if index is not None:
            entry = LeafProof(self.leaves[index], index, tuple(self.tree.inclusion_proof(index, self.tree.size)))
            shown = self.outcomes[index].entry
        keys = keys_to_show(self.state, shown, asked)
        return make_brief(self.org, (self.note(time).encode(), self.vouched(time)), StateTree.of(self.state), keys, entry)

    def checkpoint(self, size: int | None = None, *, root: bytes | None = None) -> bytes:
        """The log's signed checkpoint at a size."""
        size = self.tree.size if size is None else size
        origin = origin_of(self.org, self.state.epoch, self.log.verifier.public)
        return Checkpoint(origin, size, root or self.tree.root(size)).sign(SignerKey(origin, self.log.seed))

    def note(self, time: int | Mapping[str, int], size: int | None = None, *, root: bytes | None = None) -> str:
        """A cosigned checkpoint: every partner at one time, or each at its own."""
        times = time if isinstance(time, Mapping) else dict.fromkeys(self.partners, time)
        raw = self.checkpoint(size, root=root)
        return append_signatures(raw, *(cosign(raw, self.partners[name], at) for name, at in times.items())).decode()

    def held(self, time: int | Mapping[str, int] | None = None, size: int | None = None) -> Log:
        """This log as somebody holds it, cosigned by its partners if a time is given."""
        note = self.checkpoint(size) if time is None else self.note(time, size).encode()
        return Log(note, tuple(self.leaves[:size]))

    def attest(self, time: int | Mapping[str, int], size: int | None = None, *, root: bytes | None = None) -> Outcome:
        """Append an attest of the newest (or a given) checkpoint."""
        return self.append(entries.attest_entry(org=self.org, epoch=self.state.epoch, note=self.note(time, size, root=root)))
