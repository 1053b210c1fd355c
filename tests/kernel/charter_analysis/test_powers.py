"""What each kind of decision takes, by hand for small charters; ``test_oracles.py`` asks the engine and the record."""

from __future__ import annotations

from itertools import combinations

from commonhold.kernel.charter import check_founding
from commonhold.kernel.charter.analysis import custody_register, decision_name, powers
from commonhold.kernel.charter.seating import seat_everybody, seat_named
from commonhold.kernel.custody import explain, minimal_sets
from tests.attacks import Mutation, attack
from tests.kernel.charter_analysis.helpers import answers, direct, fewest, rule
from tests.kernel.charters import MAJORITY, TWO_THIRDS, load

ANALYSIS = "src/commonhold/kernel/charter/analysis.py"
RIGHT = {"of": "assembly", "at_least": "1/4", "within": "P7D"}
BOTH = {"signatures": {"of": ["chair", "treasurer"], "m": 2}}


def test_a_share_takes_that_many_people_and_signatures_as_many_holders() -> None:
    """Without admission, recovery, expulsion and partners there is no route."""
    found = answers(load(), 12)
    assert {name: (answer.direct and answer.direct.people, answer.cheaper) for name, answer in found.items()} == {
        "amend": (8, False),
        "appoint": (7, False),
        "ordinary": (7, False),
        "statement": (2, False),
    }


@attack(
    "charter-01",
    Mutation(
        ANALYSIS,
        find='            Means("the others\' keys are recovered, and speak for them", (), (KEYS + later,)),\n            Means("the others are expelled", (), (REMOVED,)),\n',
        replace='            Means("the others are expelled", (), (REMOVED,)),\n',
    ),
)
def test_who_recovers_the_keys_of_others_amends() -> None:
    """Two officers who may recover keys need nobody else to amend the charter, only thirty days: then the new keys speak for the others."""
    found = answers(load({"decisions/recover-member": rule(BOTH)}), 12)
    assert direct(found, "amend") == 8
    assert fewest(found, "amend") == (2, 30, ("recover-member",))
    # Signatures of any two members are people, not a share: a new key signs after thirty days.
    found = answers(
        load(
            {"decisions/recover-member": rule({"office": "chair"}), "decisions/partner": rule({"signatures": {"of": ["assembly"], "m": 2}})}
        ),
        12,
    )
    assert fewest(found, "partner") == (1, 30, ("recover-member",))


def test_who_admits_outnumbers_the_others_after_thirty_days() -> None:
    """New members count at once for an election and after thirty days for an amendment; a whole register is never outnumbered."""
    changes = {
        "decisions/admit": rule(BOTH),
        "decisions/whole": rule("assembly", **{"pass": {"base": "register", "at_least": "1/1"}}),
        "decisions/ten": rule({"signatures": {"of": ["assembly"], "m": 10}}),
    }
    found = answers(load(changes), 12)
    assert fewest(found, "amend") == (2, 30, ("admit",))
    assert fewest(found, "appoint") == (2, 0, ("admit",))
    assert fewest(found, "ten") == (2, 0, ("admit",))
    assert fewest(found, "whole")[2] == ("admit", "amend")


def test_who_expels_or_picks_the_witnesses_shortens_the_way() -> None:
    """Expelling leaves a register of one's own; a clock of one's own ends every wait, the thirty days included."""
    found = answers(load({"decisions/expel": rule(BOTH, time_lock="P14D", subject_votes=False)}), 12)
    assert fewest(found, "amend") == (2, 14, ("expel",))
    partner = {"decisions/partner": rule({"office": "chair"}), "decisions/admit": rule({"office": "chair"})}
    assert fewest(answers(load(partner), 12), "amend") == (1, 0, ("admit", "partner"))
    slow = {**partner, "decisions/admit": None, "decisions/amend/notice": "P28D", "decisions/statement/notice": "P1Y2M3DT12H"}
    found = answers(load(slow), 12)
    assert (found["amend"].direct and found["amend"].direct.days) == 28
    assert (found["statement"].direct and found["statement"].direct.days) == 365 + 56 + 3.5
    register = custody_register(load(slow), seating := seat_everybody(load(slow), 12), powers(load(slow), seating))
    quick = explain(register, "decision.statement", ["chair", "treasurer"]).quickest
    assert quick is not None
    assert quick.days == 0


