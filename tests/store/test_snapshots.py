"""Snapshots: what a house holds beside its record goes out encrypted and comes back; a stranger's file brings nothing into a house."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyrage  # type: ignore[import-untyped] # it has no stubs yet
import pytest

from commonhold.kernel.errors import CommonholdError
from commonhold.store import snapshots, ustar
from commonhold.store.files import store_error
from commonhold.store.objects.directory import ObjectDirectory
from commonhold.store.sealedfile import new_identity, recipient_of
from commonhold.store.snapshots import CONFIG_FORM, FORM, Config, Head, open_snapshot, read_config, write_config, write_snapshot
from commonhold.store.ustar import TarFiles, tar_file
from tests.attacks import Mutation, attack
from tests.store.works import put_programme

SNAPSHOTS = "src/commonhold/store/snapshots.py"
STREAM = "src/commonhold/store/agestream.py"
USTAR = "src/commonhold/store/ustar.py"
ORG = "a" * 64
HEAD = Head(FORM, ORG, "commonhold/x/0/y", 7, 1_700_000_000)
CANARY = b"canary-c0ffee-draft"


@pytest.fixture(scope="module")
def identity() -> str:
    return new_identity()


@pytest.fixture
def house(tmp_path: Path) -> tuple[Path, str, str]:
    """A house with a published work, a draft, a stray object, and some files."""
    path = tmp_path / "house"
    objects = ObjectDirectory(path)
    published, _ = put_programme(objects, "heron")
    draft, _ = put_programme(objects, "tern")
    objects.put(CANARY * 1000)
    (path / "record").mkdir()
    (path / "keys").mkdir()
    (path / "keys" / "log.key").write_text("secret")
    (path / "notes").mkdir()
    (path / "notes" / "밤.txt").write_bytes(CANARY)
    (path / ".store").mkdir()
    (path / ".store" / "ledger.db").write_text("x")
    for name in ("partners", "store.json", "snapshots.json"):
        (path / name).write_text("{}")
    (path / "copies" / "mirror" / ".mirror").mkdir(parents=True)
    (path / "copies" / "mirror" / "checkpoint").write_text("x")
    (path / "link").symlink_to("/etc/passwd")
    os.mkfifo(path / "pipe")
    return path, published, draft


def of_work(house: Path, work: str) -> set[str]:
    from commonhold.store.objects.works import load_work

    return {work, *load_work(ObjectDirectory(house), work).objects()}


def refused(code: str, act: Callable[..., object], *given: object) -> None:
    with pytest.raises(CommonholdError) as caught:
        act(*given)
    assert caught.value.code == code, caught.value
    assert caught.value.next_step


def test_what_no_mirror_holds_goes_out_and_comes_back(tmp_path: Path, house: tuple[Path, str, str], identity: str) -> None:
    """The draft with its objects and its mark, the stray object and the files are back in another house; what is public, keys and links are not."""
    path, published, draft = house
    public = of_work(path, published)
    done = write_snapshot(path, tmp_path / "one.age", recipient_of(identity), HEAD, public.__contains__)
    assert (done.works, done.files, done.left) == (1, 1, ["link", "pipe"])
    assert CANARY not in (tmp_path / "one.age").read_bytes()
    plain = pyrage.decrypt((tmp_path / "one.age").read_bytes(), [pyrage.x25519.Identity.from_str(identity)])
    (tmp_path / "plain.tar").write_bytes(plain)
    listed = subprocess.run(["tar", "tf", tmp_path / "plain.tar"], capture_output=True, check=True).stdout.decode()
    assert listed.splitlines()[0] == "snapshot.json"
    assert not any(name in listed for name in ("log.key", "partners", "store.json", "snapshots.json"))
    there = tmp_path / "there"
    for _ in range(2):
        head, back = open_snapshot(tmp_path / "one.age", identity, there, ORG)
        assert head == HEAD
        assert (back.works, back.objects, back.left) == (1, done.objects, [])
    objects = ObjectDirectory(there)
    assert list(objects.works()) == [draft]
    assert of_work(there, draft) <= set(objects.list())
    assert not public - of_work(path, draft) & set(objects.list())
    assert sorted(found.name for found in there.iterdir()) == ["notes", "objects"]
    assert (there / "notes" / "밤.txt").read_bytes() == CANARY
    assert (there / "notes" / "밤.txt").stat().st_mode & 0o777 == 0o600


def test_nothing_is_written_over(tmp_path: Path, house: tuple[Path, str, str], identity: str) -> None:
    """Neither a file in the house, nor the snapshot itself; and what was erased stays away."""
    path, _, draft = house
    write_snapshot(path, tmp_path / "one.age", recipient_of(identity), HEAD, lambda _: False)
    refused("store/exists", write_snapshot, path, tmp_path / "one.age", recipient_of(identity), HEAD, lambda _: False)
    there = tmp_path / "there"
    (there / "notes").mkdir(parents=True)
    (there / "notes" / "밤.txt").write_text("mine")
    stray = next(digest for digest in ObjectDirectory(path).list() if ObjectDirectory(path).get(digest).startswith(CANARY))
    ObjectDirectory(there).erase(stray, "b" * 64)
    _, done = open_snapshot(tmp_path / "one.age", identity, there, ORG)
    assert done.left == ["notes/밤.txt"]
    assert (there / "notes" / "밤.txt").read_text() == "mine"
    assert stray not in set(ObjectDirectory(there).list())
    assert draft in set(ObjectDirectory(there).works())
    outside = tmp_path / "outside"
    outside.mkdir()
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / "notes").symlink_to(outside)
    assert open_snapshot(tmp_path / "one.age", identity, linked, ORG)[1].left == ["notes/밤.txt"]
    assert list(outside.iterdir()) == []


def test_a_damaged_object_stops_it(tmp_path: Path, house: tuple[Path, str, str], identity: str) -> None:
    """The error is the store's, and no file is left."""
    path, _, draft = house
    found = path / "objects" / draft[:2] / draft[2:]
    found.write_bytes(found.read_bytes()[:-1] + b"?")
    refused("object/altered", write_snapshot, path, tmp_path / "one.age", recipient_of(identity), HEAD, lambda _: False)
    assert sorted(item.name for item in tmp_path.iterdir()) == ["house"]


