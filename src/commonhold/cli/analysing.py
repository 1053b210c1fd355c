"""``commonhold charter analyse``: how few people each kind of decision takes, by its rule and on any route (docs/formats/charter.md, "The analysis")."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import click

from commonhold.cli.options import json_option
from commonhold.cli.output import emit, note, printable, table
from commonhold.kernel.charter import load_charter
from commonhold.kernel.charter.analysis import custody_register, powers
from commonhold.kernel.charter.routes import Fewest, KindAnswer, count_kinds
from commonhold.kernel.charter.rules import Charter
from commonhold.kernel.charter.seating import Seating, seat_everybody, seat_named
from commonhold.kernel.custody import Answer, Effort, Register, explain, minimal_sets
from commonhold.kernel.custody import Path as Steps
from commonhold.kernel.errors import RuleError

USUAL_MEMBERS: Final = 12
LISTED: Final = 12
MOST_NAMED: Final = 200
"""Members up to which coalitions are looked for by name; more are only counted."""
EFFORT: Final = Effort(exact=200_000, bounded=2_000_000, listed=2_000)


@click.command("analyse")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--members",
    "count",
    type=click.IntRange(1, 1_000_000),
    help=f"Analyse for so many members, every seat filled; {USUAL_MEMBERS} if not said.",
)
@click.option("--member", "names", multiple=True, metavar="NAME", help="A member by name, once for each, in place of a number.")
@click.option("--seat", "seats", multiple=True, metavar="OFFICE=NAME", help="Who holds a seat, once for each.")
@click.option("--kind", metavar="KIND", help="Show one kind of decision: who could bring it about, and step by step how.")
@json_option
def command(folder: Path, count: int | None, names: tuple[str, ...], seats: tuple[str, ...], kind: str | None, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Say how few people each kind of decision takes under the charter in FOLDER, by its own rule and on any route through others.

    Whoever can admit members, recover keys, expel, appoint or choose the witnesses can in the end decide other things, too. In an
    organisation's folder its real members and seats are taken, unless others are given.
    """
    from commonhold.cli.charter import load_charter_folder  # noqa: PLC0415 - the group that this verb belongs to imports it

    if count is not None and (names or seats):
        raise click.UsageError("give --members or --member and --seat, not both")
    real = None
    if count is None and not names and not seats and (folder / "record").is_dir() and not (folder / "charter.md").exists():
        charter, real = _of_record(folder)
    else:
        charter = load_charter(load_charter_folder(folder).value)
    seating = real or (seat_named(charter, names, _seats(seats)) if names or seats else seat_everybody(charter, count or USUAL_MEMBERS))
    found = powers(charter, seating)
    answers = count_kinds(charter, seating, found)
    value: dict[str, Any] = {"charter": charter.name, "digest": charter.digest.hex(), "members": seating.members}
    if kind is None:
        value["kinds"] = [_answer_json(seating, answer) for answer in answers]
        emit(as_json, value, lambda: _all_kinds(charter, seating, answers))
        return
    wanted = [answer for answer in answers if kind in (answer.kind, answer.rule.name, _shown(answer))]
    if not wanted:
        known = ", ".join(sorted({answer.kind for answer in answers}))
        raise RuleError(
            f"the charter has no rule for {kind[:64]!r} that can be analysed",
            code="charter/no-rule-for-kind",
            next_step=f"It has rules for: {known or 'nothing'}.",
        )
    register = custody_register(charter, seating, found) if seating.members <= MOST_NAMED else None
    shown, lines = [], []
    for answer in wanted:
        sets = minimal_sets(register, answer.name, effort=EFFORT) if register is not None else None
        by = sets.sets[0] if sets is not None and sets.sets else _example(seating, answer.fewest)
        path = explain(register, answer.name, by).quickest if register is not None and by else None
        shown.append({**_answer_json(seating, answer), "coalitions": _sets_json(sets), "steps": _steps_json(path)})
        lines += [*_one_kind(seating, answer, sets), *_steps(register, by, path), ""]
    emit(as_json, {**value, "kinds": shown}, lambda: "\n".join(lines).rstrip())


def _of_record(folder: Path) -> tuple[Charter, Seating]:
    from commonhold.cli.reading import read_place  # noqa: PLC0415 - a charter in a folder of its own needs no record

    state = read_place(folder).state
    if state.clock is None:
        note("note: this house has no partners yet, so a majority stands in for every wait; the analysis is of the house with partners")
    members = [name for name, member in state.active_members() if member.kit]
    holders = {office: sorted(names & set(members)) for office, names in state.holders.items() if office in state.charter.offices}
    return state.charter, seat_named(state.charter, sorted(members), holders)


def _seats(given: Iterable[str]) -> dict[str, list[str]]:
    seats: dict[str, list[str]] = {}
    for text in given:
        office, equals, name = text.partition("=")
        if not equals or not office or not name:
            raise click.UsageError(f"--seat takes OFFICE=NAME, such as chair=heron, and not {text!r}")
        seats.setdefault(office, []).append(name)
    return seats


# --------------------------------------------------------------------------------------------------------------------- words


