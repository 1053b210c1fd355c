"""Custody, searched: whatever is sealed, released, rotated, left and broken off, a set of people opens a live secret exactly if the charter's rule holds for them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from commonhold.kernel.custody.sealing.opening import open_seal
from commonhold.kernel.custody.sealing.shares import parse_envelope
from commonhold.kernel.errors import CustodyError, RuleError
from commonhold.kernel.record.fold import fold
from commonhold.kernel.record.keeping import live_seal, manifest, reasons_to_rotate
from commonhold.kernel.record.state import Seal
from tests.kernel.record.helpers import snapshot
from tests.kernel.sealing.vault import Vault

SEATS = {"chair": "heron", "treasurer": "tern", "editor": "plover", "editor/2": "curlew"}
FLOCK = ("heron", "tern", "plover", "curlew", "dunlin", "gannet", "ruff")
CLAUSES: dict[str, dict[str, Any]] = {
    "flat": {"m": 2, "of": ["chair", "treasurer", "editor"]},
    "both": {"m": 2, "of": [{"m": 1, "of": ["chair", "treasurer"]}, {"m": 2, "of": ["editor"]}]},
    "members": {"m": 3, "of": ["assembly"]},
}
names = st.sampled_from(FLOCK)


def holds(clause: dict[str, Any], seats: dict[str, frozenset[str]], people: frozenset[str]) -> bool:
    """The charter's rule, counted on its own: which of *people* hold which place."""
    parts = clause["of"]
    if isinstance(parts[0], dict):
        return sum(holds(part, seats, people) for part in parts) >= clause["m"]
    return len(frozenset().union(*(seats[place] for place in parts)) & people) >= clause["m"]


