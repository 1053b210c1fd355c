"""``mirror build``: a house's record, the objects that it names, its settings and its site, as a folder that any web server serves (docs/formats/mirror.md).

Objects, manifests, tiles, checkpoint, files, note: each is durable before what names it. So whatever stopped a run, readers see a whole record, and the next
run ends at the same bytes.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from commonhold.kernel import ed25519
from commonhold.kernel.errors import ProofError, StoreError
from commonhold.kernel.notes import SignerKey
from commonhold.mirror.folder.fetching import Fetched, Fetching
from commonhold.mirror.folder.files import Files, build_files, held_files, partners_of
from commonhold.mirror.folder.gathering import Gathered, Show, Wanted, gather, quiet
from commonhold.mirror.folder.heads import check_decided, check_lineage, check_offered, check_replayed, head_of, held_head
from commonhold.mirror.folder.logs import settle, write_record
from commonhold.mirror.folder.place import opened
from commonhold.mirror.folder.source import FromFolder
from commonhold.store.keyfile import load_log_key
from commonhold.store.partnerfile import read_partners
from commonhold.store.reader import StaticReader
from commonhold.store.record import LOG_KEY, RECORD, no_house, read_record, telling

NO_KEY: Final = (
    "the house's folder has no keys/, so the mirror holds no settings and no site: only the log's key says that a house wrote them"
)


@dataclass(frozen=True)
class Built:
    """What a mirror holds after a build, and what came with it."""

    org: str
    origin: str
    size: int
    fetched: Fetched
    gathered: Gathered
    files: Files


def build(house: Path, target: Path, site: Path | None, *, now: Callable[[], float], show: Show = quiet) -> Built:
    """Build, or bring up to date, the mirror of a house in *target*.

    Args:
        site: the folder of the organisation's site; None to leave the one that the mirror has.
        now: POSIX seconds.

    Raises:
        ProofError, FormatError: if the house's record does not verify, or *target* holds another one.
        RuleError: ``mirror/older`` if *target* holds more of the record than the house. StoreError: if a folder cannot be read or written.
    """
    record = house / RECORD
    if not record.is_dir():
        raise no_house(house)
    _check_apart(house, target, site)
    reader = StaticReader.from_directory(record)
    # Everything after this is about the one checkpoint that was read here, however the log grows meanwhile.
    head = head_of(reader)
    fixed = StaticReader(lambda name, max_size: head.raw if name == "checkpoint" else reader.fetch(name, max_size))
    with show(head.checkpoint.size, "entries") as bar:
        read = read_record(fixed, progress=bar.update, keep=telling)
    with opened(target, head.org) as folder:
        settle(folder)
        held = held_head(folder, head)
        if held is not None:
            check_offered(folder, held, head, house)
            check_replayed(folder, held, head, read.tree, house)
            if held.epoch < head.epoch:
                check_decided(read.state, house)
                check_lineage(folder, held, fixed, house)
        fetching = Fetching(FromFolder(house), folder.objects)
        gathered = gather(Wanted.of(read.state), folder.objects, fetching, show=show)
        write_record(folder, fixed, head, held, head.raw)
        if (house / LOG_KEY).is_file():
            signer = SignerKey(head.key.name, load_log_key(house / LOG_KEY))
            if ed25519.public_key(signer.seed) != head.key.public:
                raise ProofError(
                    f"{house / LOG_KEY} is not the key of the log {head.key.name}",
                    code="store/wrong-key",
                    next_step="Give the folder of the house that writes this log.",
                )
            files = build_files(folder, house, site, signer, read.tree, int(now()), show=show)
            folder.write_hint(read_partners(house))
        else:
            files = Files(listed=held_files(folder, head.key)[2])
            folder.write_hint(partners_of(folder, files.listed))
    return Built(head.org, head.key.name, head.checkpoint.size, fetching.done, gathered, files)


def _check_apart(house: Path, target: Path, site: Path | None) -> None:
    """Refuse a mirror inside the site that is copied into it, or a site or a house inside the mirror."""
    at = os.path.realpath(target)
    for name, other, both in (("house", house, False), *([("site", site, True)] if site is not None else [])):
        there = os.path.realpath(other)
        common = os.path.commonpath([at, there])
        if common == at or (both and common == there):
            raise StoreError(
                f"the mirror {target} and the {name} {other} lie in one another",
                code="mirror/inside",
                next_step="Choose a folder for the mirror that lies apart.",
            )
