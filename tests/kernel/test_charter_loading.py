"""Loading a charter: typed rules, and the findings that name what cannot work or cannot be carried out yet."""

from __future__ import annotations

from typing import Any

import pytest

from commonhold.kernel.charter import CharterError, check_charter, load_charter, refuse_errors
from commonhold.kernel.charter.loader import MAX_VALUE
from commonhold.kernel.charter.rules import All, Count, Emergency, Fraction, Limit, Objection, Quorum, Share
from commonhold.kernel.durations import Duration
from commonhold.kernel.errors import FormatError, RuleError
from tests.kernel.charters import MAJORITY, NUMBERS, RULES, TWO_THIRDS, errors, findings, load, value_of, with_

SIGNED = {"signatures": {"of": ["chair", "treasurer"], "m": 2}}


def test_a_charter_that_works_loads_without_a_finding() -> None:
    """The typed rules say what the tables say, and each knows its article."""
    charter = load()
    assert check_charter(charter.value) == ()
    assert (charter.name, charter.version, charter.top_body) == ("club", 1, "assembly")
    assert charter.articles.keys() == set(NUMBERS)
    assert all(len(digest) == 32 for digest in (charter.digest, *charter.articles.values()))
    assert charter.rules["amend"].need == Share("assembly", Fraction(2, 3, strict=False))
    assert charter.rules["ordinary"].need == Share("assembly", Fraction(1, 2, strict=True))
    assert charter.rules["statement"].need == Count(("chair", "treasurer"), 2)
    assert charter.rules["elect"].kinds == ("appoint",)
    assert charter.rules["statement"].article == "1.4"
    assert charter.bodies["editors"].article == "1.2"
    assert charter.bodies["editors"].selector == "editor"
    assert charter.offices["chair"].term == Duration(12, 0, 0)
    assert charter.incompatible[0].offices == {"chair", "treasurer"}
    assert charter.by_kind == {"amend": ("amend",), "appoint": ("elect",), "ordinary": ("ordinary",), "statement": ("statement",)}


@pytest.mark.parametrize(
    ("by", "majority", "need"),
    [
        ({"office": "chair"}, None, Count(("chair",), 1)),
        ({"body": "assembly"}, TWO_THIRDS, Share("assembly", Fraction(2, 3, strict=False))),
        ("editors", {"base": "register", "at_least": "1/1"}, Share("editors", Fraction(1, 1, strict=False))),
        ("editors", {"base": "seats", "more_than": "1/2"}, Count(("editor",), 2)),
        ({"signatures": {"of": ["assembly"], "m": 2}}, None, Count(("assembly",), 2)),
        ("assembly", {"all_of": [MAJORITY]}, Share("assembly", Fraction(1, 2, strict=True))),
        (
            "assembly",
            {"all_of": [MAJORITY, {"body": "editors", "base": "register", "at_least": "1/2"}]},
            All((Share("assembly", Fraction(1, 2, strict=True)), Share("editors", Fraction(1, 2, strict=False)))),
        ),
        (
            {"all_of": [{"office": "chair"}, "assembly"]},
            MAJORITY,
            All((Count(("chair",), 1), Share("assembly", Fraction(1, 2, strict=True)))),
        ),
    ],
)
def test_each_way_of_saying_who_decides_is_one_need(by: Any, majority: Any, need: Any) -> None:
    """Office, body, signatures and combinations of them become counts and shares."""
    rule: dict[str, Any] = {"article": "1.4", "by": by, **({"pass": majority} if majority else {})}
    charter = load({"decisions/statement": rule})
    assert charter.rules["statement"].need == need
    assert charter.rules["statement"].unusable == ""


def test_waiting_periods_limits_and_rights_are_typed() -> None:
    """Everything that the fold asks of a rule comes from the rule's own table."""
    table = {
        "article": "1.4",
        "by": "assembly",
        "enacts": ["statement", "publish"],
        "pass": MAJORITY,
        "quorum": {"of": "register", "at_least": "1/2", "count": ["for", "against"]},
        "notice": "P10D",
        "effect_after": "P14D",
        "objection": {"of": ["chair", "editors"], "at_least": 1, "within": "P7D"},
        "limit": {"amount": 100, "currency": "EUR", "window": "P30D"},
        "subject_votes": False,
        "ballot": "signatures",
    }
    rule = load({"decisions/statement": table}).rules["statement"]
    assert rule.kinds == ("publish", "statement")
    assert rule.quorum == Quorum("assembly", Fraction(1, 2, strict=False))
    assert (rule.notice, rule.time_lock) == (Duration(0, 10, 0), Duration(0, 14, 0))
    assert rule.objection == Objection(("chair", "editors"), 1, Duration(0, 7, 0))
    assert rule.limit == Limit(100, "EUR", Duration(0, 30, 0))
    assert (rule.subject_votes, rule.everyday, rule.unusable) == (False, False, "")


