"""The one file in which an interview is kept: saved whole at every answer, with a passphrase if people wish, and by one program at a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path

from commonhold.kernel.custody.interview import Interview, interview_bytes, parse_interview
from commonhold.kernel.custody.interview.answersfile import MAX_BYTES
from commonhold.kernel.errors import CustodyError, FormatError, StoreError
from commonhold.store.files import store_error
from commonhold.store.keyfile import read_small
from commonhold.store.sealedfile import check_passphrase, clear_scratch, is_sealed, seal, unseal, write_private

_ROOM = 1 << 16
"""What sealing adds at most."""


class Keeper:
    """Holds the answers while the program runs, and its file for itself.

    Whatever :meth:`save` was given is on the disk when it returns; before that, the file holds what it held. A file that cannot be read is left as it
    is, and nothing is written over it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.interview = Interview()
        self._passphrase = ""
        self._sealed = b""
        self._lock = _lock(path)
        try:
            clear_scratch(path)
            self._load()
        except BaseException:
            self.close()
            raise

    @property
    def locked(self) -> bool:
        """Whether the file waits for its passphrase."""
        return bool(self._sealed)

    @property
    def protected(self) -> bool:
        """Whether the file is saved with a passphrase."""
        return bool(self._passphrase or self._sealed)

    def unlock(self, passphrase: str) -> None:
        """Open a protected file.

        Raises:
            CustodyError: for a wrong passphrase; nothing has changed, and it can be tried again.
            FormatError: if what is inside is no interview.
        """
        self.interview = parse_interview(unseal(self._sealed, passphrase))
        self._passphrase, self._sealed = passphrase, b""

    def protect(self, passphrase: str) -> None:
        """Keep the file with this passphrase from now on.

        Raises:
            CustodyError: for one that is too short. StoreError: if the file cannot be written; the old one stays as it was.
        """
        check_passphrase(passphrase)
        before, self._passphrase = self._passphrase, passphrase
        try:
            self._write(self.interview)
        except BaseException:
            self._passphrase = before
            raise

    def save(self, interview: Interview) -> None:
        """Keep these answers; durable when it returns.

        Raises:
            CustodyError: while the file is locked. StoreError: if it cannot be written; the answers before are there.
        """
        if interview != self.interview or not self.path.exists():
            self._write(interview)
            self.interview = interview

    def close(self) -> None:
        """Let another program have the file."""
        os.close(self._lock)

    def _write(self, interview: Interview) -> None:
        if self.locked:
            raise CustodyError("the file is locked", code="interview/locked", next_step="Open it with its passphrase first.")
        raw = interview_bytes(interview)
        write_private(self.path, seal(raw, self._passphrase) if self._passphrase else raw)

    def _load(self) -> None:
        if not self.path.exists():
            return
        raw = read_small(self.path, max_size=MAX_BYTES + _ROOM, what="an interview")
        if is_sealed(raw):
            self._sealed = raw
            return
        try:
            self.interview = parse_interview(raw)
        except FormatError as error:
            raise FormatError(
                f"{self.path.name} holds no interview that this version can read: {error}",
                code=error.code,
                next_step="It is left as it is. Name another file to begin a new one, or take a copy of this one from before.",
            ) from None


def _lock(path: Path) -> int:
    """A descriptor that holds the file's lock, by whatever link it is named; it goes with the process, whatever ends it."""
    target = Path(os.path.realpath(path))
    beside = target.with_name(f".{target.name}.lock")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise store_error(error, f"write beside {path}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        with contextlib.suppress(OSError):
            os.close(descriptor)
        raise StoreError(
            f"another program has {path.name} open",
            code="interview/in-use",
            next_step="Go on in the window that is open already, or end that program first.",
        ) from None
    return descriptor
