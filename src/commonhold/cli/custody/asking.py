"""``commonhold custody analyse``, ``explain`` and ``fix``: questions to a register, answered at the terminal (docs/formats/custody-register.md)."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final

import click

from commonhold.cli.custody.inputs import beside, beside_option, deep, opening_option, parsed, read_register, register_argument, unsealed
from commonhold.cli.custody.inputs import effort as times
from commonhold.cli.custody.words import (
    MEMBERS_ONLY,
    analysed,
    at_least,
    explained,
    fix_json,
    fixed,
    path_json,
    planned,
    title,
    visits_json,
)
from commonhold.cli.options import json_option
from commonhold.cli.output import json_text, note
from commonhold.kernel.custody import Register, advise, analyse, explain, one_visit
from commonhold.kernel.custody.interview import Interview, compile_register, plan
from commonhold.kernel.errors import CustodyError

MOST_ASKED: Final = 20
MOST_NODES: Final = 20_000
"""Where nobody says at which, fixes are looked for at so many resources; at fewer in large registers, so that together they have so many nodes."""


def _names(_context: click.Context, _parameter: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    return None if value is None else tuple(name for part in value.split(",") if (name := part.strip()))


target_option = click.option("--target", "targets", multiple=True, metavar="T", help="A node to ask about; repeat it for several.")


@click.command("analyse")
@register_argument
@target_option
@click.option("--among", callback=_names, metavar="A,B,...", help="Only these parties act together; otherwise anybody may.")
@click.option("--without", callback=_names, metavar="A,B,...", help="Ask as if these parties were gone.")
@click.option("--size", type=click.IntRange(1, 12), help="Look for sets of at most this many parties; fast in any register.")
@click.option(
    "--effort", type=click.IntRange(1, 1000), default=1, show_default=True, help="Work this many times as long before saying unknown."
)
@beside_option
@opening_option
@json_option
def analyse_command(
    register: str,
    targets: tuple[str, ...],
    among: tuple[str, ...] | None,
    without: tuple[str, ...] | None,
    size: int | None,
    effort: int,
    house: str | None,
    passphrase_file: Path | None,
    as_json: bool,  # noqa: FBT001 - click passes flags so
) -> None:
    """List every minimal set of parties that could take a node, and every one whose loss locks the organisation out.

    Without --target, all nodes are asked about. Where an answer is not complete it says how far it reaches: it lists all sets up to a size,
    and larger ones are unknown. Where the register names the places of its parties, it says of which one alone is enough: one visit by whoever threatens
    people.
    """
    read = beside(read_register(register, passphrase_file), house)
    with deep():
        found = analyse(read, targets, among=among, without=without or (), size=size, effort=times(effort))
        # Whoever comes to a door does not ask who would act together.
        visits = one_visit(read, targets, without=without or (), effort=times(effort)) if among is None else {}
    if as_json:
        click.echo(
            json_text({"targets": {target: {**finding.as_json(), **visits_json(visits.get(target))} for target, finding in found.items()}})
        )
        return
    click.echo("\n".join(analysed(read, found.values(), visits)))


@click.command("explain")
@register_argument
@click.argument("target", metavar="T")
@click.option("--by", required=True, callback=_names, metavar="A,B,...", help="The parties that act together.")
@beside_option
@opening_option
@json_option
def explain_command(
    register: str,
    target: str,
    by: tuple[str, ...],
    house: str | None,
    passphrase_file: Path | None,
    as_json: bool,  # noqa: FBT001 - click passes flags so
) -> None:
    """Say step by step how some parties together could obtain T, how soon, and how long before its end others could see it."""
    read = beside(read_register(register, passphrase_file), house)
    found = explain(read, target, by)
    if as_json:
        value = {
            "target": found.target,
            "by": list(found.by),
            "possible": found.quickest is not None,
            "quickest": path_json(found.quickest),
            "quiet": path_json(found.quiet),
            "missing": list(found.missing),
        }
        click.echo(json_text({"ok": True, **value}))
        return
    click.echo("\n".join(explained(read, found)))


@click.command("fix")
@register_argument
@target_option
@click.option("--show", type=click.IntRange(1, 50), default=3, show_default=True, help="How many fixes of each kind to show.")
@opening_option
@json_option
def fix_command(
    register: str,
    targets: tuple[str, ...],
    show: int,
    passphrase_file: Path | None,
    as_json: bool,  # noqa: FBT001 - click passes flags so
) -> None:
    """Find the changes that raise most how many people it takes, each with the result computed anew.

    Without --target, nodes of the kind "resource" are asked about, of many the twenty that fewest can take; of an interview, the answers: what to do
    first, step by step.
    """
    read = parsed(unsealed(register, passphrase_file)[0])
    if isinstance(read, Interview):
        if not targets:
            _fix_answers(read, show, as_json=as_json)
            return
        read = compile_register(read).register
    _fix_nodes(read, targets, show, as_json=as_json)


def _fix_answers(interview: Interview, show: int, *, as_json: bool) -> None:
    from commonhold.pages.interview.wording import step_in_words  # noqa: PLC0415 - languages cost what --help should not
    from commonhold.pages.language import language, plain  # noqa: PLC0415 - as above

    with deep():
        found = plan(interview, show)
    steps = [{name: [plain(text) for text in texts] for name, texts in step_in_words(language("en"), step).items()} for step in found.steps]
    if as_json:
        click.echo(json_text({"ok": True, "steps": steps, "complete": found.complete}))
        return
    click.echo("\n".join(planned(steps, complete=found.complete)))


def _weakest(read: Register, targets: tuple[str, ...]) -> tuple[str, ...]:
    """These targets, those first that fewest parties can take."""
    findings = analyse(read, targets, size=2)

    def people(target: str) -> float:
        least = findings[target].seize.at_least
        return math.inf if least is None else least

    return tuple(sorted(targets, key=people))


def _fix_nodes(read: Register, targets: tuple[str, ...], show: int, *, as_json: bool) -> None:
    wanted = read.require_nodes(targets) or tuple(node.id for node in read.nodes.values() if node.kind == "resource")
    if not wanted:
        raise CustodyError("the register has no resource", code="custody/no-resource", next_step="Name a node with --target.")
    with deep():
        most = max(min(MOST_ASKED, MOST_NODES // max(len(read.nodes), 1)), 1)
        if not targets and len(wanted) > most:
            note(f"note: fixes are looked for at {most} of {len(wanted)} resources, those that fewest can take; name others with --target")
            wanted = _weakest(read, wanted)[:most]
        found = {target: advise(read, target) for target in wanted}
    if as_json:
        value = {
            target: {
                "before": advice.before.as_json(),
                "seize": [fix_json(fix) for fix in advice.seize[:show]],
                "lockout": [fix_json(fix) for fix in advice.lockout[:show]],
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
            title(read, target),
            f"  now: taken by {at_least(advice.before.seize)}; lost with {at_least(advice.before.lockout)}",
        ]
        for heading, fixes in (("against being taken", advice.seize), ("against being locked out", advice.lockout)):
            lines += [f"  {heading}:"] + [line for fix in fixes[:show] for line in fixed(fix)]
            lines += (
                []
                if fixes
                else ["    no change of the kinds that were tried helps" if advice.complete else "    unknown: none was found in the time"]
            )
    click.echo("\n".join(lines))
