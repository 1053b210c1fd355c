"""Houses on a disk that live and publish, for the tests of mirrors: a record in memory, put on a disk by the record's own writer, and works beside it."""

from __future__ import annotations

import copy
import hashlib
import shutil
from pathlib import Path

from commonhold.kernel.texts import text_digest
from commonhold.kernel.tlog.tiles import parse_tile_path, tile_width
from commonhold.mirror.folder.build import Built, build
from commonhold.store.objects.directory import ObjectDirectory
from commonhold.store.record import Record
from commonhold.testing.house import MemoryHouse
from tests.kernel.attacks.saltmarsh import compiled, house
from tests.store.houses import log_seed
from tests.store.works import put_programme

NOW = 1_700_000_000
SETTINGS = '{"form":"commonhold/partners/v1","urls":["https://reed.example","http://127.0.0.1:9"]}\n'


class Town:
    """A house in a folder, with its record in memory; what is decided goes to the disk at once."""

    def __init__(self, path: Path, made: MemoryHouse | None = None, *, seed: str = "saltmarsh") -> None:
        self.path, self.made = path, made or house(seed=seed)
        self.objects = ObjectDirectory(path)
        with Record.found(path, self.made.leaves[0], log_seed(self.made), {}) as record:
            self._write(record)
        (path / "partners").write_text(SETTINGS)
        self.site = path.parent / f"{path.name}-site"
        (self.site / "about").mkdir(parents=True)
        (self.site / "index.html").write_text("<p>Saltmarsh</p>")
        (self.site / "about" / "밀물.html").write_text("<p>The tide</p>")

    def copy(self, path: Path) -> Town:
        """Another one in another folder, exactly like this one now."""
        other = copy.copy(self)
        other.path, other.site, other.objects = path, path.parent / f"{path.name}-site", ObjectDirectory(path)
        shutil.copytree(self.path, path)
        shutil.copytree(self.site, other.site)
        other.made = copy.copy(self.made)
        other.made.leaves, other.made.outcomes, other.made.tree = list(self.made.leaves), list(self.made.outcomes), self.made.tree.copy()
        return other

    @property
    def org(self) -> str:
        return self.made.org

    def decide(self, name: str, kind: str, payload: dict[str, object], *approvers: str) -> str:
        """Propose and approve until it is enacted."""
        proposal = self.made.propose(name, kind, payload)
        for each in approvers:
            if self.made.status(proposal) == "open":
                self.made.approve(proposal, each)
        self.settle()
        return proposal

    def settle(self) -> None:
        """Put what happened in memory on the disk."""
        with Record.open(self.path) as record:
            self._write(record)

    def publish(self, name: str, *, segments: int = 3) -> tuple[str, list[str]]:
        """A work, put and published."""
        work, parts = put_programme(self.objects, name, segments=segments)
        proposal = self.decide("plover", "publish", {"work": work}, "plover")
        assert self.made.status(proposal) == "enacted"
        return work, parts

    def put_charter(self) -> None:
        """The charter's articles, which a house that was founded on a disk has from the beginning."""
        for text in compiled().texts.values():
            self.objects.put(text)

    def say(self, words: str) -> str:
        """A statement whose text is in the store; gives the text's digest."""
        raw = b"commonhold/text/v1\n" + hashlib.sha256(words.encode()).hexdigest().encode() + b"\n\n" + words.encode()
        digest = self.objects.put(raw)
        assert digest == text_digest(raw)
        self.decide("heron", "statement", {"text": digest, "language": "en"}, "heron", "tern")
        return digest

    def erase(self, *digests: str) -> str:
        """A decision that objects go; the house itself lets them go too."""
        proposal = self.decide("plover", "erase", {"objects": sorted(digests)}, "plover", "heron", "tern", "curlew")
        assert self.made.status(proposal) == "enacted"
        for digest in digests:
            self.objects.erase(digest, proposal)
        return proposal

    def build(self, target: Path, *, site: bool = True, now: int = NOW) -> Built:
        """Its mirror."""
        return build(self.path, target, self.site if site else None, now=lambda: now)

    def _write(self, record: Record) -> None:
        for leaf in self.made.leaves[record.tree.size :]:
            record.submit(leaf)


def tree(folder: Path) -> dict[str, str]:
    """The digest of every public file below a folder, and of the marks and tombstones of its store.

    Partial tiles of sizes that the log had before may be there or not.
    """
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not (name := str(path.relative_to(folder))).startswith((".mirror/", "objects/.tmp/", "record/.staging/"))
        and _counts(folder, name)
    }


def _counts(folder: Path, name: str) -> bool:
    if "/tile/" not in name or not name.startswith("record/"):
        return True
    log, _, path = name.partition("/tile/")
    size = int((folder / log / "checkpoint").read_text().split("\n")[1])
    tile = parse_tile_path(f"tile/{path}")
    return tile.width == tile_width(max(tile.level, 0), tile.index, size)
