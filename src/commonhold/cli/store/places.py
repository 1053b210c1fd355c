"""What the verbs of ``commonhold store`` know about places: ``store.json`` in the house's folder, and the record beside the store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from commonhold.kernel.errors import StoreError
from commonhold.store.objects.ledger import HERE

if TYPE_CHECKING:
    from commonhold.kernel.works.replicas import Policy
    from commonhold.store.objects.repair import Replica

POLICY: Final = "store.json"


def policy_of(house: Path) -> Policy | None:
    """What is asked of replicas, and where they are; None where nobody has said.

    Raises:
        FormatError: if the file is none. StoreError: if it cannot be read.
    """
    from commonhold.kernel.works.replicas import MAX_POLICY, parse_policy  # noqa: PLC0415 - kept out of `--help`
    from commonhold.store.files import DirectoryFiles  # noqa: PLC0415

    try:
        raw = DirectoryFiles(house).read(POLICY, MAX_POLICY)
    except StoreError as error:
        if error.code == "store/absent":
            return None
        raise
    return parse_policy(raw)


def place_of(house: Path, name: str) -> Path | str:
    """Where a place is: the house itself, or what ``store.json`` says.

    Raises:
        StoreError: ``store/no-place``.
    """
    if name == HERE:
        return house
    policy = policy_of(house)
    if policy is None or name not in policy.places:
        known = ", ".join([HERE, *(policy.places if policy else ())])
        raise StoreError(f"no place is called {name!r}", code="store/no-place", next_step=f"{POLICY} of {house} knows: {known}.")
    return policy.places[name].at


def replicas_of(house: Path) -> dict[str, Replica]:
    """The places of ``store.json``, and the house itself."""
    from commonhold.store.objects.opening import open_replica  # noqa: PLC0415 - kept out of `--help`

    policy = policy_of(house)
    places: dict[str, Path | str] = {HERE: house} | ({name: place.at for name, place in policy.places.items()} if policy else {})
    return {name: open_replica(place) for name, place in places.items()}


def entries_of(house: Path) -> Iterator[bytes]:
    """The raw entries of the record in a house's folder, those of earlier epochs too; none where there is no record.

    Raises:
        StoreError, FormatError, ProofError: if the record is damaged.
    """
    from commonhold.kernel.notes import parse_note  # noqa: PLC0415 - kept out of `--help`
    from commonhold.kernel.tlog.checkpoint import parse_checkpoint  # noqa: PLC0415 - kept out of `--help`
    from commonhold.store.reader import StaticReader  # noqa: PLC0415

    record = house / "record"
    if not record.is_dir():
        return
    reader = StaticReader.from_directory(record)
    earlier = sorted(int(path.name) for path in (record / "epochs").glob("*") if path.name.isdigit())
    for log in [*(reader.earlier(epoch) for epoch in earlier), reader]:
        size = parse_checkpoint(parse_note(log.checkpoint_raw()).text).size
        yield from log.entries(0, size, size)
