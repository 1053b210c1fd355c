"""``commonhold epoch``: go on in another log when the one before it is in the wrong hands, and see which epoch stands (DESIGN 3.4)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commonhold.cli.acting import Actor, open_actor
from commonhold.cli.options import house_option, json_option, kit_option
from commonhold.cli.output import emit, note, printable
from commonhold.cli.propose import make_proposal

if TYPE_CHECKING:
    from commonhold.kernel.record.history import History, Log
    from commonhold.kernel.record.verdict import Verdict


@click.group(name="epoch")
def command() -> None:
    """Go on in another log, when whoever holds the server refuses, hides or rewrites entries."""


@command.command(name="open")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--from", "place", required=True, help="The record that it branches off: a folder or an address, best a partner's.")
@click.option("--at", type=click.IntRange(min=1), help="Branch off after this many of its entries; otherwise after all of them.")
@click.option(
    "--partners",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A JSON file with the new partner policy, as in a `partner` decision; otherwise the partners stay.",
)
@kit_option()
@json_option
def open_(folder: Path, place: str, at: int | None, partners: Path | None, kit: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Open the next epoch in FOLDER, an empty folder on any machine.

    Any member can, with their kit; nothing in it counts until the members have decided it (`commonhold epoch succeed`, `commonhold approve`).
    The logs before it are copied along, and the texts that are at hand; then the works. Those may take long: the epoch is open before they come, and
    `commonhold work take` goes on where this was stopped.
    """
    from commonhold.cli.opening import open_epoch  # noqa: PLC0415 - kept out of `--help`
    from commonhold.cli.propose import read_payload  # noqa: PLC0415
    from commonhold.cli.store.taking import bring_along  # noqa: PLC0415
    from commonhold.store.bringing import bring_texts  # noqa: PLC0415

    policy = None if partners is None else read_payload(partners)
    start, state = open_epoch(folder, place, kit, lambda start, objects: bring_texts(place, start, objects), at=at, policy=policy)
    brought = bring_along(place, start, folder)
    value = {
        "org": state.org,
        "epoch": state.epoch,
        "origin": state.origin,
        "folder": str(folder),
        "branches_off": start.base,
        "works": brought.works,
        "left": brought.left,
    }
    emit(
        as_json,
        value,
        lambda: "\n".join(
            [
                f"epoch        {state.epoch} of {state.org}, after entry {state.base - 1}",
                f"origin       {state.origin}",
                f"folder       {printable(folder)}",
                f"works        {brought.works} came along" + (f"; not whole there: {len(brought.left)}" if brought.left else ""),
                *([f"missing      commonhold work take --house {printable(folder)} --from PLACE"] if brought.left else []),
                f"next         commonhold epoch succeed --house {printable(folder)} --kit {printable(kit)}",
            ]
        ),
    )


