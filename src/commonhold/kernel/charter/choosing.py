"""Which rule judges an act: by its kind, by the articles that an amendment touches, and by the amount of money.

Whether the act meets the rule is decided by the fold, which knows the members.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from commonhold.kernel.charter.articles import covers
from commonhold.kernel.charter.rules import Charter, Rule
from commonhold.kernel.errors import RuleError


def rules_for(
    charter: Charter, kind: str, *, touched: AbstractSet[str] = frozenset(), amount: int | None = None, currency: str = ""
) -> tuple[Rule, ...]:
    """The rules that must all be met for an act of *kind*.

    An amendment is judged, for every article that it touches, by the rule that names the article most closely (a number covers its
    sub-articles, ``*`` covers all); rules that are equally close are all applied, so that the stricter one decides. Money above a rule's limit
    goes to the rule that its ``above`` names.

    Args:
        charter: the charter in force when the act is proposed.
        kind: the kind of decision.
        touched: for ``amend``: article numbers, from ``touched_articles``; an amendment that touches none is judged by the rules for ``*``.
        amount: money, in the whole units that the charter's limits use.
        currency: three capitals; needed with *amount* where a rule has a limit.

    Returns:
        Rules in the order of their names. One may be unusable: then the act waits for a version that can apply it.

    Raises:
        RuleError: if the charter lists no rule for *kind*, or none for that amount; the message says what there is.
    """
    names = charter.by_kind.get(kind)
    if not names:
        raise RuleError(
            f"the charter has no rule for {kind[:64]!r}",
            code="charter/no-rule-for-kind",
            next_step=f"It has rules for: {', '.join(sorted(charter.by_kind)) or 'nothing'}.",
            data={"kind": kind, "kinds": tuple(sorted(charter.by_kind))},
        )
    if kind == "amend":
        return _for_articles(charter, names, touched)
    above = {charter.rules[name].above for name in names}
    start = next(name for name in names if name not in above)
    return (_for_amount(charter, charter.rules[start], amount, currency),)


def _for_articles(charter: Charter, names: tuple[str, ...], touched: AbstractSet[str]) -> tuple[Rule, ...]:
    chosen: set[str] = set()
    for number in touched or {"*"}:
        # Depth of the closest guard: the length of its number, 0 for "*"; a longer number that covers the article lies deeper.
        closest = {name: max(map(len, guards)) for name in names if (guards := _guards(charter.rules[name], number))}
        chosen.update(name for name, depth in closest.items() if depth == max(closest.values()))
    return tuple(charter.rules[name] for name in sorted(chosen))


def _guards(rule: Rule, number: str) -> list[str]:
    return ["" if guarded == "*" else guarded for guarded in rule.applies_to if guarded == "*" or covers(guarded, number)]


def _for_amount(charter: Charter, rule: Rule, amount: int | None, currency: str) -> Rule:
    if amount is not None and amount < 0:
        raise RuleError(f"the amount {amount} is below nothing", code="charter/amount", data={"amount": amount})
    # The loader has refused chains that turn in a circle.
    while rule.limit is not None:
        limit, cited = rule.limit, f"article {rule.article or '(none)'} ({rule.name})"
        if amount is None:
            raise RuleError(
                f"{cited} limits money to {limit.amount} {limit.currency}, and the proposal names no amount",
                code="charter/amount-missing",
                next_step=f"Propose it with an amount in {limit.currency}.",
                data={"rule": rule.name, "article": rule.article},
            )
        if currency != limit.currency:
            raise RuleError(
                f"{cited} counts in {limit.currency}, and the proposal in {currency or 'no currency'}",
                code="charter/currency",
                next_step=f"Propose it with an amount in {limit.currency}.",
                data={"rule": rule.name, "article": rule.article},
            )
        if amount <= limit.amount:
            break
        if not rule.above:
            raise RuleError(
                f"{cited} allows at most {limit.amount} {limit.currency}, and the proposal asks for {amount}",
                code="charter/above-limit",
                next_step="Ask for less, or propose it under a rule that allows more.",
                data={"rule": rule.name, "article": rule.article, "limit": limit.amount, "amount": amount},
            )
        rule = charter.rules[rule.above]
    return rule
