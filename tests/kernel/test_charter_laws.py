"""The laws that a charter's rules must keep together: errors that name the article, and warnings."""

from __future__ import annotations

from typing import Any

import pytest

from tests.attacks import Mutation, attack
from tests.kernel.charters import MAJORITY, TWO_THIRDS, errors, findings

STRENGTH = "src/commonhold/kernel/charter/strength.py"
SIGNED = {"signatures": {"of": ["chair", "treasurer"], "m": 2}}


def emergency(of: Any, people: int, confirm: int | str) -> dict[str, Any]:
    """A rule for emergencies, in which one of four officers approves."""
    return {
        "decisions/emergency-release": {
            "article": "1.4",
            "by": {"signatures": {"of": ["chair", "treasurer", "editor"], "m": 1}},
            "objection": {"of": of, "at_least": 2, "within": "P3D", "confirm": confirm},
            "notices": {"people": people, "ways": 2},
        }
    }


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        # articles and citations
        ({"decisions/statement/article": "9.9"}, ("charter/no-such-article", "9.9", "decisions.statement")),
        ({"from_article/decision.elect": "1.3"}, ("charter/citation", "1.2", "decisions.elect")),
        ({"from_article/decision.nothing": "1.2"}, ("charter/citation", "", "from_article")),
        ({"from_article/kitchen.elect": "1.2"}, ("charter/citation", "", "from_article")),
        ({"decisions/amend/applies_to": ["*", "3"]}, ("charter/no-such-article", "2.1", "decisions.amend")),
        ({"decisions/amend": None}, ("charter/no-amend-rule", "", "decisions.amend")),
        ({"decisions/amend/applies_to": ["1.1"]}, ("charter/amend-gap", "2.1", "decisions.amend")),
        (
            {"decisions/statement/applies_to": ["1.1"], "decisions/statement/enacts": ["statement"]},
            ("charter/applies-to", "1.4", "decisions.statement"),
        ),
        # references
        ({"offices/chair/elected_by": "senate"}, ("charter/no-such-body", "1.2", "offices.chair")),
        ({"bodies/board": {"members": "holders(king)"}}, ("charter/no-such-office", "", "bodies.board")),
        ({"bodies/board": {"members": "everybody"}}, ("charter/selector", "", "bodies.board")),
        ({"bodies/chair": {"members": "all(member)"}}, ("charter/ambiguous-name", "", "bodies.chair")),
        (
            {"incompatible": [{"name": "x", "offices": ["chair", "king"], "article": "1.3"}]},
            ("charter/no-such-office", "1.3", "incompatible.x"),
        ),
        (
            {"incompatible": [{"name": "x", "offices": ["chair", "editor"]}, {"name": "x", "offices": ["chair", "treasurer"]}]},
            ("charter/duplicate-name", "", "incompatible.x"),
        ),
        (
            {"constraints": [{"name": "x", "office": "king", "at_most": 1, "per": "region"}]},
            ("charter/no-such-office", "", "constraints.x"),
        ),
        ({"decisions/statement/by": {"office": "king"}}, ("charter/no-such-office", "1.4", "decisions.statement")),
        ({"decisions/statement/by": {"office": "assembly"}}, ("charter/no-such-office", "1.4", "decisions.statement")),
        ({"decisions/statement/by": {"signatures": {"of": ["king"], "m": 1}}}, ("charter/no-such-office", "1.4", "decisions.statement")),
        ({"decisions/ordinary/by": "senate"}, ("charter/no-such-body", "1.1", "decisions.ordinary")),
        ({"decisions/ordinary/by": "chair"}, ("charter/no-such-body", "1.1", "decisions.ordinary")),
        ({"decisions/ordinary/quorum": {"of": "senate", "at_least": 1}}, ("charter/no-such-body", "1.1", "decisions.ordinary")),
        ({"decisions/statement/quorum": {"of": "register", "at_least": 1}}, ("charter/quorum", "1.4", "decisions.statement")),
        (
            {"decisions/statement/objection": {"of": "senate", "at_least": 1, "within": "P1D"}},
            ("charter/no-such-body", "1.4", "decisions.statement"),
        ),
        (
            {
                "bodies/regions": {"members": "each(region)"},
                "decisions/statement/objection": {"of": "regions", "at_least": 1, "within": "P1D"},
            },
            ("charter/objection", "1.4", "decisions.statement"),
        ),
        (
            {"offices/editor/term": "until_next_moon", "decisions/statement/objection": {"of": "editor", "at_least": 1, "within": "P1D"}},
            ("charter/objection", "1.4", "decisions.statement"),
        ),
        ({"minority": {"orderly_exit": {"by": "nothing", "article": "1.4"}}}, ("charter/no-such-body", "1.4", "minority.orderly_exit")),
        (
            {"minority": {"suspensive_veto": {"of": "editors", "at_least": 1, "against": ["no"]}}},
            ("charter/no-such-rule", "", "minority.suspensive_veto"),
        ),
        # how they decide
        ({"decisions/statement/pass": MAJORITY}, ("charter/pass", "1.4", "decisions.statement")),
        ({"decisions/ordinary/pass": {"base": "seats", "at_least": "1/2"}}, ("charter/base", "1.1", "decisions.ordinary")),
        (
            {"decisions/ordinary/time_lock": "P1D", "decisions/ordinary/effect_after": "P1D"},
            ("charter/time-lock", "1.1", "decisions.ordinary"),
        ),
        ({"decisions/ordinary/enacts": ["mandate", "admit"]}, ("charter/mixed-future", "1.1", "decisions.ordinary")),
        ({"decisions/statement/everyday": True}, ("charter/everyday", "1.4", "decisions.statement")),
        ({"decisions/appoint": {"by": SIGNED}}, ("charter/ambiguous-kind", "", "decisions.appoint")),
        # numbers that can never be reached
        ({"decisions/statement/by/signatures/m": 3}, ("charter/too-few-seats", "1.4", "decisions.statement")),
        (
            {"decisions/statement/by": {"all_of": [SIGNED, {"signatures": {"of": ["editors"], "m": 3}}]}},
            ("charter/too-few-seats", "1.4", "decisions.statement"),
        ),
        ({"decisions/ordinary/quorum": {"of": "editors", "at_least": 3}}, ("charter/quorum-unreachable", "1.1", "decisions.ordinary")),
        (
            {"decisions/ordinary/objection": {"of": ["chair", "editor"], "at_least": 4, "within": "P1D"}},
            ("charter/objection-unreachable", "1.1", "decisions.ordinary"),
        ),
        # word that can reach nobody, and confirmations that nobody can give
        (
            {
                "decisions/statement/by/signatures/m": 1,
                "decisions/statement/objection": {"of": ["chair", "treasurer"], "at_least": 1, "within": "P1D"},
                "decisions/statement/notices": {"people": 2, "ways": 1},
            },
            ("charter/notices-unreachable", "1.4", "decisions.statement"),
        ),
        (
            {
                "decisions/ordinary/by": {"all_of": ["editors", {"office": "chair"}]},
                "decisions/ordinary/pass": {"body": "editors", **MAJORITY},
                "decisions/ordinary/objection": {"of": "editor", "at_least": 1, "within": "P1D"},
                "decisions/ordinary/notices": {"people": 1, "ways": 1},
            },
            ("charter/notices-unreachable", "1.1", "decisions.ordinary"),
        ),
        (emergency(["chair", "treasurer", "editor"], 2, 3), ("charter/confirm-unreachable", "1.4", "decisions.emergency-release")),
        (emergency(["chair", "treasurer", "editor"], 3, 2), ("charter/notices-unreachable", "1.4", "decisions.emergency-release")),
        (emergency(["chair", "treasurer", "editor"], 1, "3/4"), ("charter/confirm-unreachable", "1.4", "decisions.emergency-release")),
        # money
        ({"decisions/statement/above": "ordinary"}, ("charter/above-no-limit", "1.4", "decisions.statement")),
        (
            {"decisions/statement/limit": {"amount": 1, "currency": "EUR"}, "decisions/statement/above": "nothing"},
            ("charter/no-such-rule", "1.4", "decisions.statement"),
        ),
    ],
)
def test_a_charter_that_cannot_work_is_refused_naming_the_article(changes: dict[str, Any], error: tuple[str, str, str]) -> None:
    """One broken law is one error, and it names the article and the rule; loading raises for exactly that."""
    assert errors(changes) == {error}


