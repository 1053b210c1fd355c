"""The analysis against what does not share its code: the custody engine, and the record that carries decisions out."""

from __future__ import annotations

from itertools import chain, combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonhold.kernel.charter import load_charter
from commonhold.kernel.charter.analysis import Power, custody_register, powers
from commonhold.kernel.charter.routes import count_kinds
from commonhold.kernel.charter.seating import seat_everybody, seat_named
from commonhold.kernel.custody import explain, minimal_sets
from tests.attacks import Mutation, attack
from tests.kernel.charter_analysis.helpers import answers, direct, fewest
from tests.kernel.charters import MAJORITY, TWO_THIRDS, load
from tests.kernel.record.helpers import DAY, FLOCK, SEATS, Club, text
from tests.kernel.record.helpers import charter as club_charter


@attack(
    "recovery-denominator",
    Mutation(
        "src/commonhold/kernel/record/tally.py",
        find="return not is_new(member, proposal)",
        replace="return not on_probation(member, proposal)",
    ),
    Mutation(
        "src/commonhold/kernel/record/effects.py",
        find="counts_from=_probation(draft, proposal)))",
        replace="counts_from=_probation(draft, proposal), weighs_from=_probation(draft, proposal)))",
    ),
)
def test_the_record_bears_it_out_that_recovered_keys_leave_the_register_as_large_as_it_was() -> None:
    """The chair recovers four keys and cannot amend alone; with those keys, thirty days later, as the analysis says of recovery."""
    recovery = {"decisions/recover-member": {"article": "1.1", "by": {"office": "chair"}}}
    club = Club(recovery, clocked=True)
    for name in FLOCK[1:]:
        kit = club.new_kit(name)
        club.decide("recover-member", {"member": name, "kit": kit.keys.to_value()}, "heron")
        club.tick()
        club.kits[name] = kit
    amendment = club.amendment({**recovery, "decisions/slow/notice": "P4D"})
    at_once = club.propose("heron", "amend", amendment)
    club.approve(at_once, "heron")
    club.refused("tern", "approve", "act/cannot-count", proposal=at_once)
    club.tick(30 * DAY)
    assert club.proposal(at_once).bases == {"assembly": 5}
    assert club.status(at_once) == "open"
    later = club.propose("heron", "amend", amendment)
    club.approve(later, "heron", "tern", "plover", "curlew")
    club.tick()
    assert club.status(later) == "enacted"
    seats = {office: [name] for office, name in SEATS.items()}
    found = answers(load_charter(club_charter(recovery)), seat_named(load_charter(club_charter(recovery)), FLOCK, seats))
    assert fewest(found, "amend") == (1, 30, ("recover-member",))


def test_the_record_bears_out_what_an_objection_right_takes() -> None:
    """Three approve and one confirms; with three alone the decision waits for ever."""
    club = Club(clocked=True)
    found = answers(club.state.charter, seat_named(club.state.charter, FLOCK, {office: [name] for office, name in SEATS.items()}))
    assert direct(found, "contested") == 4
    proposal = club.decide("contested", {"text": text("t")}, "heron", "tern", "plover")
    club.tick()
    club.tick(7 * DAY)
    assert club.status(proposal) == "open"
    club.do("curlew", "confirm", proposal=proposal)
    club.tick()
    assert club.status(proposal) == "enacted"


