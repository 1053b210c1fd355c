"""The keys that sign notes, their text forms, and one signature line (C2SP signed-note v1.0.0, tlog-cosignature).

Two kinds of key are supported: 0x01 (Ed25519 over the text) and 0x04 (Ed25519 over the text with a time before it, which makes sense
for checkpoints only). A key is known by its name *and* its id together; the id is short and proves nothing by itself.

Import these names from :mod:`commonhold.kernel.notes`, which has the rules for whole notes.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Final

from commonhold.kernel import b64, ed25519
from commonhold.kernel.errors import FormatError, ProofError

ED25519: Final = 0x01
COSIGNATURE: Final = 0x04
MAX_TIME: Final = 2**63 - 1
KEY_ID_BYTES: Final = 4
_TIME_BYTES: Final = 8
_MAX_KEY_CHARACTERS: Final = 4096
_PRIVATE_INTRO: Final = "PRIVATE+KEY+"
_OTHER_KINDS: Final = {0x02: "ECDSA", 0x05: "RFC 6962 tree head", 0x06: "ML-DSA-44 cosignature"}
# What to call a key text in messages, and in codes.
_VKEY: Final = ("vkey", "vkey")
_PRIVATE: Final = ("private key", "private-key")

_HEX_ID = re.compile(r"[0-9a-f]{8}")
_NOT_IN_NAME = re.compile(r"[\x00-\x20\s+\ud800-\udfff]")
_NOT_IN_TEXT = re.compile(r"[\x00-\x09\x0b-\x1f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line of a note.

    Args:
        name: the key's name.
        key_id: 4 bytes.
        data: what follows the key id; for kind 0x04 an 8-byte time and 64 bytes.

    Raises:
        FormatError: for a name that cannot stand in a note, a key id of another length, or no data.
    """

    name: str
    key_id: bytes
    data: bytes

    def __post_init__(self) -> None:
        check_key_name(self.name)
        if len(self.key_id) != KEY_ID_BYTES or not self.data:
            size = len(self.key_id) + len(self.data)
            raise FormatError(
                f"the signature by {shown(self.name)} has {size} bytes, too few for a key id and a signature", code="note/malformed"
            )

    @property
    def line(self) -> str:
        """The line as it stands in a note, with its newline."""
        return f"— {self.name} {b64.encode(self.key_id + self.data)}\n"


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with its name and kind; ``str()`` gives the vkey text.

    Make one with :meth:`parse` or :meth:`of`, which check it.

    Args:
        name: of the key; for a log it is the origin.
        key_id: the first 4 bytes of SHA-256(name || newline || kind || public).
        kind: 0x01 or 0x04.
        public: 32 bytes.
    """

    name: str
    key_id: bytes
    kind: int
    public: bytes

    @classmethod
    def of(cls, name: str, public: bytes, kind: int = ED25519) -> VerifierKey:
        """The verifier key for a raw public key.

        Raises:
            FormatError: for a name that cannot stand in a note, a kind that is not supported, or a weak key.
        """
        check_key_name(name)
        if kind not in (ED25519, COSIGNATURE):
            raise FormatError(
                f"the key {shown(name)} is of kind 0x{kind:02x} ({_OTHER_KINDS.get(kind, 'unknown')}), and only 0x01 and 0x04 are supported",
                code="vkey/unsupported-kind",
                next_step="Use an Ed25519 key.",
                data={"kind": kind},
            )
        ed25519.check_public_key(public)
        key_id = hashlib.sha256(f"{name}\n".encode() + bytes([kind]) + public).digest()[:KEY_ID_BYTES]
        return cls(name, key_id, kind, public)

    @classmethod
    def parse(cls, vkey: str) -> VerifierKey:
        """The key of a vkey text, ``name+id+base64(kind || public key)``.

        Raises:
            FormatError: if it is malformed, of a kind that is not supported, weak, or its id is not the one that name and key give.
        """
        name, key_id, material = _split_key(vkey, _VKEY)
        key = cls.of(name, material[1:], material[0])
        _check_key_id(key, key_id, _VKEY)
        return key

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{b64.encode(bytes([self.kind]) + self.public)}"

    def verify(self, text: str, signature: Signature) -> None:
        """Pass in silence if *signature* is this key's over the note *text*.

        Raises:
            ProofError: if it is not, if it is malformed, or if it has another key's name or id.
        """
        data, message = signature.data, text.encode()
        valid = (signature.name, signature.key_id) == (self.name, self.key_id)
        if self.kind == COSIGNATURE:
            time = int.from_bytes(data[:_TIME_BYTES], "big")
            data, message = data[_TIME_BYTES:], cosigned_message(time, message)
            valid = valid and time <= MAX_TIME
        if not (valid and ed25519.is_valid(self.public, message, data)):
            raise ProofError(
                f"the signature by {shown(self.name)} ({self.key_id.hex()}) does not match the note",
                code="note/bad-signature",
                next_step="Do not use this note: it was altered after it was signed, or somebody signed in this key's name.",
                data={"key": str(self)},
            )

    def signed_time(self, signature: Signature) -> int | None:
        """The POSIX seconds that a cosignature carries; None for a kind without time. Verify the signature first."""
        return int.from_bytes(signature.data[:_TIME_BYTES], "big") if self.kind == COSIGNATURE else None


@dataclass(frozen=True, slots=True)
class SignerKey:
    """A secret key with its name and kind.

    Args:
        name: of the key.
        seed: 32 secret bytes; never shown by ``repr``.
        kind: 0x01 to sign notes, 0x04 to cosign checkpoints.

    Raises:
        FormatError: for a name that cannot stand in a note, a seed of the wrong length, or a kind that is not supported.
    """

    name: str
    seed: bytes = field(repr=False)
    kind: int = ED25519
    verifier: VerifierKey = field(init=False)

    def __post_init__(self) -> None:
        if len(self.seed) != ed25519.SEED_BYTES:
            raise FormatError(f"an Ed25519 seed has {ed25519.SEED_BYTES} bytes, this one has {len(self.seed)}", code="key/length")
        object.__setattr__(self, "verifier", VerifierKey.of(self.name, ed25519.public_key(self.seed), self.kind))

    @classmethod
    def parse(cls, text: str) -> SignerKey:
        """The key of its secret text form, ``PRIVATE+KEY+name+id+base64(kind || seed)``, as Go's note package writes it.

        Raises:
            FormatError: if it is malformed, or its id is not the one that name and key give. No message repeats the text.
        """
        if not text.startswith(_PRIVATE_INTRO):
            raise FormatError(f"a private key begins with {_PRIVATE_INTRO}, and this text does not", code="private-key/malformed")
        name, key_id, material = _split_key(text[len(_PRIVATE_INTRO) :], _PRIVATE)
        key = cls(name, material[1:], material[0])
        _check_key_id(key.verifier, key_id, _PRIVATE)
        return key

    def encode(self) -> str:
        """The secret text form; keep it as you would keep the key."""
        return f"{_PRIVATE_INTRO}{self.name}+{self.verifier.key_id.hex()}+{b64.encode(bytes([self.kind]) + self.seed)}"

    def sign(self, text: str, time: int | None = None) -> Signature:
        """This key's signature over the note *text*.

        Args:
            text: ends with a newline.
            time: POSIX seconds, 1 to 2**63 - 1, for a key of kind 0x04; none for another.

        Raises:
            FormatError: if *text* cannot be a note, or *time* is missing, needless or out of range.
        """
        check_note_text(text)
        if (time is None) != (self.kind == ED25519) or (time is not None and not 0 < time <= MAX_TIME):
            raise FormatError(
                f"the key {shown(self.name)} of kind 0x{self.kind:02x} cannot sign with time {time}: a cosignature has a time, a plain signature has none",
                code="note/time",
            )
        message = text.encode()
        if time is None:
            return Signature(self.name, self.verifier.key_id, ed25519.sign(self.seed, message))
        signed = ed25519.sign(self.seed, cosigned_message(time, message))
        return Signature(self.name, self.verifier.key_id, time.to_bytes(_TIME_BYTES, "big") + signed)


def cosigned_message(time: int, text: bytes) -> bytes:
    """What an Ed25519 cosigner signs: the header, the time, and the whole note text (tlog-cosignature, "Ed25519 signed message")."""
    return b"cosignature/v1\ntime %d\n" % time + text


def check_key_name(name: str) -> None:
    """Pass in silence if *name* may name a key: not empty, no Unicode space, no plus sign, no control character.

    Raises:
        FormatError: if it may not.
    """
    if not name or _NOT_IN_NAME.search(name):
        raise FormatError(
            f"the key name {name[:80]!r} is empty or holds a space, a plus sign or a control character",
            code="key/name",
            next_step="Choose a name without spaces, such as a domain that you keep.",
            data={"name": name[:80]},
        )


def check_note_text(text: str) -> None:
    """Pass in silence if *text* may be signed as a note: it ends with a newline and holds no other control character below U+0020.

    Raises:
        FormatError: if it may not.
    """
    if not text.endswith("\n"):
        raise FormatError("the text of a note ends with a newline, and this one does not", code="note/malformed")
    if found := _NOT_IN_TEXT.search(text):
        raise FormatError(f"the text of the note holds the character U+{ord(found[0]):04X}", code="note/character")


def shown(text: str, most: int = 200) -> str:
    """*text* as a message may show it: cut, and escaped where it holds anything that a terminal would not print plainly."""
    cut = text[:most]
    return cut if cut.isprintable() else ascii(cut)


def _split_key(text: str, what: tuple[str, str]) -> tuple[str, bytes, bytes]:
    """The name, id and material of a key text; its material has at least a kind and one byte."""
    word, code = what
    parts = text.split("+", 2) if len(text) <= _MAX_KEY_CHARACTERS else []
    if len(parts) != 3 or not _HEX_ID.fullmatch(parts[1]):
        raise FormatError(
            f"a {word} is a name, 8 hexadecimal digits and base64, joined by plus signs, and this text is not",
            code=f"{code}/malformed",
            next_step="Copy the key again, whole, from where its owner shows it.",
        )
    material = b64.decode(parts[2], what=f"{word}'s material")
    if len(material) < 2:
        raise FormatError(f"the {word} of {shown(parts[0])} holds no key", code=f"{code}/malformed")
    return parts[0], bytes.fromhex(parts[1]), material


def _check_key_id(key: VerifierKey, given: bytes, what: tuple[str, str]) -> None:
    word, code = what
    if key.key_id != given:
        raise FormatError(
            f"the {word} of {shown(key.name)} says id {given.hex()}, and its name and key give {key.key_id.hex()}",
            code=f"{code}/id",
            next_step="Copy the key again, whole; a character was changed.",
        )
