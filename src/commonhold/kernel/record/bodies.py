"""The bodies of entries: what each type of act says, and the small types that entries and payloads are made of (DESIGN 3.2).

Shapes and bounds only. What an envelope holds and how its bytes are read is ``entries``' business; what a proposal's payload means is
``payloads``'.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import msgspec

Digest = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]
MemberId = Annotated[str, msgspec.Meta(max_length=32, pattern=r"\A[a-z](?:-?[a-z0-9]){1,31}\Z")]
Name = Annotated[str, msgspec.Meta(pattern=r"\A[a-z][a-z0-9_-]{0,63}\Z")]
Time = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]


class Value(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """Base of everything that is read from an entry: no unknown fields, no surprises.

    Nothing here can hold itself, so the garbage collector need not look at what a long replay keeps.
    """


class PolicyGroup(Value, frozen=True):
    """A group of partners of whom *k* must have cosigned."""

    k: Annotated[int, msgspec.Meta(ge=1, le=64)]
    of: Annotated[list[Name], msgspec.Meta(min_length=1, max_length=64)]


class Partner(Value, frozen=True):
    """The partner houses whose cosignatures are the record's clock: a tlog policy as data.

    *witnesses* holds each partner's **mirror** key, which signs only what it holds the leaves of; the key that the same node shows the public
    witness world is another and stands nowhere here. *validators* holds the keys under which some of them vouch for states.
    """

    witnesses: Annotated[dict[str, str], msgspec.Meta(min_length=1, max_length=64)]
    groups: Annotated[dict[str, PolicyGroup], msgspec.Meta(max_length=64)]
    quorum: Name
    validators: Annotated[dict[str, str], msgspec.Meta(max_length=64)] = {}


class Seen(Value, frozen=True):
    """The checkpoint that the signer had before them: the log's *size* and *root* (base64)."""

    size: Time
    root: str


class FoundingMember(Value, frozen=True):
    """One founder and their kit, which must be theirs alone."""

    member: MemberId
    kit: dict[str, Any]


class FoundingSeat(Value, frozen=True):
    """A first seat, held once the founding is complete."""

    office: Name
    member: MemberId


class Found(Value, frozen=True):
    """The founding: the charter, the log's key, and everybody who founds, with their kits and first seats."""

    charter: dict[str, Any]
    log_key: str
    members: list[FoundingMember]
    seats: list[FoundingSeat]


class Parent(Value, frozen=True):
    """Where an epoch branches off: the *origin* of the log before it, and its *size* and *root* (base64) there."""

    origin: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    size: Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
    root: str


class Open(Value, frozen=True):
    """An epoch's first entry: where it branches off, its log's key, and the partners that it proposes to have."""

    parent: Parent
    log_key: str
    policy: Partner | None = None


class Propose(Value, frozen=True):
    """A proposal of a decision kind, to be decided before *not_after* (POSIX seconds, judged by the record's clock)."""

    kind: Name
    payload: dict[str, Any]
    not_after: Time
    emergency: Name = ""


class Approve(Value, frozen=True):
    """An approval. For kinds that enrol a key, *key* is the id of the key that the approver compared outside the house."""

    proposal: Digest
    key: Digest = ""


class Object(Value, frozen=True):
    """An objection or dissent; *reason* is the digest of a text that its author may later have erased."""

    proposal: Digest
    reason: Digest = ""


class Confirm(Value, frozen=True):
    """After a waiting period: a holder of the objection right says that they have seen the act and let it pass."""

    proposal: Digest


class Withdraw(Value, frozen=True):
    """Taking back one's own proposal, approval, objection, delegation or seat."""

    what: Literal["proposal", "approval", "objection", "delegation", "seat"]
    of: Annotated[str, msgspec.Meta(max_length=64)]


class Accept(Value, frozen=True):
    """Consent: to the founding, or to a seat that an enacted appointment offers."""

    of: Digest


class Acknowledge(Value, frozen=True):
    """An act about the seal, or the open proposal, whose proposal is *of*.

    ``share``: the author has their share (*proof* is the next link of its chain). ``changed``: the provider now accepts what is in this seal and
    nothing older. ``notice``: word of the proposal has reached the author over *way*.
    """

    what: Literal["share", "changed", "notice"]
    of: Digest
    proof: Digest = ""
    way: Literal["", "mail", "paper", "partner", "person", "phone"] = ""


class Contribute(Value, frozen=True):
    """The author's share for the release whose proposal is *release*, as an age file to its recipient (base64)."""

    release: Digest
    envelope: Annotated[str, msgspec.Meta(min_length=40, max_length=4096)]


class Attest(Value, frozen=True):
    """A cosigned checkpoint of this epoch; its cosignatures are its authority, so it has no author."""

    note: str


Body = Found | Open | Propose | Approve | Object | Confirm | Withdraw | Accept | Acknowledge | Contribute | Attest

BODIES: Final[Mapping[str, type[Value]]] = {
    "found": Found,
    "open": Open,
    "propose": Propose,
    "approve": Approve,
    "object": Object,
    "confirm": Confirm,
    "withdraw": Withdraw,
    "accept": Accept,
    "acknowledge": Acknowledge,
    "contribute": Contribute,
    "attest": Attest,
}
