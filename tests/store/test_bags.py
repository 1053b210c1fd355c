"""Bags as archives get them and as strangers send them: validated by another program, and back with the same ids."""

from __future__ import annotations

import logging
import os
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bagit
import pytest

from commonhold.kernel.errors import CommonholdError
from commonhold.store.objects import bags
from commonhold.store.objects.bags import read_bag, write_bag
from commonhold.store.objects.directory import ObjectDirectory
from tests.attacks import Mutation, attack
from tests.cli.houses import command
from tests.store.works import put_programme

BAGS = "src/commonhold/store/objects/bags.py"


@pytest.fixture
def house(tmp_path: Path) -> tuple[ObjectDirectory, list[str]]:
    objects = ObjectDirectory(tmp_path / "house")
    return objects, [put_programme(objects, name)[0] for name in ("heron", "tern")]


def everything(objects: ObjectDirectory) -> dict[str, bytes]:
    return {digest: objects.get(digest) for digest in objects.list()}


def refused(bag: Path, code: str, into: Path) -> CommonholdError:
    """Reading *bag* is refused with *code*, and no work and, but for objects that came before a lie, nothing lies in *into*."""
    with pytest.raises(CommonholdError) as caught:
        read_bag(bag, ObjectDirectory(into))
    assert caught.value.code == code, caught.value
    assert caught.value.next_step
    assert list(ObjectDirectory(into).works()) == []
    assert not list(into.rglob("*.part"))
    return caught.value


@pytest.mark.parametrize("name", ["out", "out.zip"])
def test_works_go_out_and_come_back_with_their_ids(tmp_path: Path, house: tuple[ObjectDirectory, list[str]], name: str) -> None:
    """bagit, which is not ours, says that the bag is valid; and another store holds the same bytes afterwards, twice over too."""
    objects, works = house
    logging.disable()
    write_bag(objects, works, tmp_path / name, [("Bagging-Date", "2026-01-01")])
    unpacked = tmp_path / name
    if name.endswith(".zip"):
        zipfile.ZipFile(tmp_path / name).extractall(tmp_path / "unpacked")
        unpacked = tmp_path / "unpacked" / "out"
    bag = bagit.Bag(str(unpacked))
    assert bag.validate()
    logging.disable(logging.NOTSET)
    assert bag.info["External-Identifier"] == works
    there = ObjectDirectory(tmp_path / "there")
    for _ in range(2):
        assert read_bag(tmp_path / name, there) == sorted(works)
    assert everything(there) == everything(objects)
    assert sorted(there.works()) == sorted(works)
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".part")]


def test_a_bag_lies_there_whole_or_not_at_all(tmp_path: Path, house: tuple[ObjectDirectory, list[str]]) -> None:
    """Nothing is written over, and what could not be read leaves nothing behind."""
    objects, works = house
    (tmp_path / "out").mkdir()
    with pytest.raises(CommonholdError, match="already there"):
        write_bag(objects, works, tmp_path / "out")
    segment = next(digest for digest in objects.list() if digest not in works)
    path = tmp_path / "house" / "objects" / segment[:2] / segment[2:]
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    for name in ("new", "new.zip"):
        with pytest.raises(CommonholdError) as caught:
            write_bag(objects, works, tmp_path / name)
        assert caught.value.code == "object/altered"
    assert sorted(found.name for found in tmp_path.iterdir()) == ["house", "out"]


def _link(bag: Path) -> None:
    (bag / "data" / "link").symlink_to("/etc/passwd")


def _linked_payload(bag: Path) -> None:
    found = next(bag.rglob("0000.m4s"))
    found.unlink()
    found.symlink_to("/etc/passwd")


def _linked_folder(bag: Path) -> None:
    (bag / "data" / "works" / "more").symlink_to("/etc")


def _pipe(bag: Path) -> None:
    os.mkfifo(bag / "data" / "pipe")


def _fetch(bag: Path) -> None:
    (bag / "fetch.txt").write_text("https://example.org/x - data/x\n")


def _short(bag: Path) -> None:
    found = next(bag.rglob("0000.m4s"))
    found.write_bytes(found.read_bytes()[:-1])


def _flipped(bag: Path) -> None:
    found = next(bag.rglob("0000.m4s"))
    found.write_bytes(b"?" + found.read_bytes()[1:])


def _lost(bag: Path) -> None:
    next(bag.rglob("0000.m4s")).unlink()


def _extra(bag: Path) -> None:
    (bag / "data" / "more").write_text("x")


def _tag(bag: Path) -> None:
    (bag / "bag-info.txt").write_text("Source-Organization: somebody else\n")


