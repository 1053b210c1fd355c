"""The report of a custody check: one page to hand to a board, and the full one with pictures, paths and what each change would bring.

It says what people could do and never what they intend, is marked for members only on every page, and calls nothing safe. What was not computed, not
asked or only assumed is said where it matters.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from markupsafe import Markup

from commonhold.kernel.custody import Effort, Finding, Register, advise, analyse, explain
from commonhold.pages.custody.advice import Action, fix_words
from commonhold.pages.custody.facts import Facts, facts_of
from commonhold.pages.custody.names import clean, party_sort, power_words
from commonhold.pages.custody.picture import draw
from commonhold.pages.custody.table import rows_of
from commonhold.pages.custody.words import Words
from commonhold.pages.language import Language
from commonhold.pages.templates import render

SHOWN_SETS: Final = 60
SHOWN_FIXES: Final = 3
MAX_PICTURES: Final = 40
MAX_ABSENT: Final = 40
THREE: Final = 3


@dataclass(frozen=True, slots=True)
class Assumption:
    """Something that the report takes for granted, and for which thing; both in the report's language."""

    text: str
    where: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a report is made of.

    Args:
        findings: by node; a node that is missing is said to be unknown.
        day: the day of the check; the page has no clock.
        paper: for a renderer of PDF: light, and with colours written out.
        answered: whether the register follows from answers, so that only changed answers are advice: nobody can change a node.
        sealing: how to seal a password by hand, in words; empty where no action asks for it.
        effort: what the changes and absences of the full report may cost.
    """

    register: Register
    findings: Mapping[str, Finding]
    actions: Sequence[Action]
    assumptions: Sequence[Assumption]
    day: datetime.date
    language: Language
    paper: bool = False
    sealing: str = ""
    answered: bool = False
    effort: Effort = field(default_factory=lambda: Effort(exact=200_000, bounded=2_000_000))


def one_page(report: Report) -> str:
    """The page for the board, as a whole HTML document that needs nothing else; a small organisation's fits on one sheet of A4."""
    return render("custody/one_page.html", report.language, **_common(report), kind="one")


def full(report: Report) -> str:
    """The full report, as a whole HTML document that needs nothing else.

    Raises:
        CustodyError: if the findings are of another register.
    """
    words = Words(report.register, report.language)
    facts = facts_of(report.register, report.findings)
    who, reached = widest(report.register, facts)
    picture = draw(report.register, language=report.language, highlight=who or None, title=_picture_title(report, who), paper=report.paper)
    return render(
        "custody/full.html",
        report.language,
        **_common(report),
        kind="full",
        picture=Markup(picture),  # noqa: S704 - SVG of ours, its texts escaped
        reached=reached,
        widest=words.names(who),
        table=rows_of(report.register, words),
        sections=[_section(report, words, found, place) for place, found in enumerate(facts)],
        absences=_absences(report, words, facts),
        absent_left=max(len(_members(report.register)) - MAX_ABSENT, 0),
    )


def widest(register: Register, facts: Sequence[Facts]) -> tuple[tuple[str, ...], int]:
    """The person who alone could take most resources, as a coalition of one, and how many; nobody where nobody could."""
    count: dict[str, int] = {}
    for found in facts:
        for id_ in found.takers.alone if found.takers else ():
            count[id_] = count.get(id_, 0) + 1
    if not count:
        return (), 0
    who = max(register.parties, key=lambda id_: count.get(id_, 0))
    return (who,), count[who]


def _common(report: Report) -> dict[str, object]:
    words, language = Words(report.register, report.language), report.language
    facts = facts_of(report.register, report.findings)
    undeclared = sorted({node.id for node in report.register.nodes.values() if any(way.assumed for way in node.ways)})
    return {
        "paper": report.paper,
        "mark": language.say("For members only"),
        "organisation": clean(report.register.title),
        "day": language.date(report.day),
        "words": words,
        "facts": facts,
        "one_takes": sum(found.one_takes for found in facts),
        "one_locks_out": sum(found.one_locks_out for found in facts),
        "unseen": sum(found.soon is not None and found.soon.unseen is not None for found in facts),
        "incomplete": [found for found in facts if not found.complete],
        "undeclared": undeclared,
        "undeclared_names": words.joined([words.node(id_) for id_ in undeclared[:4]], left=max(len(undeclared) - 4, 0))
        if undeclared
        else "",
        "actions": report.actions,
        "first": report.actions[:THREE],
        "sealing": report.sealing,
        "assumptions": report.assumptions,
    }


