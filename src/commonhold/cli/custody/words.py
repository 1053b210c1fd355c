"""What ``commonhold custody`` says at a terminal: analyses, paths and fixes in words, and in their JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from commonhold.cli.output import printable
from commonhold.kernel.custody import Answer, Change, Explanation, Finding, Fix, Path, Register, Visits, as_json, in_words
from commonhold.kernel.custody.register import TOGETHER

MEMBERS_ONLY: Final = "For members only: this is a map for burglars. It speaks of what people could do, and never of what they intend."
SHOWN: Final = 12


def title(register: Register, target: str) -> str:
    """A node by its id and what people call it."""
    label = register.nodes[target].label
    return printable(target if label == target else f"{target} ({label})")


def _people(count: int) -> str:
    return "1 party" if count == 1 else f"{count} parties"


def at_least(answer: Answer) -> str:
    """How many parties it takes; never more certain than the analysis."""
    if answer.at_least is None:
        return "nobody"
    if answer.smallest is not None:
        return "nobody's act at all" if answer.smallest == 0 else _people(answer.smallest)
    return f"at least {_people(answer.at_least)} (unknown)"


def analysed(register: Register, findings: Iterable[Finding], visits: Mapping[str, Visits] | None = None) -> list[str]:
    """What an analysis found, target by target, and where one visit is enough."""
    lines = [MEMBERS_ONLY]
    # Powers over resources first: the rest is there to explain them.
    for finding in sorted(findings, key=lambda item: register.nodes[item.target].kind != "resource"):
        lines += ["", title(register, finding.target)]
        lines += _listed(finding.seize, "can be taken by", "can be taken by nobody", "can be obtained by anybody, with nobody's help")
        lines += _listed(
            finding.lockout, "is lost with", "cannot be lost to the organisation", "is out of the organisation's reach already"
        )
        if any(way.via == TOGETHER for way in register.nodes[finding.target].ways):
            lines.append("  its custodians need no release for it: whoever of them agree open it, and nothing stops them")
        if found := (visits or {}).get(finding.target):
            lines += [
                f"  one visit is enough: {printable(place)} ({', '.join(map(printable, people))})" for place, people in found.places.items()
            ]
            lines += [] if found.known else ["  whether one visit is enough is unknown"]
    return lines


def visits_json(found: Visits | None) -> dict[str, object]:
    """The part of a target in ``custody analyse --json`` that says where one visit is enough; nothing where the register names no places."""
    if found is None:
        return {}
    return {
        "one_visit": {place: list(people) for place, people in found.places.items()},
        **({} if found.known else {"one_visit_unknown": True}),
    }


def _listed(answer: Answer, by: str, never: str, always: str) -> list[str]:
    if answer.sets == ((),):
        return [f"  {always}"]
    if not answer.sets and answer.complete:
        return [f"  {never}"]
    lines = [f"  {by}"] + [f"    {' + '.join(map(printable, found))}" for found in answer.sets[:SHOWN]]
    if len(answer.sets) > SHOWN:
        lines.append(f"    ... and {len(answer.sets) - SHOWN} more sets (--json lists them)")
    if answer.up_to is not None:
        known = f"{answer.count} sets altogether" if answer.count is not None else "how many there are is unknown"
        larger = f"larger sets than {_people(answer.up_to)} are not listed; {known}"
        lines.append(f"    at least {_people(answer.up_to + 1)}: {larger}" if not answer.sets else f"    {larger}")
    return lines


def explained(register: Register, found: Explanation) -> list[str]:
    """What a coalition could do, step by step."""
    who = " + ".join(map(printable, found.by)) or "nobody"
    lines = [MEMBERS_ONLY, ""]
    if found.quickest is None:
        lines.append(f"{who} cannot obtain {title(register, found.target)}.")
        lines += [f"  way {place}, {printable(text)}" for place, text in enumerate(found.missing, 1)] or ["  it has no way to be obtained"]
        return lines
    lines.append(f"{who} can obtain {title(register, found.target)}{_when(found.quickest)}:")
    lines += _steps(register, found.quickest)
    if found.quickest.warning is not None:
        lines.append("")
        if found.quiet is None:
            lines.append("There is no path on which nothing can be seen.")
        else:
            lines += [f"Without anything that others could see{_when(found.quiet)}:", *_steps(register, found.quiet)]
    return lines


def _when(path: Path) -> str:
    time = f" in {_days(path.days)} at the earliest" if path.days else " at once"
    return time if path.warning is None else f"{time}, with {_days(path.warning)} of warning"


def _days(count: float) -> str:
    return "1 day" if count == 1 else f"{count:g} days"


def _steps(register: Register, path: Path) -> list[str]:
    lines = []
    for number, step in enumerate(path.steps, 1):
        needs = ", ".join(map(printable, step.needs)) or "nothing"
        marks = [f"day {step.begins:g} to {step.ends:g}"] if step.ends > step.begins else []
        marks += ["others can see it"] if step.visible else []
        marks += ["assumed: nobody declared it"] if step.assumed else []
        via = f", {printable(step.via)}" if step.via and not step.assumed else ""
        lines.append(f"  {number}. {title(register, step.node)} from {needs}{via}{_marked(marks)}")
    return lines


def _marked(marks: Sequence[str]) -> str:
    return f" ({'; '.join(marks)})" if marks else ""


def path_json(path: Path | None) -> dict[str, object] | None:
    """A path in the form of ``custody explain --json``."""
    if path is None:
        return None
    steps = [
        {
            "node": step.node,
            "via": step.via,
            "needs": list(step.needs),
            "begins": step.begins,
            "ends": step.ends,
            "visible": step.visible,
            "assumed": step.assumed,
        }
        for step in path.steps
    ]
    return {"days": path.days, "warning": path.warning, "steps": steps}


def fix_json(fix: Fix) -> dict[str, object]:
    """A fix in the form of ``custody fix --json``."""
    return {
        "text": "; ".join(map(_changed, fix.changes)),
        "replace": [as_json(change.node) for change in fix.changes],
        "after": fix.after.as_json(),
    }


def fixed(fix: Fix) -> Sequence[str]:
    """A fix in two lines: what to change, and what then holds."""
    then = f"then taken by {at_least(fix.after.seize)}; lost with {at_least(fix.after.lockout)}"
    return [f"    - {printable('; and '.join(map(_changed, fix.changes)))}", f"      {then}"]


def planned(steps: Sequence[Mapping[str, Sequence[str]]], *, complete: bool) -> list[str]:
    """What an interview's answers say should be done first, and what each step brings."""
    lines = [MEMBERS_ONLY]
    for number, step in enumerate(steps, 1):
        lines += ["", *(f"{'   ' if place else f'{number}. '}{printable(text)}" for place, text in enumerate(step["texts"]))]
        lines += [f"   - {printable(text)}" for text in step["effects"]]
    if not steps:
        lines += ["", "No change of the kinds that were tried helps." if complete else "Unknown: none was found in the time."]
    return lines


def _changed(change: Change) -> str:
    name = change.node.id
    way = f"the way {change.way_text!r}" if change.way_text else "its way"
    if change.kind == "close":
        return f"{name}: close {way}"
    if change.kind in ("seal", "copy"):
        words = ", ".join(map(in_words, change.node.ways[-1].all))
        return f"{name}: {'seal it, and open it only' if change.kind == 'seal' else 'keep a sealed copy of it, opened'} with {words}"
    needs = ", ".join(map(in_words, change.node.ways[change.way].all))
    return f"{name}: let {way} need {needs}"
