"""Payloads: what each kind of decision carries (DESIGN 3.3).

Ids, digests and numbers only; a text is an object named by its digest. Parsing checks shape and bounds and the keys that are to be enrolled.
Whether a payload makes sense in the state it meets is ``effects``' business.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import msgspec
import msgspec.structs

from commonhold.kernel.custody.sealing.shares import About, Holding, Manifest
from commonhold.kernel.custody.sealing.structure import parse_structure
from commonhold.kernel.errors import FormatError, RuleError
from commonhold.kernel.keys import KitKeys, Passkey, check_age_recipient, parse_key_value
from commonhold.kernel.kinds import FUTURE_KINDS, STATE_KINDS
from commonhold.kernel.record.bodies import Digest, MemberId, Name, Partner, Time, Value

MAX_KEYS: Final = 8
Address = Annotated[str, msgspec.Meta(min_length=3, max_length=400, pattern=r"\A[!-~]+\Z")]
Language = Annotated[str, msgspec.Meta(pattern=r"\A[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}\Z")]
KeyList = Annotated[list[dict[str, Any]], msgspec.Meta(max_length=MAX_KEYS)]


class Admit(Value, frozen=True):
    """A new member and their first keys; approvers compare the key's fingerprint outside the house."""

    member: MemberId
    keys: KeyList


class AboutMember(Value, frozen=True):
    """A decision that is about one member and says nothing else (depart, expel)."""

    member: MemberId


class Appoint(Value, frozen=True):
    """A seat in an office for a member, held once they accept it; also the payload of ``dismiss``."""

    office: Name
    member: MemberId


class Amend(Value, frozen=True):
    """A redline of the charter; ``kernel.charter.redline`` gives its parts their meaning."""

    base: Digest
    result: Digest
    articles: list[dict[str, Any]]
    rules: list[dict[str, Any]]
    title: Digest = ""


class RotateKey(Value, frozen=True):
    """A member's own change of keys: what to add and which key ids to revoke."""

    member: MemberId
    add: KeyList
    revoke: Annotated[list[Digest], msgspec.Meta(max_length=MAX_KEYS)]


class RecoverMember(Value, frozen=True):
    """A new kit for a member who lost theirs; every earlier key of theirs is revoked."""

    member: MemberId
    kit: dict[str, Any]


class SuspendOrigin(Value, frozen=True):
    """A web origin whose passkey signatures stop counting, because its domain may be in the wrong hands; *lift* ends that."""

    origin: Address
    lift: bool = False


class Entrust(Value, frozen=True):
    """Who looks after a resource of the organisation."""

    resource: Name
    holders: Annotated[list[MemberId], msgspec.Meta(min_length=1, max_length=32)]


class Publish(Value, frozen=True):
    """A work, named by the digest of its manifest."""

    work: Digest


class Erase(Value, frozen=True):
    """Objects whose bytes go for good, everywhere; their digests stay."""

    objects: Annotated[list[Digest], msgspec.Meta(min_length=1, max_length=32)]


class Statement(Value, frozen=True):
    """An official statement: the digest of its text object and the language of the text."""

    text: Digest
    language: Language


class Channel(Value, frozen=True):
    """A channel of record: the address to add or strike, or to move to another address."""

    op: Literal["add", "strike", "move"]
    address: Address
    to: Address = ""


class Succeed(Value, frozen=True):
    """The next epoch: the id of the ``open`` entry that begins this log. *unwitnessed* where no partner is left who could attest it."""

    open: Digest
    unwitnessed: bool = False


class Delegate(Value, frozen=True):
    """Leave for *to* to act in the office-holder's place under *rule*, until a time on the record's clock."""

    rule: Name
    to: MemberId
    until: Time


class SealedShare(Value, frozen=True):
    """The public half of one custodian's share: their kit's key id, the share's commitment and last link, and the digest of its envelope."""

    kit: Digest
    commitment: Digest
    chain: Digest
    envelope: Digest


class Seal(Value, frozen=True):
    """A seal of the secrets behind a resource: its number, who opens it, everybody's share, and the digests of key and sealed object."""

    resource: Name
    seal: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
    structure: dict[str, Any]
    shares: dict[MemberId, SealedShare]
    key: Digest
    sealed: Digest

    def manifest(self, org: str) -> Manifest:
        """The same as custody has it; *org* is the organisation's id."""
        holdings = {name: Holding(share.kit, share.commitment, share.chain, share.envelope) for name, share in self.shares.items()}
        return Manifest(About(org, self.resource, self.seal), parse_structure(self.structure), holdings, self.key, self.sealed)


