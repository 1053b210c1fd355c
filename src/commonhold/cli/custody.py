"""``commonhold custody``: who could take what the organisation depends on, whose loss locks it out, and what helps (docs/formats/custody-register.md).

The register is a burglar's map. Nothing of it leaves this machine here, and every report says who may see it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import click

from commonhold.cli.inputs import read_input
from commonhold.cli.options import json_option
from commonhold.cli.output import json_text, note, printable
from commonhold.kernel.custody import (
    Answer,
    Change,
    Effort,
    Explanation,
    Finding,
    Fix,
    Path,
    Register,
    advise,
    analyse,
    as_json,
    explain,
    in_words,
    minimal_sets,
    parse_openpsa,
    parse_register,
)
from commonhold.kernel.custody.openpsa import MAX_BYTES as MAX_TREE
from commonhold.kernel.custody.registerfile import MAX_BYTES
from commonhold.kernel.errors import CustodyError

MEMBERS_ONLY: Final = "For members only: this is a map for burglars. It speaks of what people could do, and never of what they intend."
SHOWN: Final = 12
# Diagrams are as deep as there are parties. Python's own frames lie on the heap, so this costs memory and no stack.
DEPTH: Final = 300_000


@click.group("custody")
def command() -> None:
    """Find out who could take a page, a domain or a mailbox, and whose loss would lock everybody out.

    A register says what it takes to obtain each of them; see docs/formats/custody-register.md. Nothing is uploaded.
    """


def _names(_context: click.Context, _parameter: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    return None if value is None else tuple(name for part in value.split(",") if (name := part.strip()))


register_argument = click.argument("register", metavar="REGISTER.json", type=click.Path(allow_dash=True))
target_option = click.option("--target", "targets", multiple=True, metavar="T", help="A node to ask about; repeat it for several.")


@command.command("analyse")
@register_argument
@target_option
@click.option("--among", callback=_names, metavar="A,B,...", help="Only these parties act together; otherwise anybody may.")
@click.option("--without", callback=_names, metavar="A,B,...", help="Ask as if these parties were gone.")
@click.option("--size", type=click.IntRange(1, 12), help="Look for sets of at most this many parties; fast in any register.")
@click.option(
    "--effort", type=click.IntRange(1, 1000), default=1, show_default=True, help="Work this many times as long before saying unknown."
)
@json_option
def analyse_command(
    register: str,
    targets: tuple[str, ...],
    among: tuple[str, ...] | None,
    without: tuple[str, ...] | None,
    size: int | None,
    effort: int,
    as_json: bool,  # noqa: FBT001 - click passes flags so
) -> None:
    """List every minimal set of parties that could take a node, and every one whose loss locks the organisation out.

    Without --target, all nodes are asked about. Where an answer is not complete it says how far it reaches: it lists all sets up to a size,
    and larger ones are unknown.
    """
    read = _register(register)
    with _deep():
        found = analyse(read, targets, among=among, without=without or (), size=size, effort=_effort(effort))
    if as_json:
        click.echo(json_text({"targets": {target: finding.as_json() for target, finding in found.items()}}))
        return
    click.echo("\n".join(_analysed(read, found.values())))


@command.command("explain")
@register_argument
@click.argument("target", metavar="T")
@click.option("--by", required=True, callback=_names, metavar="A,B,...", help="The parties that act together.")
@json_option
def explain_command(register: str, target: str, by: tuple[str, ...], as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Say step by step how some parties together could obtain T, how soon, and how long before its end others could see it."""
    read = _register(register)
    found = explain(read, target, by)
    if as_json:
        value = {
            "target": found.target,
            "by": list(found.by),
            "possible": found.quickest is not None,
            "quickest": _path_json(found.quickest),
            "quiet": _path_json(found.quiet),
            "missing": list(found.missing),
        }
        click.echo(json_text({"ok": True, **value}))
        return
    click.echo("\n".join(_explained(read, found)))


