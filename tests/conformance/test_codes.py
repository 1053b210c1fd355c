"""One thing has one code: what the signer and the verifier refuse, what Python refuses, and what a member is told of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

pytestmark = pytest.mark.conformance
ROOT: Final = Path(__file__).resolve().parents[2]
SOURCES: Final = ROOT / "src" / "commonhold"
READER: Final = ROOT / "reader" / "src"
CODE: Final = re.compile(r"""["'`]([a-z][a-z0-9-]*/[a-z][a-z-]*)["'`]""")
BUILT: Final = re.compile(r"""code=f"([a-z]*\{?[^"/]*\}?/[^"]*)\"""")
ALONE: Final = {
    "check/": "the verifier's page, which is given a file and no folder",
    "prooffile/signatures": "the verifier replays nothing, so it bounds what it verifies by itself",
    "file/unreadable": "a browser does not say why; Python has the words of the disk",
    "page/failed": "no refusal: the page itself has failed",
    "passkey/busy": "a page asks a device for one passkey at a time; no server sees a second press",
    "passkey/other-credential": "what the browser gives is held to what was asked for, before anything is sent",
    "share/forged": "the signer is given contributions by whoever sends them; Python reads them from the record, which holds none",
    "slip39/": "Python leaves SLIP-39 to a library, whose errors are turned into the codes of who asks",
    "unseal/other-kit": "the signer's key file is encrypted to a kit; the command line's is readable by its owner alone",
}
"""Codes that the reader's JavaScript has alone, or families of them, and why."""
NO_CODES: Final = {"commonhold/pins", "entry/form"}
"""A name in the browser's store; and the code of a file that cannot be reached, for what was signed a moment ago."""


def codes_in(folder: Path, pattern: str) -> set[str]:
    """Every text in the sources that looks like a code."""
    return {code for path in folder.rglob(pattern) for code in CODE.findall(path.read_text("utf-8"))}


def built_in(folder: Path) -> Iterator[re.Pattern[str]]:
    """What codes that are put together look like."""
    for path in folder.rglob("*.py"):
        for code in BUILT.findall(path.read_text("utf-8")):
            yield re.compile(re.sub(r"\\\{.*?\\\}", "[a-z-]+", re.escape(code)))


def test_the_reader_refuses_with_codes_that_python_has() -> None:
    """A name that only one of the two programs knows has its reason here, so that nothing drifts apart unseen."""
    known, built = codes_in(SOURCES, "*.py"), list(built_in(SOURCES))
    theirs = codes_in(READER, "*.js") - NO_CODES
    unknown = {code for code in theirs if code not in known and not any(pattern.fullmatch(code) for pattern in built)}
    alone = {code for code in unknown if any(code.startswith(name) for name in ALONE)}
    assert unknown == alone
    assert {name for name in ALONE if any(code.startswith(name) for code in alone)} == set(ALONE)


def test_what_is_not_signed_has_the_code_with_which_the_record_refuses_it() -> None:
    """A custodian who is refused before they sign, and one whose entry the fold refuses, are told the same."""
    record = SOURCES / "kernel" / "record"
    review = {
        code
        for code in CODE.findall((record / "custodyreview.py").read_text("utf-8"))
        if re.match("(acknowledge|act/no-seal|contribute|release|seal)", code)
    }
    fold = {code for name in ("custody.py", "keeping.py") for code in CODE.findall((record / name).read_text("utf-8"))}
    built = [re.compile("acknowledge/(replaced|retired)")]
    # The fold knows everybody's kit by its id, and compares it.
    before = {"seal/no-kit"}
    unlike = {code for code in review - fold if not any(pattern.fullmatch(code) for pattern in built)}
    assert unlike == before
    assert {"act/no-seal", "acknowledge/not-live", "contribute/expired", "seal/number"} <= review & fold


def test_every_sentence_stands_for_a_code_that_there_is() -> None:
    """The signer's sentences name codes of its own modules; a renamed one would fall back to words that say less."""
    named = set(CODE.findall((READER / "signer" / "refusals.js").read_text("utf-8"))) - {"page/failed"}
    there = {code for path in READER.rglob("*.js") if path.name != "refusals.js" for code in CODE.findall(path.read_text("utf-8"))}
    assert named - there == set()
