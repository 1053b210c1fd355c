"""Files that leave the machine: sealed with a passphrase or to age recipients, and written whole, for their owner alone (age-encryption.org/v1).

Any age program opens them. age does not say who sealed a file, so a sealed file proves nothing about its sender; and its scrypt costs about a second for
each passphrase, on purpose. What is inside is the business of whoever seals it.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

import pyrage  # type: ignore[import-untyped] # it has no stubs yet

from commonhold.kernel.errors import CustodyError, FormatError
from commonhold.store.files import store_error
from commonhold.store.keyfile import MODE, write_new

MAX_BYTES: Final = 64 << 20
"""How much a sealed file may hold."""

MAX_SEALED: Final = MAX_BYTES + (1 << 20)
MAX_PASSPHRASE: Final = 1_000
MIN_PASSPHRASE: Final = 8
MAX_RECIPIENTS: Final = 100
MAX_STANZAS: Final = 2 * MAX_RECIPIENTS
"""The lines about recipients that are read of a file; age takes a minute for a thousand and an hour for four."""

_STEM: Final = 32
"""How much of a file's name its scratch bears."""

PATIENCE: Final = 4
"""How often a file is tried whose passphrase asks for more work than the machine could do at that moment."""
_BINARY, _ARMOUR = b"age-encryption.org/v1\n", b"-----BEGIN AGE ENCRYPTED FILE-----"
# age's own words; what is neither of these is a file that was cut or changed.
_WRONG_PASSPHRASE, _OTHER_KEY, _TOO_MUCH_WORK = "Decryption failed", "No matching keys", "Excessive work"


def is_sealed(raw: bytes) -> bool:
    """Whether bytes begin as an age file does, whole or not."""
    return raw.startswith((_BINARY, _ARMOUR))


def seal(data: bytes, passphrase: str) -> bytes:
    """*data* as an age file that this passphrase opens.

    Raises:
        CustodyError: ``sealed/weak-passphrase`` for one of fewer than 8 characters.
        FormatError: ``sealed/too-large`` for more than 64 MiB.
    """
    _require_size(data, MAX_BYTES)
    check_passphrase(passphrase)
    sealed: bytes = pyrage.passphrase.encrypt(data, _typed(passphrase))
    return sealed


def seal_to(data: bytes, recipients: Sequence[str]) -> bytes:
    """*data* as an age file that each of these recipients (``age1...``) opens alone.

    Raises:
        CustodyError: naming what is no recipient; a secret key given in its place is not repeated.
        FormatError: ``sealed/too-large`` for more than 64 MiB.
    """
    _require_size(data, MAX_BYTES)
    if not 1 <= len(recipients) <= MAX_RECIPIENTS:
        raise CustodyError(
            f"a file is sealed to 1 to {MAX_RECIPIENTS} recipients, and {len(recipients)} are named", code="sealed/recipients"
        )
    sealed: bytes = pyrage.encrypt(data, [_recipient(text) for text in recipients])
    return sealed


def unseal(raw: bytes, passphrase: str) -> bytes:
    """What was sealed with this passphrase.

    Raises:
        CustodyError: ``sealed/wrong-passphrase``, or ``sealed/other-key`` where the file is sealed to keys and to no passphrase.
        FormatError: if it is no age file, or one that was cut off or changed; never a part of what is inside.
    """
    check_sealed(raw)
    return _decrypted(lambda: pyrage.passphrase.decrypt(raw, _typed(passphrase)))


def unseal_with(raw: bytes, identities: Iterable[str]) -> bytes:
    """What was sealed to the recipient of one of these age identities (``AGE-SECRET-KEY-1...``); no message repeats one.

    Raises:
        CustodyError: ``sealed/identity`` for what is none, or ``sealed/other-key`` where none of them opens it.
        FormatError: if it is no age file, or one that was cut off or changed.
    """
    check_sealed(raw)
    if raw.split(b"\n---", 1)[0].count(b"\n-> ") > MAX_STANZAS:
        raise FormatError(
            f"the sealed file is for more than {MAX_STANZAS} recipients, and reading so long a list takes this machine for ever",
            code="sealed/recipients",
            next_step="Ask whoever sealed it to seal it to you alone.",
        )
    keys = [parse_identity(text) for text in identities]
    return _decrypted(lambda: pyrage.decrypt(raw, keys))


def new_identity() -> str:
    """A new age identity, ``AGE-SECRET-KEY-1...``, for what is sealed to it once."""
    return str(pyrage.x25519.Identity.generate())


def recipient_of(identity: str) -> str:
    """The recipient, ``age1...``, of an age identity; no message repeats the identity.

    Raises:
        CustodyError: ``sealed/identity`` if it is none.
    """
    return str(parse_identity(identity).to_public())


def parse_identity(text: str) -> pyrage.x25519.Identity:
    """The age identity of a line ``AGE-SECRET-KEY-1...``; no message repeats it.

    Raises:
        CustodyError: ``sealed/identity`` if it is none.
    """
    try:
        return pyrage.x25519.Identity.from_str(text)
    except pyrage.IdentityError:
        raise CustodyError(
            "this is no age identity", code="sealed/identity", next_step="It is a line that begins with AGE-SECRET-KEY-1."
        ) from None


