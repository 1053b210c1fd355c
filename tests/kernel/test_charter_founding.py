"""What a charter needs so that people can live under it, and what no amendment may take away."""

from __future__ import annotations

from typing import Any

import pytest

from commonhold.kernel.charter import CharterError, cheaper_routes, check_amendment, check_founding
from commonhold.kernel.charter.rules import Charter
from tests.attacks import Mutation, attack
from tests.kernel.charters import MAJORITY, TWO_THIRDS, load

SIGNED = {"signatures": {"of": ["chair", "treasurer"], "m": 2}}
WHOLE: dict[str, Any] = {
    "decisions/admit": {"article": "1.4", "by": "assembly", "pass": TWO_THIRDS},
    "decisions/dismiss": {"article": "1.4", "by": "assembly", "pass": MAJORITY},
    "decisions/recover-member": {"article": "1.4", "by": "assembly", "pass": TWO_THIRDS},
    "decisions/channel": {"article": "1.4", "by": SIGNED},
}


def whole(changes: dict[str, Any] | None = None) -> Charter:
    return load({**WHOLE, **(changes or {})})


def found(charter: Charter, members: int = 12) -> set[tuple[str, str, str]]:
    return {(finding.level, finding.code, finding.rule) for finding in check_founding(charter, members)}


def test_a_whole_charter_has_no_findings() -> None:
    """Twelve people can found under it."""
    assert found(whole()) == set()


def test_rules_that_an_organisation_needs_to_mend_itself_are_asked_for() -> None:
    """Founding needs rules for admitting, amending, dismissing, recovering and filling offices; channel and statement are advised."""
    charter = load({"decisions/elect": None, "decisions/statement": None})
    assert found(charter) == {
        ("error", "charter/needed", "decisions.admit"),
        ("error", "charter/needed", "decisions.dismiss"),
        ("error", "charter/needed", "decisions.recover-member"),
        ("error", "charter/needed", "decisions.appoint"),
        ("warning", "charter/needed", "decisions.channel"),
        ("warning", "charter/needed", "decisions.statement"),
    }


def test_a_needed_rule_that_cannot_be_used_is_an_error() -> None:
    """A rule that waits for a later version does not carry an organisation today."""
    charter = whole({"decisions/admit/ballot": "secret", "decisions/statement/ballot": "secret"})
    assert found(charter) >= {
        ("error", "charter/needed-unusable", "decisions.admit"),
        ("warning", "charter/needed-unusable", "decisions.statement"),
    }


def test_every_amend_rule_has_to_be_usable() -> None:
    """One amend rule that cannot be used leaves its articles unchangeable."""
    charter = whole(
        {"decisions/entrenched": {"article": "2", "by": "assembly", "applies_to": ["2"], "pass": {"base": "cast", "at_least": "3/4"}}}
    )
    assert ("error", "charter/needed-unusable", "decisions.entrenched") in found(charter)


def test_a_usable_rule_without_an_article_is_an_error() -> None:
    """Whoever reads the text must find every rule in it."""
    assert found(whole({"decisions/channel/article": None})) == {("error", "charter/no-article", "decisions.channel")}


@pytest.mark.parametrize("kind", ["amend", "dismiss"])
def test_a_top_act_needs_only_membership(kind: str) -> None:
    """Empty offices cannot stop an amendment or a dismissal."""
    table = {f"decisions/{kind}/by": SIGNED, f"decisions/{kind}/pass": None}
    assert ("error", "charter/top-act", f"decisions.{kind}") in found(whole(table))
    both = {f"decisions/{kind}/by": {"all_of": ["assembly", {"office": "chair"}]}}
    assert ("error", "charter/top-act", f"decisions.{kind}") in found(whole(both))


def test_a_top_act_never_needs_everybody() -> None:
    """One lost key cannot stop an amendment, neither by its majority nor by its quorum; it depends on how many there are."""
    everybody = ("error", "charter/top-act-everybody", "decisions.amend")
    assert everybody in found(whole({"decisions/amend/pass": {"base": "register", "at_least": "1/1"}}))
    assert everybody in found(whole({"decisions/amend/quorum": {"of": "register", "at_least": "1/1"}}))
    assert everybody in found(whole({"decisions/amend/quorum": {"of": "register", "at_least": 12}}))
    assert everybody not in found(whole({"decisions/amend/quorum": {"of": "register", "at_least": "1/2"}}))
    assert everybody not in found(whole(), members=3)
    assert everybody in found(whole(), members=2)


def test_a_top_act_that_is_not_usable_is_judged_when_it_is() -> None:
    """A dismissal by ballot is missing as a usable rule; its need is not known."""
    charter = whole({"decisions/dismiss/ballot": "secret"})
    assert {code for _, code, _ in found(charter)} == {"charter/unusable", "charter/needed-unusable"}


