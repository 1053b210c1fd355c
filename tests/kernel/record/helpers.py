"""A small club whose charter has one rule of every sort, in a house in memory with or without a clock."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from commonhold.kernel.charter import draft_amendment
from commonhold.kernel.charter.rules import Charter
from commonhold.kernel.record import entries
from commonhold.kernel.record.digest import StateTree
from commonhold.kernel.record.fold import Outcome
from commonhold.kernel.record.state import Member, Proposal, Seat, State
from commonhold.testing.house import FAR, MemoryHouse
from tests.authenticator import Authenticator

FLOCK: Final = ("heron", "tern", "plover", "curlew", "dunlin")
T0: Final = 1_900_000_000
DAY: Final = 86_400

MAJORITY: Final = {"base": "register", "more_than": "1/2"}
TWO_THIRDS: Final = {"base": "register", "at_least": "2/3"}

RULES: Final[dict[str, Any]] = {
    "charter": {"id": "club"},
    "bodies": {
        "assembly": {"article": "1.1", "members": "all(member)"},
        "desk": {"article": "1.1", "members": "holders(editor)"},
    },
    "offices": {
        "chair": {"article": "1.2", "elected_by": "assembly", "seats": 1, "term": "P1Y", "max_consecutive": 2},
        "treasurer": {"article": "1.2", "elected_by": "assembly", "seats": 1},
        "editor": {"article": "1.2", "elected_by": "assembly", "seats": 2, "term": "P1Y"},
    },
    "incompatible": [{"name": "two_purses", "article": "1.3", "offices": ["chair", "treasurer"], "cooling_off": "P30D"}],
    "decisions": {
        "ordinary": {"article": "1.1", "by": "assembly", "pass": MAJORITY},
        "elect": {"article": "1.2", "by": "assembly", "pass": MAJORITY},
        "dismiss": {"article": "1.2", "by": "assembly", "pass": MAJORITY},
        "admit": {"article": "1.1", "by": "assembly", "pass": MAJORITY},
        "expel": {"article": "1.1", "by": "assembly", "pass": TWO_THIRDS, "subject_votes": False},
        "recover-member": {"article": "1.1", "by": "assembly", "pass": MAJORITY, "subject_votes": False},
        "partner": {"article": "1.1", "by": "assembly", "pass": MAJORITY},
        "entrust": {"article": "1.1", "by": "assembly", "pass": MAJORITY},
        "amend": {"article": "2.1", "by": "assembly", "pass": TWO_THIRDS, "applies_to": ["*"]},
        "rotate-key": {"article": "1.1", "by": {"signatures": {"of": ["assembly"], "m": 1}}},
        "suspend-origin": {"article": "1.1", "by": {"signatures": {"of": ["assembly"], "m": 2}}},
        "statement": {"article": "1.4", "by": {"signatures": {"of": ["chair", "treasurer", "editor"], "m": 2}}},
        "channel": {"article": "1.4", "by": {"office": "chair"}},
        "publish": {"article": "1.4", "by": {"office": "editor"}, "everyday": True},
        "layout": {"article": "1.4", "by": "desk", "pass": MAJORITY, "quorum": {"of": "desk", "at_least": "1/2"}},
        "both": {"article": "1.4", "by": {"all_of": [{"office": "chair"}, {"office": "editor"}]}},
        "slow": {"article": "1.10", "by": "assembly", "pass": MAJORITY, "notice": "P3D", "time_lock": "P2D"},
        "contested": {
            "article": "1.10",
            "by": "assembly",
            "pass": MAJORITY,
            "objection": {"of": "assembly", "at_least": "2/5", "within": "P7D"},
        },
        "spend_small": {
            "article": "1.4",
            "by": {"office": "treasurer"},
            "limit": {"amount": 200, "currency": "EUR", "window": "P30D"},
            "above": "spend_large",
        },
        "spend_large": {
            "article": "1.4",
            "by": {"signatures": {"of": ["chair", "treasurer"], "m": 2}},
            "limit": {"amount": 2000, "currency": "EUR"},
            "above": "ordinary",
        },
        "meeting": {"article": "1.10", "by": "assembly", "pass": {"base": "cast", "more_than": "1/2"}},
    },
    "emergency": {
        "storm": {
            "article": "2",
            "holder": {"office": "chair"},
            "may": ["statement", "suspend-origin", "entrust", "spend_small", "publish"],
            "expires": "P7D",
            "ratify_within": "P14D",
        },
        "flood": {"article": "2", "holder": "assembly", "pass": MAJORITY, "may": ["channel"], "expires": "P7D", "renewals": 1},
        "fog": {"article": "2", "holder": {"office": "chair"}, "may": ["channel"], "expires": "P7D", "renewal_by": "assembly"},
    },
    "delegation": {"spend_small": {"article": "1.4", "from": "treasurer", "to": "member", "max": "P30D", "revocable": True}},
}
NUMBERS: Final = ("1.1", "1.2", "1.3", "1.4", "1.4.1", "1.10", "2", "2.1")
SEATS: Final = {"chair": "heron", "treasurer": "tern", "editor": "plover"}


def text(name: str) -> str:
    """A digest to stand for some text."""
    return hashlib.sha256(name.encode()).hexdigest()


def charter(changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The club's charter with changes at places such as ``decisions/slow/notice``; None takes a place away."""
    rules: dict[str, Any] = json.loads(json.dumps(RULES))
    for place, change in (changes or {}).items():
        *outer, last = place.split("/")
        table: Any = rules
        for key in outer:
            table = table.setdefault(key, {})
        if change is None:
            del table[last]
        else:
            table[last] = json.loads(json.dumps(change))
    return {"form": "commonhold/charter/v1", "title": text(""), "articles": {number: text(number) for number in NUMBERS}, "rules": rules}