def _picture_title(report: Report, who: Sequence[str]) -> str:
    if who:
        return report.language.say("What %(name)s alone could obtain", name=clean(who[0]))
    return report.language.say("Everything we depend on")


@dataclass(frozen=True, slots=True)
class _Power:
    name: str
    finding: Finding | None
    seize: list[Markup]
    seize_more: Markup | None
    lockout: list[Markup]
    lockout_more: Markup | None


@dataclass(frozen=True, slots=True)
class _Section:
    facts: Facts
    anchor: str
    picture: Markup | None
    powers: list[_Power]
    by: Markup
    steps: list[Markup]
    duration: Markup
    fixes: list[tuple[Markup, Markup]]
    fixes_complete: bool | None


def _section(report: Report, words: Words, facts: Facts, place: int) -> _Section:
    register, language = report.register, report.language
    path, by = None, _smallest(facts)
    if by:
        path = explain(register, facts.resource.take, by).quickest
    targets = [facts.resource.take, *(node for node in facts.resource.powers.values() if node != facts.resource.take)]
    title = language.say("%(resource)s: who and what it hangs on", resource=facts.resource.name)
    picture = draw(register, language=language, highlight=by or None, targets=targets, title=title, paper=report.paper)
    advice = None if report.answered else advise(register, facts.resource.take, effort=report.effort)
    fixes = [*advice.seize[:SHOWN_FIXES], *advice.lockout[:1]] if advice else []
    return _Section(
        facts,
        f"r{place + 1}",
        Markup(picture) if place < MAX_PICTURES else None,  # noqa: S704 - SVG of ours, its texts escaped
        [_power(report, words, power, node) for power, node in facts.resource.powers.items()],
        words.coalition(by),
        [words.step(step) for step in path.steps] if path else [],
        words.duration(path) if path else Markup(),
        [fix_words(words, fix) for fix in fixes],
        advice.complete if advice else None,
    )


def _smallest(facts: Facts) -> tuple[str, ...]:
    """The coalition whose path is shown: people first, then people with a platform's help."""
    if facts.takers is None:
        return ()
    if facts.takers.people:
        return facts.takers.people[0]
    return next(((person, *platforms) for person, platforms in facts.takers.helped), ())


def _power(report: Report, words: Words, power: str, node: str) -> _Power:
    name, finding = power_words(power, report.language) if power else "", report.findings.get(node)
    if finding is None:
        return _Power(name, None, [], None, [], None)
    seize, lockout = finding.seize.sets[:SHOWN_SETS], finding.lockout.sets[:SHOWN_SETS]
    return _Power(
        name,
        finding,
        [words.coalition(found) for found in seize],
        words.more(finding.seize, len(seize)),
        [words.coalition(found) for found in lockout],
        words.more(finding.lockout, len(lockout)),
    )


def _members(register: Register) -> list[str]:
    return [party.id for party in register.parties.values() if party_sort(party) in ("member", "group")]


def _absences(report: Report, words: Words, facts: Sequence[Facts]) -> list[tuple[Markup, Markup | None, Markup | None]]:
    """For each member: what would be out of reach without them, and what one more loss would then cost."""
    lines = []
    targets = list(dict.fromkeys(found.resource.use for found in facts))
    names = {found.resource.use: found.resource.name for found in facts}
    for id_ in _members(report.register)[:MAX_ABSENT]:
        found = analyse(report.register, targets, without=[id_], size=1, effort=report.effort) if targets else {}
        lost = [names[target] for target, finding in found.items() if finding.lockout.sets == ((),)]
        thin = [names[target] for target, finding in found.items() if any(len(one) == 1 for one in finding.lockout.sets)]
        lines.append((words.names([id_]), words.names(lost, most=20) if lost else None, words.names(thin, most=20) if thin else None))
    return lines