def _tag_missing(bag: Path) -> None:
    (bag / "bag-info.txt").unlink()


def _no_manifest(bag: Path) -> None:
    (bag / "manifest-sha256.txt").unlink()


def _version(bag: Path) -> None:
    (bag / "bagit.txt").write_text("BagIt-Version: 9.0\n")


def _long_version(bag: Path) -> None:
    (bag / "bagit.txt").write_text("BagIt-Version: 1.0\n" * 1000)


def _unicode(bag: Path) -> None:
    for name in ("caf\u00e9", "cafe\u0301"):
        (bag / "data" / name).write_text("x")


@attack(
    "bag-04",
    Mutation(
        BAGS,
        find="            elif stat.S_ISREG(found.st_mode):",
        replace="            else:\n                yield path, found.st_size\n            if False:",
    ),
    Mutation(BAGS, find="        if FETCH in files and source.sizes[FETCH]:", replace="        if False:"),
    Mutation(BAGS, find="        if hashed.hexdigest() != digest:", replace="        if not digest:"),
    Mutation(BAGS, find="        check_complete(digests, files)", replace=""),
    Mutation(BAGS, find="batch.put(source.pieces(path), digest=entry.digest, size=entry.size)", replace="batch.put(source.pieces(path))"),
)
@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_link, "bag/link"), (_linked_payload, "bag/link"), (_linked_folder, "bag/link"), (_pipe, "bag/link"), (_fetch, "bag/fetch"),
        (_short, "bag/size"), (_flipped, "object/altered"), (_lost, "bag/incomplete"), (_extra, "bag/extra"), (_tag, "bag/altered"),
        (_tag_missing, "bag/incomplete"), (_no_manifest, "bag/none"), (_version, "bag/version"), (_long_version, "bag/too-big"),
        (_unicode, "bag/names"),
    ],
)  # fmt: skip
def test_a_bag_that_was_tampered_with_is_refused(
    tmp_path: Path, house: tuple[ObjectDirectory, list[str]], change: Callable[[Path], None], code: str
) -> None:
    """As a folder; each with its code, and no work of it is taken."""
    objects, works = house
    write_bag(objects, works, tmp_path / "bag")
    change(tmp_path / "bag")
    refused(tmp_path / "bag", code, tmp_path / "into")


def repacked(bag: Path, out: Path, change: Callable[[zipfile.ZipInfo, bytes], Any], **options: Any) -> Path:
    """A zip file of *bag*, each member as *change* gives it back: (info, bytes) pairs."""
    with zipfile.ZipFile(out, "w", **options) as archive:
        for path in sorted(bag.rglob("*")):
            if path.is_file():
                for info, data in change(zipfile.ZipInfo(path.relative_to(bag).as_posix()), path.read_bytes()):
                    archive.writestr(info, data)
    return out


def _zip_traversal(info: zipfile.ZipInfo, data: bytes) -> Any:
    yield info, data
    if info.filename == "bagit.txt":
        yield zipfile.ZipInfo("../../evil"), b"x"


def _zip_link(info: zipfile.ZipInfo, data: bytes) -> Any:
    if info.filename == "bag-info.txt":
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
    yield info, data


def _zip_twice(info: zipfile.ZipInfo, data: bytes) -> Any:
    yield info, data
    if info.filename == "bagit.txt":
        yield zipfile.ZipInfo("bagit.txt"), data


def _zip_lzma(info: zipfile.ZipInfo, data: bytes) -> Any:
    info.compress_type = zipfile.ZIP_LZMA
    yield info, data


@attack(
    "bag-05",
    Mutation(BAGS, find="        if kind not in (0, stat.S_IFREG):", replace="        if False:"),
    Mutation(
        BAGS, find="names = check_paths(info.filename for info in files)", replace="names = frozenset(info.filename for info in files)"
    ),
    Mutation(BAGS, find="info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)", replace="False"),
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("change", "code"),
    [(_zip_traversal, "bag/path"), (_zip_link, "bag/link"), (_zip_twice, "bag/names"), (_zip_lzma, "bag/damaged")],
)
def test_a_zip_file_that_leads_out_is_refused(
    tmp_path: Path, house: tuple[ObjectDirectory, list[str]], change: Callable[..., Any], code: str
) -> None:
    """Names, links, two names for one file and packings that not every program knows; and a plain repacked one is taken."""
    objects, works = house
    write_bag(objects, works, tmp_path / "bag")
    refused(repacked(tmp_path / "bag", tmp_path / "bad.zip", change), code, tmp_path / "into")
    assert not (tmp_path.parent / "evil").exists()
    plain = repacked(tmp_path / "bag", tmp_path / "plain.zip", lambda info, data: [(info, data)], compression=zipfile.ZIP_DEFLATED)
    assert read_bag(plain, ObjectDirectory(tmp_path / "plain")) == sorted(works)