NAMED = {"of": "assembly", "at_least": 2, "within": "P3D", "confirm": 2}


def test_an_objection_right_asks_for_approvers_and_confirmers_until_too_few_are_left() -> None:
    """No act passes by silence: with a right of a quarter of twelve, ten people must act, and the member whom it is about is not asked."""
    changes = {
        "decisions/slow": rule("assembly", **{"pass": MAJORITY}, objection=RIGHT),
        "decisions/expel": rule("assembly", **{"pass": MAJORITY}, objection=RIGHT, subject_votes=False),
        "decisions/heads": rule(BOTH, objection={"of": "assembly", "at_least": 12, "within": "P1D"}),
        "decisions/desk": rule(BOTH, objection={"of": ["editor"], "at_least": 1, "within": "P1D"}),
        "decisions/board": rule("editors", **{"pass": MAJORITY}, objection={"of": "assembly", "at_least": 12, "within": "P1D"}),
        "decisions/nobody": rule(BOTH, objection={"of": ["editor"], "at_least": 2, "within": "P1D"}),
        "decisions/dismiss": rule(BOTH, objection={"of": ["chair"], "at_least": 1, "within": "P1D"}),
        "decisions/emergency-release": rule({"office": "chair"}, objection=NAMED, notices={"people": 2, "ways": 2}),
    }
    found = answers(load(changes), 12)
    assert direct(found, "slow") == 10
    # Whoever asks, whoever approves, and two others, as the rule names; a quarter of twelve are three.
    assert direct(found, "emergency-release") == 4
    for of, named, people in (("assembly", "1/4", 5), (["chair", "treasurer", "editor"], 2, 3)):
        other = {"decisions/emergency-release/objection": {**NAMED, "of": of, "confirm": named}}
        assert direct(answers(load({**changes, **other}), 12), "emergency-release") == people
    assert direct(found, "expel") == 9
    # At least one other confirms, however high the bar for an objection is.
    assert direct(found, "heads") == 3
    assert direct(found, "desk") == 4
    assert direct(found, "board") == 2
    assert direct(found, "nobody") == 3
    assert direct(found, "dismiss") == 2
    # Whoever dismisses the editors has nobody left who might object.
    assert fewest(found, "desk") == (2, 2, ("dismiss",))
    ended = {"offices/editor": {"article": "1.2", "seats": 2, "term": "P1Y"}, "decisions/partner": rule({"office": "chair"})}
    assert fewest(answers(load({**changes, **ended, "decisions/dismiss": None}), 12), "desk") == (2, 0, ("partner",))


def test_a_quorum_is_people_who_take_part() -> None:
    """A quorum can ask for more than the majority; in heads or as a share, of the register or of a body."""
    changes = {
        "decisions/heads": rule("assembly", **{"pass": MAJORITY}, quorum={"of": "register", "at_least": 9}),
        "decisions/portion": rule("assembly", **{"pass": MAJORITY}, quorum={"of": "register", "at_least": "5/6"}),
        "decisions/desk": rule("editors", **{"pass": MAJORITY}, quorum={"of": "assembly", "at_least": 5}),
    }
    found = answers(load(changes), 12)
    assert [direct(found, name) for name in ("heads", "portion", "desk")] == [9, 10, 5]


