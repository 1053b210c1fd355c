"""The kernel's errors: six families, told apart by what the caller can do about them.

No exception of a library leaves the kernel; each is turned into one of these at the boundary. A message is lower case, names the
thing, shows both sides of a mismatch, and :attr:`CommonholdError.next_step` says what a person can do about it. Pages choose their own
words from :attr:`code` and :attr:`data`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class CommonholdError(Exception):
    """Base of every error that Commonhold raises on purpose.

    Args:
        message: what is wrong, in lower case, naming the thing and both sides of a mismatch.
        code: a stable short name such as ``"entry/duplicate-key"``; tests and pages match on it, never on the message.
        next_step: what the reader of the message can do next; a full sentence, or empty where nothing can be done.
        data: the values behind the message (ids, counts, sizes), for pages that choose their own words.
    """

    default_code = "error"

    def __init__(self, message: str, *, code: str = "", next_step: str = "", data: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code or self.default_code
        self.next_step = next_step
        self.data: Mapping[str, Any] = dict(data or {})

    def diagnostics(self) -> str:
        """The message and the next step, for a person at a terminal."""
        return f"{self}\n{self.next_step}" if self.next_step else str(self)


class FormatError(CommonholdError):
    """Bytes that are not what their format demands. Another copy may be whole; this one never will be."""

    default_code = "format"


class ProofError(CommonholdError):
    """Mathematics that does not hold: a signature, a tree proof, a root, a policy that is not met."""

    default_code = "proof"


class RuleError(CommonholdError):
    """An act or a charter that the charter's rules do not allow."""

    default_code = "rule"


class CustodyError(CommonholdError):
    """A secret, key or share that is missing, weak or in the wrong hands."""

    default_code = "custody"


class StoreError(CommonholdError):
    """The surroundings failed (disk, network, permissions); trying again may help."""

    default_code = "store"


class FatalStoreError(StoreError):
    """The store contradicts itself; stop, and open it again by the normal path."""

    default_code = "store/fatal"
