"""The bad day, searched: whatever hostile operators, partners and members do, no reader is deceived and the majority gets back."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from commonhold.kernel.record.freshness import FRESH_SECONDS
from commonhold.kernel.record.verdict import CONTRADICTORY, OFFICIAL
from commonhold.testing.badday import HONEST, HOSTILE, LIAR, PARTNERS, BadDay
from tests.kernel.record.helpers import DAY, T0, charter, text

names = st.sampled_from((*HONEST, *HOSTILE))
numbers = st.integers(0, 40)
backs = st.sampled_from((0, 1, 1, 2, 3, 9, 40))
lies = st.sampled_from((0, -400 * DAY, -FRESH_SECONDS, 90, 400 * DAY))
some_partners = st.sets(st.sampled_from(PARTNERS), min_size=1)

# The simulator counts majorities, so nothing here is for one officer alone.
RULES = {
    f"decisions/{name}": None
    for name in ("statement", "channel", "publish", "layout", "both", "suspend-origin", "spend_small", "spend_large")
}
RULES |= {"emergency": None, "delegation": None, "decisions/rotate-key": None}


class Day(RuleBasedStateMachine):
    """Everybody may try anything, in any order, at any time."""

    @initialize()
    def begin(self) -> None:
        self.world = BadDay(charter(RULES), T0)

    def at(self, number: int) -> int:
        return number % len(self.world.logs)

    @rule(number=numbers, name=names, n=numbers)
    def propose(self, number: int, name: str, n: int) -> None:
        payload = [("ordinary", {"text": text(f"{n}")}), ("dismiss", {"office": "chair", "member": HOSTILE[0]}), ("elect", {})][n % 3]
        kind = "appoint" if payload[0] == "elect" else payload[0]
        self.world.propose(self.at(number), name, kind, payload[1] or {"office": "treasurer", "member": name})

    @rule(number=numbers, chosen=st.sets(names, min_size=1), n=numbers)
    def approve(self, number: int, chosen: set[str], n: int) -> None:
        for name in sorted(chosen):
            self.world.approve(self.at(number), name, n)

    @rule(number=numbers, lie=lies, asked=some_partners, keep=st.booleans())
    def attest(self, number: int, lie: int, asked: set[str], keep: bool) -> None:
        (self.world.attest if keep else self.world.cosign)(self.at(number), lie, sorted(asked))

    @rule(number=numbers, lie=st.sampled_from((0, 90)), asked=some_partners)
    def show(self, number: int, lie: int, asked: set[str]) -> None:
        """One reader is shown one log and the freshest word that these partners have for it."""
        at = self.at(number)
        self.world.cosign(at, lie, sorted(asked))
        self.world.read([0, at] if self.world.logs[at].start is not None else [at])

    @precondition(lambda self: len(self.world.logs) < 8)
    @rule(number=numbers, back=backs)
    def fork(self, number: int, back: int) -> None:
        self.world.fork(self.at(number), back)

    @precondition(lambda self: len(self.world.logs) < 8)
    @rule(number=numbers, back=backs)
    def rival(self, number: int, back: int) -> None:
        self.world.rival(self.at(number), back)

    @rule()
    def double_sign(self) -> None:
        self.world.double_sign()

    @rule(number=numbers, raw=st.binary(max_size=40))
    def junk(self, number: int, raw: bytes) -> None:
        self.world.logs[self.at(number)].append(raw)

    @rule(name=st.sampled_from(PARTNERS), up=st.booleans(), skew=st.integers(-60, 60))
    def partner(self, name: str, up: bool, skew: int) -> None:
        self.world.partners[name].up = up
        self.world.partners[name].skew = skew

    @rule(seconds=st.sampled_from((1, 600, FRESH_SECONDS + 300, 8 * DAY)))
    def wait(self, seconds: int) -> None:
        self.world.now += seconds

    @rule(chosen=st.lists(numbers, min_size=1, max_size=8), clock=st.sampled_from((0, 0, 30, -30, -DAY, 9 * DAY)), oldest=st.booleans())
    def read(self, chosen: list[int], clock: int, oldest: bool) -> None:
        self.world.read([self.at(number) for number in chosen], clock=clock, oldest=oldest)

    @precondition(lambda self: len(self.world.logs) < 8)
    @rule()
    def recover(self) -> None:
        self.world.recover()

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.recover()
            assert self.world.told


@pytest.mark.slow
def test_no_reader_is_deceived_and_the_majority_gets_back() -> None:
    """Some bad days, always the same ones; `make drill` searches thousands."""
    run_state_machine_as_test(Day, settings=settings(max_examples=12, stateful_step_count=25, derandomize=True))


@pytest.mark.drill
def test_no_reader_is_deceived_on_thousands_of_bad_days() -> None:
    """A search at random, as long as the profile says."""
    run_state_machine_as_test(Day, settings=settings(stateful_step_count=40))


def test_a_rival_of_the_hostile_and_the_liar_is_never_official() -> None:
    """Three members, the server and one partner in four are nobody, with or without witnesses."""
    world = BadDay(charter(RULES), T0)
    world.rival(0, 0)
    world.attest(1, 400 * DAY)
    told = world.read([0, 1])
    assert told is not None
    assert told[0].current.origin == world.logs[0].state.origin
    world.recover()


def test_partners_who_are_split_between_two_faces_make_neither_fresh() -> None:
    """One honest partner on each face and a third that is down: the liar completes no quorum, and the members get out of it."""
    world = BadDay(charter(RULES), T0)
    world.propose(0, "heron", "ordinary", {"text": text("one face")})
    world.fork(0, 1)
    world.propose(1, "heron", "ordinary", {"text": text("the other")})
    world.now += FRESH_SECONDS + 600
    world.cosign(0, 0, ["kestrel", LIAR])
    world.cosign(1, 0, ["merlin", LIAR])
    for chosen in ([0], [1], [0, 1]):
        told = world.read(chosen)
        assert told is not None
        assert told[1].code != OFFICIAL
    assert told[1].code == CONTRADICTORY
    world.recover()


def test_two_faces_of_the_epoch_where_they_live_are_left_for_the_next() -> None:
    """The server of a later epoch signs two tails that no partner has seen: readers are told, and the members go on from what is held of it."""
    world = BadDay(charter(RULES), T0)
    world.recover()
    world.fork(1, 0)
    for at in (1, 2):
        world.logs[at].append(b"%d" % at)
    world.notes.clear()
    told = world.read([0, 1, 2])
    assert told is not None
    assert told[1].code == CONTRADICTORY
    world.recover()
    assert world.logs[-1].state.epoch == 2
