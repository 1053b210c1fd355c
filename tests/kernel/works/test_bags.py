"""Works as bags: paths that mean one file everywhere, and manifests that say what is there."""

from __future__ import annotations

from typing import Any

import pytest

from commonhold.kernel.errors import FormatError, ProofError
from commonhold.kernel.works import bags
from commonhold.kernel.works.bags import (
    Entry,
    check_complete,
    check_declaration,
    check_paths,
    check_payload,
    info_bytes,
    is_safe,
    manifest_bytes,
    parse_manifest,
    payload_of,
    read_manifest,
    works_in,
)
from commonhold.kernel.works.manifest import File, Provenance, Rights, Text, Work, make_work, work_bytes, work_id
from tests.attacks import Mutation, attack

BAGS = "src/commonhold/kernel/works/bags.py"
A, B, C = "a" * 64, "b" * 64, "c" * 64


def a_work(*files: File) -> Work:
    return make_work(
        "article",
        {"en": "The tide"},
        rights=Rights("Made by members."),
        provenance=Provenance(by="heron"),
        texts={"en": Text(A, 1, "text/markdown"), "ko": Text(B, 2, "text/x-other")},
        files=list(files),
    )


def refused(code: str, act: Any, *given: Any) -> None:
    with pytest.raises((FormatError, ProofError)) as caught:
        act(*given)
    assert caught.value.code == code
    assert caught.value.next_step


def test_a_file_lies_under_its_name_where_every_system_takes_it() -> None:
    """Texts by language, files by name; a name that is a device somewhere, and none at all, give way to the digest."""
    files = (
        File(C, "master", 3, "video/mp4", "", "part/film.mp4"),
        File(A, "poster", 1, "image/png", "", "aux.png"),
        File(B, "captions", 2, "text/vtt", "en"),
    )
    work = a_work(*files)
    base = f"data/works/{work_id(work_bytes(work))}"
    assert payload_of(work) == {
        f"{base}/manifest.json": Entry(work_id(work_bytes(work)), len(work_bytes(work))),
        f"{base}/texts/en.md": Entry(A, 1),
        f"{base}/texts/ko": Entry(B, 2),
        f"{base}/files/part/film.mp4": Entry(C, 3),
        f"{base}/objects/{A}": Entry(A, 1),
        f"{base}/objects/{B}": Entry(B, 2),
    }
    assert check_paths(payload_of(work)) == payload_of(work).keys()


@attack(
    "bag-01",
    Mutation(BAGS, find='part.endswith((".", " "))', replace='part.endswith(" ")'),
    Mutation(BAGS, find="any(not part or", replace="any("),
    Mutation(BAGS, find="""letter in '\\\\:*?"<>|'""", replace="letter in '*'"),
    Mutation(BAGS, find='("Cc", "Cf", "Cs")', replace='("Cf", "Cs")'),
    Mutation(BAGS, find="_DEVICE.fullmatch(part)", replace="False"),
)
@pytest.mark.parametrize(
    "path",
    ["", "../x", "data/../../x", "/etc/passwd", "data//x", "data/./x", "data\\x", "C:x", "a\0b", "a\nb", "x\u202egpj", "data/nul.txt", "data/x.", "data/x ", "x" * 513, "\ud800"],
)  # fmt: skip
def test_a_name_that_leads_out_is_refused(path: str) -> None:
    """Wherever it stands: as a file, and in a manifest."""
    assert not is_safe(path)
    refused("bag/path", check_paths, [path])


def test_ordinary_names_of_strangers_are_taken() -> None:
    """Any script, spaces, dots within and before a name."""
    for path in ("data/works/x", "data/밤의 밀물.mp4", "data/.hidden", "data/a..b", "data/console.txt", "data/Ω"):
        assert is_safe(path), path


@attack(
    "bag-02",
    Mutation(BAGS, find="        if folded in found:", replace="        if path in found.values():"),
    Mutation(BAGS, find="if meeting := sorted(folders & found.keys()):", replace="if meeting := []:"),
)
@pytest.mark.parametrize(
    "paths",
    [("data/caf\u00e9", "data/cafe\u0301"), ("data/A", "data/a"), ("data/ﬁ", "data/fi"), ("data/Straße", "data/STRASSE"), ("data/x", "data/X/y")],
)  # fmt: skip
def test_two_names_for_one_file_are_refused(paths: tuple[str, str]) -> None:
    """Those that differ by Unicode form or case, and a file that is a folder too."""
    refused("bag/names", check_paths, paths)
    refused("bag/names", parse_manifest, "".join(f"{A}  {path}\n" for path in paths).encode())