@attack(
    "emergency-nobody",
    Mutation(
        STRENGTH,
        find="    if rule.notices is not None and rule.notices.people > left:",
        replace="    if left < 0 and rule.notices is not None:",
    ),
    Mutation(STRENGTH, find=" - bool(RELEASES.intersection(rule.kinds))", replace=""),
)
def test_a_rule_that_nobody_could_meet_says_what_is_left_and_what_to_write() -> None:
    """Of four seats one asks and one approves, so two are left; where all members may object, how many is known when there are members."""
    (finding,) = [found for found in findings(emergency(["chair", "treasurer", "editor"], 3, 2)) if found.level == "error"]
    assert (
        finding.words
        == "asks 3 of those who may object to sign that word has reached them, and 2 of 4 are left beside whoever asks and approves"
    )
    assert finding.next_step == "Ask for fewer people, or let more of them object, such as the body of all members."
    assert errors(emergency(["chair", "treasurer", "editor"], 2, 2)) == set()
    assert errors(emergency("assembly", 30, 40)) == set()


def test_a_chain_of_limits_leads_upwards() -> None:
    """The next limit is larger and in the same currency, and no chain turns in a circle."""

    def chain(*links: tuple[str, int, str, str]) -> dict[str, Any]:
        return {
            f"decisions/{name}": {
                "article": "1.4",
                "by": {"office": "chair"},
                "limit": {"amount": amount, "currency": currency},
                "above": above,
            }
            for name, amount, currency, above in links
        }

    assert errors(chain(("a", 10, "EUR", "b"), ("b", 20, "EUR", "ordinary"))) == set()
    assert errors(chain(("a", 10, "EUR", "b"), ("b", 10, "EUR", "ordinary"))) == {("charter/above-not-larger", "1.4", "decisions.a")}
    assert errors(chain(("a", 10, "EUR", "b"), ("b", 20, "CHF", "ordinary"))) == {("charter/above-currency", "1.4", "decisions.a")}
    assert errors(chain(("a", 10, "EUR", "b"), ("b", 20, "EUR", "a"))) == {
        ("charter/above-not-larger", "1.4", "decisions.b"),
        ("charter/above-circle", "1.4", "decisions.a"),
        ("charter/above-circle", "1.4", "decisions.b"),
    }
    # A chain that leads into a circle ends as well; the circle itself is what is refused.
    into = chain(("a", 1, "EUR", "b"), ("b", 10, "EUR", "c"), ("c", 20, "EUR", "b"))
    assert ("charter/above-circle", "1.4", "decisions.a") not in errors(into)
    no_limit = {"decisions/a": {"article": "1.4", "by": {"office": "chair"}, "above": "ordinary"}}
    assert errors(no_limit) == {("charter/above-no-limit", "1.4", "decisions.a")}


