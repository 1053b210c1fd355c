"""The interview's findings in sentences: who could, who would be missed, what a step brings. Powers, never intentions; and never "safe"."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from commonhold.kernel.custody.interview import Interview, Standing, Step, Thing
from commonhold.kernel.custody.interview.answers import TOGETHER
from commonhold.kernel.custody.interview.building import SOMEBODY
from commonhold.kernel.messages import N_
from commonhold.pages.language import Language


def follows(language: Language, thing: Thing, found: Standing) -> list[str]:
    """What the answers about one thing amount to, in two to four sentences."""
    takers, use = found.takers[f"{thing.name}.exclusive"], found.losses[f"{thing.name}.use"]
    lines = [_takers(language, takers)]
    if use is None:
        lines.append(language.say("As far as these answers say, none of you can use it today."))
    elif use:
        lines.append(
            _each(
                language,
                use,
                N_("Without %(names)s, nobody of you could use it any more."),
                N_("Without any one of %(names)s, nobody of you could use it any more."),
            )
        )
    control = found.losses[f"{thing.name}.exclusive"]
    if control is None and use is not None:
        lines.append(language.say("None of you can decide today who else has access."))
    elif control and control != use:
        lines.append(
            _each(
                language,
                control,
                N_("Without %(names)s, nobody of you could decide who has access."),
                N_("Without any one of %(names)s, nobody of you could decide who has access."),
            )
        )
    if not use and use is not None and not control and control is not None:
        lines.append(language.say("You would keep it if any one person were gone."))
    if destroyers := found.takers.get(f"{thing.name}.destroy", ()):
        lines.append(
            _each(
                language,
                destroyers,
                N_("%(names)s alone could destroy what is in it."),
                N_("Each of %(names)s alone could destroy what is in it."),
            )
        )
    return lines


def row(language: Language, thing: Thing, found: Standing) -> Mapping[str, Any]:
    """One line of the result's table."""
    takers = found.takers[f"{thing.name}.exclusive"]
    named = [_marked(language, name, found) for name in takers]
    losses = [found.losses[f"{thing.name}.{part}"] for part in ("use", "exclusive")]
    if any(lost is None for lost in losses):
        missed = language.say("Nobody of you has it today")
    else:
        names = dict.fromkeys(name for lost in losses for name in lost or ())
        missed = _names(language, names, either=True) if names else language.say("Nobody's alone")
    return {
        "kind": thing.kind,
        "screen": thing.id,
        "name": thing.name,
        "taken": bool(takers),
        "takers": _names(language, named, either=True) if takers else language.say("Nobody alone"),
        "lost": any(lost != () for lost in losses),
        "losses": missed,
    }


def _marked(language: Language, name: str, found: Standing) -> str:
    """A taker, and that they are not one of us today."""
    outside = name in found.outside and name != SOMEBODY
    return f"{name} ({language.plainly('not with us today')})" if outside else name


def step_in_words(language: Language, step: Step) -> Mapping[str, list[str]]:
    """What to do, and what it brings."""
    return {"texts": list(_texts(language, step)), "effects": list(_effects(language, step))}


def how_to_seal(language: Language, steps: Iterable[Step]) -> str:
    """How people seal a password with paper alone, where one of the steps asks for it; otherwise nothing."""
    if not any(TOGETHER in tokens for step in steps for remedy in step.remedies for _, _, tokens in remedy.changes):
        return ""
    return language.say(
        "To seal a password with nothing but paper, three people sit down together. Each makes up one part of a new long password, and they type the parts in one after another, unseen by the others. Each keeps their own part in writing and gives a copy of it to the person on their left. Any two then have all of it, and nobody has it alone. Two people keep one half each."
    )


def _texts(language: Language, step: Step) -> Iterator[str]:
    for remedy in step.remedies:
        names = {person.id: person.name for person in step.then.people}
        thing, other = step.then.thing(remedy.thing), step.then.thing(remedy.other)
        people = language.listed([names[id_] for id_ in remedy.people])
        yield language.say(remedy.text, thing=thing.name if thing else "", other=other.name if other else "", people=people)


def _effects(language: Language, step: Step) -> Iterator[str]:
    before, after = step.before, step.after
    for thing in step.then.things:
        node = f"{thing.name}.exclusive"
        had, have = before.takers[node], after.takers[node]
        if had and not have:
            yield language.say("Then nobody alone could shut the others out of %(thing)s.", thing=thing.name)
        elif gone := [name for name in had if name not in have]:
            one, many = (
                N_("Then %(names)s alone could no longer take %(thing)s."),
                N_("Then none of %(names)s alone could take %(thing)s any more."),
            )
            yield language.say(one if len(gone) == 1 else many, thing=thing.name, names=_names(language, gone))
        missed = [found for found in _losses(before, thing) if found]
        if missed and not any(_losses(after, thing)):
            yield language.say("Then you would keep %(thing)s if any one person were gone.", thing=thing.name)
    if step.hoped:
        yield language.say("This holds if what you look up leads to nobody else. If it does, enter it here, and look at the result again.")
    yield language.say(
        "How many things one alone could take: %(before)s before, %(after)s after.", before=len(before.taken()), after=len(after.taken())
    )


def _losses(found: Standing, thing: Thing) -> list[bool]:
    return [found.losses[f"{thing.name}.{part}"] != () for part in ("use", "exclusive")]


def _takers(language: Language, takers: tuple[str, ...]) -> str:
    if not takers:
        return language.say("Nobody alone could shut all the others out.")
    return _each(
        language, takers, N_("%(names)s alone could shut all the others out."), N_("Each of %(names)s alone could shut all the others out.")
    )


def _each(language: Language, names: tuple[str, ...], one: str, many: str) -> str:
    return language.say(one if len(names) == 1 else many, names=_names(language, names))


def _names(language: Language, names: Iterable[str], *, either: bool = False) -> str:
    # A plan is worked out once for all languages, so whoever has no name in it has the English one.
    return language.listed((language.say(name) if name == SOMEBODY else name for name in names), either=either)


def names_of(interview: Interview) -> Mapping[str, str]:
    """The names of people and things by their ids."""
    return {**{person.id: person.name for person in interview.people}, **{thing.id: thing.name for thing in interview.things}}
