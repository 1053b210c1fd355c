"""What to do, for any plain register: the changes that end most one-person takeovers of all resources together, each with what then holds.

The kernel proposes changes for one target at a time; here each of them is weighed over the whole register, made, and the rest is advised anew on what
is left. Whether a platform offers a change, people know.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from commonhold.kernel.custody import AtLeast, Change, Effort, Fix, NodeRef, PartyRef, Register, advise, analyse
from commonhold.kernel.custody.fixes import KINDS
from commonhold.kernel.custody.register import UNDECLARED, Input
from commonhold.pages.custody.facts import Facts, facts_of, resources_of, takers_of
from commonhold.pages.custody.names import clean, node_name, split_power
from commonhold.pages.custody.words import Words
from commonhold.pages.language import Language
from commonhold.pages.templates import spoken

MAX_TARGETS: Final = 30
PER_TARGET: Final = 6
THREE: Final = 3
"""As many as people do in a week."""


@dataclass(frozen=True, slots=True)
class Action:
    """Something to do this week, and what it changes; both in the report's language, as :meth:`Language.say` gives them."""

    text: str
    effect: str


@dataclass(frozen=True, slots=True)
class _Weighed:
    fix: Fix
    register: Register
    facts: tuple[Facts, ...]
    ended: int
    opened: int

    @property
    def rank(self) -> tuple[int, ...]:
        return self.opened - self.ended, -self.ended, len(self.fix.changes), KINDS.index(self.fix.changes[0].kind)


def actions_of_advice(register: Register, language: Language, *, effort: Effort | None = None) -> list[Action]:
    """Up to three things to do, best first, each recomputed on what the ones before it leave."""
    effort = effort or Effort(exact=50_000, bounded=1_000_000)
    actions: list[Action] = []
    facts = _known(register, effort)
    while len(actions) < THREE:
        choices = [_weigh(register, facts, fix, effort) for fix in _fixes(register, facts, effort)]
        good = [choice for choice in choices if choice.ended > choice.opened]
        if not good:
            break
        best = min(good, key=lambda choice: choice.rank)
        actions.append(Action(_said(register, language, best.fix.changes), _effect(language, facts, best.facts)))
        register, facts = best.register, best.facts
    return actions


def fix_words(words: Words, fix: Fix) -> tuple[Markup, Markup]:
    """A fix in words, and what the analysis then says of its target, as HTML."""
    takers = takers_of(words.register, fix.after.seize)
    then = words.html("Who alone could take it then: %(takers)s", takers=Markup(" · ").join(words.takers(takers)))
    lost = words.html("Whose absence then locks us out: %(lost)s", lost=Markup(" · ").join(words.lockout(fix.after.lockout)))
    return spoken(_said(words.register, words.language, fix.changes)), Markup("{}<br>{}").format(then, lost)


def _known(register: Register, effort: Effort) -> tuple[Facts, ...]:
    targets = [node for found in resources_of(register)[:MAX_TARGETS] for node in found.powers.values()]
    return facts_of(register, analyse(register, targets, size=2, effort=effort) if targets else {})[:MAX_TARGETS]


def _fixes(register: Register, facts: Iterable[Facts], effort: Effort) -> list[Fix]:
    """The kernel's best changes for each resource that one person could take, or whose loss of one person locks out."""
    found: dict[tuple[tuple[str, str, int], ...], Fix] = {}
    for one in facts:
        fixes: list[Fix] = []
        if one.one_takes:
            fixes += advise(register, one.resource.take, size=2, effort=effort).seize[:PER_TARGET]
        if one.one_locks_out:
            fixes += advise(register, one.resource.use, size=2, effort=effort).lockout[:PER_TARGET]
        for fix in fixes:
            found.setdefault(tuple((change.node.id, change.kind, change.way) for change in fix.changes), fix)
    return list(found.values())


def _weigh(register: Register, facts: Sequence[Facts], fix: Fix, effort: Effort) -> _Weighed:
    changed = register.replacing(change.node for change in fix.changes)
    after = _known(changed, effort)
    return _Weighed(
        fix,
        changed,
        after,
        max(_takeovers(facts) - _takeovers(after), 0) + max(_losses(facts) - _losses(after), 0),
        max(_takeovers(after) - _takeovers(facts), 0) + max(_losses(after) - _losses(facts), 0),
    )


def _takeovers(facts: Iterable[Facts]) -> int:
    """How many pairs there are of a resource and a person who alone could take it."""
    return sum(len(found.takers.alone) for found in facts if found.takers)


def _losses(facts: Iterable[Facts]) -> int:
    """How many pairs there are of a resource and a person whose absence locks the organisation out of it."""
    return sum(sum(len(one) <= 1 for one in found.lockout.sets) for found in facts if found.lockout)


def _effect(language: Language, before: Sequence[Facts], after: Sequence[Facts]) -> str:
    """What is different afterwards, as it was computed anew."""
    said = []
    if (was := _takeovers(before)) != (now := _takeovers(after)):
        said.append(language.say("Ways in which one person alone could take something: %(was)s now, %(now)s then.", was=was, now=now))
    if (was := _losses(before)) != (now := _losses(after)):
        said.append(language.say("Ways in which the loss of one person locks us out: %(was)s now, %(now)s then.", was=was, now=now))
    freed = [one.resource.name for one, two in zip(before, after, strict=True) if one.one_takes and two.takes_several]
    if freed:
        said.append(language.say("No one person alone could then take: %(names)s.", names=language.listed(freed)))
    return " ".join(said)


def _said(register: Register, language: Language, changes: Iterable[Change]) -> str:
    return " ".join(_change(register, language, change) for change in changes)


def _change(register: Register, language: Language, change: Change) -> str:
    base, power = split_power(change.node)
    node = clean(base) if power == "exclusive" else node_name(register, change.node.id, language)
    unknown, way = change.way_text == UNDECLARED, clean(change.way_text)
    if change.kind == "close":
        if unknown:
            return language.say("Look up how %(node)s can be recovered, and close what its holder alone could use.", node=node)
        return language.say('Close one way to %(node)s: "%(way)s".', node=node, way=way)
    inputs = _listed(language, [_item(register, language, item) for item in change.node.ways[change.way].all])
    if change.kind == "seal":
        return language.say("Seal %(node)s: from now on it takes %(inputs)s.", node=node, inputs=inputs)
    if change.kind == "copy":
        return language.say("Keep a sealed copy of %(node)s, to be opened by %(inputs)s.", node=node, inputs=inputs)
    if unknown:
        return language.say("Look up how %(node)s can be recovered, and let that take %(inputs)s.", node=node, inputs=inputs)
    return language.say('From now on, "%(way)s" at %(node)s takes %(inputs)s.', node=node, way=way, inputs=inputs)


def _item(register: Register, language: Language, found: Input) -> str:
    if isinstance(found, AtLeast):
        everybody = {PartyRef(party.id) for party in register.parties.values() if party.org and party.kind == "person"}
        if len(found.of) > THREE and everybody == set(found.of):
            return language.say_count("any %(n)s member", "any %(n)s members together", found.need)
        parts = [_item(register, language, part) for part in found.of]
        if found.need == 1:
            return language.listed(parts, either=True)
        return language.say("%(need)s of %(names)s", need=found.need, names=language.listed(parts))
    return node_name(register, found.id, language) if isinstance(found, NodeRef) else clean(found.id)


def _listed(language: Language, parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else language.listed(parts)