def test_money_rules_for_one_kind_form_one_chain() -> None:
    """Several rules may enact one kind where limits join them, and only then."""

    def spend(*links: tuple[str, int, str]) -> dict[str, Any]:
        return {
            f"decisions/{name}": {
                "article": "1.4",
                "by": {"office": "chair"},
                "enacts": ["spend"],
                "limit": {"amount": amount, "currency": "EUR"},
                **({"above": above} if above else {}),
            }
            for name, amount, above in links
        }

    assert errors(spend(("a", 10, "b"), ("b", 20, "c"), ("c", 30, ""))) == set()
    assert errors(spend(("a", 10, ""), ("b", 20, ""))) == {("charter/ambiguous-kind", "1.4", "decisions.a")}
    assert errors(spend(("a", 10, "c"), ("b", 20, "c"), ("c", 30, ""))) == {("charter/ambiguous-kind", "1.4", "decisions.a")}


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({"may": ["amend"]}, {"charter/emergency-never"}),
        ({"may": ["elect"]}, {"charter/emergency-never"}),
        ({"may": ["recover-member", "statement"]}, {"charter/emergency-never"}),
        ({"never": ["statement"]}, {"charter/emergency-both"}),
        ({"may": ["nothing"]}, {"charter/no-such-rule"}),
        ({"never": ["nothing"]}, {"charter/no-such-rule"}),
        ({"renewal_by": "senate"}, {"charter/no-such-body"}),
        ({"report_to": "senate"}, {"charter/no-such-body"}),
        ({"holder": {"office": "king"}}, {"charter/no-such-office"}),
        ({"holder": {"signatures": {"of": ["chair"], "m": 2}}}, {"charter/too-few-seats"}),
        ({"expires": None}, {"charter/missing-key"}),
        ({"expires": "P0D"}, {"charter/duration"}),
    ],
)
def test_no_emergency_reaches_what_decides_who_decides(change: dict[str, Any], codes: set[str]) -> None:
    """An emergency power ends, and never reaches the charter, the membership, the keys or an election."""
    table = {"article": "1.10", "holder": {"office": "chair"}, "may": ["statement"], "expires": "P7D", **change}
    found = errors({"emergency/fire": {key: value for key, value in table.items() if value is not None}})
    assert {code for code, _, _ in found} == codes
    assert {(article, rule) for _, article, rule in found} == {("1.10", "emergency.fire")}