def test_a_bag_has_only_so_many_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """One more is refused while they are counted."""
    monkeypatch.setattr(bags, "MAX_ENTRIES", 3)
    assert len(check_paths(["a", "b", "c"])) == 3
    refused("bag/too-many", check_paths, ["a", "b", "c", "d"])


def test_a_manifest_is_read_as_it_was_written() -> None:
    """With the escapes of RFC 8493 and digests in either case; a line that is none, or no UTF-8, is refused with its number."""
    rows = {"data/b": A, "data/a b": B}
    assert manifest_bytes(rows) == f"{B}  data/a b\n{A}  data/b\n".encode()
    assert parse_manifest(manifest_bytes(rows)) == rows
    assert parse_manifest(f"{A.upper()} *data/100%25\r\n".encode()) == {"data/100%": A}
    refused("bag/path", parse_manifest, f"{A}  data/a%0Ab\n".encode())
    refused("bag/manifest", parse_manifest, f"{A}  data/a\nmd5  data/b\n".encode())
    refused("bag/manifest", parse_manifest, b"\xff")


def test_what_a_bag_says_of_itself_stands_on_lines() -> None:
    """A value with newlines cannot begin a label of its own, and one that says nothing is left out."""
    assert info_bytes([("Title", "a\nPayload-Oxum: 1.1"), ("Other", " ")]) == b"Title: a Payload-Oxum: 1.1\n"


def test_only_bags_that_can_be_read_are_read() -> None:
    """Versions 0.93 to 1.0 in UTF-8."""
    check_declaration(bags.DECLARED)
    check_declaration(b"BagIt-Version: 0.97\r\nTag-File-Character-Encoding: UTF-8\r\n")
    for raw in (
        b"",
        b"BagIt-Version: 2.0\nTag-File-Character-Encoding: UTF-8\n",
        b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-16\n",
    ):
        refused("bag/version", check_declaration, raw)


@attack(
    "bag-03",
    Mutation(BAGS, find="    if missing := sorted(digests.keys() - payload):", replace="    if missing := []:"),
    Mutation(BAGS, find="    if extra := sorted(payload - digests.keys()):", replace="    if extra := []:"),
    Mutation(BAGS, find="    if missing := sorted(payload.keys() - digests.keys()):", replace="    if missing := []:"),
    Mutation(BAGS, find="    if extra := sorted(digests.keys() - payload.keys()):", replace="    if extra := []:"),
    Mutation(BAGS, find="        if digests[path] != entry.digest:", replace="        if not digests[path]:"),
    Mutation(BAGS, find="        if sizes[path] != entry.size:", replace="        if sizes[path] < entry.size:"),
    Mutation(BAGS, find="    if work_id(raw) != work:", replace="    if not raw:"),
)
def test_a_bag_holds_what_it_says_and_nothing_else() -> None:
    """By its own manifest, and by the manifests of its works; each with its code."""
    check_complete({"data/a": A}, frozenset({"data/a", "bagit.txt"}))
    refused("bag/incomplete", check_complete, {"data/a": A, "data/b": A}, frozenset({"data/a"}))
    refused("bag/incomplete", check_complete, {f"data/{n}": A for n in range(9)}, frozenset())
    refused("bag/extra", check_complete, {"data/a": A}, frozenset({"data/a", "data/b"}))
    payload = {"data/a": Entry(A, 1)}
    check_payload(payload, {"data/a": A}, {"data/a": 1})
    refused("bag/incomplete", check_payload, payload, {}, {})
    refused("bag/extra", check_payload, payload, {"data/a": A, "data/b": A}, {"data/a": 1, "data/b": 1})
    refused("bag/altered", check_payload, payload, {"data/a": B}, {"data/a": 1})
    refused("bag/size", check_payload, payload, {"data/a": A}, {"data/a": 2})
    raw = work_bytes(a_work())
    assert read_manifest(raw, work_id(raw)) == a_work()
    refused("bag/altered", read_manifest, raw, A)


def test_works_are_found_by_their_place() -> None:
    """In order; a bag of strangers' files has none, and it is said how to make some."""
    rows = {f"data/works/{B}/manifest.json": B, f"data/works/{A}/manifest.json": A, "data/works/x/manifest.json": C}
    assert list(works_in(rows)) == [(A, f"data/works/{A}/manifest.json"), (B, f"data/works/{B}/manifest.json")]
    refused("bag/no-work", lambda: list(works_in({"data/film.mp4": A})))
