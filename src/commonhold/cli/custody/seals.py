"""``commonhold custody status`` and ``rotate``: how strong every seal is in truth, what is red, and what is to be done about it (DESIGN 5)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click

from commonhold.cli.acting import open_actor, report, submit
from commonhold.cli.custody.copies import copies, copy_lines
from commonhold.cli.custody.counting import request_lines
from commonhold.cli.custody.holding import require_live
from commonhold.cli.options import house_option, json_option, kit_option
from commonhold.cli.output import emit, printable
from commonhold.cli.reading import read_place
from commonhold.cli.words import moment, short
from commonhold.kernel.errors import RuleError
from commonhold.kernel.record.keeping import WITNESSES, live_seal, manifest, openable_seal
from commonhold.kernel.record.state import Rotation, State
from commonhold.kernel.record.strength import Step, replacing, strength
from commonhold.kernel.record.watching import DECIDED, watched

LOST: Final = {
    "left": "is not a member any more",
    "kit": "has another kit now",
    "unproved": "has not acknowledged the share",
    "late": "has missed the drill",
}
SILENT: Final = frozenset({"unproved", "late"})
"""Of whom nobody knows whether they still have their share, or live: they are asked, and otherwise replaced."""
REASONS: Final = {
    "left": "{} has left, and has a share",
    "kit": "{} has another kit now, and cannot open the share with it",
    "seat": "{} does not hold the office any more, and has a share",
    "new": "{} holds the office and has no share",
    "rule": "the charter asks for other groups or numbers",
    "release": "it was released: {}",
}


@click.command("status")
@click.argument("resources", nargs=-1, metavar="[RESOURCE]...")
@click.option(
    "--partner", "partners", metavar="URL", multiple=True, help="Ask this partner whether it keeps what the seals need; repeat it."
)
@house_option
@json_option
def status_command(resources: tuple[str, ...], partners: tuple[str, ...], house: Path | str, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Show every seal: who opens it, how many of their shares there are in truth, what is red, and which releases wait.

    A share counts in truth if its holder is a member, has the kit that it is encrypted to, and has proved it within the charter's time.
    """
    state = read_place(house).state
    named = {seal.resource for seal in state.parts["seals"].values()} | set(state.charter.custody)
    if odd := sorted(set(resources) - named):
        raise RuleError(
            f"neither the record nor the charter knows a sealed resource {printable(odd[0])!r}",
            code="seal/no-clause",
            next_step=f"There are: {', '.join(sorted(named)) or 'none'}.",
        )
    rows = [_row(state, resource) for resource in sorted(set(resources) or named)]
    for row in rows if partners else ():
        row["copies"] = copies(state, row["resource"], partners)
    red = sum(bool(row["rotation"]) for row in rows)

    def render() -> str:
        lines: list[str] = []
        for row in rows:
            lines += [*_lines(row), *copy_lines(row.get("copies", ())), ""]
        if not rows:
            return "nothing is sealed, and the charter says of nothing who would keep it: see docs/guide/sealing.md"
        many = "1 resource" if len(rows) == 1 else f"{len(rows)} resources"
        return printable("\n".join([*lines, f"{many}, {red} to be changed"]), multiline=True)

    emit(as_json, {"resources": rows, "red": red}, render)


