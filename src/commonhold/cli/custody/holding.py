"""What the custodians' verbs share: finding seals and releases, and opening one's own share. A share on paper is ``sheetwords``'s business."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import click

from commonhold.cli.acting import Actor
from commonhold.cli.output import printable
from commonhold.cli.words import moment
from commonhold.kernel.custody.sealing.shares import Envelope, Holding
from commonhold.kernel.errors import CustodyError, RuleError
from commonhold.kernel.kinds import RELEASES
from commonhold.kernel.record.keeping import live_seal, manifest, seals_of
from commonhold.kernel.record.state import Seal, State
from commonhold.store import envelopes

if TYPE_CHECKING:
    from commonhold.store.objects.directory import ObjectDirectory
    from commonhold.store.objects.remote import RemoteObjects

MAX_SHOWN: Final = 30
MAX_LINE: Final = 400
"""Lines of a purpose that are shown, and characters of each."""

sheet_option = click.option(
    "--sheet", is_flag=True, help="Take the share from its printed sheet: its 33 words are asked for, or read from standard input."
)
"""``--sheet``; the verb gets ``sheet: bool``."""


def require_live(state: State, resource: str) -> Seal:
    """The live seal of a resource.

    Raises:
        RuleError: if there is none, saying what there is.
    """
    found = live_seal(state, resource)
    if found is None:
        others = seals_of(state, resource)
        there = f"seal {others[0].number} waits for its custodians" if others else "nothing of it was ever sealed"
        raise RuleError(
            f"nothing of {printable(resource)} is sealed now: {there}",
            code="seal/none",
            data={"resource": resource},
            next_step="`commonhold custody status` shows every seal.",
        )
    return found


def own_share(actor: Actor, seal: Seal) -> Envelope:
    """The share that the member at the keyboard has in a seal, from their kit's envelope, held against its commitment.

    Raises:
        CustodyError: if they have none, or it is another one.
    """
    raw = actor.record.objects.get(own_holding(actor, seal).envelope)
    return envelopes.own_share(raw, manifest(actor.state, seal), actor.member, actor.kit.age_identity)


def own_holding(actor: Actor, seal: Seal) -> Holding:
    """What the record says of the share that the member at the keyboard has in a seal.

    Raises:
        CustodyError: ``share/not-custodian`` if they have none.
    """
    public = manifest(actor.state, seal)
    holding = public.holdings.get(actor.member)
    if holding is None:
        raise CustodyError(
            f"{actor.member} has no share of seal {seal.number} of {seal.resource}",
            code="share/not-custodian",
            next_step=f"Its custodians are {', '.join(public.structure.people())}.",
        )
    return holding


def own_seals(state: State, member: str, resources: Iterable[str]) -> list[Seal]:
    """The live seals and the newest offered ones in which *member* has a share, of the given resources or of all; the older of a resource first.

    An offered seal with a later one behind it was given up: nobody should bring it to life by a drill.

    Raises:
        RuleError: ``seal/no-clause`` for a resource that nobody ever heard of.
    """
    known = {seal.resource for seal in state.parts["seals"].values()} | set(state.charter.custody)
    wanted = set(resources) or known
    if odd := sorted(wanted - known):
        raise RuleError(
            f"neither the record nor the charter knows a sealed resource {printable(odd[0])!r}",
            code="seal/no-clause",
            next_step=f"There are: {', '.join(sorted(known)) or 'none'}.",
        )
    found: list[Seal] = []
    for resource in sorted(wanted):
        seals = seals_of(state, resource)
        live = [seal for seal in seals[1:] if seal.status == "live"]
        found += [seal for seal in (*live, *seals[:1]) if member in manifest(state, seal).holdings]
    return found


def read_purpose(objects: ObjectDirectory | RemoteObjects, digest: str) -> str:
    """The text that says what a release is for.

    Raises:
        ProofError, StoreError, FormatError: if it is not at hand: nobody contributes to what they have not read.
    """
    from commonhold.kernel.texts import parse_text  # noqa: PLC0415 - kept out of `--help`

    return parse_text(objects.get(digest))[1].decode("utf-8")


def quoted(purpose: str) -> str:
    """A purpose as a custodian is shown it: each line behind a bar, so that nothing in it passes for what this program says, and no more than a screen of it."""
    lines = purpose.splitlines() or [""]
    shown = [f"  | {printable(line[:MAX_LINE])}{' ...' if len(line) > MAX_LINE else ''}" for line in lines[:MAX_SHOWN]]
    left = len(lines) - len(shown)
    return "\n".join(
        [*shown, *([f"  ... and {left} more lines, which are not shown: do not agree to what you have not read"] if left else [])]
    )


def check_not_over(until: int, now: int) -> None:
    """Pass in silence if a release has not ended by this machine's own clock.

    The record's clock is asked by the record. But a house may have none, and a server that lets no attest through keeps it where it is.

    Raises:
        RuleError: ``contribute/expired``.
    """
    if now > until:
        raise RuleError(
            f"the release ended at {moment(until)}, by the clock of this computer",
            code="contribute/expired",
            next_step="It must be asked for and decided again. If this computer's clock is wrong, set it.",
        )


def find_release(state: State, typed: str) -> str:
    """The release whose proposal's id begins with what was typed.

    Raises:
        RuleError: if there is none, or it was asked for and not decided. click.UsageError: if there are several.
    """
    from commonhold.cli.acting import find_proposal  # noqa: PLC0415

    found = find_proposal(state, typed)
    if found not in state.parts["releases"]:
        proposal = state.parts["proposals"][found]
        if proposal.kind not in RELEASES:
            said, step = f"{found[:12]} is a {proposal.kind}, and no release", "`commonhold custody status` lists the releases."
        elif proposal.status == "open":
            said = f"the release {found[:12]} is not decided yet"
            step = f"`commonhold status {found[:8]}` says who can still approve or confirm it, and what it waits for."
        else:
            said, step = f"the release {found[:12]} was not decided: it is {proposal.status}", "Whoever needs it asks again."
        raise RuleError(said, code="contribute/no-release", next_step=step)
    return found
