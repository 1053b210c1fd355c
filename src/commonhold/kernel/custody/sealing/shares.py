"""What is public about a seal, and how one share is told from another (docs/formats/seal.md).

A share's *commitment* is a hash of it together with what it belongs to; the record holds one for each share, so a wrong, stale or forged share is
found before anything is put together. A share has 256 random bits, so its commitment gives nothing away. Its *chain* is a second hash, taken again
and again: the record holds the last link, and whoever shows the link before it has the share. That is how a custodian acknowledges a share, and how
drills prove that it still opens, to anybody and without showing it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from commonhold.kernel.canonical import canonical_bytes, parse_canonical
from commonhold.kernel.custody.sealing.structure import Group
from commonhold.kernel.errors import CustodyError, FormatError

COMMITMENT_DOMAIN: Final = b"commonhold/share/v1\n"
CHAIN_DOMAIN: Final = b"commonhold/share-chain/v1\n"
LINK_DOMAIN: Final = b"commonhold/share-link/v1\n"
KEY_DOMAIN: Final = b"commonhold/seal-key/v1\n"
SHARE_FORM: Final = "commonhold/share/v1"
CONTRIBUTION_FORM: Final = "commonhold/contribution/v1"
LINKS: Final = 1_000
"""How often a share can be proved: once a week for 19 years."""

MAX_ENVELOPE: Final = 2_048
"""Bytes of a share that was opened."""
MAX_SEALED_ENVELOPE: Final = 8 << 10
"""Bytes of the age file that holds a share, wherever one is kept or read: what is larger is a trap, and costs minutes to look into."""
_SHARE_FIELDS: Final = frozenset({"form", "index", "member", "org", "resource", "seal", "words"})
_CONTRIBUTION_FIELDS: Final = _SHARE_FIELDS | {"release"}


@dataclass(frozen=True, slots=True)
class About:
    """What a share belongs to: the organisation's id, the resource, and the number of the seal (its epoch: 1, 2, ...)."""

    org: str
    resource: str
    seal: int

    def to_value(self) -> dict[str, Any]:
        """The canonical object that is hashed and authenticated."""
        return {"org": self.org, "resource": self.resource, "seal": self.seal}


@dataclass(frozen=True, slots=True)
class Envelope:
    """What an envelope holds once it is decrypted: whose share of what, and for which release if it was contributed to one."""

    about: About
    index: int
    member: str
    words: str = field(repr=False)
    release: str = ""


def commitment(about: About, index: int, member: str, words: str) -> str:
    """The public hash of one share: 64 hexadecimal digits."""
    return hashlib.sha256(COMMITMENT_DOMAIN + _share_bytes(about, index, member, words)).hexdigest()


def chain_end(about: About, index: int, member: str, words: str) -> str:
    """The last link of a share's chain, which the record holds from the start."""
    return _links(about, index, member, words)[-1].hex()


def next_proof(about: About, index: int, member: str, words: str, last: str) -> str:
    """The link before *last*, which only somebody who has the share can show.

    Raises:
        CustodyError: ``share/wrong`` if *last* is no link of this share's chain, ``share/used-up`` if it is the first one.
    """
    links = [link.hex() for link in _links(about, index, member, words)]
    if last not in links:
        raise CustodyError(f"this is not the share that {member} was given", code="share/wrong", data={"member": member})
    if links.index(last) == 0:
        raise CustodyError(
            f"the share of {member} was proved {LINKS} times, and cannot be proved again",
            code="share/used-up",
            next_step="Make a new seal.",
        )
    return links[links.index(last) - 1]


def check_proof(proof: str, last: str) -> None:
    """Pass in silence if *proof* is the link before *last*.

    Raises:
        CustodyError: ``share/proof`` if it is not.
    """
    if hashlib.sha256(LINK_DOMAIN + bytes.fromhex(proof)).hexdigest() != last:
        raise CustodyError(
            "this does not prove the share: it is not the link before the last one that the record holds",
            code="share/proof",
            next_step="Fetch the record again; the share may have been proved from another device since.",
        )


def key_commitment(about: About, key: bytes) -> str:
    """The public hash of a seal's key: without it, one sealed object could open to two different contents under two keys."""
    return hashlib.sha256(KEY_DOMAIN + canonical_bytes(about.to_value()) + key).hexdigest()


def envelope_bytes(envelope: Envelope) -> bytes:
    """What is encrypted to a custodian, or by a custodian to a release's recipient."""
    value = {**envelope.about.to_value(), "index": envelope.index, "member": envelope.member, "words": envelope.words}
    if envelope.release:
        return canonical_bytes({**value, "form": CONTRIBUTION_FORM, "release": envelope.release})
    return canonical_bytes({**value, "form": SHARE_FORM})


def parse_envelope(raw: bytes) -> Envelope:
    """What an envelope held.

    Raises:
        FormatError: ``share/envelope`` if it is no share's; nothing of it is repeated.
    """
    try:
        value = parse_canonical(raw, max_size=MAX_ENVELOPE, what="the envelope")
        release = value.get("release", "")
        fields = _CONTRIBUTION_FIELDS if value["form"] == CONTRIBUTION_FORM else _SHARE_FIELDS
        if value.keys() == fields and value["form"] in (SHARE_FORM, CONTRIBUTION_FORM):
            texts = (value["org"], value["resource"], value["member"], value["words"], release)
            if all(isinstance(text, str) for text in texts) and all(type(value[key]) is int for key in ("index", "seal")):
                about = About(value["org"], value["resource"], value["seal"])
                return Envelope(about, value["index"], value["member"], value["words"], release)
    except (FormatError, AttributeError, KeyError):
        pass
    raise FormatError("the envelope was opened and holds no share", code="share/envelope")