def archive(*files: tuple[str, bytes]) -> bytes:
    return b"".join(b"".join(tar_file(name, len(data), [data])) for name, data in files) + ustar.END


def head_file(org: str = ORG) -> tuple[str, bytes]:
    return "snapshot.json", f'{{"form":"commonhold/snapshot/v1","org":"{org}","origin":"x","size":1,"time":1}}'.encode()


def encrypted(path: Path, identity: str, data: bytes) -> Path:
    path.write_bytes(pyrage.encrypt(data, [pyrage.x25519.Recipient.from_str(recipient_of(identity))]))
    return path


def _tar(kind: bytes, **values: Any) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as made:
        name, data = head_file()
        info = tarfile.TarInfo(name)
        info.size = len(data)
        made.addfile(info, io.BytesIO(data))
        info = tarfile.TarInfo("files/x")
        info.type = kind
        for field, value in values.items():
            setattr(info, field, value)
        made.addfile(info)
    return out.getvalue()


@attack(
    "snapshot-01",
    Mutation(SNAPSHOTS, find="parts[0].casefold() in NOT_TAKEN", replace="False"),
    Mutation(SNAPSHOTS, find='any(part.startswith(".") for part in parts)', replace="False"),
    Mutation(SNAPSHOTS, find="            check_paths(paths)\n        for path in paths:", replace="        for path in paths:"),
    Mutation(SNAPSHOTS, find="    if folder != FILES or", replace="    if"),
    Mutation(SNAPSHOTS, find="    if head.org != org:", replace="    if not org:"),
    Mutation(USTAR, find="info.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or info.linkname", replace="info.linkname is None"),
)
@pytest.mark.parametrize(
    ("data", "code"),
    [
        (archive(head_file(), ("files/keys/log.key", b"x")), "snapshot/path"),
        (archive(head_file(), ("files/Record/checkpoint", b"x")), "snapshot/path"),
        (archive(head_file(), ("files/.store/ledger.db", b"x")), "snapshot/path"),
        (archive(head_file(), ("files/../../x", b"x")), "snapshot/path"),
        (archive(head_file(), ("files//etc/x", b"x")), "bag/path"),
        (archive(head_file(), ("files/", b"x")), "bag/path"),
        (archive(head_file(), ("else/x", b"x")), "snapshot/path"),
        (archive(head_file(), ("files/A", b"x"), ("files/a", b"x")), "bag/names"),
        (archive(head_file(), (f"objects/{'a' * 2}/{'b' * 62}", b"x")), "object/altered"),
        (archive(head_file("b" * 64)), "snapshot/other-org"),
        (archive(("files/x", b"x")), "snapshot/form"),
        (archive(), "snapshot/form"),
        (archive(("snapshot.json", b"{}")), "snapshot/form"),
        (archive(head_file(), ("files/x", b"x"))[:-1100], "tar/form"),
        (archive(head_file())[:-1024] + b"x" * 512, "tar/form"),
        (_tar(tarfile.SYMTYPE, linkname="/etc/passwd"), "tar/form"),
        (_tar(tarfile.LNKTYPE, linkname="snapshot.json"), "tar/form"),
        (_tar(tarfile.FIFOTYPE), "tar/form"),
        (_tar(tarfile.REGTYPE, name="files/" + "x" * 300), "tar/form"),
    ],
)  # fmt: skip
def test_a_strangers_snapshot_brings_no_file_into_a_house(tmp_path: Path, identity: str, data: bytes, code: str) -> None:
    """Anybody can encrypt to a recipient: whatever it holds, nothing appears beside the store, and no key, record or hidden file is touched."""
    house = tmp_path / "house"
    house.mkdir()
    refused(code, open_snapshot, encrypted(tmp_path / "x.age", identity, data), identity, house, ORG)
    assert [path for path in house.rglob("*") if path.is_file()] == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["house", "x.age"]


