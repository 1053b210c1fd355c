"""Signed notes: a text and the keys that signed it (C2SP signed-note v1.0.0).

A verifier is configured with keys and believes nothing else: a signature by an unknown key is ignored, a bad signature by a known key
refuses the whole note, and a note that no known key has signed is refused. Signatures of kinds that are not supported, such as
ML-DSA-44 (0x06), pass as unknown.

Not here: the keys (:mod:`.notekeys`, whose names can be imported from here), what a checkpoint's text means, and cosigning
(:mod:`.tlog.checkpoint`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from commonhold.kernel import b64
from commonhold.kernel.errors import FormatError, ProofError
from commonhold.kernel.notekeys import (
    COSIGNATURE,
    ED25519,
    KEY_ID_BYTES,
    MAX_TIME,
    Signature,
    SignerKey,
    VerifierKey,
    check_key_name,
    check_note_text,
    cosigned_message,
    shown,
)

__all__ = [
    "COSIGNATURE",
    "ED25519",
    "MAX_NOTE_BYTES",
    "MAX_SIGNATURES",
    "MAX_TIME",
    "Note",
    "OpenedNote",
    "Signature",
    "SignerKey",
    "VerifierKey",
    "append_signatures",
    "check_distinct",
    "check_key_name",
    "check_note_text",
    "cosigned_message",
    "note_of",
    "open_note",
    "parse_note",
    "parse_signature",
    "sign_note",
    "sound_note",
]

MAX_NOTE_BYTES: Final = 1 << 20
MAX_SIGNATURES: Final = 100


@dataclass(frozen=True, slots=True)
class Note:
    """A note as it was read, with nothing verified.

    Args:
        text: with its last newline.
        signatures: in the order of their lines.
    """

    text: str
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class OpenedNote:
    """A note that at least one known key has signed.

    Args:
        text: with its last newline.
        verified: each known key that signed, once, with its signature (the newest, if a cosigner signed several times).
        unknown: how many signature lines were by keys that are not known.
    """

    text: str
    verified: tuple[tuple[VerifierKey, Signature], ...]
    unknown: int


def parse_note(raw: bytes, *, max_size: int = MAX_NOTE_BYTES) -> Note:
    """The text and signature lines of a note; nothing is verified.

    Raises:
        FormatError: if it is larger than *max_size* bytes, has more than 100 signature lines, or is malformed.
    """
    if len(raw) > max_size:
        raise FormatError(
            f"the note has {len(raw)} bytes, and at most {max_size} are allowed",
            code="note/too-large",
            data={"size": len(raw), "limit": max_size},
        )
    # The separator is the last empty line: a text may have empty lines of its own.
    middle = raw.rfind(b"\n\n")
    if middle < 0 or not raw.endswith(b"\n") or middle + 2 == len(raw):
        raise FormatError("the note does not end with an empty line and signature lines", code="note/malformed")
    count = raw.count(b"\n", middle + 2)
    if count > MAX_SIGNATURES:
        raise FormatError(
            f"the note has {count} signatures, and at most {MAX_SIGNATURES} are allowed",
            code="note/too-many-signatures",
            data={"count": count, "limit": MAX_SIGNATURES},
        )
    try:
        whole = raw.decode()
    except UnicodeDecodeError as error:
        raise FormatError(f"the note is not UTF-8: {error.reason} at byte {error.start}", code="note/not-utf8") from None
    text, _, lines = whole.rpartition("\n\n")
    text += "\n"
    check_note_text(text)
    return Note(text, tuple(parse_signature(line) for line in lines[:-1].split("\n")))


def parse_signature(line: str) -> Signature:
    """The signature of one signature line, without its newline; nothing is verified.

    Raises:
        FormatError: if it is malformed.
    """
    intro, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    if intro != "—" or not encoded:
        raise FormatError(f"the line {line[:80]!r} is not a signature", code="note/malformed")
    data = b64.decode(encoded, what="signature")
    return Signature(name, data[:KEY_ID_BYTES], data[KEY_ID_BYTES:])


def open_note(raw: bytes, verifiers: Iterable[VerifierKey], *, max_size: int = MAX_NOTE_BYTES) -> OpenedNote:
    """The text of a note and which of *verifiers* signed it.

    Raises:
        FormatError: if the note is malformed, or two of *verifiers* share a name and id.
        ProofError: if one of *verifiers* is named with a bad signature, or none of them has signed.
    """
    known = check_distinct(verifiers)
    note = parse_note(raw, max_size=max_size)
    verified: dict[VerifierKey, Signature] = {}
    unknown = 0
    for signature in note.signatures:
        key = known.get((signature.name, signature.key_id))
        if key is None:
            unknown += 1
            continue
        key.verify(note.text, signature)
        earlier = verified.get(key)
        # The same key twice is one signer; the order of lines is nobody's statement, so the newest time counts.
        if earlier is None or (key.signed_time(signature) or 0) > (key.signed_time(earlier) or 0):
            verified[key] = signature
    if not verified:
        raise ProofError(
            f"none of the {len(known)} known keys has signed the note ({unknown} signatures by unknown keys)",
            code="note/no-known-key",
            next_step="Check that you have the signer's present key, from a source other than the one that gave you the note.",
            data={"known": sorted(str(key) for key in known.values()), "unknown": unknown},
        )
    return OpenedNote(note.text, tuple(verified.items()), unknown)


def sound_note(raws: Iterable[bytes], verifiers: Iterable[VerifierKey]) -> bytes:
    """One note of several with the same text: of each of *verifiers* the newest signature that verifies, in the order of the lines, and no other line.

    So nobody who passes a note on can add a line that makes others refuse it, and nobody can take away what was signed before.

    Raises:
        FormatError: if a note is malformed, their texts differ, two of *verifiers* share a name and id, or none of them has signed.
    """
    known = check_distinct(verifiers)
    notes = [parse_note(raw) for raw in raws]
    if len({note.text for note in notes}) != 1:
        raise FormatError(f"{len(notes)} notes that are to be one have different texts, or there are none", code="note/texts")
    best: dict[tuple[str, bytes], Signature] = {}
    for signature in (signature for note in notes for signature in note.signatures):
        name = (signature.name, signature.key_id)
        if (key := known.get(name)) is None:
            continue
        try:
            key.verify(notes[0].text, signature)
        except ProofError:
            continue
        earlier = best.get(name)
        if earlier is None or (key.signed_time(signature) or 0) > (key.signed_time(earlier) or 0):
            best[name] = signature
    return note_of(notes[0].text, list(best.values()))


def sign_note(text: str, *signers: SignerKey) -> bytes:
    """The note of *text*, signed by *signers* in order.

    Raises:
        FormatError: if *text* cannot be a note, no signer or more than 100 are given, two share a name and id, or one is not of kind 0x01.
    """
    check_distinct(signer.verifier for signer in signers)
    return note_of(text, [signer.sign(text) for signer in signers])


def append_signatures(raw: bytes, *signatures: Signature) -> bytes:
    """The note with more signature lines at its end; a signature takes the place of an older one with the same name and id.

    Nothing is verified.

    Raises:
        FormatError: if the note is malformed, or would have more than 100 signatures.
    """
    note = parse_note(raw)
    fresh = {(signature.name, signature.key_id): signature for signature in signatures}
    kept = [signature for signature in note.signatures if (signature.name, signature.key_id) not in fresh]
    return note_of(note.text, [*kept, *fresh.values()])


def check_distinct(keys: Iterable[VerifierKey]) -> dict[tuple[str, bytes], VerifierKey]:
    """The keys by name and id, which no two may share: a signature could not be told apart.

    Raises:
        FormatError: naming the pair that two keys share.
    """
    known: dict[tuple[str, bytes], VerifierKey] = {}
    for key in keys:
        if (key.name, key.key_id) in known:
            raise FormatError(
                f"two of the given keys have the name {shown(key.name)} and the id {key.key_id.hex()}",
                code="note/ambiguous-key",
                next_step="Give each key once.",
            )
        known[key.name, key.key_id] = key
    return known


def note_of(text: str, signatures: list[Signature]) -> bytes:
    """The note of *text* with these signatures, in order; nothing is verified.

    Raises:
        FormatError: if there are no signatures or more than 100.
    """
    if not 1 <= len(signatures) <= MAX_SIGNATURES:
        raise FormatError(
            f"a note has 1 to {MAX_SIGNATURES} signatures, this one would have {len(signatures)}", code="note/too-many-signatures"
        )
    return (text + "\n" + "".join(signature.line for signature in signatures)).encode()