@command.command("fix")
@register_argument
@target_option
@click.option("--show", type=click.IntRange(1, 50), default=3, show_default=True, help="How many fixes of each kind to show.")
@json_option
def fix_command(register: str, targets: tuple[str, ...], show: int, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Find the changes that raise most how many people it takes, each with the result computed anew.

    Without --target, all nodes of the kind "resource" are asked about.
    """
    read = _register(register)
    wanted = read.require_nodes(targets) or tuple(node.id for node in read.nodes.values() if node.kind == "resource")
    if not wanted:
        raise CustodyError("the register has no resource", code="custody/no-resource", next_step="Name a node with --target.")
    with _deep():
        found = {target: advise(read, target) for target in wanted}
    if as_json:
        value = {
            target: {
                "before": advice.before.as_json(),
                "seize": [_fix_json(fix) for fix in advice.seize[:show]],
                "lockout": [_fix_json(fix) for fix in advice.lockout[:show]],
                "complete": advice.complete,
            }
            for target, advice in found.items()
        }
        click.echo(json_text({"ok": True, "targets": value}))
        return
    lines = [MEMBERS_ONLY]
    for target, advice in found.items():
        lines += [
            "",
            _title(read, target),
            f"  now: taken by {_at_least(advice.before.seize)}; lost with {_at_least(advice.before.lockout)}",
        ]
        for heading, fixes in (("against being taken", advice.seize), ("against being locked out", advice.lockout)):
            lines += [f"  {heading}:"] + [line for fix in fixes[:show] for line in _fixed(fix)]
            lines += (
                []
                if fixes
                else ["    no change of the kinds that were tried helps" if advice.complete else "    unknown: none was found in the time"]
            )
    click.echo("\n".join(lines))


@command.command("import-openpsa")
@click.argument("tree", metavar="TREE.xml", type=click.Path(allow_dash=True))
@click.option("--count", is_flag=True, help="Only count the minimal sets.")
@click.option("--top", metavar="GATE", help="The top event; needed where the tree has several.")
@click.option(
    "--effort", type=click.IntRange(1, 1000), default=8, show_default=True, help="Work this many times as long before saying unknown."
)
@json_option
def import_openpsa(tree: str, count: bool, top: str | None, effort: int, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Read an Open-PSA fault tree and list, or count, the minimal sets of its top event.

    A cut set of a fault tree is a coalition that takes its top event; the published counts of known trees test the engine.
    """
    read, tops = parse_openpsa(read_input(tree, max_size=MAX_TREE, what="a fault tree"))
    if top is None and len(tops) > 1:
        few = ", ".join(map(repr, tops[:5]))
        raise CustodyError(f"the tree has {len(tops)} top events: {few}", code="custody/tops", next_step="Name one with --top.")
    with _deep():
        found = minimal_sets(read, top or tops[0], effort=Effort(exact=1_000_000 * effort, listed=0 if count else 1_000_000))
    if count and found.count is None:
        raise CustodyError(
            "how many minimal sets there are is unknown: there is more to compute than this effort allows",
            code="custody/unknown",
            next_step="Try again with a larger --effort.",
        )
    if count:
        click.echo(json_text({"minimal_sets": found.count}) if as_json else f"{found.count} minimal sets")
    elif as_json:
        more = {} if found.complete else {"up_to": found.up_to, "count": found.count}
        sets = [list(one) for one in found.sets]
        click.echo(json_text({"target": top or tops[0], "minimal_sets": sets, "complete": found.complete, **more}))
    else:
        click.echo("\n".join([printable(" ".join(one)) for one in found.sets]))
        note(
            f"{len(found.sets)} minimal sets"
            if found.complete
            else f"{len(found.sets)} minimal sets of at most {found.up_to}; more are unknown"
        )


# ------------------------------------------------------------------------------------------------------------------- reading


def _register(place: str) -> Register:
    read = parse_register(read_input(place, max_size=MAX_BYTES, what="a custody register"))
    for remark in read.notes[:20]:
        note(f"note: {remark}")
    if len(read.notes) > 20:
        note(f"note: and {len(read.notes) - 20} more remarks")
    return read


def _effort(times: int) -> Effort:
    usual = Effort()
    return Effort(exact=usual.exact * times, bounded=usual.bounded * times)


@contextmanager
def _deep() -> Iterator[None]:
    """Room for diagrams over many parties; set after everything has been parsed, for parsers written in C recurse on the stack."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, DEPTH))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


# --------------------------------------------------------------------------------------------------------------------- words


def _title(register: Register, target: str) -> str:
    label = register.nodes[target].label
    return printable(target if label == target else f"{target} ({label})")


def _people(count: int) -> str:
    return "1 party" if count == 1 else f"{count} parties"


def _at_least(answer: Answer) -> str:
    if answer.at_least is None:
        return "nobody"
    if answer.smallest is not None:
        return "nobody's act at all" if answer.smallest == 0 else _people(answer.smallest)
    return f"at least {_people(answer.at_least)} (unknown)"


def _analysed(register: Register, findings: Iterable[Finding]) -> list[str]:
    lines = [MEMBERS_ONLY]
    # Powers over resources first: the rest is there to explain them.
    for finding in sorted(findings, key=lambda item: register.nodes[item.target].kind != "resource"):
        lines += ["", _title(register, finding.target)]
        lines += _listed(finding.seize, "can be taken by", "can be taken by nobody", "can be obtained by anybody, with nobody's help")
        lines += _listed(
            finding.lockout, "is lost with", "cannot be lost to the organisation", "is out of the organisation's reach already"
        )
    return lines


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


def _explained(register: Register, found: Explanation) -> list[str]:
    who = " + ".join(map(printable, found.by)) or "nobody"
    lines = [MEMBERS_ONLY, ""]
    if found.quickest is None:
        lines.append(f"{who} cannot obtain {_title(register, found.target)}.")
        lines += [f"  way {place}, {printable(text)}" for place, text in enumerate(found.missing, 1)] or ["  it has no way to be obtained"]
        return lines
    lines.append(f"{who} can obtain {_title(register, found.target)}{_when(found.quickest)}:")
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
        lines.append(f"  {number}. {_title(register, step.node)} from {needs}{via}{_marked(marks)}")
    return lines


def _marked(marks: Sequence[str]) -> str:
    return f" ({'; '.join(marks)})" if marks else ""


def _path_json(path: Path | None) -> dict[str, object] | None:
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


def _fix_json(fix: Fix) -> dict[str, object]:
    return {
        "text": "; ".join(map(_changed, fix.changes)),
        "replace": [as_json(change.node) for change in fix.changes],
        "after": fix.after.as_json(),
    }


def _fixed(fix: Fix) -> Sequence[str]:
    then = f"then taken by {_at_least(fix.after.seize)}; lost with {_at_least(fix.after.lockout)}"
    return [f"    - {printable('; and '.join(map(_changed, fix.changes)))}", f"      {then}"]


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