def _all_kinds(charter: Charter, seating: Seating, answers: Sequence[KindAnswer]) -> str:
    rows = [
        (
            _shown(answer),
            answer.rule.article or "(none)",
            _people(answer.direct),
            _people(answer.fewest) if answer.cheaper else "-",
            _route(answers, answer.fewest) if answer.cheaper else "-",
            _time(answer.fewest),
        )
        for answer in answers
    ]
    rules = table(("Decision", "Article", "By its rule", "By a route", "The route", "Earliest"), rows)
    lines = [
        f"Charter {charter.name}, {seating.members} members: how few people can bring about each decision, if they act together.",
        "",
        rules if rows else "There is no rule that this version can apply.",
        "",
        "Everything is an entry in the record, so others see a step that takes days while they can still answer it.",
        "One kind step by step: add --kind KIND. It speaks of what people could do, and never of what they intend.",
    ]
    if unusable := sorted(name for name, rule in charter.rules.items() if rule.unusable):
        lines.append(f"Not analysed, since this version cannot apply them: {', '.join(unusable)}.")
    return printable("\n".join(lines), multiline=True)


def _one_kind(seating: Seating, answer: KindAnswer, sets: Answer | None) -> list[str]:
    title = f"{_shown(answer)} (article {answer.rule.article or '(none)'}), {seating.members} members"
    lines = [title, f"  by its rule   {_people(answer.direct)}{_mix(seating, answer.direct)}"]
    if answer.cheaper:
        lines.append(f"  by a route    {_people(answer.fewest)}{_mix(seating, answer.fewest)}, {_time(answer.fewest)}")
    if sets is None:
        lines.append(f"  who           people are listed by name up to {MOST_NAMED} members")
    else:
        lines += [f"  {'who' if not place else '':<13} {' + '.join(one)}" for place, one in enumerate(sets.sets[:LISTED])]
        if len(sets.sets) > LISTED:
            lines.append(f"  {'':<13} and {len(sets.sets) - LISTED} more of those that are known (--json lists them)")
        if sets.up_to is not None:
            lines.append(f"  {'':<13} sets of more than {sets.up_to} people are not listed: how many there are is unknown")
    return [printable(line) for line in lines]


def _steps(register: Register | None, by: Iterable[str], path: Steps | None) -> list[str]:
    if register is None or path is None:
        return []
    lines = [f"  so            {' + '.join(by)} can do it{'' if not path.days else f' in {path.days:g} days at the earliest'}:"]
    for number, step in enumerate(path.steps, 1):
        days = f", day {step.begins:g} to {step.ends:g}, others see it" if step.visible else ""
        needs = [register.nodes[need].label if need in register.nodes else need for need in step.needs]
        lines.append(f"    {number}. {register.nodes[step.node].label}: {step.via} ({', '.join(needs) or 'nobody'}){days}")
    return [printable(line) for line in lines]


def _shown(answer: KindAnswer) -> str:
    return answer.kind if answer.rule.name == answer.kind else answer.name.removeprefix("decision.")


def _people(fewest: Fewest | None) -> str:
    if fewest is None:
        return "nobody"
    return f"{'' if fewest.exact else 'at least '}{fewest.people}"


def _time(fewest: Fewest | None) -> str:
    if fewest is None:
        return "-"
    return f"{fewest.days:g} days" if fewest.days else "at once"


def _route(answers: Iterable[KindAnswer], fewest: Fewest | None) -> str:
    shown = {answer.name: f"{_shown(answer)} ({answer.rule.article or 'no article'})" for answer in answers}
    return ", ".join(shown.get(name, name.replace(".", " ")) for name in fewest.decisions) if fewest is not None else ""


def _example(seating: Seating, fewest: Fewest | None) -> tuple[str, ...]:
    if fewest is None or not fewest.exact:
        return ()
    return tuple(name for group, count in zip(seating.groups, fewest.who, strict=True) for name in group.people(count))


def _mix(seating: Seating, fewest: Fewest | None) -> str:
    if fewest is None or not fewest.who:
        return ""
    pairs = zip(seating.groups, fewest.who, strict=True)
    words = [f"{count} {' and '.join(sorted(group.offices)) or 'without an office'}" for group, count in pairs if count]
    return f", such as {' + '.join(words)}"


# ---------------------------------------------------------------------------------------------------------------------- json


def _answer_json(seating: Seating, answer: KindAnswer) -> dict[str, Any]:
    return {
        "decision": answer.name.removeprefix("decision."),
        "kind": answer.kind,
        "rule": answer.rule.name,
        "article": answer.rule.article,
        "direct": _fewest_json(seating, answer.direct),
        "fewest": _fewest_json(seating, answer.fewest),
        "cheaper_route": answer.cheaper,
    }


def _fewest_json(seating: Seating, fewest: Fewest | None) -> dict[str, Any]:
    """What is known about the fewest people; empty where nobody can bring it about."""
    if fewest is None:
        return {}
    return {
        "people": fewest.people,
        "exact": fewest.exact,
        "days": fewest.days,
        "seen": fewest.days > 0,
        "through": [name.partition(".")[2] for name in fewest.decisions],
        "steps": list(fewest.steps),
        "such_as": [
            {"offices": sorted(group.offices), "people": count}
            for group, count in zip(seating.groups, fewest.who or (0,) * len(seating.groups), strict=True)
            if count
        ],
    }


def _sets_json(sets: Answer | None) -> dict[str, Any]:
    if sets is None:
        return {"sets": [], "complete": False, "up_to": 0}
    value: dict[str, Any] = {"sets": [list(one) for one in sets.sets], "complete": sets.complete}
    return value if sets.up_to is None else {**value, "up_to": sets.up_to}


def _steps_json(path: Steps | None) -> list[dict[str, Any]]:
    steps = path.steps if path is not None else ()
    return [{"node": s.node, "via": s.via, "needs": list(s.needs), "begins": s.begins, "ends": s.ends, "visible": s.visible} for s in steps]
