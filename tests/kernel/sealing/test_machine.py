"""Custody, searched: whatever is sealed, released, rotated, left and broken off, a set of people opens a live secret exactly if the charter's rule holds for them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from commonhold.kernel.custody.sealing.opening import open_seal
from commonhold.kernel.custody.sealing.shares import parse_envelope
from commonhold.kernel.custody.sealing.structure import Group
from commonhold.kernel.errors import CustodyError, RuleError
from commonhold.kernel.record.fold import fold
from commonhold.kernel.record.keeping import live_seal, manifest, openable_seal, reasons_to_rotate
from commonhold.kernel.record.state import Seal
from tests.kernel.record.helpers import snapshot
from tests.kernel.sealing.vault import KEEPING, Vault

SEATS = {"chair": "heron", "treasurer": "tern", "editor": "plover", "editor/2": "curlew"}
FLOCK = ("heron", "tern", "plover", "curlew", "dunlin", "gannet", "ruff")
CLAUSES: dict[str, dict[str, Any]] = {
    "flat": {"m": 2, "of": ["chair", "treasurer", "editor"]},
    "both": {"m": 2, "of": [{"m": 1, "of": ["chair", "treasurer"]}, {"m": 2, "of": ["editor"]}]},
    "members": {"m": 3, "of": ["assembly"]},
}
names = st.sampled_from(FLOCK)


Places = dict[tuple[str, ...], frozenset[str]]
"""Who counts in each of a clause's groups, which is known by the places that it names: somebody with two offices counts in one of them."""


def holds(clause: dict[str, Any], places: Places, people: frozenset[str]) -> bool:
    """The charter's rule, counted on its own: how many of *people* count in which group."""
    parts = clause["of"]
    if isinstance(parts[0], dict):
        return sum(holds(part, places, people) for part in parts) >= clause["m"]
    return len(places[tuple(parts)] & people) >= clause["m"]


def counted(clause: dict[str, Any], structure: Group, seats: dict[str, frozenset[str]]) -> Places:
    """In which group everybody counts who holds one of the clause's places; each once, and nobody else."""
    groups = clause["of"] if isinstance(clause["of"][0], dict) else [clause]
    parts = structure.of if groups is clause["of"] else (structure,)
    found: Places = {}
    for group, part in zip(groups, parts, strict=True):
        assert isinstance(part, Group)
        found[tuple(group["of"])] = frozenset(part.people())
        assert frozenset(part.people()) <= frozenset().union(*(seats[place] for place in group["of"]))
    everybody = frozenset().union(*(seats[place] for group in groups for place in group["of"]))
    assert sorted(structure.people()) == sorted(everybody), "everybody who holds a place has one share"
    return found


