"""What a charter needs beyond being free of contradictions, so that an organisation of n members can live under it (DESIGN 3.3).

Founding under a charter without a usable rule for amending, admitting, dismissing or recovering would be founding something that cannot
mend itself. The same is asked of every amendment: none may make a rule unreachable.
"""

from __future__ import annotations

from typing import Final

from commonhold.kernel.charter.findings import Finding, Level, refuse_errors
from commonhold.kernel.charter.loader import check_rules
from commonhold.kernel.charter.people import EVERYONE
from commonhold.kernel.charter.rules import Charter, Count, Fraction, Rule
from commonhold.kernel.charter.strength import fewest, most_people, out_of_reach, parts
from commonhold.kernel.kinds import TOP_KINDS

NEEDED: Final = {
    "admit": "admits members",
    "amend": "changes the charter",
    "dismiss": "dismisses officers",
    "recover-member": "gives a new key to a member who lost theirs",
}
WISHED: Final = {"channel": "names the organisation's own channels", "statement": "speaks for the organisation"}
_APPOINT: Final = {"appoint": "fills the offices"}


def check_founding(charter: Charter, members: int) -> tuple[Finding, ...]:
    """Everything that there is to say about *charter* for an organisation of *members* people; an error means: do not found under it.

    Beside what ``check_rules`` finds: usable rules for the acts that an organisation needs to mend itself, top acts that need only
    membership of the register and never everybody, counts that the members can reach, and an article behind every rule.
    """
    findings = [*check_rules(charter.value), *_needed(charter)]
    for rule in charter.rules.values():
        if not rule.unusable and not rule.article:
            words = "cites no article, so nobody who reads the text can find it"
            findings.append(_finding("error", rule, words, 'Add article = "..." to it, or a line to [from_article].', "no-article"))
        if TOP_KINDS.intersection(rule.kinds):
            findings += _top_act(charter, rule, members)
        findings += _reachable(charter, rule, members)
    findings += _seats(charter, members)
    return tuple(findings)


def check_amendment(old: Charter, new: Charter, members: int) -> None:
    """Pass in silence if an organisation of *members* people can go on under *new* at least as well as under *old*.

    What was already wrong before may stay wrong, so that a charter can be mended step by step.

    Raises:
        CharterError: if the amendment would make a rule unreachable or take away one that is needed.
    """
    before = {(finding.code, finding.rule) for finding in check_founding(old, members) if finding.level == "error"}
    findings = [
        finding for finding in check_founding(new, members) if finding.level == "error" and (finding.code, finding.rule) not in before
    ]
    for name, rule in new.rules.items():
        if rule.unusable and name in old.rules and not old.rules[name].unusable:
            words = f"can be used today and could not be used any more: it {rule.unusable}"
            findings.append(_finding("error", rule, words, "Keep a rule that this version can apply.", "made-unusable"))
    refuse_errors(findings)


def _needed(charter: Charter) -> list[Finding]:
    findings = []
    for kind, act in {**NEEDED, **(_APPOINT if charter.offices else {}), **WISHED}.items():
        names = charter.by_kind.get(kind, ())
        usable = [name for name in names if not charter.rules[name].unusable]
        if usable and (kind != "amend" or len(usable) == len(names)):
            continue
        level: Level = "warning" if kind in WISHED else "error"
        if names:
            rule = next(charter.rules[name] for name in names if charter.rules[name].unusable)
            words = f"is the rule for {kind}, and cannot be used yet: it {rule.unusable}"
            findings.append(_finding(level, rule, words, "Let signatures or a share of the register decide it.", "needed-unusable"))
        else:
            step = f"Add [decisions.{kind}] and an article that says it."
            words = f"is missing: nothing says who {act}"
            findings.append(Finding(level, "", f"decisions.{kind}", words, step, "charter/needed"))
    return findings


def _top_act(charter: Charter, rule: Rule, members: int) -> list[Finding]:
    kind = min(TOP_KINDS.intersection(rule.kinds))
    if rule.need is None:
        return []
    everyone = [part for part in parts(rule.need) if not isinstance(part, Count) and charter.bodies[part.body].selector == EVERYONE]
    if len(everyone) < len(list(parts(rule.need))):
        words = f"asks more than membership for {kind}, so that empty offices could stop it for ever"
        return [_finding("error", rule, words, "Let a share of the register of all members decide it alone.", "top-act")]
    needed = fewest(rule.need, charter.bodies, charter.offices, members)
    if rule.quorum is not None:
        needed = max(needed, _people(rule.quorum.at_least, members))
    if needed >= members:
        words = f"needs {needed} of {members} members for {kind}, so that one lost key could stop it for ever"
        return [_finding("error", rule, words, "Found with more members, or ask for a smaller share of the register.", "top-act-everybody")]
    return []


def _reachable(charter: Charter, rule: Rule, members: int) -> list[Finding]:
    findings = []
    needed = fewest(rule.need, charter.bodies, charter.offices, members) if rule.need else 0
    if needed > members:
        words = f"needs {needed} people, and there are {members} members"
        findings.append(_finding("error", rule, words, "Ask for fewer.", "too-few-members"))
    for what, right in (("quorum", rule.quorum), ("objection", rule.objection)):
        if right is not None and isinstance(right.at_least, int) and right.at_least > members:
            words = f"has the {what} {right.at_least}, and there are {members} members"
            findings.append(_finding("error", rule, words, "Ask for fewer.", f"{what}-members"))
    people = most_people(Count(rule.objection.of, 1), charter.bodies, charter.offices) if rule.objection else 0
    if people is None or people > members:
        # Seats that the members can fill were counted when the rules were read.
        for what, words in out_of_reach(rule, members, charter.bodies, charter.offices):
            step = "Ask for fewer people, or found with more members."
            findings.append(_finding("error", rule, words, step, f"{what}-members"))
    return findings


def _seats(charter: Charter, members: int) -> list[Finding]:
    findings = []
    for office in charter.offices.values():
        if office.seats > members:
            words = f"has {office.seats} seats, and there are {members} members"
            findings.append(
                Finding("error", office.article, f"offices.{office.name}", words, "Have fewer seats.", "charter/too-few-members")
            )
    for rule in charter.incompatible:
        seats = sum(charter.offices[name].seats for name in rule.offices)
        if seats > members:
            words = f"keeps {seats} seats apart, and there are {members} members"
            findings.append(
                Finding("error", rule.article, f"incompatible.{rule.name}", words, "Have fewer seats.", "charter/too-few-members")
            )
    return findings


def _people(amount: Fraction | int, members: int) -> int:
    return amount if isinstance(amount, int) else amount.required(members)


def _finding(level: Level, rule: Rule, words: str, next_step: str, code: str) -> Finding:
    return Finding(level, rule.article, f"decisions.{rule.name}", words, next_step, f"charter/{code}")
