"""The report of an interview: the same pages as for any register, with the plan's steps as actions and every assumption named."""

from __future__ import annotations

import datetime

from commonhold.kernel.custody import analyse
from commonhold.kernel.custody.interview import Interview, Plan, compile_register
from commonhold.kernel.custody.interview.building import Open
from commonhold.kernel.custody.interview.kinds import KINDS
from commonhold.kernel.errors import CustodyError
from commonhold.pages.custody import Action, Assumption, Report
from commonhold.pages.interview.wording import how_to_seal, names_of, step_in_words
from commonhold.pages.language import Language


def report_of(interview: Interview, plan: Plan, language: Language, day: datetime.date, *, paper: bool = False) -> Report:
    """What a report of these answers is made of.

    Raises:
        CustodyError: if there is nothing to report on.
    """
    if not interview.things:
        raise CustodyError(
            "this interview names nothing yet that could be taken",
            code="custody/no-resource",
            next_step="Name the things that you have first.",
        )
    compiled = compile_register(interview, language.plainly)
    targets = [node.id for node in compiled.register.nodes.values() if node.kind == "resource"]
    actions = []
    for step in plan.steps:
        said = step_in_words(language, step)
        actions.append(Action(" ".join(said["texts"]), " ".join(said["effects"])))
    names = names_of(interview)
    assumptions = [Assumption(taken.text, names[taken.thing]) for taken in compiled.assumptions if taken.holds]
    assumptions += [_not_looked_up(interview, item, language) for item in compiled.open]
    findings = analyse(compiled.register, targets) if targets else {}
    return Report(
        compiled.register,
        findings,
        actions,
        assumptions,
        day,
        language,
        paper=paper,
        sealing=how_to_seal(language, plan.steps),
        answered=True,
    )


def _not_looked_up(interview: Interview, item: Open, language: Language) -> Assumption:
    thing = interview.thing(item.thing)
    asked = KINDS[thing.kind].question(item.question) if thing else None
    name = thing.name if thing else ""
    question = language.plainly(asked.text, name=name) if asked else ""
    return Assumption(
        language.say("Not looked up yet, so each holder counts as able to take it alone: %(question)s", question=question), name
    )