def write_private(path: Path, data: bytes) -> None:
    """Put *data* at *path* with mode 0600, in place of what is there.

    Durable when it returns. At any moment, a kill or a power failure included, *path* holds the old content or the new one, whole.

    Raises:
        StoreError: as the disk says; the old content is left.
    """
    target = Path(os.path.realpath(path))
    scratch = target.with_name(f".{target.name[:_STEM]}.{secrets.token_hex(8)}.new")
    write_new(scratch, data, mode=MODE)
    try:
        os.replace(scratch, target)
        folder = os.open(target.parent, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        with contextlib.suppress(OSError):
            scratch.unlink()
        raise store_error(error, f"write {path}") from error


def clear_scratch(path: Path) -> None:
    """Remove what a killed :func:`write_private` left beside *path*: it may hold what has a passphrase since. Only for the one writer of *path*."""
    target = Path(os.path.realpath(path))
    # With one more dot and number where write_new itself was killed.
    left = re.compile(rf"\.{{1,2}}{re.escape(target.name[:_STEM])}\.[0-9a-f]{{16}}\.new(\.[0-9a-f]{{16}})?")
    with contextlib.suppress(OSError):
        for found in target.parent.iterdir():
            if left.fullmatch(found.name):
                found.unlink()


def check_passphrase(passphrase: str) -> None:
    """Pass in silence if a file may be sealed with this passphrase.

    Raises:
        CustodyError: ``sealed/weak-passphrase`` or ``sealed/passphrase``, without repeating it.
    """
    if len(passphrase.strip()) < MIN_PASSPHRASE:
        raise CustodyError(
            f"the passphrase has fewer than {MIN_PASSPHRASE} characters",
            code="sealed/weak-passphrase",
            next_step="Take four or five words that you can remember and nobody would guess.",
        )
    _typed(passphrase)


def _typed(passphrase: str) -> str:
    if len(passphrase) > MAX_PASSPHRASE:
        raise CustodyError(
            f"the passphrase has more than {MAX_PASSPHRASE} characters", code="sealed/passphrase", next_step="Take a shorter one."
        )
    try:
        # One keyboard writes a letter and its accent as one character, the next as two; both are the same passphrase.
        normal = unicodedata.normalize("NFC", passphrase)
        normal.encode()
    except UnicodeEncodeError:
        raise CustodyError("the passphrase is no text", code="sealed/passphrase", next_step="Type it again.") from None
    return normal


def _recipient(text: str) -> pyrage.x25519.Recipient:
    try:
        return pyrage.x25519.Recipient.from_str(text.strip())
    except pyrage.RecipientError:
        said = "a secret key" if text.strip().upper().startswith("AGE-SECRET-KEY") else repr(text[:80])
        raise CustodyError(
            f"{said} is no age recipient",
            code="sealed/recipient",
            next_step="A recipient is public and begins with age1; `age-keygen -y` shows it.",
        ) from None


def _require_size(data: bytes, limit: int) -> None:
    if len(data) > limit:
        raise FormatError(f"this has {len(data)} bytes, and a sealed file holds at most {limit}", code="sealed/too-large")


def check_sealed(raw: bytes) -> None:
    """Refuse what is no age file, before anybody is asked for its passphrase.

    Raises:
        FormatError: ``sealed/form``, or ``sealed/too-large``.
    """
    _require_size(raw, MAX_SEALED)
    if not is_sealed(raw):
        raise FormatError(
            "this is no age file" if raw else "the file is empty", code="sealed/form", next_step="Name the file that ends in .age."
        )


def _decrypted(opened: Callable[[], bytes]) -> bytes:
    for left in reversed(range(PATIENCE)):
        try:
            data = opened()
        except pyrage.DecryptError as error:
            # age measures what this machine can do at each attempt, and a busy moment is no reason to give up.
            if left and str(error).startswith(_TOO_MUCH_WORK):
                continue
            raise refusal_of(str(error)) from None
        _require_size(data, MAX_BYTES)
        return data
    raise AssertionError("the last attempt gives or refuses")


def refusal_of(said: str) -> CustodyError | FormatError:
    """What age *said* when it did not decrypt a file, as an error of ours."""
    if said.startswith(_WRONG_PASSPHRASE):
        return CustodyError(
            "this passphrase does not open the file",
            code="sealed/wrong-passphrase",
            next_step="Try again, and look at the keyboard's language and at capital letters. Nobody can open it without the passphrase.",
        )
    if said.startswith(_OTHER_KEY):
        return CustodyError(
            "the file is sealed to other keys than this",
            code="sealed/other-key",
            next_step="Open it in the way in which it was sealed: with the passphrase, or with --identity and the key's file.",
        )
    if said.startswith(_TOO_MUCH_WORK):
        return CustodyError(
            "the file asks for more work than this machine can do at the moment",
            code="sealed/work",
            next_step="Try again when less is running. If that does not help, open it on the computer that sealed it, and seal it again.",
        )
    return FormatError(
        "the sealed file was cut off or changed on its way, and nothing of it can be trusted",
        code="sealed/damaged",
        next_step="Take another copy of it.",
    )