@pytest.mark.parametrize("kind", ["ordinary", "statement", "both", "layout", "channel", "amend", "pair"])
def test_every_coalition_that_the_record_lets_decide_is_one_of_the_analysis_and_no_other(kind: str) -> None:
    """All thirty-one coalitions of five members propose and approve; what is enacted is what the rule takes here."""
    changes = {
        "decisions/pair": {
            "article": "1.4",
            "by": {"all_of": [{"office": "chair"}, {"signatures": {"of": ["chair", "editor", "treasurer"], "m": 2}}]},
        },
        "decisions/layout/quorum": {"of": "assembly", "at_least": 2},
    }
    seats = {"chair": "heron", "treasurer": "tern", "editor": "heron"}
    club = Club(changes, seats=seats)
    seating = seat_named(club.state.charter, FLOCK, {office: [name] for office, name in seats.items()})
    plain = {
        name: Power(power.label, tuple(means for means in power.means if not means.route), power.rule)
        for name, power in powers(club.state.charter, seating).items()
    }
    register = custody_register(club.state.charter, seating, plain)
    for coalition in chain.from_iterable(combinations(FLOCK, size) for size in range(1, len(FLOCK) + 1)):
        place = club.tree.size
        payload = {
            "amend": club.amendment({**changes, "decisions/slow/notice": f"P{place}D"}),
            "channel": {"op": "add", "address": f"https://example.org/{place}"},
            "statement": {"text": text(f"{place}"), "language": "en"},
        }.get(kind, {"text": text(f"{place}")})
        proposal = club.propose(coalition[0], kind, payload)
        for name in coalition:
            # Whoever may not approve fills a quorum by objecting, which here stops nothing.
            if club.status(proposal) == "open" and not club.act(name, "approve", proposal=proposal).counts:
                club.act(name, "object", proposal=proposal)
        enacted = club.status(proposal) == "enacted"
        assert enacted == (explain(register, f"decision.{kind}", coalition).quickest is not None), coalition
        if not enacted:
            club.do(coalition[0], "withdraw", what="proposal", of=proposal)


BODIES = ("assembly", "editors")
PASSES = st.sampled_from([MAJORITY, TWO_THIRDS, {"base": "register", "at_least": "1/1"}, {"base": "register", "at_least": "1/4"}])
RIGHTS = st.fixed_dictionaries(
    {
        "of": st.sampled_from(["assembly", "editors", ["chair", "editor"]]),
        "at_least": st.sampled_from([1, 2, "1/3"]),
        "within": st.just("P7D"),
    }
)
BYS = st.one_of(
    st.sampled_from(["chair", "treasurer", "editor"]).map(lambda office: {"by": {"office": office}}),
    st.builds(lambda body, share: {"by": body, "pass": share}, st.sampled_from(BODIES), PASSES),
    st.builds(
        lambda of, m: {"by": {"signatures": {"of": of, "m": min(m, len(of))}}},
        st.lists(st.sampled_from(["chair", "treasurer", "editor", "assembly"]), min_size=1, unique=True),
        st.integers(1, 3),
    ),
    st.lists(st.sampled_from(["chair", "treasurer", "editor"]), min_size=2, max_size=3, unique=True).map(
        lambda names: {"by": {"all_of": [{"office": name} for name in names]}}
    ),
)
EXTRAS = st.fixed_dictionaries(
    {},
    optional={
        "objection": RIGHTS,
        "notice": st.just("P14D"),
        "subject_votes": st.just(False),
        "quorum": st.fixed_dictionaries({"of": st.sampled_from(BODIES), "at_least": st.sampled_from([1, 2, "1/2"])}),
    },
)
LEADING = ("admit", "expel", "partner", "recover-member", "dismiss", "elect", "statement", "grave")
CHARTERS = st.dictionaries(
    st.sampled_from(LEADING), st.builds(lambda by, extra: {"article": "1.4", **by, **extra}, BYS, EXTRAS), min_size=2
)


@given(rules=CHARTERS, members=st.integers(2, 6), vacant=st.booleans())
@settings(deadline=None, max_examples=60)
def test_counting_in_groups_gives_what_the_engine_finds_by_name(rules: dict[str, Any], members: int, vacant: bool) -> None:
    """The smallest coalition of the engine has as many people as the count, the count's own example can do it, and as early as it says."""
    charter = load({f"decisions/{name}": table for name, table in rules.items()})
    names = [f"m{number}" for number in range(members)]
    seating = seat_named(charter, names, {"chair": names[:1], "editor": names[-2:]}) if vacant else seat_everybody(charter, members)
    found = powers(charter, seating)
    register = custody_register(charter, seating, found)
    for answer in count_kinds(charter, seating, found):
        sets = minimal_sets(register, answer.name)
        assert sets.complete
        assert sets.smallest == (answer.fewest.people if answer.fewest is not None else None)
        if answer.fewest is not None:
            who = [name for group, count in zip(seating.groups, answer.fewest.who, strict=True) for name in group.people(count)]
            path = explain(register, answer.name, who).quickest
            assert path is not None
            assert path.days == answer.fewest.days
            assert answer.direct is None or answer.direct.people >= answer.fewest.people
