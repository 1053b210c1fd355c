"""The list of the files in a mirror: one spelling, and no path that could lead elsewhere, hide, or fall together with another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonhold.kernel.errors import FormatError
from commonhold.kernel.mirrors import filelist
from commonhold.kernel.mirrors.filelist import check_paths, list_bytes, parse_list
from tests.attacks import Mutation, attack

FILELIST = "src/commonhold/kernel/mirrors/filelist.py"
A, B = "a" * 64, "b" * 64
GOOD = {"settings/partners": A, "site/index.html": B, "site/о нас/밀물.html": A, "site/x/y": B}


def test_a_list_is_read_back() -> None:
    """In the order of its paths' bytes, as sha256sum reads it."""
    raw = list_bytes(GOOD)
    assert parse_list(raw) == GOOD
    assert raw.splitlines()[0] == f"{A}  settings/partners".encode()
    assert parse_list(b"") == {}


@attack(
    "mirror-paths",
    Mutation(
        FILELIST,
        find='    elif not all(parts) or any(part.startswith(".") or len(part.encode(errors="replace")) > MAX_PART for part in parts):',
        replace="    elif not parts:",
    ),
    Mutation(FILELIST, find="    elif parts[0] not in FOLDERS or len(parts) == 1:", replace="    elif not parts:"),
    Mutation(FILELIST, find="            if first != whole:", replace="            if first is None:"),
    Mutation(FILELIST, find="            if path[:at] in files:", replace="            if path[:at] in ():"),
)
@pytest.mark.parametrize(
    "paths",
    [
        ["site/../keys/log.key"],
        ["site/a/../../objects/aa"],
        ["/etc/passwd"],
        ["../site/a"],
        ["site//a"],
        ["site/a/"],
        ["site/.htaccess"],
        ["site/.git/config"],
        ["record/checkpoint"],
        ["objects/aa/" + "b" * 62],
        ["site"],
        ["mirror"],
        ["site/a\\b"],
        ["site/a\u202eb"],
        ["site/a\tb"],
        ["site/e\u0301.html"],
        ["site/" + "a" * 256],
        ["site/" + "/".join("a" * 33)],
        ["site/" + "aaaaaaaa/" * 30 + "a" * 1000],
        ["site/A.html", "site/a.html"],
        ["site/A/x", "site/a/y"],
        ["site/straße", "site/STRASSE"],
        ["site/a", "site/a/b"],
        ["site/a/b", "site/a"],
    ],
)
def test_a_path_that_leads_elsewhere_or_onto_another_is_refused(paths: list[str]) -> None:
    """Up, out, hidden, of another folder, or one that some file system takes for another: nothing is written under such a name."""
    with pytest.raises(FormatError) as refused:
        check_paths(paths)
    assert refused.value.code in {"mirror/path", "mirror/paths-alike"}
    with pytest.raises(FormatError):
        list_bytes(dict.fromkeys(paths, A))


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (f"{A}  site/a".encode(), "mirror/list"),
        (f"{A} site/a\n".encode(), "mirror/list"),
        (f"{A.upper()}  site/a\n".encode(), "mirror/list"),
        (f"\\{A}  site/a\n".encode(), "mirror/list"),
        (b"\n", "mirror/list"),
        (f"{A}  site/\xff\n".encode("latin-1"), "mirror/list"),
        (f"{A}  site/b\n{A}  site/a\n".encode(), "mirror/list-order"),
        (f"{A}  site/a\n{B}  site/a\n".encode(), "mirror/list-order"),
    ],
)
def test_bytes_that_are_no_list_are_refused(raw: bytes, code: str) -> None:
    """Cut, of another form, in another order, or with a path twice."""
    with pytest.raises(FormatError) as refused:
        parse_list(raw)
    assert refused.value.code == code


def test_a_list_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """In bytes and in files, before anything is built from it."""
    with pytest.raises(FormatError) as refused:
        parse_list(b"x" * (filelist.MAX_LIST + 1))
    assert refused.value.code == "mirror/list-large"
    monkeypatch.setattr(filelist, "MAX_FILES", 2)
    with pytest.raises(FormatError) as many:
        parse_list(b"\n" * 3)
    assert many.value.code == "mirror/list-large"


def test_a_name_that_is_no_text_is_refused() -> None:
    """A file system may hold any bytes; a list is UTF-8."""
    with pytest.raises(FormatError):
        list_bytes({b"site/\xff".decode(errors="surrogateescape"): A})


@given(st.dictionaries(st.text(max_size=12).map(lambda text: "site/" + text), st.sampled_from([A, B]), max_size=5))
def test_what_is_listed_is_read_back_or_refused(files: dict[str, str]) -> None:
    """There is no third."""
    try:
        raw = list_bytes(files)
    except FormatError:
        return
    assert parse_list(raw) == files