@attack("snapshot-04", Mutation(SNAPSHOTS, find="*SETTINGS, CONFIG", replace="FOLDER"))
@pytest.mark.parametrize("name", ["snapshots.json", "Snapshots.json", "store.json", "partners"])
def test_a_strangers_snapshot_sets_nothing_in_a_house(tmp_path: Path, identity: str, name: str) -> None:
    """Whose key the next drafts go to, where copies lie and where partners answer: a snapshot says nothing about that, and a house's own holds none of it."""
    mine = tmp_path / "mine"
    write_config(mine, Config(CONFIG_FORM, recipient_of(new_identity()), "snapshots", 0))
    forged = archive(head_file(), (f"files/{name}", (mine / "snapshots.json").read_bytes()))
    house = tmp_path / "house"
    house.mkdir()
    refused("snapshot/path", open_snapshot, encrypted(tmp_path / "x.age", identity, forged), identity, house, ORG)
    assert read_config(house) is None
    assert [path for path in house.rglob("*") if path.is_file()] == []


@attack(
    "snapshot-05",
    Mutation(
        SNAPSHOTS, find="        shutil.rmtree(folder / FILES, ignore_errors=True)\n", replace="        folder /= secrets.token_hex(8)\n"
    ),
)
def test_a_killed_opening_leaves_no_drafts_behind(tmp_path: Path, house: tuple[Path, str, str], identity: str) -> None:
    """What a killed run had decrypted is for its owner alone, and the next run removes it."""
    path, _, _ = house
    write_snapshot(path, tmp_path / "one.age", recipient_of(identity), HEAD, lambda _: False)
    there = tmp_path / "there"
    there.mkdir()
    child = os.fork()
    if not child:
        snapshots._settle = lambda *_: os._exit(9)
        open_snapshot(tmp_path / "one.age", identity, there, ORG)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    left = [found for found in there.iterdir() if found.name.startswith(".")]
    assert left
    assert all(found.stat().st_mode & 0o077 == 0 for found in left)
    open_snapshot(tmp_path / "one.age", identity, there, ORG)
    assert sorted(found.name for found in there.iterdir()) == ["notes", "objects"]


