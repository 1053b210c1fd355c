"""Files of any size, encrypted to one age recipient and decrypted again, piece by piece (age-encryption.org/v1, binary).

What is decrypted may be used only once the end was seen: age authenticates every 64 KiB by itself, and only the last one says that it is the last.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Final

import pyrage  # type: ignore[import-untyped] # it has no stubs yet

from commonhold.kernel.errors import CommonholdError, FormatError
from commonhold.store.files import Refusals, store_error
from commonhold.store.sealedfile import refusal_of

PIECE: Final = 1 << 18
_MAX_HEADER: Final = 1 << 14
_MAX_STANZAS: Final = 16


def encrypt_pieces(pieces: Iterator[bytes], file: IO[bytes], recipient: str) -> None:
    """Write *pieces* to an open file, encrypted to *recipient* (``age1...``).

    Raises:
        Whatever *pieces* and *file* raise.
    """
    reader = _Joined(pieces)
    try:
        pyrage.encrypt_io(reader, file, [pyrage.x25519.Recipient.from_str(recipient)])
    except BaseException:
        if reader.error is not None:
            raise reader.error from None
        raise


class _Joined:
    """Pieces as something to read from, which remembers why they ended: the encrypting library knows only its own errors."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._rest = pieces, memoryview(b"")
        self.error: CommonholdError | None = None

    def read(self, size: int = -1) -> bytes:
        while not self._rest:
            try:
                piece = next(self._pieces, None)
            except CommonholdError as error:
                self.error = error
                raise OSError("the source failed") from None
            if piece is None:
                return b""
            self._rest = memoryview(piece)
        taken, self._rest = self._rest[:size] if size >= 0 else self._rest, self._rest[size:] if size >= 0 else memoryview(b"")
        return bytes(taken)


@contextlib.contextmanager
def decrypted(path: Path, key: pyrage.x25519.Identity) -> Iterator[Callable[[int], bytes]]:
    """What an age file holds, as something to read from; when the block ends, the end was seen and all of it is genuine.

    Raises:
        CustodyError, FormatError: as for other sealed files, in place of what the block made of the torn rest.
    """
    with Refusals(f"read {path}"):
        source = open(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb", buffering=0)  # noqa: SIM115 - closed below
    failed: list[Exception] = []
    out, into = os.pipe()

    def decrypt() -> None:
        try:
            with open(into, "wb", buffering=0) as writer:
                pyrage.decrypt_io(source, writer, [key])
        except Exception as error:  # noqa: BLE001 - whatever it was is told where the block ends
            failed.append(error)

    with source:
        _check_header(source, path)
        worker = threading.Thread(target=decrypt, name="decrypt", daemon=True)
        worker.start()
        reader = open(out, "rb", buffering=0)  # noqa: SIM115 - closed below, before the worker is waited for
        inner: BaseException | None = None
        try:
            yield lambda size: reader.read(size) or b""
            while reader.read(PIECE):
                pass
        except (CommonholdError, OSError) as error:
            inner = error
        finally:
            reader.close()
            worker.join()
    if failed and getattr(failed[0], "errno", None) != errno.EPIPE:
        raise _failure(failed[0])
    if inner is not None:
        raise inner


def _check_header(source: IO[bytes], path: Path) -> None:
    """Refuse what is no age file to one recipient: reading thousands of them would take for ever."""
    with Refusals(f"read {path}"):
        head = source.read(_MAX_HEADER)
        source.seek(0)
    end = head.find(b"\n---")
    if not head.startswith(b"age-encryption.org/v1\n") or end < 0 or head[:end].count(b"\n-> ") > _MAX_STANZAS:
        raise FormatError(
            f"{path} is no age file for one recipient",
            code="sealed/form",
            next_step="Name a file that ends in .age.",
        )


def _failure(error: Exception) -> CommonholdError:
    # A failed authentication comes as an OSError without a number.
    if isinstance(error, OSError) and error.errno:
        return store_error(error, "read the encrypted file")
    return refusal_of(str(error))