@attack(
    "charter-02",
    Mutation(
        ANALYSIS,
        find="sizes = range(1, len(counts) + 1) if len(counts) <= _MOST_SIDE_BY_SIDE else (1, len(counts))",
        replace="sizes = (1,)",
    ),
    Mutation(
        "src/commonhold/kernel/charter/seating.py",
        find="for group in self.groups if offices is None or group.offices & offices)",
        replace="* len(group.offices & (offices or {''})) for group in self.groups)",
    ),
)
def test_one_person_in_two_offices_is_one_voice() -> None:
    """Signatures side by side are met by different people, as the record fills them."""
    charter = load(
        {
            "decisions/pair": rule({"all_of": [{"office": "chair"}, {"office": "editor"}]}),
            "decisions/any": rule({"signatures": {"of": ["chair", "editor"], "m": 2}}),
        }
    )
    both = seat_named(charter, ["heron", "tern"], {"chair": ["heron"], "editor": ["heron"]})
    assert both.holding(frozenset({"chair", "editor"})) == 1
    assert direct(answers(charter, both), "pair") is None
    assert direct(answers(charter, both), "any") is None
    three = seat_named(charter, ["heron", "tern"], {"chair": ["heron"], "editor": ["heron", "tern"]})
    assert direct(answers(charter, three), "pair") == 2
    assert explain(custody_register(charter, three, powers(charter, three)), "decision.pair", ["heron"]).quickest is None
    sides = [sorted(side) for size in (1, 2, 3) for side in combinations(("chair", "editor", "treasurer"), size)]
    many = load({"decisions/pair": rule({"all_of": [{"signatures": {"of": side, "m": 1}} for side in sides]})})
    assert direct(answers(many, 12), "pair") is None


def test_an_office_is_reached_through_elections_dismissals_and_terms() -> None:
    """Who appoints gets a seat when it is empty, when its holder is dismissed or when the term ends; some seats may stay with their holders."""
    alone = {"decisions/elect": rule({"office": "editor"}), "decisions/statement": rule(BOTH)}
    # The chair's seat is free in a year; the treasurer has no term, so the treasurer must be among them.
    charter = load(alone)
    register = custody_register(charter, seating := seat_everybody(charter, 12), powers(charter, seating))
    assert explain(register, "decision.statement", ["editor 1", "editor 2"]).quickest is None
    path = explain(register, "decision.statement", ["editor 1", "treasurer"]).quickest
    assert path is not None
    assert (path.days, path.warning) == (365, 365)
    timed = load({**alone, "decisions/partner": rule({"office": "editor"})})
    register = custody_register(timed, seating, powers(timed, seating))
    path = explain(register, "decision.statement", ["editor 1", "treasurer"]).quickest
    assert path is not None
    assert (path.days, path.warning) == (0, None)
    gone = {**alone, "decisions/admit": rule({"office": "editor"}), "decisions/dismiss": rule({"office": "editor"})}
    assert fewest(answers(load(gone), 12), "statement") == (1, 0, ("dismiss", "appoint", "admit"))
    empty = seat_named(charter, ["heron", "tern", "plover", "curlew"], {"editor": ["heron"]})
    assert fewest(answers(charter, empty), "statement") == (2, 0, ("appoint",))


def test_a_share_of_a_body_of_holders_falls_with_its_holders() -> None:
    """Dismissing the others, or filling all seats anew, makes a majority of a board; of an empty body "at least" is nothing at all."""
    changes = {
        "offices/editor": {"article": "1.2", "seats": 5, "term": "P1Y"},
        "decisions/desk": rule("editors", **{"pass": {"base": "register", "at_least": "3/5"}}),
        "decisions/elect": rule({"office": "chair"}),
        "decisions/heads": rule("editors", **{"pass": {"base": "seats", "at_least": "3/5"}}),
    }
    charter = load(changes)
    found = answers(charter, 12)
    assert (direct(found, "desk"), direct(found, "heads")) == (3, 3)
    assert fewest(found, "desk") == (1, 365, ("appoint",))
    assert fewest(answers(load({**changes, "decisions/partner": rule({"office": "chair"})}), 12), "desk") == (1, 0, ("appoint", "partner"))
    assert fewest(answers(load({**changes, "decisions/dismiss": rule({"office": "chair"})}), 12), "desk") == (1, 0, ("dismiss", "appoint"))
    nobody = seat_named(charter, ["heron", "tern"], {"chair": ["heron"]})
    assert direct(answers(charter, nobody), "desk") == 1


