"""Loading a charter: typed rules, and what this version keeps without being able to carry it out."""

from __future__ import annotations

from typing import Any

import pytest

from commonhold.kernel.charter import check_charter
from commonhold.kernel.charter.rules import All, Count, Emergency, Fraction, Limit, Objection, Quorum, Share
from commonhold.kernel.durations import Duration
from tests.kernel.charters import MAJORITY, NUMBERS, TWO_THIRDS, findings, load


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
            "decisions/mandate",
            {"article": "1.1", "by": "assembly", "pass": MAJORITY},
            "decisions.mandate",
            "mandates arrive with assemblies of delegates",
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
    """The need of a mandate can be judged before a mandate can be carried out."""
    rule = load({"decisions/mandate": {"article": "1.1", "by": "assembly", "pass": MAJORITY}}).rules["mandate"]
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