@pytest.mark.parametrize(
    ("name", "change", "code"),
    [
        ("nothing", {}, "charter/no-such-rule"),
        ("statement", {"from": "king"}, "charter/no-such-office"),
        ("statement", {"from": "editor"}, "charter/delegation-from"),
        ("statement", {"never": ["statement"]}, "charter/delegation-never"),
        ("statement", {"never": ["nothing"]}, "charter/no-such-rule"),
    ],
)
def test_an_officer_delegates_only_what_is_theirs(name: str, change: dict[str, Any], code: str) -> None:
    """A delegation names a rule that exists, from an office that the rule names, and does not forbid itself."""
    table = {"article": "1.10", "from": "chair", "to": "member", "max": "P30D", **change}
    assert errors({f"delegation/{name}": table}) == {(code, "1.10", f"delegation.{name}")}


def test_one_person_in_two_offices_is_warned_about() -> None:
    """Signatures that two distinct people must give are at risk where one person may hold both offices."""
    found = findings({"incompatible": []})
    assert [(finding.level, finding.code, finding.article) for finding in found] == [("warning", "charter/one-in-two-offices", "1.4")]
    assert not findings({"decisions/statement/by/signatures/of": ["chair", "editor"], "incompatible": []})


def test_a_tie_that_can_never_be_is_warned_about() -> None:
    """Approvals against a register do not tie."""
    assert [finding.code for finding in findings({"decisions/ordinary/tie": "fails"})] == ["charter/tie"]


def test_an_office_elected_by_others_than_the_rule_says_is_warned_about() -> None:
    """The rule for appoint decides; a charter that says two things says so."""
    assert [(finding.code, finding.article) for finding in findings({"decisions/elect/by": "editors"})] == [("charter/elected-by", "1.2")]
    assert not [
        finding for finding in findings({"decisions/elect/by": SIGNED, "decisions/elect/pass": None}) if finding.rule == "offices.treasurer"
    ]
    assert not findings({"decisions/elect": None})


def test_a_cheaper_route_is_warned_about() -> None:
    """Whoever may admit, recover or partner with fewer people than an amendment takes can get the amendment too."""

    def warned(**changes: Any) -> list[tuple[str, str, str]]:
        found = findings({place.replace("__", "/"): change for place, change in changes.items()})
        return [(finding.code, finding.article, finding.rule) for finding in found]

    admit = {"article": "1.4", "by": "assembly", "pass": MAJORITY}
    assert warned(decisions__admit=admit) == [("charter/cheaper-route", "1.4", "decisions.admit")]
    assert warned(decisions__admit={**admit, "objection": {"of": "assembly", "at_least": "1/4", "within": "P7D"}}) == []
    assert warned(decisions__admit={**admit, "pass": TWO_THIRDS}) == []
    assert warned(decisions__partner={"article": "1.4", "by": {"all_of": [{"office": "chair"}, {"office": "treasurer"}]}}) == [
        ("charter/cheaper-route", "1.4", "decisions.partner")
    ]
    # One who fills an office acts with one more person, as the two officers do; one who may invent members needs nobody.
    elect = {"article": "1.2", "by": {"office": "chair"}}
    assert warned(decisions__elect=elect) == [("charter/elected-by", "1.2", "offices.chair")]
    assert warned(decisions__elect=elect, decisions__admit={"article": "1.4", "by": {"office": "chair"}}) == [
        ("charter/elected-by", "1.2", "offices.chair"),
        ("charter/cheaper-route", "1.4", "decisions.admit"),
    ]