def test_a_quorum_may_name_its_body() -> None:
    """A quorum of a named body is that body's."""
    charter = load({"decisions/ordinary/quorum": {"of": "editors", "at_least": 2}})
    assert charter.rules["ordinary"].quorum == Quorum("editors", 2)


def test_an_emergency_power_and_a_delegation_are_typed() -> None:
    """Their kinds are those of the rules that they name."""
    charter = load(
        {
            "decisions/spend": {"article": "1.4", "by": {"office": "treasurer"}, "enacts": ["buy", "hire"]},
            "emergency/fire": {
                "article": "1.10",
                "holder": {"office": "chair"},
                "may": ["spend", "statement"],
                "never": ["elect", "amend", "hire_nobody"],
                "expires": "P7D",
                "renewals": 1,
                "ratify_within": "P14D",
            },
            "decisions/hire_nobody": {"article": "1.4", "by": {"office": "treasurer"}},
            "delegation/spend": {"article": "1.10", "from": "treasurer", "to": "member", "max": "P30D", "never": ["statement"]},
        }
    )
    assert charter.emergencies["fire"] == Emergency(
        name="fire",
        article="1.10",
        holder=Count(("chair",), 1),
        may=frozenset({"buy", "hire", "statement"}),
        expires=Duration(0, 7, 0),
        renewals=1,
        ratify_within=Duration(0, 14, 0),
        never=frozenset({"appoint", "amend", "hire_nobody"}),
    )
    delegation = charter.delegations["spend"]
    assert (delegation.from_office, delegation.longest, delegation.revocable, delegation.unusable) == (
        "treasurer",
        Duration(0, 30, 0),
        True,
        "",
    )


@pytest.mark.parametrize(
    ("place", "table", "rule", "words"),
    [
        ("decisions/ordinary/pass", {"base": "cast", "more_than": "1/2"}, "decisions.ordinary", "needs a meeting that counts votes (cast)"),
        ("decisions/ordinary/pass", None, "decisions.ordinary", "no majority"),
        ("decisions/ordinary/ballot", "secret", "decisions.ordinary", "needs a ballot (secret)"),
        ("decisions/ordinary/hearing", "P7D", "decisions.ordinary", "needs a hearing"),
        ("decisions/ordinary/appeal", {"to": "assembly", "within": "P7D", "suspends": True}, "decisions.ordinary", "needs an appeal"),
        ("decisions/ordinary/petition", {"of": "register", "at_least": "1/10"}, "decisions.ordinary", "needs a petition"),
        ("decisions/amend/amendments_close", "P7D", "decisions.amend", "needs amendments to a motion"),
        ("decisions/ordinary/effect", "call", "decisions.ordinary", "outside the record"),
        ("decisions/ordinary/quorum", {"of": "present", "at_least": 2}, "decisions.ordinary", "quorum of the present"),
        (
            "decisions/ordinary/quorum",
            {"of": "register", "at_least": 2, "count": ["ballots"]},
            "decisions.ordinary",
            "quorum is counted there",
        ),
        ("decisions/ordinary/quorum", {"of": "register", "at_least": 2, "floor": 2}, "decisions.ordinary", "a floor"),
        (
            "decisions/succeed",
            {"article": "1.1", "by": "assembly", "pass": MAJORITY},
            "decisions.succeed",
            "succession arrives with partner houses",
        ),
        ("offices/editor/seats", {"per": 5, "of": "members"}, "offices.editor", "one seat per 5 of members"),
        ("offices/editor/term", "until_next_congress", "offices.editor", "until_next_congress"),
        ("offices/editor/ballot", "secret", "offices.editor", "does not carry out yet: ballot"),
        ("bodies/regions", {"members": "each(region)"}, "bodies.regions", "made of units"),
        ("bodies/assembly/proxies", {"max_held": 1}, "bodies.assembly", "proxies"),
        ("bodies/assembly/substitutes", {"named_before": "PT24H"}, "bodies.assembly", "substitutes"),
        ("bodies/assembly/register_frozen_at", "credentials_report", "bodies.assembly", "credentials report"),
        ("constraints", [{"name": "mix", "office": "editor", "at_most": 1, "per": "region"}], "constraints.mix", "per region"),
        ("minority", {"dissent_recorded": "always"}, "minority.dissent_recorded", "nothing in this version"),
        ("minority", {"suspensive_veto": {"of": "editors", "at_least": 1, "against": ["ordinary"]}}, "minority.suspensive_veto", "nothing"),
        ("charter/in_force_from", "2026-01-01", "charter", "in_force_from"),
    ],
)
def test_what_this_version_cannot_do_loads_and_says_so(place: str, table: Any, rule: str, words: str) -> None:
    """Nothing is ignored in silence: it loads, and a finding under its article says in words what is missing."""
    found = [finding for finding in findings({place: table}) if finding.rule == rule]
    assert [finding.level for finding in found] == ["unusable"]
    assert words in found[0].words
    charter = load({place: table})
    section, _, name = rule.partition(".")
    if section == "decisions":
        assert words in charter.rules[name].unusable
        assert found[0].article in str(found[0])


