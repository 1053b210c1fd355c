"""The object stores that the contract's tests run on: each with a way to break it from outside."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from commonhold.store.objects.directory import ObjectDirectory
from commonhold.store.objects.protocol import Objects

PLACES: Final = ["folder_place", "localbucket_place", "moto_place"]


class Place(Protocol):
    """A store, and what a broken disk would do to it."""

    @property
    def objects(self) -> Objects: ...

    def flip(self, digest: str) -> None:
        """Turn over one bit of an object where it lies."""

    def lose(self, digest: str) -> None:
        """Take an object away, as nobody should."""

    def leftovers(self) -> list[str]:
        """Names of what lies there beside tombstones."""


@dataclass
class Folder:
    """A folder."""

    path: Path

    @property
    def objects(self) -> ObjectDirectory:
        return ObjectDirectory(self.path)

    def flip(self, digest: str) -> None:
        flip(self.path / "objects" / digest[:2] / digest[2:])

    def lose(self, digest: str) -> None:
        (self.path / "objects" / digest[:2] / digest[2:]).unlink()

    def leftovers(self) -> list[str]:
        return [str(path) for path in self.path.rglob("*") if path.is_file() and ".erased" not in path.parts]


def flip(path: Path) -> None:
    """Turn over one bit in the middle of a file."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