class Custody(RuleBasedStateMachine):
    """Members seal, prove, ask, contribute, leave and are appointed, in any order, and break off anywhere."""

    @initialize(clause=st.sampled_from(sorted(CLAUSES)))
    def begin(self, clause: str) -> None:
        self.clause = CLAUSES[clause]
        self.vault = Vault({"custody/keys/open": self.clause, "custody/keys/drill": None}, seats=SEATS)
        self.vault.admit("gannet")
        self.vault.admit("ruff", "heron", "tern", "plover", "curlew")
        self.places: dict[str, dict[str, frozenset[str]]] = {}
        self.was_live = False

    def decide(self, kind: str, payload: dict[str, Any], by: str) -> str:
        """Propose, and let approve whoever can until it is decided."""
        vault = self.vault
        outcome = vault.act(by, "propose", kind=kind, payload=payload, not_after=2**40)
        if not outcome.counts or outcome.entry is None:
            return ""
        for name in FLOCK:
            if vault.status(outcome.entry.id) == "open" and vault.member(name).status == "active":
                vault.act(name, "approve", proposal=outcome.entry.id)
        return outcome.entry.id if vault.status(outcome.entry.id) == "enacted" else ""

    @rule(by=names)
    def offer(self, by: str) -> None:
        """A new seal, which may never be taken up."""
        try:
            made, payload = self.vault.prepare()
        except RuleError:
            return
        if proposal := self.decide("seal", payload, by):
            self.vault.made[proposal] = made
            state = self.vault.state
            self.places[proposal] = {
                "assembly": frozenset(made.structure.people()) if self.clause["of"] == ["assembly"] else frozenset(),
                **{office: state.holders.get(office, frozenset()) for office in ("chair", "treasurer", "editor")},
            }

    @precondition(lambda self: self.vault.made)
    @rule(chosen=st.sets(names), number=st.integers(0, 5))
    def prove(self, chosen: set[str], number: int) -> None:
        """Some custodians prove the share of some seal; a crash is everybody who does not."""
        proposal = list(self.vault.made)[-1 - number % len(self.vault.made)]
        found = self.vault.sealed(proposal)
        for name in sorted(chosen & set(self.vault.made[proposal].structure.people())):
            outcome = self.vault.act(name, "acknowledge", what="share", of=proposal, proof=self.vault.proof(proposal, name))
            assert outcome.counts == (found.status != "retired" and self.vault.member(name).status == "active"), outcome.words
            found = self.vault.sealed(proposal)

    @precondition(lambda self: self.vault.made)
    @rule()
    def take_up(self) -> None:
        """Every custodian of the newest seal proves their share."""
        self.prove(set(FLOCK), 0)

    @rule(name=names)
    def leave(self, name: str) -> None:
        """Somebody goes, and takes their share with them."""
        if len(list(self.vault.state.active_members())) > 4:
            self.vault.act(name, "propose", kind="depart", payload={"member": name}, not_after=2**40)

    @rule(name=names, office=st.sampled_from(("chair", "treasurer", "editor")), by=names)
    def appoint(self, name: str, office: str, by: str) -> None:
        """Somebody else takes an office; whoever held it may have to go first."""
        for holder in sorted(self.vault.state.holders.get(office, ()))[:1]:
            self.decide("dismiss", {"office": office, "member": holder}, by)
        if proposal := self.decide("appoint", {"office": office, "member": name}, by):
            self.vault.act(name, "accept", of=proposal)

    @rule(by=names, chosen=st.sets(names, min_size=1))
    def release(self, by: str, chosen: set[str]) -> None:
        """A release that is decided, contributed to, and opened exactly if the structure is met."""
        found = live_seal(self.vault.state, "page")
        if found is None:
            return
        release = self.decide("release", self.vault.request(), by)
        if not release:
            return
        assert self.vault.state.parts["rotations"]["page"].number == found.number
        custodians = set(self.vault.made[found.proposal].structure.people())
        given = [
            name
            for name in sorted(chosen & custodians)
            if self.vault.act(name, "contribute", release=release, envelope=self.vault.envelope(release, name)).counts
        ]
        if holds(self.clause, self.places[found.proposal], frozenset(given)):
            assert self.vault.opened(release).secrets[0].value == f"page {found.number}"
        else:
            with pytest.raises(CustodyError):
                self.vault.opened(release)

    @precondition(lambda self: live_seal(self.vault.state, "page"))
    @rule(chosen=st.sets(names))
    def attest_change(self, chosen: set[str]) -> None:
        """Some members say that the password was changed."""
        for name in sorted(chosen):
            self.vault.act(name, "acknowledge", what="changed", of=self.vault.live().proposal)

    @invariant()
    def what_is_sealed_can_be_opened_by_those_whom_the_charter_names(self) -> None:
        """For every set of custodians: colluding, too, they need no release, and one too few is too few."""
        found = live_seal(self.vault.state, "page")
        assert found is not None or not self.was_live, "a secret that was live is never without a live seal"
        if found is None:
            return
        self.was_live = True
        made = self.vault.made[found.proposal]
        people = made.structure.people()
        for number in {0, 1, 3, 5, (1 << len(people)) - 1, self.vault.tree.size % (1 << len(people))}:
            some = frozenset(name for at, name in enumerate(people) if number >> at & 1)
            assert self.opens(found, some) == holds(self.clause, self.places[found.proposal], some), some

    def opens(self, found: Seal, some: frozenset[str]) -> bool:
        """Whether these people's own shares open the seal."""
        made = self.vault.made[found.proposal]
        given = [parse_envelope(made.envelope(name)) for name in sorted(some)]
        try:
            open_seal(manifest(self.vault.state, found), made.sealed, given)
        except CustodyError:
            return False
        return True

    @invariant()
    def whatever_a_live_seal_rests_on_and_is_not_so_is_red(self) -> None:
        """No reason to rotate is ever missing from the record, and no two seals are live."""
        state = self.vault.state
        live = [found for found in state.parts["seals"].values() if found.status == "live"]
        assert len(live) <= 1
        for found in live:
            due = set(reasons_to_rotate(state, found))
            rotation = self.vault.rotation()
            assert due <= (set(rotation.reasons) if rotation is not None else set())

    def teardown(self) -> None:
        """Whoever replays the record comes to the same."""
        if hasattr(self, "vault"):
            assert snapshot(fold(self.vault.leaves)) == snapshot(self.vault.state)


def test_custody_survives_whatever_its_members_do() -> None:
    """A short search each time; `make drill` searches on."""
    run_state_machine_as_test(Custody, settings=settings(max_examples=8, stateful_step_count=20, deadline=None))


@pytest.mark.drill
def test_custody_survives_whatever_its_members_do_for_long() -> None:
    """The same, at random and for longer."""
    run_state_machine_as_test(Custody)
