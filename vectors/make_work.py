"""Makes work.json: manifests of works that are read, with their ids, and manifests that are refused (docs/formats/work.md).

Run it from the root of the checkout: ``python vectors/make_work.py``. It uses no randomness, so making the file again changes nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from commonhold.kernel.works.manifest import FORM, parse_work, work_id

OUT = Path(__file__).parent
Case = dict[str, Any]
Value = dict[str, Any]


def digest(name: str) -> str:
    """A digest that depends on the name alone."""
    return hashlib.sha256(name.encode()).hexdigest()


def spelled(value: Value) -> bytes:
    """The canonical bytes of a value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def programme() -> Value:
    """A programme with two files, a text and two titles."""
    return {
        "files": [
            {
                "digest": digest("captions"),
                "language": "en",
                "name": "captions.en.vtt",
                "role": "captions",
                "size": 900,
                "type": "text/vtt",
            },
            {"digest": digest("master"), "name": "film/programme.mp4", "role": "master", "size": 73400320, "type": "video/mp4"},
        ],
        "form": FORM,
        "kind": "programme",
        "provenance": {"by": "heron", "made": 1700000000, "source": "https://saltmarsh.example/tide", "works": [digest("earlier")]},
        "rights": {
            "holder": "Saltmarsh Community Radio",
            "licence": "https://creativecommons.org/licenses/by/4.0/",
            "statement": "Made by members, who agreed to its publication.",
        },
        "texts": {"en": {"digest": digest("text"), "size": 2141, "type": "text/markdown"}},
        "titles": {"en": "The tide at night", "ko": "밤의 밀물"},
    }


def note() -> Value:
    """The smallest work: one text."""
    return {
        "files": [],
        "form": FORM,
        "kind": "article",
        "provenance": {"by": "tern"},
        "rights": {"statement": "Written by tern."},
        "texts": {"en": {"digest": digest("note"), "size": 5, "type": "text/plain"}},
        "titles": {"en": "A note"},
    }


def render() -> dict[str, str]:
    """Every file by its name."""
    value = {"about": "Manifests of works as strings; `id` is the SHA-256 of their UTF-8.", "cases": work_cases()}
    return {"work.json": json.dumps(value, indent=1, ensure_ascii=True) + "\n"}