def test_what_rests_on_an_unusable_part_is_unusable_too() -> None:
    """A rule that counts people who cannot be listed says which."""
    changes: dict[str, Any] = {
        "bodies/regions": {"members": "each(region)"},
        "offices/delegate": {"seats": {"per": 30, "of": "members"}},
        "bodies/congress": {"members": "holders(delegate)"},
        "decisions/a": {"by": "regions", "pass": MAJORITY},
        "decisions/b": {"by": {"signatures": {"of": ["delegate"], "m": 1}}},
        "decisions/c": {"by": {"signatures": {"of": ["congress", "chair"], "m": 1}}},
        "decisions/d": {"by": {"all_of": [{"office": "chair"}, {"body": "congress"}]}, "pass": MAJORITY},
        "decisions/e": {"by": "regions"},
    }
    rules = load(changes).rules
    assert "body regions, whose people" in rules["a"].unusable
    assert "holders of delegate, whose seats" in rules["b"].unusable
    assert "body congress" in rules["c"].unusable
    assert "body congress" in rules["d"].unusable
    assert "body regions" in rules["e"].unusable
    assert [rules[name].need for name in "abcde"] == [None] * 5
    assert {finding.level for finding in findings(changes)} == {"unusable"}


def test_a_future_kind_keeps_its_need() -> None:
    """The need of a succession can be judged before a succession can be carried out."""
    rule = load({"decisions/succeed": {"article": "1.1", "by": "assembly", "pass": MAJORITY}}).rules["succeed"]
    assert rule.need == Share("assembly", Fraction(1, 2, strict=True))
    assert rule.unusable


def test_an_emergency_or_a_delegation_that_cannot_be_judged_says_so() -> None:
    """What limits a power and is not checked makes the power unusable, never wider."""
    emergency = {
        "article": "1.10",
        "holder": {"body": "editors"},
        "pass": {"base": "cast", "more_than": "1/2"},
        "may": ["statement"],
        "expires": "P7D",
        "renewal_by": "assembly",
        "limit": {"amount": 10, "currency": "EUR"},
        "report_to": "assembly",
    }
    charter = load(
        {
            "emergency/fire": emergency,
            "decisions/spend": {"article": "1.4", "by": "editors"},
            "delegation/spend": {
                "article": "1.4",
                "from": "editors",
                "to": "helpers",
                "max": "P1D",
                "redelegate": True,
                "revocable": False,
            },
            "delegation/statement": {"from": "chair", "to": "member", "max": "P1D"},
        }
    )
    power = charter.emergencies["fire"]
    assert power.holder == Count((), 1)
    assert power.limit == Limit(10, "EUR", None)
    for words in ("renewed by a body", "limit of money", "counts votes"):
        assert words in power.unusable
    for words in ("the body editors", "'helpers'", "passed on", "cannot be used yet"):
        assert words in charter.delegations["spend"].unusable
    assert "one of several signatures" in charter.delegations["statement"].unusable


def test_a_delegation_of_a_share_is_left_to_the_rule() -> None:
    """A body's rule can be named by a delegation, which is kept and unusable."""
    charter = load({"delegation/ordinary": {"from": "assembly", "to": "member", "max": "P1D"}})
    assert "the body assembly" in charter.delegations["ordinary"].unusable


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
        ({"decisions/ordinary/enacts": ["succeed", "admit"]}, ("charter/mixed-future", "1.1", "decisions.ordinary")),
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


