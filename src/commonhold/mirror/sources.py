"""The logs that a node is told of, and how it reads from the addresses that were named to it: by its operator, or by strangers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from commonhold.kernel.errors import FormatError
from commonhold.kernel.notekeys import shown
from commonhold.kernel.notes import ED25519, VerifierKey
from commonhold.store.fetch import Fetch, is_private_address, url_fetch, url_post
from commonhold.store.objects.remote import RemoteReplica
from commonhold.store.objects.repair import Replica

FETCH_SECONDS: Final = 20.0
MAX_ANSWER: Final = 1 << 16
KEEP_UP: Final = 1 << 17
"""Bytes that must come for each second of a work, so that a server that drips does not take up a place for days."""


@dataclass(frozen=True, slots=True)
class LogSource:
    """A log that a node is told of: its key, whose name is its origin, and the address where it is served, if it is known."""

    key: VerifierKey
    url: str = ""

    @classmethod
    def parse(cls, text: str) -> LogSource:
        """The source of ``VKEY`` or ``VKEY=URL``.

        Raises:
            FormatError: ``log/source`` if it is neither; or the key is not of kind 0x01.
        """
        for scheme in ("=https://", "=http://"):
            vkey, found, rest = text.partition(scheme)
            if found and not vkey.startswith(("https://", "http://")):
                return cls(_log_key(vkey), found[1:] + rest.rstrip("/"))
        if "=" in text.rstrip("="):
            raise FormatError(
                f"{shown(text, 80)} is not a log's key and an address behind it",
                code="log/source",
                next_step="Give the key first, then '=', then an address that begins with https:// or http://.",
            )
        return cls(_log_key(text))


def _log_key(vkey: str) -> VerifierKey:
    key = VerifierKey.parse(vkey)
    if key.kind != ED25519:
        raise FormatError(
            f"{key.name} is a key of kind 0x{key.kind:02x}, and a log signs with 0x01",
            code="log/key-kind",
            next_step="Give the log's own key; whoever serves the record has it.",
        )
    return key


def fetch_from(url: str) -> Fetch:
    """How a node fetches: never into a private network, unless the log's own address was given as a number in one."""
    return url_fetch(url, deadline=FETCH_SECONDS, public_only=not is_private_address(url))


def fetch_announced(url: str, *, private: bool = False) -> Fetch:
    """How a node fetches from an address that a stranger named: never into a private network, unless its operator allows that to all."""
    return url_fetch(url, deadline=FETCH_SECONDS, public_only=not private)


def replica_at(url: str, *, private: bool) -> Replica:
    """Objects at an address, read piece by piece from a server that has to keep up, *private*: also where it leads into a private network."""
    return RemoteReplica(url, least=KEEP_UP, public_only=not private)


def post_to(address: str, body: bytes) -> None:
    """How a node hands something to a log; what the log says to it is not heard.

    Raises:
        StoreError: if nobody answers there.
    """
    url_post(address, body, max_size=MAX_ANSWER, deadline=FETCH_SECONDS, public_only=not is_private_address(address))