@click.command("rotate")
@click.argument("resource")
@click.option("--changed", is_flag=True, help="Attest that the provider now accepts what is in the live seal and nothing older.")
@house_option
@kit_option(required=False)
@json_option
def rotate_command(resource: str, changed: bool, house: Path | str, kit: Path | None, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Say what is left to do until RESOURCE is green again; with --changed attest the last step.

    A rotation is four things: change the password or code at the provider, seal the new one, let every custodian acknowledge it, and let two members attest the
    change. It can be broken off and gone on with anywhere: the old seal opens until the new one counts.
    """
    if changed:
        if kit is None:
            raise click.UsageError("--changed signs an act: give your --kit")
        actor = open_actor(house, kit)
        with actor.record:
            found = require_live(actor.state, resource)
            _check_changed(_row(actor.state, resource), actor.state.parts["rotations"].get(resource))
            outcome = submit(actor, "acknowledge", {"what": "changed", "of": found.proposal})
            row = _row(actor.state, resource)
            extra = {"rotation": "done" if not row["rotation"] else "; ".join(row["rotation"]["left"])}
            report(actor, outcome, "", as_json=as_json, extra=extra)
        return
    state = read_place(house).state
    require_live(state, resource)
    row = _row(state, resource)

    def render() -> str:
        return printable("\n".join(_lines(row)), multiline=True)

    emit(as_json, row, render)


def _check_changed(row: dict[str, Any], rotation: Rotation | None) -> None:
    """Pass in silence unless the live seal is itself the one that must be changed: an attest of it would count for nothing.

    Raises:
        RuleError: ``rotate/too-early``, with what comes first.
    """
    live = row["live"]
    if rotation is not None and live["seal"] <= rotation.number:
        raise RuleError(
            f"seal {live['seal']} of {row['resource']} is the one that must be changed, so nobody can attest yet that it was",
            code="rotate/too-early",
            next_step=f"First: {'; '.join(row['rotation']['left'])}.",
        )


def _row(state: State, resource: str) -> dict[str, Any]:
    """Everything about the seals of one resource, as plain data."""
    live = live_seal(state, resource)
    clause = state.charter.custody.get(resource)
    row: dict[str, Any] = {
        "resource": resource,
        "article": clause.article if clause is not None else "",
        "live": None,
        "proposed": [],
        "offered": [],
        "replaced": [],
        "rotation": None,
        "releases": [],
        "requests": [one.as_value() for one in watched(state, resource) if one.step != DECIDED],
    }
    if live is not None:
        found = strength(state, live)
        row["live"] = {
            "seal": live.number,
            "opened_by": found.structure.in_words(),
            "strength": found.in_words(),
            "opens": found.opens,
            "spare": found.spare,
            "lost": dict(found.lost),
            "replace": {
                name: [_step_words(step, name) for step in replacing(state, resource, name)]
                for name, why in sorted(found.lost.items())
                if why in SILENT
            },
            "proved": {name: proved.time for name, proved in sorted(live.proved.items())},
            "changed": sorted(live.changed),
        }
    for key in sorted(state.opened, key=lambda key: state.parts["proposals"][key].index):
        proposal = state.parts["proposals"][key]
        if proposal.kind == "seal" and state.frozen[key].payload.resource == resource:
            row["proposed"].append({"proposal": key, "seal": state.frozen[key].payload.seal, "by": proposal.by})
    for seal in sorted(state.parts["seals"].values(), key=lambda seal: seal.number):
        if seal.resource == resource and seal.status == "replaced":
            row["replaced"].append(seal.number)
        if seal.resource == resource and seal.status == "offered":
            waits = sorted(set(manifest(state, seal).holdings) - set(seal.proved))
            row["offered"].append({"seal": seal.number, "waits_for": waits})
    for key, release in sorted(state.parts["releases"].items(), key=lambda item: item[1].index):
        seal_ = openable_seal(state, resource, release.number)
        over = release.void or seal_ is None or (state.clock is not None and state.clock > release.until)
        if release.resource == resource and not over and seal_ is not None:
            given = sorted(release.contributions)
            enough = manifest(state, seal_).structure.is_met(set(given))
            row["releases"].append(
                {"release": key, "seal": release.number, "by": release.by, "until": release.until, "given": given, "enough": enough}
            )
    rotation: Rotation | None = state.parts["rotations"].get(resource)
    if rotation is not None:
        row["rotation"] = {
            "since": rotation.index,
            "since_time": rotation.time,
            "reasons": list(rotation.reasons),
            "left": _left(row, rotation, resource),
        }
    return row


def _left(row: dict[str, Any], rotation: Rotation, resource: str) -> list[str]:
    """What is still to be done, in order."""
    live = row["live"]
    if live is None or live["seal"] <= rotation.number:
        offered = [seal for seal in row["offered"] if seal["seal"] > rotation.number]
        if offered:
            return [
                f"{', '.join(offered[-1]['waits_for'])}: acknowledge seal {offered[-1]['seal']} with `commonhold custody drill {resource}`"
            ]
        return [
            "change the password, seed or code at the provider (docs/guide/sealing.md says where)",
            f"seal the new one: `commonhold custody seal {resource}`",
            "let every custodian acknowledge it, and two members attest the change",
        ]
    missing = WITNESSES - len(live["changed"])
    return [
        f"{max(missing, 1)} more of {WITNESSES} members: see that the old password is refused, then `commonhold custody rotate {resource} --changed`"
    ]


def _lines(row: dict[str, Any]) -> list[str]:
    live, rotation = row["live"], row["rotation"]
    mark = "RED  " if rotation else "ok   " if live and live["opens"] else "-    "
    lines = [f"{mark}{row['resource']}" + (f" (article {row['article']})" if row["article"] else "")]
    if live is None:
        lines.append("     nothing is sealed: whoever has the password has it alone")
    else:
        lines.append(f"     seal {live['seal']}, opened by {live['opened_by']} together")
        lines.append(f"     {live['strength']}" + ("; one more loss may close it for ever" if live["spare"] == 0 else ""))
        for name, why in sorted(live["lost"].items()):
            lines.append(f"     not counted: {name} {LOST[why]}")
            if steps := live["replace"].get(name):
                lines.append(
                    f"       ask {name} to run `commonhold custody drill {row['resource']}`; who is dead or does not answer is replaced:"
                )
                lines += [
                    f"       {step}"
                    for step in [*steps, f"then `commonhold custody rotate {row['resource']}`; until then the old seal opens"]
                ]
    if row["replaced"]:
        numbers = " and ".join(map(str, row["replaced"]))
        lines.append(
            f"     seal {numbers} can still be released, until two members attest the change: `commonhold custody rotate {row['resource']} --changed`"
        )
    for each in row["proposed"]:
        lines.append(
            f"     seal {each['seal']}, by {each['by']}, is not decided: `commonhold status {each['proposal'][:8]}` says what it waits for"
        )
    lines += [f"     seal {seal['seal']} waits for {', '.join(seal['waits_for'])}" for seal in row["offered"]]
    for request in row["requests"]:
        lines += request_lines(request)
    for release in row["releases"]:
        state = "enough to open it" if release["enough"] else f"given by {', '.join(release['given']) or 'nobody yet'}"
        lines.append(
            f"     release {short(release['release'])} of seal {release['seal']} asked by {release['by']}, until {moment(release['until'])}: {state}"
        )
    if rotation:
        since = f"entry {rotation['since']}" + (f", {moment(rotation['since_time'])}" if rotation["since_time"] else "")
        lines.append(f"     to be changed since {since}:")
        lines += [f"       because {_reason(reason)}" for reason in rotation["reasons"]]
        lines += [f"       to do: {step}" for step in rotation["left"]]
    return lines


def _step_words(step: Step, name: str) -> str:
    who = f"office={step.office} member={name if step.kind == 'dismiss' else 'WHO'}" if step.office else f"member={name}"
    by = f"rule {step.rule}, article {step.article or '(none)'}" if step.rule else "the charter has no rule for it: amend it first"
    return f"`commonhold propose {step.kind} {who}` ({by})"


def _reason(reason: str) -> str:
    what, _, who = reason.partition("/")
    return REASONS[what].format(short(who) if what == "release" else who)
