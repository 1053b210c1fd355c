"""Emergencies, searched: whatever anybody does in whatever order, none is decided unless others were told over two ways, had three days, and let it pass."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from commonhold.kernel.charter.rules import WAYS
from commonhold.kernel.record.watching import watched
from tests.kernel.record.helpers import DAY, FLOCK
from tests.kernel.sealing.test_record_emergency import Watch

names = st.sampled_from(FLOCK)
OFFICERS = frozenset({"heron", "tern", "plover"})


class Emergencies(RuleBasedStateMachine):
    """Members ask, approve, acknowledge, object, think better of it, confirm and wait; what they did is kept here, and counted on its own."""

    @initialize(by=names)
    def begin(self, by: str) -> None:
        self.watch = Watch()
        self.by = by
        self.request = self.watch.ask(by, until=self.watch.state.clock + 50 * DAY)
        self.approved: set[str] = set()
        self.told: list[tuple[str, str, int]] = []
        self.objecting: set[str] = set()
        self.confirmed: dict[str, int] = {}
        self.ticks: list[tuple[int, int]] = []
        self.decided = False

    def act(self, name: str, type: str, **body: str) -> bool:
        return self.watch.act(name, type, **body).counts

    @rule(name=names)
    def approve(self, name: str) -> None:
        if self.act(name, "approve", proposal=self.request):
            assert name in OFFICERS - {self.by}
            self.approved.add(name)

    @rule(name=names, way=st.sampled_from(WAYS))
    def acknowledge(self, name: str, way: str) -> None:
        if self.act(name, "acknowledge", what="notice", of=self.request, way=way):
            assert name not in {self.by, *self.approved}
            self.told.append((name, way, self.watch.last.index))

    @rule(name=names)
    def object(self, name: str) -> None:
        if self.act(name, "object", proposal=self.request):
            self.objecting.add(name)

    @rule(name=names)
    def think_better_of_it(self, name: str) -> None:
        if self.act(name, "withdraw", what="objection", of=self.request):
            self.objecting.discard(name)

    @rule(name=names)
    def confirm(self, name: str) -> None:
        if self.act(name, "confirm", proposal=self.request):
            self.confirmed[name] = self.watch.last.index

    @rule(days=st.sampled_from([1, 1, 2, 3]))
    def wait(self, days: int) -> None:
        covered = self.watch.state.size
        self.watch.tick(days * DAY)
        self.ticks.append((covered, self.watch.state.clock or 0))
        if not self.decided and self.request in self.watch.state.parts["releases"]:
            self.decided = True
            self.check(covered)

    def check(self, covered: int) -> None:
        """What must be true when it has just been decided."""
        others = set(FLOCK) - self.approved - {self.by}
        assert self.approved, "nobody approved"
        begins = [
            time
            for size, time in self.ticks
            if len({name for name, _, index in self.told if name in others and index < size}) >= 2
            and len({way for name, way, index in self.told if name in others and index < size}) >= 2
        ]
        assert begins, "others had not been told over two ways"
        assert self.ticks[-1][1] - begins[0] >= 3 * DAY, "they had less than three days"
        assert len(self.objecting) < 2, "two objected"
        confirmed = {name for name, index in self.confirmed.items() if name in others and index < covered}
        assert len(confirmed) >= 2, "it passed by silence"

    @rule(
        names=st.sets(names, min_size=2, max_size=2),
        ways=st.sampled_from([("mail", "phone"), ("partner", "person"), ("mail", "mail"), ()]),
        days=st.sampled_from([1, 3]),
        against=st.sets(names, max_size=2),
    )
    def go_on(self, names: set[str], ways: tuple[str, ...], days: int, against: set[str]) -> None:
        """The way that it is meant to go, or nearly: without notices, over one way, too soon, with objections."""
        for name in sorted(OFFICERS - {self.by} - names)[:1]:
            self.approve(name)
        for name, way in zip(sorted(names), ways, strict=False):
            self.acknowledge(name, way)
        self.wait(1)
        self.wait(days)
        for name in FLOCK:
            self.confirm(name)
        for name in sorted(against):
            self.object(name)
        self.wait(1)

    @invariant()
    def everybody_can_watch_it(self) -> None:
        if hasattr(self, "watch"):
            shown = [one.id for one in watched(self.watch.state)]
            open_ = self.watch.status(self.request) in ("open", "enacted")
            assert shown in ([self.request], []), shown
            assert bool(shown) <= open_


def test_no_emergency_passes_unseen_or_in_silence() -> None:
    """A short search; the long one is a drill."""
    run_state_machine_as_test(Emergencies, settings=settings(max_examples=40, stateful_step_count=6))


@pytest.mark.drill
def test_no_emergency_passes_unseen_or_in_silence_for_long() -> None:
    """As long as a drill may be."""
    run_state_machine_as_test(Emergencies, settings=settings(stateful_step_count=40))