@attack(
    "bag-06",
    Mutation(BAGS, find="(whole > BOMB_FROM and whole > BOMB_RATIO * size)", replace="False"),
    Mutation(BAGS, find="    if packed > size or", replace="    if"),
    Mutation(BAGS, find="    if length > MAX_DIRECTORY:", replace="    if False:"),
)
def test_a_zip_bomb_is_refused_before_it_is_unpacked(
    tmp_path: Path, house: tuple[ObjectDirectory, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is packed a thousand to one, one whose members share their bytes, and one with a table of contents without end."""
    objects, works = house
    monkeypatch.setattr(bags, "BOMB_FROM", 1 << 20)
    huge = objects.put(bytes(4 << 20))
    write_bag(objects, works, tmp_path / "bag")

    def big(info: zipfile.ZipInfo, data: bytes) -> Any:
        info.compress_type = zipfile.ZIP_DEFLATED
        yield info, data
        if info.filename == "bagit.txt":
            more = zipfile.ZipInfo("data/zeros")
            more.compress_type = zipfile.ZIP_DEFLATED
            yield more, objects.get(huge)

    refused(repacked(tmp_path / "bag", tmp_path / "bomb.zip", big), "bag/bomb", tmp_path / "into")
    raw = bytearray(repacked(tmp_path / "bag", tmp_path / "shared.zip", lambda info, data: [(info, data)]).read_bytes())
    first = raw.find(b"PK\x01\x02")
    raw[first + 20 : first + 24] = struct.pack("<I", len(raw))
    (tmp_path / "shared.zip").write_bytes(raw)
    refused(tmp_path / "shared.zip", "bag/bomb", tmp_path / "into")
    monkeypatch.setattr(bags, "MAX_DIRECTORY", 100)
    refused(repacked(tmp_path / "bag", tmp_path / "long.zip", lambda info, data: [(info, data)]), "bag/too-many", tmp_path / "into")


def test_what_is_no_bag_is_called_that(tmp_path: Path, house: tuple[ObjectDirectory, list[str]]) -> None:
    """A text, a torn zip file, an empty folder, nothing at all, and a member whose bytes were altered."""
    objects, works = house
    write_bag(objects, works, tmp_path / "bag.zip")
    whole = (tmp_path / "bag.zip").read_bytes()
    for data in (b"", b"just a text", whole[: len(whole) // 2], b"PK\x05\x06" + bytes(18)):
        (tmp_path / "file").write_bytes(data)
        refused(tmp_path / "file", "bag/none", tmp_path / "into")
    (tmp_path / "folder").mkdir()
    refused(tmp_path / "folder", "bag/none", tmp_path / "into")
    refused(tmp_path / "nowhere", "store/absent", tmp_path / "into")
    at = whole.find(b"heron 0 heron 0")
    (tmp_path / "file").write_bytes(whole[:at] + b"?" + whole[at + 1 :])
    refused(tmp_path / "file", "bag/damaged", tmp_path / "into")


def test_it_works_as_people_type_it(tmp_path: Path, house: tuple[ObjectDirectory, list[str]]) -> None:
    """`work bag` and `work unbag`: by id and all of them, from one house to another; slips are told what to do."""
    _objects, works = house
    out = command("work", "bag", "--all", "--at", tmp_path / "house", "-o", tmp_path / "all.zip", "--json")
    assert (out.code, out.json["works"]) == (0, 2), out
    assert command("work", "bag", works[0], "--at", tmp_path / "house", "-o", tmp_path / "one").code == 0
    back = command("work", "unbag", tmp_path / "one", "--at", tmp_path / "there", "--json")
    assert back.json["works"] == [works[0]]
    assert command("work", "unbag", tmp_path / "all.zip", "--at", tmp_path / "there", "--json").json["works"] == sorted(works)
    again = command("work", "bag", "--all", "--at", tmp_path / "house", "-o", tmp_path / "one", "--json")
    assert (again.code, again.json["code"]) == (2, "store/exists")
    none = command("work", "bag", "--all", "--at", tmp_path / "empty", "-o", tmp_path / "x", "--json")
    assert (none.code, none.json["code"]) == (2, "store/absent")
    assert command("work", "bag", "--at", tmp_path / "house", "-o", tmp_path / "x").code == 2