@pytest.mark.parametrize(
    ("place", "value", "code", "rule", "words"),
    [
        ("kitchen", {}, "charter/unknown-key", "", "unknown key 'kitchen'"),
        ("charter/colour", "red", "charter/unknown-key", "charter", "'colour'"),
        ("decisions/amend/pas", {}, "charter/unknown-key", "decisions.amend", "'pas'"),
        ("decisions/amend/pass/at_leest", "2/3", "charter/unknown-key", "decisions.amend", "pass has the unknown key 'at_leest'"),
        ("decisions/statement/by/signatures/n", 2, "charter/unknown-key", "decisions.statement", "by.signatures has"),
        ("decisions/statement/by/office", "chair", "charter/value", "decisions.statement", "must have one"),
        ("decisions/statement/by", {}, "charter/value", "decisions.statement", "has 0 keys"),
        ("decisions/statement/by", {"all_of": [{"office": "chair"}]}, "charter/value", "decisions.statement", "2 to"),
        ("decisions/statement/by", 3, "charter/value", "decisions.statement", "must be a table"),
        ("decisions/statement/by", None, "charter/missing-key", "decisions.statement", "'by'"),
        ("decisions/statement/by/signatures/m", 0, "charter/value", "decisions.statement", "whole number"),
        ("decisions/statement/by/signatures/m", True, "charter/value", "decisions.statement", "whole number"),
        ("decisions/statement/by/signatures/of", ["chair", "chair"], "charter/value", "decisions.statement", "twice"),
        ("decisions/statement/by/signatures/of", [], "charter/value", "decisions.statement", "list of 1"),
        ("decisions/statement/by/signatures/of", "chair", "charter/value", "decisions.statement", "list"),
        ("decisions/amend/pass", {"base": "register"}, "charter/majority", "decisions.amend", "either more_than or at_least"),
        (
            "decisions/amend/pass",
            {"base": "register", "more_than": "1/2", "at_least": "1/2"},
            "charter/majority",
            "decisions.amend",
            "either",
        ),
        ("decisions/amend/pass", "2/3", "charter/value", "decisions.amend", "must be a table"),
        ("decisions/amend/pass/at_least", "4/3", "charter/fraction", "decisions.amend", "no part of a body"),
        ("decisions/amend/pass/at_least", "0/3", "charter/fraction", "decisions.amend", "no part of a body"),
        ("decisions/amend/pass/at_least", "1/0", "charter/fraction", "decisions.amend", "no part of a body"),
        ("decisions/amend/pass/at_least", "0.66", "charter/fraction", "decisions.amend", "fraction in quotes"),
        ("decisions/amend/pass/at_least", 2, "charter/fraction", "decisions.amend", "fraction in quotes"),
        ("decisions/elect/pass/more_than", "1/1", "charter/fraction", "decisions.elect", "more than all"),
        ("decisions/amend/pass/base", "all", "charter/value", "decisions.amend", "one of"),
        ("decisions/amend/notice", "ten days", "charter/duration", "decisions.amend", "ISO 8601"),
        ("decisions/amend/notice", 10, "charter/duration", "decisions.amend", "duration in quotes"),
        ("offices/chair/term", "P0D", "charter/duration", "offices.chair", "empty duration"),
        ("offices/chair/term", "until_next_ MOON", "charter/value", "offices.chair", "word"),
        ("offices/chair/seats", 0, "charter/value", "offices.chair", "whole number"),
        ("offices/chair/seats", {"per": 3}, "charter/missing-key", "offices.chair", "'of'"),
        ("offices/chair/reopen_nominations", "yes", "charter/value", "offices.chair", "true or false"),
        ("offices/chair/method", 3, "charter/value", "offices.chair", "a word"),
        ("offices/Chair", {"seats": 1}, "charter/value", "offices", "name is needed"),
        ("offices/member", {"seats": 1}, "charter/value", "offices", "meaning of its own"),
        ("offices", {f"o{n}": {"seats": 1} for n in range(201)}, "charter/value", "offices", "201 tables"),
        ("offices", [], "charter/value", "offices", "named tables"),
        ("bodies/assembly/members", "", "charter/value", "bodies.assembly", "1 to 200"),
        ("bodies/assembly/weight", "by_age", "charter/value", "bodies.assembly", "one of"),
        ("decisions/statement/article", 1, "charter/article-number", "decisions.statement", "article number in quotes"),
        ("decisions/amend/applies_to", ["*", 1], "charter/article-number", "decisions.amend", "article number"),
        ("from_article", [], "charter/value", "from_article", "must be a table"),
        ("from_article/body.assembly", "1.01", "charter/article-number", "from_article", "article number"),
        ("charter/id", None, "charter/missing-key", "charter", "'id'"),
        ("charter/in_force_from", "soon", "charter/value", "charter", "a date in quotes"),
        ("delegation/statement", {"from": "chair", "to": 3, "max": "P1D"}, "charter/value", "delegation.statement", "name is needed"),
        (
            "decisions/ordinary/objection",
            {"of": "chair", "at_least": 0, "within": "P1D"},
            "charter/value",
            "decisions.ordinary",
            "whole number",
        ),
        ("incompatible", [{"name": "x", "offices": ["chair"]}], "charter/value", "incompatible.offices", "list of 2"),
        ("decisions", "none", "charter/value", "decisions", "named tables"),
    ],
)
def test_a_value_of_another_form_is_refused_with_its_table_and_key(place: str, value: Any, code: str, rule: str, words: str) -> None:
    """Unknown keys and wrong values are refused anywhere, naming the table and the key, and never read as something else."""
    found = findings({place: value})
    assert {(finding.level, finding.code, finding.rule) for finding in found} == {("error", code, rule)}
    assert any(words in str(finding) for finding in found)
    with pytest.raises(CharterError):
        load({place: value})