class Club(MemoryHouse):
    """A running club. With *clocked* it has one partner, and its clock says T0."""

    def __init__(
        self,
        changes: Mapping[str, Any] | None = None,
        *,
        members: Sequence[str] = FLOCK,
        seats: Mapping[str, str] = SEATS,
        clocked: bool = False,
    ) -> None:
        super().__init__(charter(changes), members, seats)
        assert self.founding.counts, self.founding.words
        self.accept_all()
        self.now = 0
        if clocked:
            proposal = self.propose(members[0], "partner", self.make_partners("kestrel", k=1))
            for name in members:
                if self.status(proposal) == "open":
                    self.approve(proposal, name)
            self.now = T0
            assert self.attest(T0).counts

    def tick(self, seconds: int = 1) -> Outcome:
        """Let time pass and attest everything."""
        self.now += seconds
        outcome = self.attest(self.now)
        assert outcome.counts, outcome.words
        return outcome

    def decide(self, kind: str, payload: Mapping[str, Any], *names: str, by: str = "", emergency: str = "", not_after: int = FAR) -> str:
        """Propose and approve, by default by everybody whom a majority takes; gives the proposal's id."""
        names = names or FLOCK[: 4 if kind == "amend" else 3]
        proposal = self.propose(by or names[0], kind, payload, emergency=emergency, not_after=not_after)
        self.approve(proposal, *names)
        return proposal

    def why(self, proposal: str) -> str:
        """Why a proposal ended."""
        return self.state.reasons.get(proposal, "") or self.proposal(proposal).why

    def proposal(self, proposal: str) -> Proposal:
        """A proposal in the state."""
        found = self.state.proposal(proposal)
        assert found is not None
        return found

    def member(self, name: str) -> Member:
        """A member in the state."""
        found = self.state.member(name)
        assert found is not None
        return found

    def seat(self, office: str, name: str) -> Seat | None:
        """A seat in the state."""
        found: Seat | None = self.state.part("seats").get(f"{office}/{name}")
        return found

    def offer(self, office: str, name: str) -> str:
        """Appoint *name*; the seat then waits for their acceptance."""
        proposal = self.decide("appoint", {"office": office, "member": name})
        if self.state.clock is not None:
            self.tick()
        assert self.status(proposal) == "enacted", self.why(proposal)
        return proposal

    def install(self, office: str, name: str) -> None:
        """Appoint *name* and let them accept."""
        self.do(name, "accept", of=self.offer(office, name))
        if self.state.clock is not None:
            self.tick()

    def admit(self, name: str, *by: str, key: Mapping[str, Any] | None = None, kit: bool = True) -> str:
        """Admit a member with a kit, or with another key alone; gives the proposal's id."""
        if kit:
            self.kits[name] = self.new_kit(name)
        proposal = self.decide("admit", {"member": name, "keys": [key or self.kits[name].keys.to_value()]}, *by)
        if self.state.clock is not None:
            self.tick()
        assert self.status(proposal) == "enacted", self.why(proposal)
        return proposal

    def amendment(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """The payload of an amendment to the club's charter with these changes."""
        return draft_amendment(self.state.charter.value, charter(changes))

    def refused(self, name: str, type_: str, code: str, **body: Any) -> Outcome:
        """An act that must be refused for this reason and leave every part of the state as it was."""
        before = snapshot(self.state)
        outcome = self.act(name, type_, **body)
        assert outcome.code == code, f"{outcome.code}: {outcome.words}"
        assert snapshot(self.state) == before
        assert not outcome.events
        assert not outcome.changed
        return outcome

    def refused_proposal(
        self, name: str, kind: str, payload: Mapping[str, Any], code: str, *, not_after: int = FAR, **extra: str
    ) -> Outcome:
        """A proposal that must be refused for this reason and leave every part of the state as it was."""
        return self.refused(name, "propose", code, kind=kind, payload=dict(payload), not_after=not_after, **extra)

    def press(self, name: str, passkey: Authenticator, type_: str, **body: Any) -> Outcome:
        """An act signed with a passkey."""
        unsigned = self.unsigned(name, type_, body, passkey.passkey.key_id)
        challenge = hashlib.sha256(entries.signed_bytes(unsigned)).digest()
        authenticator, client, signature = passkey.assertion(challenge)
        return self.append(entries.with_assertion(unsigned, authenticator=authenticator, client=client, signature=signature))


def snapshot(state: State) -> tuple[object, ...]:
    """Everything in a state that a refused entry must leave as it was."""
    indexes = (state.keyring, state.public, state.holders, state.opened, state.spent, state.tenures, state.frozen, state.undo)
    return (dict(state.parts), indexes, state.charter, state.policy, state.clock, state.covered, state.phase)


def digest(state: State) -> bytes:
    """The state digest, worked out from nothing."""
    return StateTree.of(state).root()


__all__ = ["DAY", "FAR", "FLOCK", "SEATS", "T0", "Charter", "Club", "charter", "digest", "snapshot", "text"]
