"""Makes mirrors/VERSION.zip, the mirror of a house that the version in pyproject.toml wrote, and VERSION.json, what must come out of it (docs/formats/mirror.md).

Run it from the root of the checkout: ``python vectors/make_mirror.py``. It uses no randomness, so making the files again changes nothing. Those of earlier
versions are never made again: they are what is out there, and the newest version restores them.
"""

from __future__ import annotations

import hashlib
import io
import json
import tempfile
import tomllib
import zipfile
from pathlib import Path
from typing import Final

from commonhold.kernel import b64
from commonhold.kernel.charter import compile_charter
from commonhold.kernel.tlog.checkpoint import cosign
from commonhold.kernel.works.manifest import File, Provenance, Rights, Text, make_work
from commonhold.mirror.folder.build import build
from commonhold.store.objects.directory import ObjectDirectory
from commonhold.store.objects.works import put_work
from commonhold.store.record import Record
from commonhold.testing.house import MemoryHouse, derive

ROOT: Final = Path(__file__).resolve().parents[1]
OUT: Final = ROOT / "vectors" / "mirrors"
START: Final = 1_700_000_000
MEMBERS: Final = ("heron", "tern", "plover", "curlew", "avocet")
SEATS: Final = {"chair": "heron", "treasurer": "tern", "editor": "plover"}
PARTNERS: Final = '{"form":"commonhold/partners/v1","urls":["https://reed.example"]}\n'
REPLICAS: Final = '{"form":"commonhold/replicas/v1","places":{},"rules":{"*":{"copies":1,"operators":1}}}\n'


class House:
    """Saltmarsh Community Radio with three partners, of whom two make its clock."""

    def __init__(self, path: Path) -> None:
        folder = ROOT / "examples" / "saltmarsh"
        charter = compile_charter((folder / "charter.md").read_text("utf-8"), (folder / "charter.toml").read_text("utf-8"))
        self.path, self.objects, self.time = path, ObjectDirectory(path), START
        self.erased: dict[str, str] = {}
        self.made = MemoryHouse(charter.value, MEMBERS, SEATS, seed="mirror")
        Record.found(path, self.made.leaves[0], derive(self.made.seed, "log"), charter.texts).close()
        self.made.accept_all()
        self.decide("partner", self.made.make_partners("reed", "sedge", "rush", k=2), *MEMBERS)

    def decide(self, kind: str, payload: dict[str, object], *approvers: str) -> str:
        """Propose it, and approve and attest until it is decided; gives the proposal's id."""
        proposal = self.made.propose(approvers[0], kind, payload)
        for each in approvers:
            if self.made.status(proposal) == "open":
                self.made.approve(proposal, each)
                self.attest()
        if self.made.status(proposal) != "enacted":
            raise AssertionError(f"{kind} was not enacted: {self.made.last.words}")
        return proposal

    def attest(self) -> None:
        """What partners say of the newest entry, an hour later."""
        self.time += 3600
        if self.made.partners and self.made.state.policy is not None:
            self.made.attest(self.time)

    def publish(self, name: str, kind: str, title: dict[str, str], segments: int) -> list[str]:
        """A work, put and published; gives the digests of its segments."""
        text = f"About {name}.".encode()
        parts = [f"{name} {number}\n".encode() * 100 for number in range(segments)]
        files = [File(self.objects.put(raw), "segment", len(raw), "video/mp4", "", f"{number:04}.m4s") for number, raw in enumerate(parts)]
        work = make_work(
            kind,
            title,
            rights=Rights("Made by members.", "https://creativecommons.org/licenses/by/4.0/"),
            provenance=Provenance(by="heron", made=START),
            texts={"en": Text(self.objects.put(text), len(text), "text/plain")},
            files=files,
        )
        self.decide("publish", {"work": put_work(self.objects, work)}, "plover")
        return [file.digest for file in files]

    def say(self, words: str) -> None:
        """A statement."""
        raw = b"commonhold/text/v1\n" + hashlib.sha256(words.encode()).hexdigest().encode() + b"\n\n" + words.encode()
        self.decide("statement", {"text": self.objects.put(raw), "language": "en"}, "heron", "tern")

    def erase(self, digest: str) -> None:
        """A decision that an object goes; the house itself lets it go too."""
        self.erased[digest] = self.decide("erase", {"objects": [digest]}, "plover", "heron", "tern", "curlew")
        self.objects.erase(digest, self.erased[digest])

    def write(self) -> None:
        """Its record on the disk, with the partners' signatures under the newest checkpoint."""
        with Record.open(self.path) as record:
            for leaf in self.made.leaves[1:]:
                record.submit(leaf)
            lines = [cosign(record.checkpoint, self.made.partners[name], self.time + 60).line for name in ("reed", "sedge")]
            record.add_signatures(lines, len(self.made.leaves))


def mirror_of(base: Path) -> tuple[House, Path]:
    """A house that has lived, and its mirror."""
    with tempfile.TemporaryDirectory() as folder:
        house = House(Path(folder) / "house")
        house.publish("tide", "programme", {"en": "The tide at night", "ko": "밤의 밀물"}, 3)
        gone = house.publish("dune", "article", {"en": "Dunes"}, 2)[0]
        house.say("Our studio moves on Monday.\n")
        house.erase(gone)
        house.write()
        (house.path / "partners").write_text(PARTNERS)
        (house.path / "store.json").write_text(REPLICAS)
        site = Path(folder) / "site"
        (site / "about").mkdir(parents=True)
        (site / "index.html").write_text("<!doctype html><p>Saltmarsh Community Radio</p>\n")
        (site / "about" / "밀물.html").write_text("<!doctype html><p>The tide</p>\n", "utf-8")
        build(house.path, base, site, now=lambda: house.time + 120)
    return house, base


def public(mirror: Path) -> dict[str, bytes]:
    """The files of a mirror that a web server gives, by name."""
    found = {str(path.relative_to(mirror)): path for path in mirror.rglob("*") if path.is_file()}
    return {
        name: found[name].read_bytes()
        for name in sorted(found)
        if not any(part[0] == "." for part in name.removeprefix(".well-").split("/"))
    }


def render() -> dict[str, bytes]:
    """The two files of this version."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    with tempfile.TemporaryDirectory() as folder:
        house, mirror = mirror_of(Path(folder) / "mirror")
        files = public(mirror)
    packed = io.BytesIO()
    # Stored and not deflated: the bytes are then no business of a compressor's version.
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, raw in files.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), raw)
    made = house.made
    told = {
        "org": made.org,
        "entries": made.tree.size,
        "root": b64.encode(made.tree.root()),
        "recovery": {"entries": made.tree.size, "time": house.time + 60, "by": ["reed", "sedge"]},
        "works": sorted(made.state.part("works")),
        "erased": house.erased,
        "kit": {"member": "tern", "secret": b64.encode(made.kits["tern"].secret)},
        "files": {
            name.removeprefix("settings/"): hashlib.sha256(raw).hexdigest()
            for name, raw in files.items()
            if name.startswith(("record/", "objects/", "settings/", "site/"))
        },
    }
    return {f"{version}.zip": packed.getvalue(), f"{version}.json": (json.dumps(told, indent=1, sort_keys=True) + "\n").encode()}


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    for file, content in render().items():
        (OUT / file).write_bytes(content)
        print(f"wrote mirrors/{file}")
