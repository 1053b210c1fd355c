"""Key files: a member's kit and a log's signing key on their owner's disk (DESIGN 3.7, docs/formats/keys.md).

Text, so that a person can tell what lies before them: a first line that names the kind, and the 32 secret bytes in base64. A kit file says
between the two whose kit it is.

    commonhold/kit/v1            commonhold/logkey/v1
    heron                        <base64 of 32 bytes>
    <base64 of 32 bytes>

A key file is made with mode 0600 and never written over: whoever could replace a kit by a slip of the hand could lose a voice. Reading
refuses a file that others may read. The secret stands in the file unencrypted; a disk that is encrypted as a whole, or a stick in a drawer,
is the owner's choice.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from pathlib import Path
from typing import Final

from commonhold.kernel import b64
from commonhold.kernel.errors import CustodyError, FormatError, StoreError
from commonhold.kernel.ids import parse_member_id
from commonhold.kernel.kit import Kit
from commonhold.store.files import store_error

KIT_HEADER: Final = "commonhold/kit/v1"
LOG_KEY_HEADER: Final = "commonhold/logkey/v1"
SEED_BYTES: Final = 32
MAX_KEY_FILE: Final = 4_096
MODE: Final = 0o600

_KINDS: Final = {KIT_HEADER: "a member's kit", LOG_KEY_HEADER: "a log's signing key", "AGE-SECRET-KEY": "an age identity"}
# What file systems without hard links answer (FAT and exFAT sticks, some network shares).
_NO_LINKS: Final = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EACCES})


def save_kit(path: Path, member: str, kit: Kit) -> None:
    """Write *member*'s kit to a new file that only its owner can read.

    Durable, whole or not there at all, and never over a file that exists.

    Raises:
        FormatError: if *member* is no member id.
        StoreError: if something is there already (``keyfile/exists``), or the disk refuses.
    """
    write_new(path, f"{KIT_HEADER}\n{parse_member_id(member)}\n{b64.encode(kit.secret)}\n".encode(), mode=MODE)


def load_kit(path: Path) -> tuple[str, Kit]:
    """The member id and the kit in a file that :func:`save_kit` wrote.

    Raises:
        StoreError: if there is no such file or it cannot be read.
        CustodyError: if others can read it (``keyfile/mode``).
        FormatError: if it is not a kit file; no message repeats what is in it.
    """
    member, secret = _read(path, KIT_HEADER, lines=2)
    return parse_member_id(member, f"the second line of {path}:"), Kit(_secret(secret, path))


def save_log_key(path: Path, seed: bytes) -> None:
    """Write a log's 32-byte Ed25519 seed to a new file that only its owner can read; guarantees as :func:`save_kit`.

    Raises:
        FormatError: if *seed* has another length.
        StoreError: if something is there already (``keyfile/exists``), or the disk refuses.
    """
    if len(seed) != SEED_BYTES:
        raise FormatError(f"a log's signing key has {SEED_BYTES} bytes, this one has {len(seed)}", code="keyfile/length")
    write_new(path, f"{LOG_KEY_HEADER}\n{b64.encode(seed)}\n".encode(), mode=MODE)


def load_log_key(path: Path) -> bytes:
    """The 32-byte Ed25519 seed in a file that :func:`save_log_key` wrote.

    Raises:
        StoreError: if there is no such file or it cannot be read.
        CustodyError: if others can read it (``keyfile/mode``).
        FormatError: if it is not a log key file; no message repeats what is in it.
    """
    (secret,) = _read(path, LOG_KEY_HEADER, lines=1)
    return _secret(secret, path)


def write_new(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Put *data* at *path* with *mode*, unless something is there already.

    Durable when it returns. At any moment, a kill or a power failure included, there is at *path* nothing or the whole content (on a file
    system without hard links a power failure may leave a part, which no reader takes for a key).

    Raises:
        StoreError: ``keyfile/exists`` if there is something, even a broken link; otherwise as the disk says.
    """
    scratch = path.with_name(f".{path.name[:64]}.{secrets.token_hex(8)}")
    try:
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        try:
            _write(scratch, data, mode)
            try:
                # Unlike a rename, a link never replaces what is there.
                os.link(scratch, path)
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
                _write(path, data, mode)
        finally:
            with contextlib.suppress(OSError):
                scratch.unlink()
        _flush_folder(path.parent)
    except FileExistsError:
        raise StoreError(
            f"{path} is there already, and is left as it is",
            code="keyfile/exists",
            next_step="Choose another name with --out, or move the old file away first"
            + ("; a key that was ever enrolled may still be needed." if mode == MODE else "."),
            data={"path": str(path)},
        ) from None
    except OSError as error:
        raise store_error(error, f"write {path}") from error


