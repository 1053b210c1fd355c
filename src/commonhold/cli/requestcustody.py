"""``commonhold request drill|contribute|seal|release|unseal|changed|notice``: ask custodians for their part (docs/formats/request.md, docs/guide/sealing.md).

Such a request brings everything that a device needs which has no record: the custodian's envelope, the purpose, what was contributed. What only the device
can make (a proof, a share for somebody else, a seal, a one-off key) it makes, and nothing secret is in a request.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from commonhold.cli.custody.releaseoptions import after, release_kind, release_options, seal_to_open
from commonhold.cli.output import printable
from commonhold.cli.requesting import Asked, asked_of, hand_out, request_options

if TYPE_CHECKING:
    from commonhold.kernel.charter.rules import Custodians
    from commonhold.kernel.custody.sealing.shares import Manifest
    from commonhold.kernel.custody.sealing.structure import Group
    from commonhold.kernel.record.state import Seal, State
    from commonhold.store.record import ReadRecord

MOST_GIVEN: Final = 64 << 16
MOST_LEAVES: Final = 512
"""Bytes, and number, of the contributions in one request: room for the largest entry of each of the 64 people whom a seal can have, and for tries before."""

within_option = click.option(
    "--within", default="P30D", show_default=True, help="How long the proposal may be decided, as an ISO 8601 duration."
)


@click.command()
@click.argument("resource")
@request_options
def drill(resource: str, **options: Any) -> None:
    """Ask the custodians of RESOURCE to show that their shares open: of a new seal to acknowledge it, of a live one as a drill."""
    asked, read = asked_of(options)
    found, public = _newest(read.state, resource)
    asked = _custodians(asked, public)
    body = {"what": "share", "of": found.proposal}
    hand_out(asked, read, "acknowledge", body, _envelopes(asked.house, public, asked.members), about=_about(found))


@click.command()
@click.argument("resource")
@request_options
def changed(resource: str, **options: Any) -> None:
    """Ask members to attest that the provider of RESOURCE accepts what is in the live seal, and nothing older."""
    from commonhold.cli.custody.holding import require_live  # noqa: PLC0415 - kept out of `--help`

    asked, read = asked_of(options)
    found = require_live(read.state, resource)
    hand_out(asked, read, "acknowledge", {"what": "changed", "of": found.proposal}, about=_about(found))


@click.command()
@click.argument("proposal", metavar="RELEASE")
@request_options
def contribute(proposal: str, **options: Any) -> None:
    """Ask custodians to give their shares to RELEASE (its id, or at least four digits of it)."""
    asked, read = asked_of(options)
    key, found, public, about = _release(read.state, proposal)
    asked = _custodians(asked, public)
    texts = _envelopes(asked.house, public, asked.members)
    texts |= _objects(asked.house, [read.state.parts["proposals"][key].payload["purpose"]])
    hand_out(asked, read, "contribute", {"release": key}, texts, about={**about, "by": found.by})


@click.command()
@click.argument("proposal", metavar="RELEASE")
@request_options
def unseal(proposal: str, **options: Any) -> None:
    """Bring whoever asked for RELEASE what was contributed to it: their page opens it with the key that it made."""
    asked, read = asked_of(options)
    key, found, public, about = _release(read.state, proposal)
    texts = _objects(asked.house, [public.sealed])
    given = _contributions(read, key)
    texts |= {_digest(leaf): leaf for leaf in newest_of_each(given)}
    asked = replace(asked, members=asked.members or (found.by,))
    hand_out(asked, read, "unseal", {"release": key}, texts, about={**about, "given": sorted(given)})


@click.command()
@click.argument("resource")
@release_options
@within_option
@request_options
def release(
    resource: str,
    purpose: Path,
    number: int | None,
    emergency: bool,  # noqa: FBT001 - click passes flags so
    until: str,
    within: str,
    **options: Any,
) -> None:
    """Ask somebody to ask for the release of RESOURCE: their page makes the one-off key, and they keep it."""
    from commonhold.cli.propose import text_object  # noqa: PLC0415

    asked, read = asked_of(options)
    found = seal_to_open(read.state, resource, number)
    digest, raw = text_object(purpose)
    payload = {"resource": resource, "seal": found.number, "purpose": digest, "until": after(read.state, until)}
    body = {"kind": release_kind(emergency=emergency), "payload": payload, "not_after": after(read.state, within)}
    hand_out(asked, read, "propose", body, {digest: raw}, about=_about(found))


@click.command()
@click.argument("resource")
@within_option
@request_options
def seal(resource: str, within: str, **options: Any) -> None:
    """Ask somebody to seal what opens RESOURCE: they type the secrets into their page, and nothing readable leaves it."""
    from commonhold.kernel.record.keeping import seals_of, structure_for  # noqa: PLC0415

    asked, read = asked_of(options)
    state = read.state
    structure = structure_for(state, resource)
    clause = state.charter.custody[resource]
    earlier = seals_of(state, resource)
    payload = {"resource": resource, "seal": (earlier[0].number if earlier else 0) + 1, "structure": structure.to_value()}
    about = {"clause": clause.name, **_places(state, clause.open, structure)}
    hand_out(asked, read, "propose", {"kind": "seal", "payload": payload, "not_after": after(state, within)}, about=about)


@click.command()
@click.argument("proposal", metavar="RELEASE")
@request_options
def notice(proposal: str, **options: Any) -> None:
    """Ask those who may object to RELEASE (its id, or at least four digits of it) to sign that word of it has reached them.

    On their own device they say over which way it did; the request names none. They agree to nothing by it.
    """
    from commonhold.cli.acting import find_proposal  # noqa: PLC0415 - kept out of `--help`
    from commonhold.kernel.errors import RuleError  # noqa: PLC0415
    from commonhold.kernel.record import notices  # noqa: PLC0415

    asked, read = asked_of(options)
    key = find_proposal(read.state, proposal)
    found = read.state.parts["proposals"][key]
    told = notices.asked(read.state, key, found) if found.status == "open" else frozenset()
    if not told:
        raise RuleError(
            f"nobody is asked whether word of the proposal {key[:12]} has reached them: it is {found.status}, or its rule asks for no notices",
            code="acknowledge/not-told",
            next_step="`commonhold custody status` lists what is asked for in an emergency.",
        )
    hand_out(replace(asked, members=asked.members or tuple(sorted(told))), read, "acknowledge", {"what": "notice", "of": key})


VERBS = (drill, seal, release, contribute, unseal, changed, notice)


def _newest(state: State, resource: str) -> tuple[Seal, Manifest]:
    """The newest seal of a resource that is not retired, and its public half.

    Raises:
        RuleError: ``seal/none``.
    """
    from commonhold.cli.custody.holding import require_live  # noqa: PLC0415
    from commonhold.kernel.record.keeping import manifest, seals_of  # noqa: PLC0415

    found = next((one for one in seals_of(state, resource) if one.status != "retired"), None) or require_live(state, resource)
    return found, manifest(state, found)


def _release(state: State, typed: str) -> tuple[str, Any, Manifest, dict[str, Any]]:
    from commonhold.cli.custody.holding import find_release  # noqa: PLC0415
    from commonhold.kernel.record.keeping import manifest  # noqa: PLC0415

    key = find_release(state, typed)
    found = state.parts["releases"][key]
    seal_ = state.parts["seals"][f"{found.resource}/{found.number}"]
    return key, found, manifest(state, seal_), _about(seal_)


def _about(found: Seal) -> dict[str, Any]:
    return {"of": found.proposal, "resource": found.resource, "seal": found.number}


def _places(state: State, clause: Custodians, structure: Group) -> dict[str, list[str]]:
    """Of each custodian the first place by which they may stand where they do: the bodies among these places, and the seats."""
    from commonhold.kernel.charter.people import EVERYONE  # noqa: PLC0415
    from commonhold.kernel.record.keeping import people_of  # noqa: PLC0415

    named, seats = [], []
    for person, places in _standing(clause, structure):
        place = next(place for place in places if person in people_of(state, place))
        body = state.charter.bodies.get(place)
        named += [place] if body is not None else []
        if body is None or body.selector != EVERYONE:
            seats.append(f"{place if body is None else body.selector}/{person}")
    return {"bodies": list(dict.fromkeys(named)), "seats": seats}


def _standing(clause: Custodians, structure: Group) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each custodian of a structure that was made for a clause, with the places that the clause names for their group."""
    for part, inner in zip_longest(structure.of, clause.groups):
        if isinstance(part, str):
            yield part, clause.of
        else:
            yield from _standing(inner, part)