class Custody(RuleBasedStateMachine):
    """Members seal, prove, ask, contribute, leave and are appointed, in any order, and break off anywhere."""

    @initialize(clause=st.sampled_from(sorted(CLAUSES)))
    def begin(self, clause: str) -> None:
        self.clause = CLAUSES[clause]
        self.vault = Vault({"custody/keys/open": self.clause, "custody/keys/drill": None}, seats=SEATS)
        self.vault.admit("gannet")
        self.vault.admit("ruff", "heron", "tern", "plover", "curlew")
        self.places: dict[str, Places] = {}
        self.clauses: dict[str, dict[str, Any]] = {}
        self.epochs = 0
        self.attested = 0

    def decide(self, kind: str, payload: dict[str, Any], by: str, **extra: str) -> str:
        """Propose, and let approve whoever can until it is decided."""
        vault = self.vault
        outcome = vault.act(by, "propose", kind=kind, payload=payload, not_after=2**40)
        if not outcome.counts or outcome.entry is None:
            return ""
        for name in FLOCK:
            if vault.status(outcome.entry.id) == "open" and vault.member(name).status == "active":
                vault.act(name, "approve", proposal=outcome.entry.id, **extra)
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
            self.clauses[proposal] = self.clause
            state = self.vault.state
            seats = {
                "assembly": frozenset(name for name, member in state.active_members() if member.kit),
                **{office: state.holders.get(office, frozenset()) for office in ("chair", "treasurer", "editor")},
            }
            self.places[proposal] = counted(self.clause, made.structure, seats)

    @precondition(lambda self: self.vault.made)
    @rule(chosen=st.sets(names), number=st.integers(0, 5))
    def prove(self, chosen: set[str], number: int) -> None:
        """Some custodians prove the share of some seal; a crash is everybody who does not."""
        proposal = list(self.vault.made)[-1 - number % len(self.vault.made)]
        found = self.vault.sealed(proposal)
        for name in sorted(chosen & set(self.vault.made[proposal].structure.people())):
            outcome = self.vault.act(name, "acknowledge", what="share", of=proposal, proof=self.vault.proof(proposal, name))
            assert outcome.counts == (found.status in ("offered", "live") and self.vault.member(name).status == "active"), outcome.words
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

    @rule(name=names, by=names)
    def expel(self, name: str, by: str) -> None:
        """Somebody is sent away, and keeps their share."""
        if len(list(self.vault.state.active_members())) > 4:
            self.decide("expel", {"member": name}, by)

    @rule(name=names)
    def change_kit(self, name: str) -> None:
        """Somebody takes a new kit; a share that they have on paper still opens."""
        new = self.vault.new_kit(name)
        if self.decide("rotate-key", {"member": name, "add": [new.keys.to_value()], "revoke": []}, name):
            self.vault.kits[name] = new

    @rule(name=names, by=names)
    def recover(self, name: str, by: str) -> None:
        """Somebody has lost their kit, and the others give them another."""
        new = self.vault.new_kit(name)
        if self.decide("recover-member", {"member": name, "kit": new.keys.to_value()}, by, key=new.key_id):
            self.vault.kits[name] = new

    @rule(by=names, clause=st.sampled_from(sorted(CLAUSES)))
    def amend(self, by: str, clause: str) -> None:
        """The charter asks for other groups or numbers; what was sealed before keeps its own."""
        changes = {**KEEPING, "custody/keys/open": CLAUSES[clause], "custody/keys/drill": None}
        if CLAUSES[clause] != self.clause and self.decide("amend", self.vault.amendment(changes), by):
            self.clause = CLAUSES[clause]

    @precondition(lambda self: self.epochs < 2)
    @rule(by=names)
    def succeed(self, by: str) -> None:
        """The server is lost, and the members go on with a log of their own."""
        following = self.vault.branch_off(f"epoch {self.epochs + 2}")
        active = [name for name, _ in self.vault.state.active_members()]
        if by in active and following.open(by).counts:
            following.succeed(by, *(name for name in active if name != by), unwitnessed=True)
            if following.state.phase == "running":
                assert isinstance(following, Vault)
                releases = following.state.parts["releases"].values()
                assert all(found.void for found in releases)
                self.vault, self.epochs = following, self.epochs + 1

    @rule(by=names, chosen=st.sets(names, min_size=1), older=st.integers(0, 2))
    def release(self, by: str, chosen: set[str], older: int) -> None:
        """A release that is decided, contributed to, and opened exactly if the structure is met."""
        openable = self.openable()
        if not openable:
            return
        found = openable[min(older, len(openable) - 1)]
        release = self.decide("release", self.vault.request(number=found.number), by)
        if not release:
            return
        rotation = self.vault.state.parts["rotations"]["page"]
        assert rotation.number >= found.number
        assert f"release/{release}" in rotation.reasons
        custodians = set(self.vault.made[found.proposal].structure.people())
        given = [
            name
            for name in sorted(chosen & custodians)
            if self.vault.act(name, "contribute", release=release, envelope=self.vault.envelope(release, name)).counts
        ]
        if holds(self.clauses[found.proposal], self.places[found.proposal], frozenset(given)):
            assert self.vault.opened(release).secrets[0].value == f"page {found.number}"
        else:
            with pytest.raises(CustodyError):
                self.vault.opened(release)

    @precondition(lambda self: live_seal(self.vault.state, "page"))
    @rule(chosen=st.sets(names))
    def attest_change(self, chosen: set[str]) -> None:
        """Some members say that the password was changed."""
        live = self.vault.live()
        for name in sorted(chosen):
            self.vault.act(name, "acknowledge", what="changed", of=live.proposal)
            found = self.vault.sealed(live.proposal)
            if sum(self.vault.member(one).status == "active" for one in found.changed) >= 2:
                self.attested = found.number

    def openable(self) -> list[Seal]:
        """What may still be released, the newest first: told from the acts alone, the live seal and every earlier one that nobody attested away."""
        return [
            found
            for found in sorted(self.vault.state.parts["seals"].values(), key=lambda found: -found.number)
            if found.live >= 0 and found.number >= self.attested
        ]

    @invariant()
    def what_is_sealed_can_be_opened_by_those_whom_the_charter_names(self) -> None:
        """For every set of custodians: colluding, too, they need no release, and one too few is too few. An earlier seal opens until two attest the change."""
        openable = self.openable()
        assert [found.status for found in openable] == ["live", "replaced", *["replaced"] * len(openable)][: len(openable)]
        for found in openable:
            assert openable_seal(self.vault.state, "page", found.number) == found
        for found in openable[:2]:
            made = self.vault.made[found.proposal]
            people = made.structure.people()
            for number in {0, 1, 3, 5, (1 << len(people)) - 1, self.vault.tree.size % (1 << len(people))}:
                some = frozenset(name for at, name in enumerate(people) if number >> at & 1)
                assert self.opens(found, some) == holds(self.clauses[found.proposal], self.places[found.proposal], some), some

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
            assert snapshot(fold(self.vault.leaves, self.vault.start)) == snapshot(self.vault.state)


def test_custody_survives_whatever_its_members_do() -> None:
    """A short search each time; `make drill` searches on."""
    run_state_machine_as_test(Custody, settings=settings(max_examples=8, stateful_step_count=20, deadline=None))


@pytest.mark.drill
def test_custody_survives_whatever_its_members_do_for_long() -> None:
    """The same, at random and for longer."""
    run_state_machine_as_test(Custody)