def test_emergencies_and_delegations_are_powers_of_their_own() -> None:
    """An emergency power is a way to the kinds that it may reach; a voice is lent by its holder; what cannot be used is left out."""
    changes = {
        "decisions/spend": rule(BOTH),
        "emergency": {
            "storm": {"article": "2", "holder": {"office": "chair"}, "may": ["spend"], "expires": "P7D"},
            "bare": {"holder": {"office": "chair"}, "may": ["spend"], "expires": "P7D"},
            "fog": {"article": "2", "holder": {"office": "chair"}, "may": ["spend"], "expires": "P7D", "renewal_by": "assembly"},
        },
        "decisions/desk": rule({"office": "treasurer"}),
        "delegation": {
            "desk": {"article": "1.4", "from": "treasurer", "to": "member", "max": "P30D"},
            "spend": {"article": "1.4", "from": "chair", "to": "member", "max": "P30D"},
        },
    }
    charter = load(changes)
    found = powers(charter, seating := seat_everybody(charter, 12))
    assert {name for name in found if name.startswith(("emergency", "delegation"))} == {
        "emergency.storm",
        "emergency.bare",
        "delegation.desk",
    }
    assert fewest(answers(charter, 12), "spend") == (1, 0, ("bare",))
    register = custody_register(charter, seating, found)
    assert minimal_sets(register, "delegation.desk").sets == (("treasurer",),)


def test_amending_a_rule_is_a_route_to_it_by_the_rule_that_guards_its_article() -> None:
    """An entrenched article takes the entrenched amendment; acts of one's own and rules that cannot be used are not analysed."""
    strict = {"base": "register", "at_least": "3/4"}
    changes = {
        "decisions/entrenched": {"article": "2.1", "by": "assembly", "pass": strict, "applies_to": ["1.4", "2.1"]},
        "decisions/grave": rule("assembly", **{"pass": {"base": "register", "at_least": "5/6"}}),
        "decisions/secret": rule("assembly", **{"pass": MAJORITY}, ballot="secret"),
        "decisions/depart": rule({"signatures": {"of": ["assembly"], "m": 1}}),
        "decisions/loose": {"by": "assembly", "pass": {"base": "register", "at_least": "5/6"}},
    }
    charter = load(changes)
    found = answers(charter, 12)
    assert set(found) == {"amend:amend", "amend:entrenched", "appoint", "grave", "loose", "ordinary", "statement"}
    assert fewest(found, "grave") == (9, 0, ("amend:entrenched",))
    assert fewest(found, "loose") == (8, 0, ("amend:amend",))
    assert found["amend:entrenched"].kind == "amend"
    assert decision_name(charter, charter.rules["grave"], "grave") == "decision.grave"


def test_a_succession_takes_more_than_half_of_the_register_whatever_the_charter_says() -> None:
    """A charter that lets the chair alone decide it names too few."""
    assert direct(answers(load({"decisions/succeed": rule({"office": "chair"})}), 12), "succeed") == 7


def test_a_kind_with_a_chain_of_limits_has_a_power_for_each_rule() -> None:
    """Even admission may cost money; whoever meets one of its rules can admit."""
    changes = {
        "decisions/admit": rule({"office": "chair"}, limit={"amount": 10, "currency": "EUR"}, above="dear"),
        "decisions/dear": rule("assembly", **{"pass": TWO_THIRDS}, enacts=["admit"]),
    }
    found = answers(load(changes), 12)
    assert (direct(found, "admit:admit"), direct(found, "admit:dear")) == (1, 8)
    assert fewest(found, "amend") == (1, 30, ("admit:admit", "admit"))


def test_an_analysis_of_a_charter_that_can_found_is_quick_for_any_number_of_members() -> None:
    """A million members are as many groups as twelve."""
    charter = load()
    assert not [finding for finding in check_founding(charter, 1_000_000) if finding.code == "charter/cheaper-route"]
    assert direct(answers(charter, 1_000_000), "amend") == 666_667
