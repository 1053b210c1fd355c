"""Requests about seals: what they leave to the device that signs, and of what it must know to do so (docs/formats/request.md).

A request for an act of custody is not the whole act: the proof of a share, a share encrypted to somebody else, a seal and a one-off key are made where the
kit is. ``about`` names the seal, so that what is known of it can be asked for before anything is read. It is believed for nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import msgspec

from commonhold.kernel.custody.sealing.structure import MAX_PEOPLE
from commonhold.kernel.errors import FormatError
from commonhold.kernel.kinds import RELEASES
from commonhold.kernel.record.bodies import Digest, MemberId, Name, Value

MADE_HERE: Final = RELEASES | {"seal"}
"""Kinds whose proposals the device completes."""

_Place = Annotated[str, msgspec.Meta(pattern=r"\A[a-z][a-z0-9_-]{0,63}/[a-z](?:-?[a-z0-9]){1,31}\Z")]
_Number = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class AskedProof(Value, frozen=True):
    """An ``acknowledge`` without the proof, which only the share gives, and without the way, which only whoever was reached knows."""

    what: Literal["share", "changed", "notice"]
    of: Digest


class AskedRelease(Value, frozen=True):
    """A ``contribute`` without its envelope; or the release that is to be opened."""

    release: Digest


PARTIAL: Final[Mapping[str, type[Value]]] = {"acknowledge": AskedProof, "contribute": AskedRelease, "unseal": AskedRelease}
"""Bodies as a request has them where it leaves something out."""


class AskedSeal(Value, frozen=True):
    """The payload of a ``seal`` that is still to be made."""

    resource: Name
    seal: _Number
    structure: dict[str, Any]


class AskedOpening(Value, frozen=True):
    """The payload of a ``release`` whose one-off key is still to be made."""

    resource: Name
    seal: _Number
    purpose: Digest
    until: Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]


class _About(Value, frozen=True):
    """The seal: its proposal, its resource and its number."""

    of: Digest
    resource: Name
    seal: _Number


class _AboutContributing(_About, frozen=True):
    """And who asked for the release."""

    by: MemberId


class _AboutOpening(_About, frozen=True):
    """And who has contributed to it."""

    given: Annotated[list[MemberId], msgspec.Meta(max_length=MAX_PEOPLE)]


class _AboutSealing(Value, frozen=True):
    """The charter's clause, and of each person the body or the seat, as ``office/member``, by which they stand in the structure."""

    clause: Name
    bodies: Annotated[list[Name], msgspec.Meta(max_length=MAX_PEOPLE)]
    seats: Annotated[list[_Place], msgspec.Meta(max_length=MAX_PEOPLE)]


_ABOUT: Final[Mapping[str, type[Value]]] = {
    "acknowledge": _About,
    "contribute": _AboutContributing,
    "release": _About,
    "seal": _AboutSealing,
    "unseal": _AboutOpening,
}


def custody_of(type: str, body: Mapping[str, Any]) -> str:
    """What of custody a request asks for: ``acknowledge``, ``contribute``, ``unseal``, ``seal`` or ``release``; empty for any other act.

    That word has reached somebody is acknowledged of a proposal, and of no seal.
    """
    if type == "propose":
        return ("release" if body["kind"] in RELEASES else "seal") if body["kind"] in MADE_HERE else ""
    return type if type in PARTIAL and body.get("what") != "notice" else ""


def check_about(type: str, body: Mapping[str, Any], about: object) -> None:
    """Pass in silence if *about* is what a request for this act says of its seal, and nothing where it is about none.

    Raises:
        FormatError: ``request/shape``; ``payload/shape`` if the payload is not the part that a request may bring.
    """
    asked = custody_of(type, body)
    if not asked:
        if about is not None:
            raise _shape("the request is about a seal, and its act is not")
        return
    try:
        msgspec.convert(about, _ABOUT[asked], strict=True)
    except msgspec.ValidationError as error:
        raise _shape(f"the request does not say well of which seal it is: {error}") from None
    if type == "propose":
        try:
            msgspec.convert(body["payload"], AskedSeal if asked == "seal" else AskedOpening, strict=True)
        except msgspec.ValidationError as error:
            raise FormatError(
                f"a request for a {asked} leaves its secrets and keys to the device, and names the rest: {error}",
                code="payload/shape",
                next_step="Ask for it again with `commonhold request`.",
            ) from None


def needed_for(type: str, body: Mapping[str, Any], about: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The values of the state that a request about a seal needs beside its signer, by part and key."""
    asked = custody_of(type, body)
    if asked == "seal":
        return _needed_to_seal(body["payload"], about)
    keys = [("seals", f"{about['resource']}/{about['seal']}"), ("proposals", about["of"])]
    if asked == "release":
        return [*keys, ("rules", f"decisions.{body['kind']}")]
    if asked != "acknowledge":
        keys += [("proposals", body["release"]), ("releases", body["release"])]
        keys += [("members", name) for name in about.get("given", [about.get("by", "")])]
    return keys


def _needed_to_seal(payload: Mapping[str, Any], about: Mapping[str, Any]) -> list[tuple[str, str]]:
    resource, number = payload["resource"], payload["seal"]
    return [
        ("rules", "decisions.seal"),
        ("rules", f"custody.{about['clause']}"),
        *(("rules", f"bodies.{name}") for name in about["bodies"]),
        ("seals", f"{resource}/{number}"),
        *([("seals", f"{resource}/{number - 1}")] if number > 1 else []),
        *(("members", name) for name in people_in(payload["structure"])),
        *(("seats", place) for place in about["seats"]),
    ]


def people_in(value: object) -> list[str]:
    """The people in a structure's object, each once; nothing of it has been checked."""
    if isinstance(value, str):
        return [value]
    parts = value.get("of") if isinstance(value, Mapping) else None
    found = [name for part in parts for name in people_in(part)] if isinstance(parts, list) else []
    return list(dict.fromkeys(found))


def _shape(message: str) -> FormatError:
    return FormatError(message, code="request/shape", next_step="Ask for it again, as a file.")