def work_cases() -> list[Case]:
    """Manifests that are read, with their ids, and manifests that are refused."""
    cases: list[Case] = []

    def accept(name: str, value: Value) -> None:
        raw = spelled(value)
        work = parse_work(raw)
        cases.append(
            {
                "name": name,
                "work": raw.decode(),
                "expect": "accept",
                "id": work_id(raw),
                "objects": len(work.objects()),
                "bytes": work.size(),
            }
        )

    def refuse(name: str, code: str, why: str, raw: bytes) -> None:
        cases.append({"name": name, "work": raw.decode(), "expect": "refuse", "code": code, "why": why})

    def bent(change: Callable[[Value], Any], start: Callable[[], Value] = programme) -> Value:
        value = start()
        change(value)
        return value

    def file(**more: Any) -> Value:
        return {"digest": digest("more"), "role": "zine", "size": 1, "type": "application/pdf"} | more

    accept("a programme", programme())
    accept("one text and no file", note())
    accept(
        "titles in many languages",
        bent(
            lambda value: (
                value.update(titles={"sr-Latn-RS": "Plima", "zh-Hant": "潮", "x-none": "?"} | {"de-CH-1996": "Flut"})
                or value["titles"].pop("x-none")
            )
        ),
    )
    accept(
        "a title in letters younger than Unicode 3.2",
        bent(lambda value: value.update(titles={"ff-Adlm": "\U0001e900\U0001e922", "en": "Tide \U0001f30a"})),
    )
    accept("one object for two files", bent(lambda value: value.update(files=[file(role="a"), file(role="b")])))
    accept("an object of nothing", bent(lambda value: value["texts"]["en"].update(size=0)))
    refuse("a space", "work/not-canonical", "one spelling", spelled(note()).replace(b'":"', b'": "', 1))
    refuse(
        "a key twice",
        "work/not-canonical",
        "a reader may keep either",
        spelled(note()).replace(b'"kind":"article"', b'"kind":"minutes","kind":"article"'),
    )
    refuse(
        "unsorted keys", "work/not-canonical", "one spelling", json.dumps(dict(reversed(note().items())), separators=(",", ":")).encode()
    )
    refuse(
        "a field that says nothing",
        "work/not-canonical",
        "one spelling",
        spelled(bent(lambda value: value["rights"].update(holder=""), note)),
    )
    refuse("an unknown field", "work/shape", "no field is ignored", spelled(bent(lambda value: value.update(more="x"))))
    refuse("no rights", "work/shape", "a rights statement is required", spelled(bent(lambda value: value.pop("rights"))))
    refuse(
        "a blank rights statement",
        "work/rights",
        "a rights statement is required",
        spelled(bent(lambda value: value["rights"].update(statement=" "))),
    )
    refuse(
        "another form", "work/shape", "this version is not known", spelled(bent(lambda value: value.update(form="commonhold/manifest/v2")))
    )
    refuse("no provenance", "work/provenance", "it says nothing", spelled(bent(lambda value: value.update(provenance={}))))
    refuse("neither text nor file", "work/empty", "there is no work", spelled(bent(lambda value: value.update(texts={}), note)))
    refuse("no title", "work/shape", "a work is called something", spelled(bent(lambda value: value.update(titles={}))))
    refuse("a blank title", "work/title", "a work is called something", spelled(bent(lambda value: value["titles"].update(en=" "))))
    refuse("a title of two lines", "work/title", "one line", spelled(bent(lambda value: value["titles"].update(en="a\nb"))))
    refuse(
        "a title that turns around",
        "canonical/character",
        "bidirectional control",
        spelled(bent(lambda value: value["titles"].update(en="a\u202eb"))),
    )
    refuse(
        "a title that is not in normal form",
        "canonical/not-nfc",
        "two texts that look alike",
        spelled(bent(lambda value: value["titles"].update(en="Cafe\u0301"))),
    )
    refuse("a language in the wrong case", "work/shape", "one spelling", spelled(bent(lambda value: value.update(titles={"EN": "x"}))))
    refuse("a digest in capitals", "work/shape", "one spelling", spelled(bent(lambda value: value["texts"]["en"].update(digest="A" * 64))))
    refuse("a size below nothing", "work/shape", "sizes are counted", spelled(bent(lambda value: value["texts"]["en"].update(size=-1))))
    refuse("a fraction for a size", "work/shape", "sizes are counted", spelled(bent(lambda value: value["texts"]["en"].update(size=1.5))))
    refuse("files out of order", "work/order", "one set of files has one spelling", spelled(bent(lambda value: value["files"].reverse())))
    refuse(
        "a file twice", "work/order", "one set of files has one spelling", spelled(bent(lambda value: value.update(files=[file(), file()])))
    )
    refuse(
        "two sizes of one object",
        "work/sizes",
        "one of them is wrong",
        spelled(bent(lambda value: value.update(files=[file(role="a"), file(role="b", size=2)]))),
    )
    refuse(
        "two names that differ by case",
        "work/names",
        "one place on some systems",
        spelled(bent(lambda value: value.update(files=[file(name="A.pdf"), file(name="a.pdf", digest=digest("other"))]))),
    )
    refuse(
        "a name that is another's folder",
        "work/names",
        "a file and a folder",
        spelled(bent(lambda value: value.update(files=[file(name="a"), file(name="a/b.pdf", digest=digest("other"))]))),
    )
    for number, name in enumerate(("../kit.json", "/etc/passwd", "a//b", "a/", ".hidden", "a/../b", "a\\b")):
        refuse(
            f"a name that leads elsewhere {number}",
            "work/shape",
            "it would be written outside",
            spelled(bent(lambda value, name=name: value.update(files=[file(name=name)]))),
        )
    return cases


if __name__ == "__main__":
    for name, text in render().items():
        (OUT / name).write_text(text, "ascii")
        print(f"wrote {name}")
