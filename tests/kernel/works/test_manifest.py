"""Manifests of works: one spelling, one id, nothing missing that has to be there."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

from commonhold.kernel.errors import FormatError
from commonhold.kernel.works import manifest
from commonhold.kernel.works.manifest import File, Provenance, Rights, Text, is_file_name, make_work, parse_work, work_bytes, work_id
from tests.attacks import Mutation, attack

VECTORS = Path(__file__).resolve().parents[3] / "vectors"
CASES = json.loads((VECTORS / "work.json").read_text("ascii"))["cases"]
MANIFEST = "src/commonhold/kernel/works/manifest.py"


@pytest.mark.conformance
def test_making_the_vectors_again_changes_nothing() -> None:
    """The file is what the script beside it makes."""
    assert runpy.run_path(str(VECTORS / "make_work.py"))["render"]()["work.json"] == (VECTORS / "work.json").read_text("ascii")


@attack(
    "store-07",
    Mutation(MANIFEST, find="if _encoder.encode(work) != raw:", replace="if work is None:"),
    Mutation(MANIFEST, find="if places != sorted(set(places)):", replace="if places is None:"),
    Mutation(MANIFEST, find="if not work.rights.statement.strip():", replace="if work is None:"),
    Mutation(MANIFEST, find="if len(set(names)) != len(names) or folders & set(names):", replace="if len(set(names)) != len(names):"),
)
@pytest.mark.conformance
@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in CASES])
def test_a_manifest_is_read_or_refused_as_the_vectors_say(case: dict[str, Any]) -> None:
    """A manifest that is read has the id, the objects and the bytes that stand there, and is written again as it was; another has the code."""
    raw = case["work"].encode()
    if case["expect"] == "accept":
        work = parse_work(raw)
        assert (work_id(raw), len(work.objects()), work.size()) == (case["id"], case["objects"], case["bytes"])
        assert work_bytes(work) == raw
        assert raw.startswith(manifest.BEGINNING)
    else:
        with pytest.raises(FormatError) as refused:
            parse_work(raw)
        assert refused.value.code == case["code"]


def test_files_are_put_in_order_when_a_work_is_made() -> None:
    """Whoever makes a work need not know the order; the id does not depend on the order in which files were named."""
    files = [File("ab" * 32, "master", 1, "video/mp4"), File("cd" * 32, "captions", 2, "text/vtt", "en")]
    made = [
        make_work("programme", {"en": "Tide"}, rights=Rights("ours"), provenance=Provenance(by="heron"), files=order)
        for order in (files, files[::-1])
    ]
    assert work_bytes(made[0]) == work_bytes(made[1])
    assert [file.role for file in made[0].files] == ["captions", "master"]
    with pytest.raises(FormatError, match="rights"):
        make_work(
            "article", {"en": "x"}, rights=Rights(" "), provenance=Provenance(by="heron"), texts={"en": Text("ab" * 32, 1, "text/plain")}
        )


def test_a_manifest_beyond_the_bound_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its size is refused before a byte of it is decoded."""
    monkeypatch.setattr(manifest, "MAX_MANIFEST", 10)
    with pytest.raises(FormatError) as refused:
        parse_work(b"x" * 11)
    assert refused.value.code == "work/too-large"


def test_a_file_name_can_be_asked_for_before_a_work_is_made() -> None:
    """Whoever adds a file whose name may not stand in a manifest leaves the name out, and the file is there all the same."""
    assert [is_file_name(name) for name in ("film.mp4", "Ünicode.mp4", "../x", "a" * 201)] == [True, False, False, False]