def test_counts_that_the_members_cannot_reach_are_errors() -> None:
    """Signatures, quorums, objections and seats stay within the number of members."""
    charter = whole(
        {
            "decisions/channel/by": {"signatures": {"of": ["assembly"], "m": 13}},
            "decisions/ordinary/quorum": {"of": "register", "at_least": 13},
            "decisions/ordinary/objection": {"of": "assembly", "at_least": 13, "within": "P1D"},
            "offices/editor/seats": 13,
            "incompatible": [{"name": "apart", "offices": ["chair", "editor"], "article": "1.3"}],
        }
    )
    assert found(charter) == {
        ("error", "charter/too-few-members", "decisions.channel"),
        ("error", "charter/quorum-members", "decisions.ordinary"),
        ("error", "charter/objection-members", "decisions.ordinary"),
        ("error", "charter/too-few-members", "offices.editor"),
        ("error", "charter/too-few-members", "incompatible.apart"),
        ("warning", "charter/one-in-two-offices", "decisions.statement"),
    }


@attack(
    "emergency-nobody",
    Mutation(
        "src/commonhold/kernel/charter/founding.py",
        find="    if people is None or people > members:",
        replace="    if people is None and not members:",
    ),
)
def test_an_emergency_that_the_members_could_not_meet_is_no_rule_to_found_under() -> None:
    """Beside whoever asks and approves there must be so many as must be told, and as must confirm, in an organisation of this size."""

    def rule(of: object, people: int, confirm: object) -> Charter:
        by = {"signatures": {"of": ["chair", "treasurer", "editor"], "m": 1}}
        objection = {"of": of, "at_least": 2, "within": "P3D", "confirm": confirm}
        return whole(
            {
                "decisions/urgent": {
                    "article": "1.4",
                    "enacts": ["emergency-release"],
                    "by": by,
                    "objection": objection,
                    "notices": {"people": people, "ways": 2},
                }
            }
        )

    assert ("error", "charter/notices-members", "decisions.urgent") in found(rule("assembly", 4, 1), 5)
    assert ("error", "charter/confirm-members", "decisions.urgent") in found(rule("assembly", 1, "4/5"), 5)
    assert ("error", "charter/confirm-members", "decisions.urgent") in found(rule(["chair", "treasurer", "editor"], 1, 2), 3)
    for members in (5, 12):
        assert not [code for _, code, place in found(rule("assembly", 3, "3/5"), members) if place == "decisions.urgent"]
    with pytest.raises(CharterError) as refused:
        check_amendment(rule("assembly", 3, 3), rule("assembly", 3, 4), 5)
    assert refused.value.code == "charter/confirm-members"


def test_cheaper_routes_are_counted_for_the_real_number_of_members() -> None:
    """The warning says how many people against how many, and only where it is so."""
    charter = whole({"decisions/admit/pass": MAJORITY})
    (finding,) = cheaper_routes(charter, [12])
    assert "(7 people against 8, of 12 members)" in finding.words
    assert not cheaper_routes(charter, [3])
    # The fold asks what founding needs, and counts no routes.
    assert found(charter) == set()


def test_an_amendment_that_keeps_the_charter_whole_passes() -> None:
    """Changing a rule to another one that works is what amendments are for; dropping one that nothing needs is too."""
    check_amendment(whole(), whole({"decisions/admit/pass": {"base": "register", "at_least": "3/4"}}), 12)
    check_amendment(whole(), whole({"decisions/channel": None, "decisions/ordinary": None}), 12)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"decisions/admit": None}, "charter/needed"),
        ({"decisions/amend/pass/at_least": "1/1"}, "charter/top-act-everybody"),
        ({"decisions/channel/by": {"signatures": {"of": ["assembly"], "m": 13}}}, "charter/too-few-members"),
        ({"decisions/statement/ballot": "secret"}, "charter/made-unusable"),
    ],
)
def test_no_amendment_makes_a_rule_unreachable(change: dict[str, Any], code: str) -> None:
    """An amendment after which something needed could not be decided any more is refused."""
    with pytest.raises(CharterError) as refused:
        check_amendment(whole(), whole(change), 12)
    assert refused.value.code == code


def test_what_was_wrong_before_can_be_mended_step_by_step() -> None:
    """An organisation that shrank below its own rules may still amend them."""
    shrunk = 2
    check_amendment(whole(), whole({"decisions/dismiss/pass": TWO_THIRDS, "decisions/channel/article": "1.3"}), 3)
    check_amendment(whole(), whole({"decisions/channel/article": "1.3"}), shrunk)
    unusable = whole({"decisions/channel/ballot": "secret"})
    check_amendment(unusable, whole({"decisions/channel/ballot": "secret", "decisions/channel/article": "1.3"}), 12)
    check_amendment(unusable, whole({"decisions/publish": {"article": "1.4", "by": SIGNED, "ballot": "secret"}}), 12)
