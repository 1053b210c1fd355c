"""Sealing secrets and opening them again: the AEAD, the trial in which every share takes part, and the check of every share (DESIGN 5).

ChaCha20-Poly1305 (RFC 8439) under a key that is used once, with organisation, resource and number of the seal as associated data. Nothing is put
together before each share has matched its commitment; the key then has to match its own; the AEAD has the last word.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from nacl import bindings
from nacl.exceptions import CryptoError

from commonhold.kernel.canonical import canonical_bytes
from commonhold.kernel.custody.sealing.bundle import BLOCK, MAX_BYTES, Secret, bundle_bytes, parse_bundle
from commonhold.kernel.custody.sealing.shares import (
    About,
    Envelope,
    Holding,
    Manifest,
    chain_end,
    commitment,
    envelope_bytes,
    key_commitment,
)
from commonhold.kernel.custody.sealing.splitting import KEY_BYTES, Dice, join_shares, split_key, trial_sets
from commonhold.kernel.custody.sealing.structure import Group
from commonhold.kernel.errors import CommonholdError, CustodyError, FormatError

HEADER: Final = b"commonhold/sealed/v1\n"
AEAD_DOMAIN: Final = b"commonhold/seal/v1\n"
NONCE_BYTES: Final = bindings.crypto_aead_chacha20poly1305_ietf_NPUBBYTES
MAX_SEALED: Final = len(HEADER) + NONCE_BYTES + MAX_BYTES + 2 * BLOCK


@dataclass(frozen=True, slots=True)
class Sealed:
    """A new seal: its public object, everybody's share (secret), and what the record will hold but for the envelopes' digests."""

    about: About
    structure: Group
    sealed: bytes
    key: str
    words: Mapping[str, str] = field(repr=False)

    def envelope(self, member: str) -> bytes:
        """What is encrypted to *member*'s kit."""
        return envelope_bytes(Envelope(self.about, self._index(member), member, self.words[member]))

    def manifest(self, kits: Mapping[str, str], envelopes: Mapping[str, str]) -> Manifest:
        """The public half of the seal.

        Args:
            kits: everybody's key id; *envelopes*: the digest of everybody's encrypted envelope.
        """
        holdings = {member: self._holding(member, kits[member], envelopes[member]) for member in self.words}
        return Manifest(self.about, self.structure, holdings, self.key, hashlib.sha256(self.sealed).hexdigest())

    def _holding(self, member: str, kit: str, envelope: str) -> Holding:
        share = (self.about, self._index(member), member, self.words[member])
        return Holding(kit, commitment(*share), chain_end(*share), envelope)

    def _index(self, member: str) -> int:
        return self.structure.people().index(member)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one contribution: ``used``, ``surplus`` (right, and not needed), or refused with a *code* and *words*."""

    member: str
    code: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """The secrets, and what became of every contribution."""

    secrets: tuple[Secret, ...] = field(repr=False)
    verdicts: tuple[Verdict, ...]


def seal(secrets: Iterable[Secret], structure: Group, about: About, dice: Dice) -> Sealed:
    """Seal *secrets* for *structure*, and open the result once in every way that it takes for each share to have taken part.

    Raises:
        CustodyError, FormatError: if the secrets cannot be sealed (``bundle_bytes``).
    """
    padded = bundle_bytes(secrets)
    key, nonce = dice(KEY_BYTES), dice(NONCE_BYTES)
    sealed = HEADER + nonce + bindings.crypto_aead_chacha20poly1305_ietf_encrypt(padded, _associated(about), nonce, key)
    made = Sealed(about, structure, sealed, key_commitment(about, key), split_key(key, structure, about.to_value(), dice))
    for people in trial_sets(structure):
        part = {member: made.words[member] for member in people}
        _decrypt(about, made.key, sealed, join_shares(structure, about.to_value(), part))
    return made


def check_contributions(manifest: Manifest, contributions: Iterable[Envelope]) -> tuple[dict[str, str], tuple[Verdict, ...]]:
    """The shares to open with, each checked and no more than are needed, and what became of every contribution, in order.

    The first right share of a person counts; what follows from the same person is a duplicate. A structure is met by the earliest contributions
    that meet it; what is not needed for that is set aside and never used.
    """
    right: dict[str, str] = {}
    verdicts: list[Verdict] = []
    for envelope in contributions:
        if envelope.member in right:
            words = f"{envelope.member} has contributed already, and one person counts once"
            verdicts.append(Verdict(envelope.member, "share/duplicate", words))
            continue
        try:
            manifest.check_share(envelope)
        except CustodyError as error:
            verdicts.append(Verdict(envelope.member, error.code, str(error)))
            continue
        right[envelope.member] = envelope.words
        verdicts.append(Verdict(envelope.member, "used"))
    needed = _fewest_of(manifest.structure, list(right))
    final = tuple(
        Verdict(verdict.member, "surplus", f"the share of {verdict.member} is right, and not needed")
        if verdict.code == "used" and verdict.member not in needed
        else verdict
        for verdict in verdicts
    )
    return {member: right[member] for member in right if member in needed}, final


def open_seal(manifest: Manifest, sealed: bytes, contributions: Iterable[Envelope]) -> Opened:
    """The secrets in *sealed*, if enough right shares were contributed.

    Raises:
        CustodyError: ``seal/not-enough``, with a verdict on every contribution in its data, before anything is put together;
            ``seal/inconsistent``; ``seal/other-content`` if what opens is not what the seal's maker committed to.
        FormatError: ``seal/object`` if *sealed* is not the object that the record names.
    """
    if len(sealed) > MAX_SEALED or hashlib.sha256(sealed).hexdigest() != manifest.sealed or not sealed.startswith(HEADER):
        raise FormatError(
            "this is not the sealed object that the record names",
            code="seal/object",
            next_step="Fetch the object again, from another mirror; its digest proves it.",
        )
    shares, verdicts = check_contributions(manifest, contributions)
    try:
        key = join_shares(manifest.structure, manifest.about.to_value(), shares)
    except CustodyError as error:
        refused = [verdict for verdict in verdicts if verdict.code not in ("used", "surplus")]
        said = "".join(f"; {verdict.words}" for verdict in refused)
        data = {**error.data, "refused": {verdict.member: verdict.code for verdict in refused}}
        raise CustodyError(f"{error}{said}", code=error.code, data=data, next_step=error.next_step) from None
    try:
        return Opened(parse_bundle(_decrypt(manifest.about, manifest.key, sealed, key)), verdicts)
    except (CryptoError, CommonholdError):
        raise CustodyError(
            "the shares are those that were sealed, and what they open is not what the seal's maker committed to",
            code="seal/other-content",
            next_step="The record names who made this seal. Make a new one.",
        ) from None


def _decrypt(about: About, expected: str, sealed: bytes, key: bytes) -> bytes:
    if key_commitment(about, key) != expected:
        raise CustodyError("the key is not the one that was committed to", code="seal/key")
    nonce, box = sealed[len(HEADER) : len(HEADER) + NONCE_BYTES], sealed[len(HEADER) + NONCE_BYTES :]
    padded: bytes = bindings.crypto_aead_chacha20poly1305_ietf_decrypt(box, _associated(about), nonce, key)
    return padded


def _associated(about: About) -> bytes:
    return AEAD_DOMAIN + canonical_bytes(about.to_value())


def _fewest_of(structure: Group, people: list[str]) -> frozenset[str]:
    """The earliest of *people* who meet the structure and of whom nobody could be left out; all of them if they do not meet it."""
    kept = list(people)
    if structure.is_met(frozenset(kept)):
        for person in reversed(people):
            without = frozenset(kept) - {person}
            if structure.is_met(without):
                kept.remove(person)
    return frozenset(kept)