def check_contribution(envelope: Envelope, by: str, release: str) -> None:
    """Pass in silence if what was opened is what its author may contribute to this release.

    Raises:
        CustodyError: ``share/other-release`` for what was given for something else, ``share/other-member`` for somebody else's share.
    """
    if envelope.release != release:
        said = f"for the release {envelope.release[:12]}" if envelope.release else "for no release"
        raise CustodyError(f"{by} gave a share {said}, and this is {release[:12]}", code="share/other-release", data={"member": by})
    if envelope.member != by:
        raise CustodyError(
            f"{by} gave the share of {envelope.member}, and everybody gives their own", code="share/other-member", data={"member": by}
        )


@dataclass(frozen=True, slots=True)
class Holding:
    """The public half of one person's share: the kit it was encrypted to, commitment, last link, and the digest of the envelope object."""

    kit: str
    commitment: str
    chain: str
    envelope: str

    def to_value(self) -> dict[str, str]:
        """The canonical object in the record."""
        return {"chain": self.chain, "commitment": self.commitment, "envelope": self.envelope, "kit": self.kit}


@dataclass(frozen=True, slots=True)
class Manifest:
    """The public half of a seal, as the record has it: who opens it, everybody's holding, and the digests of key and sealed object."""

    about: About
    structure: Group
    holdings: Mapping[str, Holding]
    key: str
    sealed: str

    def index(self, member: str) -> int:
        """The number of a person's share: their place in the structure, from 0."""
        return self.structure.people().index(member)

    def owners_of(self, words: str) -> tuple[str, ...]:
        """Whose share of this seal these words are: of several, in their order, where any one of a group is enough and all have the same words."""
        people = enumerate(self.structure.people())
        return tuple(name for at, name in people if commitment(self.about, at, name, words) == self.holdings[name].commitment)

    def share_in_words(self, member: str, words: str) -> Envelope:
        """The share of *member* that stands on paper in these words.

        Raises:
            CustodyError: ``share/other-owner`` for somebody else's, naming them; ``share/other-seal`` for nobody's of this seal.
        """
        owners = self.owners_of(words)
        if owners and member not in owners:
            raise CustodyError(
                f"these are the words of the share of {owners[0]}, and not of {member}'s",
                code="share/other-owner",
                data={"member": owners[0]},
                next_step=f"Only {owners[0]} gives or proves it, with their own kit.",
            )
        if not owners:
            raise CustodyError(
                f"these are the words of a share, and of none of seal {self.about.seal} of {self.about.resource}",
                code="share/other-seal",
                next_step="A sheet says at its top what it is of, and at its foot of which organisation. Look for another one.",
            )
        return Envelope(self.about, self.index(member), member, words)

    def check_share(self, envelope: Envelope) -> None:
        """Pass in silence if this is the share that was sealed for the person it names.

        Raises:
            CustodyError: saying whose it is and what is wrong: ``share/other-org``, ``share/other-resource``, ``share/stale`` (another seal of the same
                resource), ``share/not-custodian``, ``share/wrong``.
        """
        found, member = envelope.about, envelope.member
        if found.org != self.about.org:
            raise CustodyError(
                f"the share of {member} is of the organisation {found.org[:12]}, and this is {self.about.org[:12]}", code="share/other-org"
            )
        if found.resource != self.about.resource:
            raise CustodyError(
                f"the share of {member} is of {found.resource!r}, and this is {self.about.resource!r}", code="share/other-resource"
            )
        if found.seal != self.about.seal:
            raise CustodyError(
                f"the share of {member} is from seal {found.seal}, and this is seal {self.about.seal}",
                code="share/stale",
                data={"member": member, "seal": found.seal, "current": self.about.seal},
                next_step=f"{member} contributes the share of seal {self.about.seal}.",
            )
        holding = self.holdings.get(member)
        if holding is None:
            raise CustodyError(f"{member} holds no share of seal {found.seal} of {found.resource}", code="share/not-custodian")
        own = commitment(self.about, self.index(member), member, envelope.words)
        if envelope.index != self.index(member) or not hmac.compare_digest(own, holding.commitment):
            raise CustodyError(
                f"the share of {member} is not the one that was sealed: it does not match its commitment in the record",
                code="share/wrong",
                data={"member": member},
                next_step=f"Ask {member} to contribute again, from their kit or their sheet. Nothing has been put together with it.",
            )


def _share_bytes(about: About, index: int, member: str, words: str) -> bytes:
    return canonical_bytes({**about.to_value(), "index": index, "member": member, "words": words})


def _links(about: About, index: int, member: str, words: str) -> list[bytes]:
    links = [hashlib.sha256(CHAIN_DOMAIN + _share_bytes(about, index, member, words)).digest()]
    for _ in range(LINKS):
        links.append(hashlib.sha256(LINK_DOMAIN + links[-1]).digest())
    return links
