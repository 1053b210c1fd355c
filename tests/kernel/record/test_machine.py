"""Random houses, honest and hostile acts in any order, and what must hold after every entry.

The recount at the end of this file knows nothing of ``tally``: it reads the leaves as JSON and counts on its fingers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from commonhold.kernel.record import entries
from commonhold.kernel.record.digest import StateTree
from commonhold.kernel.record.fold import Outcome, fold
from commonhold.kernel.record.state import State
from tests.kernel.record.helpers import DAY, FAR, FLOCK, Club, digest, snapshot, text

OFFICES = ("chair", "treasurer", "editor")
NAMES = (*FLOCK, "gannet")
names = st.sampled_from(NAMES)
numbers = st.integers(0, 5)
some = st.lists(names, min_size=1, max_size=5, unique=True)
json_values = st.recursive(
    st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text("az09-/", max_size=70),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(("member", "keys", "office", "text", "x")), inner, max_size=3)
    ),
    max_leaves=6,
)
nonsense = st.dictionaries(st.sampled_from(("member", "x", "text", "keys")), json_values, max_size=3)


def payload(kind: str, who: str, n: int, club: Club) -> dict[str, Any]:
    """A payload that often makes sense."""
    about = {"member": who}
    table: dict[str, Callable[[], dict[str, Any]]] = {
        "appoint": lambda: {"office": OFFICES[n % 3], **about},
        "dismiss": lambda: {"office": OFFICES[n % 3], **about},
        "expel": lambda: about,
        "depart": lambda: about,
        "admit": lambda: {**about, "keys": [club.kits[who].keys.to_value()]},
        "recover-member": lambda: {**about, "kit": club.new_kit(who).keys.to_value()},
        "statement": lambda: {"text": text(f"s{n}"), "language": "en"},
        "channel": lambda: {"op": ("add", "strike", "move")[n % 3], "address": f"https://{n % 2}.example/", "to": "https://9.example/"},
        "publish": lambda: {"work": text(f"w{n}")},
        "suspend-origin": lambda: {"origin": "https://club.example", "lift": n > 3},
        "entrust": lambda: {"resource": f"r{n % 2}", "holders": [who]},
        "spend_small": lambda: {"text": text("m"), "amount": n * 60, "currency": "EUR"},
        "delegate": lambda: {"rule": "spend_small", "to": who, "until": club.now + DAY},
        "amend": lambda: club.amendment({"decisions/slow/notice": f"P{n + 4}D", "offices/editor/seats": 1 + n % 3}),
    }
    return table[kind]() if kind in table else {"text": text(f"o{n}")}


KINDS = (
    *("ordinary", "contested", "slow", "layout", "both", "statement", "channel", "publish", "spend_small", "entrust", "suspend-origin"),
    *("appoint", "dismiss", "admit", "expel", "depart", "recover-member", "delegate", "amend"),
)


class House(RuleBasedStateMachine):
    """A house in which anybody may try anything."""

    club: Club

    @initialize(clocked=st.booleans())
    def found(self, clocked: bool) -> None:
        self.club = Club(clocked=clocked)
        self.club.kits["gannet"] = self.club.new_kit("gannet")
        self.tree = StateTree.of(self.club.state)
        self.states: dict[int, State] = {self.club.state.size: self.club.state}
        self.proposals: list[str] = []

    def put(self, raw: bytes) -> Outcome:
        """Append, and hold the fold to what must be true of every entry."""
        before = self.club.state
        outcome = self.club.append(raw)
        after = self.club.state
        self.states[after.size] = after
        assert after.size == before.size + 1
        if not outcome.counts:
            assert snapshot(after) == snapshot(before)
            assert not outcome.events
            assert not outcome.changed
        self.tree.update({(part, key): after.part(part).get(key) for part, key in outcome.changed})
        for event in outcome.events:
            if event.name == "enacted":
                recount(self.club, self.states, outcome.index, event.data["proposal"])
        return outcome

    def act(self, name: str, type_: str, body: Mapping[str, Any], **bent: Any) -> Outcome:
        return self.put(self.club.sign(name, type_, body, **bent))

    def one(self, n: int) -> str:
        return self.proposals[-1 - n % len(self.proposals)] if self.proposals else text("none")

    def propose(self, name: str, kind: str, who: str, n: int, *, soon: bool = False) -> bool:
        body = {"kind": kind, "payload": payload(kind, who, n, self.club), "not_after": self.club.now + 9 * DAY if soon else FAR}
        if n == 5:
            body["emergency"] = "storm"
        outcome = self.act(name, "propose", body)
        if outcome.counts and outcome.entry is not None:
            self.proposals.append(outcome.entry.id)
        return outcome.counts

    def approve(self, chosen: Sequence[str], target: str) -> None:
        proposal = self.club.state.proposal(target)
        key = ""
        if proposal is not None and proposal.kind == "admit":
            key = self.club.key_of(proposal.payload["keys"][0])
        elif proposal is not None and proposal.kind == "recover-member":
            key = self.club.key_of(proposal.payload["kit"])
        for name in chosen:
            self.act(name, "approve", {"proposal": target} | ({"key": key} if key else {}))

    @rule(name=names, kind=st.sampled_from(KINDS), who=names, n=numbers, chosen=some, soon=st.booleans())
    def decide(self, name: str, kind: str, who: str, n: int, chosen: list[str], soon: bool) -> None:
        if self.propose(name, kind, who, n, soon=soon):
            self.approve(chosen, self.proposals[-1])

    @rule(kind=st.sampled_from(KINDS), who=names, n=st.integers(0, 4), everybody=st.permutations(FLOCK))
    def carry(self, kind: str, who: str, n: int, everybody: list[str]) -> None:
        """A decision that everybody wants, as far as they can; who is appointed accepts."""
        if self.propose(who if kind in ("depart", "delegate") else everybody[0], kind, who, n):
            self.approve(everybody[: 3 + n % 3], self.proposals[-1])
            self.attest(1, 0)
            if kind == "appoint":
                self.act(who, "accept", {"of": self.proposals[-1]})

    @rule(kind=st.sampled_from(("contested", "slow")), n=numbers, everybody=st.permutations(FLOCK), silent=st.integers(0, 3))
    def wait(self, kind: str, n: int, everybody: list[str], silent: int) -> None:
        """A decision with a waiting period, confirmed by all but a few."""
        if self.propose(everybody[0], kind, everybody[0], n % 5):
            self.approve(everybody[:3], self.proposals[-1])
            self.attest(1, 0)
            self.attest(8 * DAY, 0)
            for name in everybody[silent:]:
                self.act(name, "confirm", {"proposal": self.proposals[-1]})
            self.attest(1, 0)

    @rule(chosen=some, n=numbers)
    def approve_one(self, chosen: list[str], n: int) -> None:
        self.approve(chosen, self.one(n))

    @rule(name=names, n=numbers, type_=st.sampled_from(("object", "object", "confirm", "accept")))
    def answer(self, name: str, n: int, type_: str) -> None:
        self.act(name, type_, {"of" if type_ == "accept" else "proposal": self.one(n)})

    @rule(name=names, n=numbers, what=st.sampled_from(("proposal", "approval", "objection", "delegation", "seat")))
    def withdraw(self, name: str, n: int, what: str) -> None:
        self.act(name, "withdraw", {"what": what, "of": OFFICES[n % 3] if what == "seat" else self.one(n)})

    @rule(name=names, n=st.integers(0, 60), kind=st.sampled_from((*KINDS, "picnic", "partner")), value=nonsense, raw=st.binary(max_size=40))
    def attack(self, name: str, n: int, kind: str, value: dict[str, Any], raw: bytes) -> None:
        """A replay, forgeries, a blind approval, a random payload and noise: whatever comes of them, most must be refused."""
        body = {"proposal": self.one(n)}
        sign = self.club.sign
        forged = [
            self.club.leaves[n % len(self.club.leaves)],
            sign(name, "approve", body, org=text("another")),
            sign(name, "approve", body, epoch=1),
            sign(name, "approve", body, kit=self.club.new_kit(name)),
            sign(name, "approve", body).replace(b'"type":"approve"', b'"type":"object"'),
            raw,
            json.dumps({"body": value, "type": kind}, sort_keys=True, separators=(",", ":")).encode(),
        ]
        assert not self.put(forged[n % len(forged)]).counts
        self.act(name, "propose", {"kind": kind, "payload": value, "not_after": FAR})
        self.act(name, "approve", body, seen=max(0, self.club.tree.size - n % 9))

    @rule(seconds=st.sampled_from((0, 1, DAY, 8 * DAY, 15 * DAY, 40 * DAY, 400 * DAY)), back=st.integers(0, 4))
    def attest(self, seconds: int, back: int) -> None:
        if self.club.partners:
            self.club.now += seconds
            note = self.club.note(self.club.now, max(0, self.club.tree.size - back))
            self.put(entries.attest_entry(org=self.club.org, epoch=0, note=note))

    @invariant()
    def the_state_holds_together(self) -> None:
        if not hasattr(self, "tree"):
            return
        state = self.club.state
        for office in state.charter.offices.values():
            seats = [seat for seat in state.part("seats").values() if seat.office == office.name and seat.status == "held"]
            assert len(seats) <= office.seats
            assert {seat.member for seat in seats} == set(state.holders.get(office.name, ()))
        assert not set(state.holders.get("chair", ())) & set(state.holders.get("treasurer", ()))
        open_ones = {key for key, proposal in state.part("proposals").items() if proposal.status == "open"}
        assert open_ones == set(state.opened)
        owners = [key for _, member in state.active_members() for key in member.keys]
        assert len(owners) == len(set(owners))
        assert all(state.keyring[key].revoked < 0 for key in owners)

    def teardown(self) -> None:
        if not hasattr(self, "tree"):
            return
        again = fold(self.club.leaves)
        assert snapshot(again) == snapshot(self.club.state)
        assert (again.ids, again.size, again.block) == (self.club.state.ids, self.club.state.size, self.club.state.block)
        assert self.tree.root() == digest(self.club.state) == digest(again)


def recount(club: Club, states: Mapping[int, State], index: int, proposal_id: str) -> None:
    """Count one enacted proposal again from the leaves alone, as somebody with the record and a pencil would."""
    at, after, proposal = states[index], club.state, club.proposal(proposal_id)
    made = next(
        i for i, outcome in enumerate(club.outcomes) if outcome.counts and outcome.entry is not None and outcome.entry.id == proposal_id
    )
    leaf = json.loads(club.leaves[made])
    assert (leaf["type"], leaf["by"], leaf["body"]["kind"]) == ("propose", proposal.by, proposal.kind)
    limit = after.size if after.clock is None else after.covered
    voices: dict[str, tuple[int, str]] = {}
    confirms: set[str] = set()
    for i, (raw, outcome) in enumerate(zip(club.leaves, club.outcomes, strict=True)):
        if not outcome.counts or i <= made:
            continue
        leaf = json.loads(raw)
        body = leaf["body"]
        if leaf["type"] == "approve" and body["proposal"] == proposal_id:
            voices[leaf["by"]] = (i, leaf["key"])
        elif leaf["type"] == "withdraw" and body["what"] == "approval" and body["of"] == proposal_id:
            voices.pop(leaf["by"], None)
        elif leaf["type"] == "confirm" and body["proposal"] == proposal_id and i < limit and proposal.waited_at < leaf["seen"]["size"]:
            confirms.add(leaf["by"])
    frozen = states[made]
    register = {name for name, member in frozen.active_members() if member.kit}
    valid = {name: i for name, (i, key) in voices.items() if i < limit and key in at.part("members")[name].keys}
    heads = register & valid.keys()

    def held(name: str, *offices: str) -> bool:
        then, now = states[valid[name]], (at, after)
        return any(
            name in then.holders.get(office, ()) and any(name in state.holders.get(office, ()) for state in now) for office in offices
        )

    if proposal.emergency:
        assert any(held(name, "chair") for name in valid)
        return
    base = {name for name in register if frozen.part("members")[name].weighs_from <= (frozen.clock or 0)}
    old = {name for name in base if frozen.part("members")[name].counts_from <= (frozen.clock or 0)}
    others = register - {proposal.payload.get("member")}
    majority = 2 * len(heads) > len(register)
    enough = {
        "depart": lambda: proposal.by == proposal.payload["member"],
        "expel": lambda: 3 * len(heads & others & old) >= 2 * len(others & base),
        "recover-member": lambda: 2 * len(heads & others & old) > len(others & base),
        "admit": lambda: 2 * len(heads & old) > len(base),
        "amend": lambda: 3 * len(heads & old) >= 2 * len(base),
        "statement": lambda: sum(held(name, *OFFICES) for name in valid) >= 2,
        "both": lambda: len({name for name in valid if held(name, "chair", "editor")}) >= 2,
        "channel": lambda: any(held(name, "chair") for name in valid),
        "publish": lambda: any(held(name, "editor") for name in valid),
        "layout": lambda: any(held(name, "editor") for name in valid),
        "suspend-origin": lambda: len(heads) >= 2,
        "spend_small": lambda: bool(valid),
        "delegate": lambda: any(held(name, "treasurer") for name in valid),
    }
    assert enough.get(proposal.kind, lambda: majority)(), (proposal.kind, register, heads, valid)
    if proposal.kind in ("contested", "slow") and proposal.clocked:
        assert after.clock is not None
        assert after.clock >= proposal.waits_until > 0
        able = {name for name in register if at.part("members")[name].status == "active"} - {proposal.by} - voices.keys()
        if proposal.kind == "contested" and able:
            assert len(able - confirms) < -(-2 * len(register) // 5)
        else:
            assert 2 * len(heads & confirms) > len(register)


TestHouse = House.TestCase
TestHouse.settings = settings(max_examples=30, stateful_step_count=30)