class Release(Value, frozen=True):
    """The opening of a seal: which, for what (the digest of a text), to which one-off age recipient, and until when (the record's clock)."""

    resource: Name
    seal: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
    purpose: Digest
    recipient: Annotated[str, msgspec.Meta(max_length=100)]
    until: Time


class Resolution(Value, frozen=True):
    """A decision that the charter defines by itself: a text and, where it is about money, an amount in the charter's unit."""

    text: Digest
    amount: Annotated[int, msgspec.Meta(ge=0, le=10**12)] = 0
    currency: Annotated[str, msgspec.Meta(pattern=r"\A(?:[A-Z]{3})?\Z")] = ""


_PAYLOADS: Final[Mapping[str, type[Value]]] = {
    "admit": Admit,
    "amend": Amend,
    "appoint": Appoint,
    "channel": Channel,
    "delegate": Delegate,
    "depart": AboutMember,
    "dismiss": Appoint,
    "entrust": Entrust,
    "erase": Erase,
    "expel": AboutMember,
    "partner": Partner,
    "publish": Publish,
    "recover-member": RecoverMember,
    "release": Release,
    "emergency-release": Release,
    "rotate-key": RotateKey,
    "seal": Seal,
    "statement": Statement,
    "succeed": Succeed,
    "suspend-origin": SuspendOrigin,
}
assert _PAYLOADS.keys() == STATE_KINDS, "every kind that changes the state has a payload"  # noqa: S101 - two tables of ours


def parse_payload(kind: str, value: Mapping[str, Any]) -> Any:
    """The typed payload of a proposal of *kind*.

    Raises:
        RuleError: with code ``kind/not-yet`` for a kind of the design that this version cannot judge.
        FormatError: if the payload has the wrong shape, or a key in it may not be enrolled.
    """
    if kind in FUTURE_KINDS:
        raise RuleError(
            f"this version cannot judge decisions of kind {kind!r} yet",
            code="kind/not-yet",
            next_step="Use a version of the program that knows this kind; until then nothing that depends on it can be judged.",
        )
    try:
        payload = msgspec.convert(value, _PAYLOADS.get(kind, Resolution), strict=True)
    except msgspec.ValidationError as error:
        fields = msgspec.structs.fields(_PAYLOADS.get(kind, Resolution))
        takes = ", ".join(field.name if field.required else f"[{field.name}]" for field in fields)
        raise FormatError(f"the payload of {kind!r} is wrong: {error}", code="payload/shape", next_step=f"It takes: {takes}.") from None
    if isinstance(payload, Seal):
        _check_shares(payload)
    elif isinstance(payload, Release):
        check_age_recipient(payload.recipient)
    for key in enrolled_keys(payload):
        del key  # Parsing it was the check: a weak or malformed key never gets as far as a vote.
    return payload


def enrolled_keys(payload: Any) -> tuple[KitKeys | Passkey, ...]:
    """The keys that a payload would enrol, in order; each passes the enrolment checks or raises FormatError."""
    if isinstance(payload, Admit):
        values = payload.keys
    elif isinstance(payload, RotateKey):
        values = payload.add
    elif isinstance(payload, RecoverMember):
        return (_kit(payload.kit),)
    else:
        return ()
    keys = tuple(parse_key_value(value) for value in values)
    if sum(isinstance(key, KitKeys) for key in keys) > 1:
        raise FormatError("a member has one kit, and this payload enrols two", code="payload/two-kits")
    return keys


def _check_shares(payload: Seal) -> None:
    people = set(parse_structure(payload.structure).people())
    if people != payload.shares.keys():
        odd = sorted(people ^ payload.shares.keys())
        raise FormatError(
            f"a seal has one share for each custodian in its structure, and these are in one of the two alone: {', '.join(odd)}",
            code="payload/shares",
            data={"members": odd},
        )


def _kit(value: Mapping[str, Any]) -> KitKeys:
    key = parse_key_value(value)
    if not isinstance(key, KitKeys):
        raise FormatError(
            "a recovery needs a kit, not a passkey",
            code="payload/not-a-kit",
            next_step="Make a kit with `commonhold key new` and enrol that.",
        )
    return key
