"""The laws that a charter's rules must keep together: what cannot work is an error, and what may surprise is a warning.

Each law is one function over a draft that has been read; each finding names the article that has to change. Laws that need the number of
members are in ``founding.py``; routes that are cheaper than what they lead to are in ``routes.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from commonhold.kernel.charter.draft import Draft
from commonhold.kernel.charter.rules import Count, Fraction, Rule
from commonhold.kernel.charter.strength import fewest_holders, most_people, offices_in, out_of_reach, parts
from commonhold.kernel.kinds import EMERGENCY_SECONDS, NEVER_EVERYDAY


def check_laws(draft: Draft) -> None:
    """Note every law that the rules break together."""
    for law in ALWAYS:
        law(draft)
    # Counting needs every name to resolve; what does not has been noted and is mended first.
    if not any(finding.level == "error" for finding in draft.findings):
        for law in COUNTING:
            law(draft)


def guards_everything(draft: Draft) -> None:
    """There is a rule for amendments, it covers every article, and the articles that amend rules name exist."""
    amending = [rule for rule in draft.decisions.values() if "amend" in rule.kinds]
    if not amending:
        step = 'Add [decisions.amend] with applies_to = ["*"].'
        draft.note("error", "decisions.amend", "is missing: nothing says how the charter changes", step, code="no-amend-rule")
    elif not any("*" in rule.applies_to for rule in amending):
        step = 'Add "*" to applies_to of one amend rule.'
        draft.note("error", f"decisions.{amending[0].name}", "leaves articles that no rule can amend", step, code="amend-gap")
    for rule in draft.decisions.values():
        place = f"decisions.{rule.name}"
        if rule.applies_to and "amend" not in rule.kinds:
            step = 'Leave applies_to out, or enact "amend".'
            draft.note("error", place, "names articles (applies_to) and does not amend", step, code="applies-to")
        for number in rule.applies_to:
            if number != "*" and not draft.knows_article(number):
                step = "Name an article of charter.md."
                draft.note("error", place, f"applies to article {number}, which the charter does not have", step, code="no-such-article")


def everyday_stays_everyday(draft: Draft) -> None:
    """No rule for an act that takes the kit is marked as everyday."""
    for rule in draft.decisions.values():
        for kind in sorted(NEVER_EVERYDAY.intersection(rule.kinds)) if rule.everyday else ():
            words = f"marks {kind} as everyday, and {kind} always takes the member's kit"
            draft.note("error", f"decisions.{rule.name}", words, "Take everyday out of the rule.", code="everyday")


def notice_goes_to_those_who_may_object(draft: Draft) -> None:
    """Notices go with a right to object; and whoever may have secrets opened in an emergency waits, and the others are told over two ways."""
    for rule in draft.decisions.values():
        place = f"decisions.{rule.name}"
        if rule.notices is not None and rule.objection is None:
            words = "asks for notices, and nobody may object, so nobody would have to be told"
            draft.note("error", place, words, "Give it objection = {of, at_least, within}.", code="notices-nobody")
        if "emergency-release" not in rule.kinds:
            if rule.objection is not None and rule.objection.confirm is not None:
                words = "names how many confirm it, and only a rule for emergency-release may: elsewhere so many do that too few are left to object"
                draft.note("error", place, words, "Leave confirm out.", code="confirm")
            continue
        if rule.objection is None or rule.objection.confirm is None or rule.notices is None or rule.notices.ways < 2:
            words = "opens secrets in an emergency without a waiting period, a right to object, confirmation by others and notices over two ways"
            step = 'Write objection = {of = "assembly", at_least = 2, within = "P3D", confirm = 2} and notices = {people = 2, ways = 2}.'
            draft.note("error", place, words, step, code="emergency-release")
        elif rule.objection.within.after(0) >= EMERGENCY_SECONDS:
            words = f"waits for {rule.objection.within}, and an emergency release ends {EMERGENCY_SECONDS // 86_400} days after it was asked for"
            draft.note("error", place, words, "Let it wait for less.", code="emergency-release")


def one_rule_for_each_kind(draft: Draft) -> None:
    """Two rules for one kind are refused, but for amendments (the articles decide) and for a chain of money limits."""
    for kind, names in rules_by_kind(draft.decisions).items():
        if kind == "amend" or len(names) == 1:
            continue
        lower = {draft.decisions[name].above for name in names}
        if len([name for name in names if name not in lower]) != 1 or len(lower.intersection(names)) != len(names) - 1:
            others = [f"decisions.{name} (article {draft.cited(f'decisions.{name}') or 'none'})" for name in names[1:]]
            words = f"enacts {kind}, and so does {' and '.join(others)}"
            step = "Let one rule enact the kind, or join money limits with above."
            draft.note("error", f"decisions.{names[0]}", words, step, code="ambiguous-kind")


def limits_lead_upwards(draft: Draft) -> None:
    """``above`` names a rule, stands beside a limit, never turns in a circle, and leads to a larger limit in the same currency."""
    for rule in draft.decisions.values():
        place = f"decisions.{rule.name}"
        if not rule.above:
            continue
        if rule.limit is None:
            draft.note("error", place, "has above and no limit", "Give it a limit, or leave above out.", code="above-no-limit")
        following = draft.decisions.get(rule.above)
        if following is None:
            step = f"Known rules: {', '.join(sorted(draft.decisions))}."
            draft.note("error", place, f"leads to the rule {rule.above!r}, and there is no such rule", step, code="no-such-rule")
            continue
        if rule.limit and following.limit and following.limit.currency != rule.limit.currency:
            words = f"counts in {rule.limit.currency} and leads to {following.name}, which counts in {following.limit.currency}"
            draft.note("error", place, words, "Use one currency along the chain.", code="above-currency")
        elif rule.limit and following.limit and following.limit.amount <= rule.limit.amount:
            words = f"has the limit {rule.limit.amount} and leads to {following.name}, whose limit is only {following.limit.amount}"
            draft.note("error", place, words, "Let each limit be larger than the one before.", code="above-not-larger")
        seen, name = {rule.name}, rule.above
        while name in draft.decisions and name not in seen:
            seen.add(name)
            name = draft.decisions[name].above
        if name == rule.name:
            draft.note("error", place, "leads back to itself over above", "Let the last rule have no above.", code="above-circle")


def signatures_can_be_collected(draft: Draft) -> None:
    """No rule asks for more people than there are seats; where one person in two offices could block it, that is a warning."""
    needs = [(f"decisions.{rule.name}", rule.need) for rule in draft.decisions.values() if rule.need]
    needs += [(f"emergency.{power.name}", power.holder) for power in draft.emergencies.values()]
    for place, need in needs:
        for part in parts(need):
            seats = most_people(part, draft.bodies, draft.offices) if isinstance(part, Count) and part.of else None
            if not isinstance(part, Count) or seats is None:
                continue
            holders = fewest_holders(offices_in(part, draft.bodies), draft.offices, draft.incompatible)
            if part.m > seats:
                words = f"needs {part.m} signatures of {', '.join(part.of)}, which have {seats} seats together"
                draft.note("error", place, words, "Ask for fewer signatures, or add seats.", code="too-few-seats")
            elif part.m > holders:
                words = f"needs {part.m} people of {', '.join(part.of)}, and {holders} can hold all those seats"
                draft.note(
                    "warning", place, words, "Make the offices incompatible, or ask for fewer signatures.", code="one-in-two-offices"
                )


def rights_can_be_used(draft: Draft) -> None:
    """A quorum or an objection in heads is not above the seats of those who count."""
    for rule in draft.decisions.values():
        rights: list[tuple[str, tuple[str, ...], Fraction | int]] = []
        if rule.quorum:
            rights.append(("quorum", (rule.quorum.of,), rule.quorum.at_least))
        if rule.objection:
            rights.append(("objection", rule.objection.of, rule.objection.at_least))
        for what, of, amount in rights:
            seats = most_people(Count(of, 1), draft.bodies, draft.offices)
            if isinstance(amount, int) and seats is not None and amount > seats:
                words = f"has the {what} {amount} of {', '.join(of)}, which have {seats} seats together"
                draft.note("error", f"decisions.{rule.name}", words, "Ask for fewer people.", code=f"{what}-unreachable")


def others_can_be_told(draft: Draft) -> None:
    """Notices and confirmations are asked of no more people than are left of those who may object, beside those who ask and approve."""
    for rule in draft.decisions.values():
        people = most_people(Count(rule.objection.of, 1), draft.bodies, draft.offices) if rule.objection else None
        for what, words in () if people is None else out_of_reach(rule, people, draft.bodies, draft.offices):
            step = "Ask for fewer people, or let more of them object, such as the body of all members."
            draft.note("error", f"decisions.{rule.name}", words, step, code=f"{what}-unreachable")


def officers_are_appointed(draft: Draft) -> None:
    """An office's ``elected_by`` and the rule for ``appoint`` should name the same people; the rule decides."""
    rule = next((rule for rule in draft.decisions.values() if "appoint" in rule.kinds), None)
    if rule is None or rule.need is None:
        return
    deciding = {name for part in parts(rule.need) for name in (part.of if isinstance(part, Count) else (part.body,))}
    for office in draft.offices.values():
        if office.elected_by and office.elected_by not in deciding:
            words = f"is elected by {office.elected_by}, and decisions.{rule.name} lets {', '.join(sorted(deciding))} appoint"
            draft.note("warning", f"offices.{office.name}", words, "Name the same body in both.", code="elected-by")


def rules_by_kind(rules: Mapping[str, Rule]) -> dict[str, tuple[str, ...]]:
    """Kind -> the names of the rules that enact it, sorted."""
    kinds = sorted({kind for rule in rules.values() for kind in rule.kinds})
    return {kind: tuple(sorted(rule.name for rule in rules.values() if kind in rule.kinds)) for kind in kinds}


Law = Callable[[Draft], None]
ALWAYS: Final[tuple[Law, ...]] = (
    guards_everything,
    everyday_stays_everyday,
    one_rule_for_each_kind,
    limits_lead_upwards,
    notice_goes_to_those_who_may_object,
)
COUNTING: Final[tuple[Law, ...]] = (signatures_can_be_collected, rights_can_be_used, others_can_be_told, officers_are_appointed)