def test_a_wrong_value_names_the_article_of_its_rule() -> None:
    """Also where the form is wrong, the finding says which article the rule comes from."""
    assert findings({"decisions/statement/by": 3})[0].article == "1.4"
    assert findings({"bodies/editors/weight": 3})[0].article == "1.2"
    assert findings({"decisions/statement": 3})[0].article == ""
    assert findings({"from_article": 3, "decisions/statement/by": 3})[0].article == "1.4"


def test_all_errors_are_found_at_once() -> None:
    """Whoever mends a charter sees everything that is wrong in it, the errors first."""
    value = value_of(with_({"decisions/statement/by/signatures/of": ["king", "queen"], "charter/in_force_from": "2026-01-01"}))
    with pytest.raises(CharterError) as refused:
        load_charter(value)
    assert [finding.level for finding in refused.value.findings] == ["error", "error", "unusable"]
    assert isinstance(refused.value, RuleError)
    assert refused.value.data == {"article": "1.4", "rule": "decisions.statement", "errors": 2}
    assert "article 1.4: decisions.statement names 'king'" in str(refused.value)
    assert "(and 1 more)" in str(refused.value)
    assert refused.value.next_step
    assert refused.value.findings[0].as_json()["article"] == "1.4"
    refuse_errors(refused.value.findings[2:])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"form": "commonhold/charter/v9"}, "charter/form"),
        ({"extra": "x"}, "charter/unknown-key"),
        ({"title": "x"}, "charter/digest"),
        ({"title": 3}, "charter/digest"),
        ({"rules": []}, "charter/value"),
        ({"articles": []}, "charter/value"),
        ({"articles": {}}, "charter/value"),
        ({"articles": {"1": "x"}}, "charter/digest"),
        ({"articles": {"1.": "0" * 64}}, "charter/digest"),
    ],
)
def test_a_value_that_is_no_charter_is_refused(change: dict[str, Any], code: str) -> None:
    """The outer form is exact: four keys, digests in hex, articles with numbers."""
    value = {**value_of(RULES), **change}
    assert [finding.code for finding in check_charter(value)] == [code]
    with pytest.raises(CharterError) as refused:
        load_charter(value)
    assert refused.value.code == code


def test_a_charter_that_no_founding_could_hold_is_refused() -> None:
    """The canonical charter has a bound, because it stands in one entry."""
    big = {f"r{n}": {"by": {"signatures": {"of": ["chair", "treasurer", "editor"], "m": 1}}, "article": "1.4"} for n in range(190)}
    value = value_of(with_({"decisions": {**RULES["decisions"], **big}, "from_article": {f"decision.r{n}": "1.4" for n in range(190)}}))
    assert check_charter(value)[0:1] == ()
    value["rules"]["minority"] = {"place_on_agenda": {"of": "x" * MAX_VALUE}}
    assert [finding.code for finding in check_charter(value)] == ["charter/too-large"]


def test_a_value_that_is_not_canonical_is_refused() -> None:
    """A float never gets as far as a rule."""
    with pytest.raises(FormatError):
        load_charter({**value_of(RULES), "rules": {"charter": 0.5}})


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
    assert warned(decisions__elect={"article": "1.2", "by": {"office": "chair"}}) == [
        ("charter/elected-by", "1.2", "offices.chair"),
        ("charter/cheaper-route", "1.2", "decisions.elect"),
    ]