def read_small(path: Path, *, max_size: int, what: str) -> bytes:
    """The whole content of a small file that may be public.

    Raises:
        StoreError: if there is no such file, it is no regular file, or it cannot be read.
        FormatError: if it has more than *max_size* bytes.
    """
    return read_with_mode(path, max_size=max_size, what=what)[0]


def _read(path: Path, header: str, *, lines: int) -> list[str]:
    """The lines after *header*, of which there must be exactly *lines*, each ended by a newline."""
    raw, mode = read_with_mode(path, max_size=MAX_KEY_FILE, what=_KINDS[header])
    try:
        text = raw.decode("ascii")
    except UnicodeDecodeError:
        text = ""
    first, *rest = text.split("\n")
    if first != header:
        other = next((name for start, name in _KINDS.items() if text.startswith(start)), "something else")
        raise FormatError(
            f"{path} is not {_KINDS[header]}: it is {other if raw else 'empty'}, and should begin with the line {header}",
            code="keyfile/kind",
            next_step="Name the right file; a lost kit file is made again from its 24 words with `commonhold key restore`.",
        )
    if mode & 0o077:
        raise CustodyError(
            f"{path} holds {_KINDS[header]}, and others can reach it: its mode is {mode:04o}, not 0600",
            code="keyfile/mode",
            next_step=f"Run `chmod 600 {path}`. If others use this machine, they may have read it: rotate the key. "
            "On a stick that keeps no modes, copy the file to your own disk first.",
            data={"mode": mode},
        )
    if len(rest) != lines + 1 or rest[-1]:
        raise FormatError(
            f"{path} is cut off or has been changed: {lines + 1} lines are expected",
            code="keyfile/lines",
            next_step="Take another copy; a kit file is made again from its 24 words with `commonhold key restore`.",
        )
    return rest[:-1]


def _secret(text: str, path: Path) -> bytes:
    try:
        return b64.decode(text, length=SEED_BYTES, what="secret")
    except FormatError:
        # The reason could only describe the secret, so it is not passed on.
        raise FormatError(
            f"the secret in {path} is cut off or has been changed",
            code="keyfile/secret",
            next_step="Take another copy; a kit file is made again from its 24 words with `commonhold key restore`.",
        ) from None


def read_with_mode(path: Path, *, max_size: int, what: str) -> tuple[bytes, int]:
    """The whole content of a small file, and its permissions, for whoever keeps secrets of another form.

    Raises:
        StoreError, FormatError: as :func:`read_small`.
    """
    try:
        # Without O_NONBLOCK, opening a named pipe would wait for ever. A link is followed: what counts is the file that it leads to.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb", buffering=0) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise StoreError(f"{path} is no regular file", code="keyfile/not-a-file", next_step="Name a file.")
            mode = stat.S_IMODE(status.st_mode)
            data = b""
            while len(data) <= max_size and (piece := file.read(max_size + 1 - len(data))):
                data += piece
    except OSError as error:
        refusal = store_error(error, f"read {what} from {path}")
        if refusal.code == "store/absent":
            refusal.next_step = "Check the name, and the folder that you are in."
        raise refusal from error
    if len(data) > max_size:
        raise FormatError(
            f"{path} has more than {max_size} bytes, too many for {what}", code="keyfile/too-large", next_step="Name the right file."
        )
    return data, mode


def _write(path: Path, data: bytes, mode: int) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(fd, "wb", buffering=0) as file:
            # The umask may have taken the owner's own rights.
            os.fchmod(fd, mode)
            rest = memoryview(data)
            while rest:
                rest = rest[file.write(rest) or 0 :]
            os.fsync(fd)
    except BaseException:
        with contextlib.suppress(OSError):
            path.unlink()
        raise


def _flush_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