def _contributions(read: ReadRecord, release: str) -> dict[str, list[bytes]]:
    """Every contribution to a release as its leaf, by who gave it: one that was spoilt may be followed, or preceded, by the right one."""
    given: dict[str, list[bytes]] = {}
    for outcome, leaf in zip(read.outcomes, read.leaves, strict=True):
        entry = outcome.entry
        if entry is not None and outcome.counts and entry.type == "contribute" and entry.body.release == release:
            given.setdefault(entry.by, []).append(leaf)
    return given


def newest_of_each(given: Mapping[str, list[bytes]]) -> list[bytes]:
    """As many contributions as a request has room for: everybody's newest one, then everybody's one before, so that nobody crowds out the others."""
    turns = zip_longest(*(reversed(leaves) for leaves in given.values()))
    found: list[bytes] = []
    room = MOST_GIVEN
    for leaf in (leaf for turn in turns for leaf in turn if leaf is not None):
        room -= len(leaf)
        if room < 0 or len(found) == MOST_LEAVES:
            break
        found.append(leaf)
    return found


def _custodians(asked: Asked, public: Manifest) -> Asked:
    """What was asked for, of all custodians of the seal if nobody is named."""
    return replace(asked, members=asked.members or public.structure.people())


def _envelopes(house: Path | str, public: Manifest, members: Iterable[str]) -> dict[str, bytes]:
    """The envelopes of those who are asked."""
    wanted = set(members)
    return _objects(house, [holding.envelope for name, holding in public.holdings.items() if name in wanted])


def _objects(house: Path | str, digests: Iterable[str]) -> dict[str, bytes]:
    from commonhold.cli.output import note  # noqa: PLC0415
    from commonhold.kernel.errors import CommonholdError  # noqa: PLC0415
    from commonhold.store.objects.remote import objects_at  # noqa: PLC0415

    objects, found = objects_at(house), {}
    for digest in digests:
        try:
            found[digest] = objects.get(digest)
        except CommonholdError as error:
            # A custodian whose envelope is gone has their paper; whoever needs another object is told so by their page.
            note(f"note: the object {digest[:12]} is not in the request: {printable(str(error))}")
    return found


def _digest(raw: bytes) -> str:
    import hashlib  # noqa: PLC0415

    return hashlib.sha256(raw).hexdigest()