@attack(
    "snapshot-02", Mutation(STREAM, find='    if failed and getattr(failed[0], "errno", None) != errno.EPIPE:', replace="    if False:")
)
def test_a_torn_or_altered_snapshot_brings_no_file(tmp_path: Path, house: tuple[Path, str, str], identity: str) -> None:
    """Cut anywhere, one bit flipped anywhere, or for another key: each says so."""
    path, _, _ = house
    (path / "notes" / "long").write_bytes(os.urandom(300_000))
    write_snapshot(path, tmp_path / "one.age", recipient_of(identity), HEAD, lambda _: False)
    raw = (tmp_path / "one.age").read_bytes()
    there = tmp_path / "there"
    there.mkdir()
    bad = tmp_path / "bad.age"
    for at in (400, 40_000, 70_000, len(raw) // 2, len(raw) - 17, len(raw) - 1):
        bad.write_bytes(raw[:at])
        refused("sealed/damaged", open_snapshot, bad, identity, there, ORG)
        bad.write_bytes(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])
        refused("sealed/damaged", open_snapshot, bad, identity, there, ORG)
    refused("sealed/other-key", open_snapshot, tmp_path / "one.age", new_identity(), there, ORG)
    refused("sealed/identity", open_snapshot, tmp_path / "one.age", "AGE-SECRET-KEY-1", there, ORG)
    for data in (b"", b"just a text", b"age-encryption.org/v1\n" + b"-> X25519 x\n" * 17 + b"--- x\n"):
        bad.write_bytes(data)
        refused("sealed/form", open_snapshot, bad, identity, there, ORG)
    refused("store/absent", open_snapshot, tmp_path / "nowhere", identity, there, ORG)
    assert [found for found in there.iterdir() if found.name != "objects"] == []


def test_a_full_disk_is_the_disks_fault(
    tmp_path: Path, house: tuple[Path, str, str], identity: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it is opened: the decrypting thread ends, and the error is the disk's, not the snapshot's."""
    path, _, _ = house
    write_snapshot(path, tmp_path / "one.age", recipient_of(identity), HEAD, lambda _: False)

    def full(*_: object) -> None:
        raise store_error(OSError(28, "No space left on device"), "write x")

    monkeypatch.setattr(snapshots, "_write", lambda *_: full())
    refused("store/full", open_snapshot, tmp_path / "one.age", identity, tmp_path / "there", ORG)
    assert [found.name for found in (tmp_path / "there").iterdir()] == ["objects"]


def test_whom_snapshots_are_for_is_remembered(tmp_path: Path, identity: str) -> None:
    """As a file of the house's; a damaged one, or one with a recipient that opens to everybody, is refused."""
    assert read_config(tmp_path) is None
    config = Config(CONFIG_FORM, recipient_of(identity), "snapshots", 7)
    write_config(tmp_path, config)
    assert read_config(tmp_path) == config
    for raw in (b"", b"{}", b'{"form":"commonhold/snapshots/v1","recipient":"age1","resource":"x","size":1}'):
        (tmp_path / "snapshots.json").write_bytes(raw)
        refused("snapshot/config", read_config, tmp_path)


def test_names_and_sizes_that_do_not_fit_are_told() -> None:
    """A name over what a header holds; a size over 8 GiB is written as tar programs read it; pieces that are not what was announced are a fault."""
    refused("tar/name", lambda: list(tar_file("x" * 300, 0, [])))
    header = next(tar_file("objects/x", 9 << 30, []))
    assert tarfile.TarInfo.frombuf(header, "utf-8", "strict").size == 9 << 30
    assert next(iter(TarFiles(io.BytesIO(header).read))) == ("objects/x", 9 << 30)
    with pytest.raises(ValueError, match="announced"):
        list(tar_file("x", 2, [b"x"]))