@command.command()
@click.option("--unwitnessed", is_flag=True, help="Where no partner is left: takes two thirds of the register, and readers are told.")
@click.option("--within", default="P30D", show_default=True, help="How long the proposal may be decided, as an ISO 8601 duration.")
@click.option("--approve", is_flag=True, help="Approve it yourself at once (a proposal is not yet its author's approval).")
@house_option
@kit_option()
@json_option
def succeed(unwitnessed: bool, within: str, approve: bool, house: Path | str, kit: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Propose that the organisation goes on in this epoch; the others approve with `commonhold approve`."""
    actor = open_actor(house, kit)
    with actor.record:
        payload = {"open": _opening(actor), **({"unwitnessed": True} if unwitnessed else {})}
        make_proposal(actor, "succeed", payload, {}, within=within, approve=approve, as_json=as_json)


def _opening(actor: Actor) -> str:
    from commonhold.kernel.errors import RuleError  # noqa: PLC0415
    from commonhold.kernel.record.succession import epoch_of  # noqa: PLC0415

    epoch = epoch_of(actor.state)
    if epoch is None:
        raise RuleError(
            "this is the organisation's first log, and nothing was opened to go on in",
            code="epoch/not-here",
            next_step="`commonhold epoch open` begins the next one in a folder of its own.",
        )
    return epoch.open


@command.command()
@click.argument("address")
@click.option("--partner", "partners", metavar="URL", multiple=True, required=True, help="A partner to tell; give it again for more.")
@json_option
@click.pass_context
def announce(context: click.Context, address: str, partners: tuple[str, ...], as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Tell partners that the log of the next epoch is served at ADDRESS, so that they follow it.

    Anybody may; they look at who opened it. Exit code 0: all of them follow it; 1: at least one does not.
    """
    from commonhold.mirror.announcing import announce_to  # noqa: PLC0415 - kept out of `--help`

    told = [announce_to(partner, address) for partner in dict.fromkeys(partners)]
    rows = [{"partner": one.partner, "ok": one.ok, "status": one.status, "hash": one.hash, "message": one.message} for one in told]
    lines = [f"{'followed' if one.ok else 'refused':<12} {printable(one.partner)}: {printable(one.message)}" for one in told]
    emit(as_json, {"ok": all(one.ok for one in told), "partners": rows}, lambda: "\n".join(lines))
    if not all(one.ok for one in told):
        context.exit(1)


@command.command()
@click.argument("org")
@click.argument("places", nargs=-1, required=True)
@json_option
@click.pass_context
def show(context: click.Context, org: str, places: tuple[str, ...], as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Say where the organisation ORG (its id) lives now, from all the records at PLACES (folders and addresses).

    A partner's address leads on: to the logs after the one that is mirrored there, or, if it is the node's own, to all logs of the organisation.

    Exit code 0: official; 1: not, or contradictory; 2: cannot judge.
    """
    history, verdict = read_all(org, places)
    value = {"verdict": verdict.code, "words": verdict.words, "official": verdict.is_yes, **as_value(history)}
    emit(as_json, value, lambda: "\n".join([f"verdict      {printable(verdict.words)}", *as_lines(history)]))
    if not verdict.is_yes:
        from commonhold.kernel.record.verdict import CANNOT_JUDGE  # noqa: PLC0415

        context.exit(2 if verdict.code == CANNOT_JUDGE else 1)


def read_all(org: str, places: Iterable[str], heads: Callable[[str], Iterable[bytes]] | None = None) -> tuple[History, Verdict]:
    """The history that the records at all these places tell, and the verdict on it; a place that cannot be read is said and skipped.

    Args:
        heads: gives further checkpoints of the log of an origin, as partners have cosigned them.

    Raises:
        ProofError: if none of them holds the organisation's first log.
    """
    from commonhold.kernel.errors import CommonholdError  # noqa: PLC0415
    from commonhold.store.epochs import logs_at, read_history_of  # noqa: PLC0415
    from commonhold.store.leading import lead  # noqa: PLC0415
    from commonhold.store.record import open_reader  # noqa: PLC0415

    logs: list[Log] = []
    for place in lead(places, org):
        try:
            logs += logs_at(open_reader(place))
        except CommonholdError as error:
            # Whoever holds one place must not be able to silence what the others say.
            note(f"{place} says nothing: {error}")
    return read_history_of(org, logs, int(time.time()), heads)


def as_value(history: History) -> dict[str, Any]:
    """A history as plain data."""
    return {
        "line": [
            {"epoch": chapter.state.epoch, "origin": chapter.origin, "entries": chapter.tree.size, "witnessed": chapter.witnessed}
            for chapter in history.line
        ],
        "contradiction": list(history.contradiction),
        "passed_over": {origin: {"code": error.code, "words": str(error)} for origin, error in history.passed_over.items()},
        "refused": [{"code": error.code, "words": str(error)} for error in history.refused.values()],
    }


def as_lines(history: History) -> list[str]:
    """A history in words: the epochs that stand, and then everything that does not, with its reason."""
    lines = [f"epoch {chapter.state.epoch:<6} {chapter.origin}, {chapter.tree.size} entries" for chapter in history.line]
    lines += [f"excludes     {origin}" for origin in history.contradiction]
    lines += [printable(f"passed over  {origin}: {error}") for origin, error in history.passed_over.items()]
    lines += [printable(f"refused      {error}") for error in history.refused.values()]
    return lines
