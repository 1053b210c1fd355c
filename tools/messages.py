"""Keep the PO catalogues in step with the code: ``python -m tools.messages {write,check,missing CODE}``.

The house has catalogues of its own; all other messages are in those of ``commonhold.pages``. Messages are what the code says through ``say``, ``say_count``, ``html`` and ``html_count`` and marks with ``N_``, in Python and in templates, Django's included. ``write``
gathers them into each catalogue and keeps the translations that are there; ``check`` fails where one is missing, doubtful, or lacks a placeholder.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "src" / "commonhold"
HOUSE = SOURCES / "house"
PLACES = {SOURCES: SOURCES / "pages" / "locale", HOUSE: HOUSE / "locale"}
"""Whose messages lie where."""
CODES = ("ru", "ko", "zh", "es", "ar")
KEYWORDS = {"say": None, "html": None, "say_count": (1, 2), "html_count": (1, 2), "N_": None}
METHODS = [("**.py", "python"), ("**.html", "jinja2"), ("**.svg", "jinja2")]
HEADER = "# Commonhold. Machine translation, read by no native speaker yet: corrections are welcome, one message at a time.\n"
_PLACES = re.compile(r"%\((\w+)\)s")
_TAG = re.compile(r"\{%-?\s*(?:say|say_count)\s+((?:\"(?:[^\"\\]|\\.)*\"\s*){1,2})")
_STRING = re.compile(r"\"((?:[^\"\\]|\\.)*)\"")


def django(file: BinaryIO, keywords: object, comment_tags: object, options: object) -> Iterator[tuple[int, str, object, list[str]]]:
    """What a Django template says with ``{% say "..." %}`` and ``{% say_count "..." "..." n %}``, as Babel's extractors give it."""
    del keywords, comment_tags, options
    for found in _TAG.finditer(file.read().decode()):
        strings = tuple(text.replace('\\"', '"') for text in _STRING.findall(found[1]))
        yield found.start(), "say_count" if len(strings) > 1 else "say", strings if len(strings) > 1 else strings[0], []


def gathered(sources: Path) -> Catalog:
    """Every message of the code in a folder, without translations."""
    catalog = Catalog(charset="utf-8")
    methods = [("**.py", "python"), ("**/templates/**.html", "tools.messages:django")] if sources == HOUSE else METHODS
    found = extract_from_dir(
        sources,
        methods,
        keywords=KEYWORDS,
        comment_tags=("i18n:",),
        strip_comment_tags=True,
        directory_filter=lambda folder: sources == HOUSE or Path(folder) != HOUSE,
    )
    for name, _, message, comments, context in sorted(found, key=lambda item: (item[0], item[1])):
        catalog.add(message, locations=[(name, 1)], auto_comments=comments, context=context)
    return catalog


def read(place: Path, code: str) -> Catalog:
    """The catalogue of a language as it is; empty where there is none."""
    path = place / f"{code}.po"
    return read_po(io.BytesIO(path.read_bytes()), locale=code) if path.is_file() else Catalog(locale=code, charset="utf-8")


def updated(place: Path, code: str, messages: Catalog) -> Catalog:
    """The catalogue of a language with the code's messages and its own translations of them, and nothing else."""
    old, new = read(place, code), Catalog(locale=code, charset="utf-8", header_comment=HEADER.rstrip())
    for message in messages:
        if message.id:
            had = old.get(message.id, message.context)
            new.add(message.id, had.string if had else "", locations=message.locations, auto_comments=message.auto_comments)
    return new


def as_bytes(catalog: Catalog) -> bytes:
    """A catalogue as its file, without dates and line numbers, which would change without a reason."""
    out = io.BytesIO()
    write_po(out, catalog, width=0, include_lineno=False, omit_header=False, sort_output=False)
    kept = [line for line in out.getvalue().decode().splitlines(keepends=True) if not re.match(r'"(POT-Creation|PO-Revision)-Date', line)]
    return "".join(kept).encode()


def faults(code: str, catalog: Catalog) -> Iterator[str]:
    """What is wrong with the translations of one language."""
    for message in catalog:
        if message.id:
            why = _fault(message, catalog.num_plurals)
            if why:
                yield f"{code}: {why}: {_english(message)[0]!r}"


def _fault(message: Message, plurals: int) -> str:
    strings = list(message.string) if isinstance(message.string, list | tuple) else [message.string or ""]
    if message.fuzzy:
        return "doubtful"
    if message.pluralizable and len(strings) != plurals:
        return f"{len(strings)} of {plurals} plural forms"
    if not all(strings):
        return "not translated"
    wanted = set(_PLACES.findall(_english(message)[-1]))
    for text in strings:
        have = set(_PLACES.findall(text))
        # One, and in Arabic two, may be said without a number.
        if have != wanted and not (message.pluralizable and have | {"n"} == wanted | {"n"}):
            return f"placeholders {sorted(have)} for {sorted(wanted)}"
        if re.search(r"%(?!\(\w+\)s|%)", text) and wanted:
            return "a broken placeholder"
    return ""


def _english(message: Message) -> tuple[str, ...]:
    return tuple(message.id) if isinstance(message.id, list | tuple) else (message.id,)


def main(arguments: Iterable[str]) -> int:
    """Run one of the verbs; 0 if nothing is wrong."""
    verb, *rest = list(arguments) or ["check"]
    wrong: list[str] = []
    count = 0
    for sources, place in PLACES.items():
        messages = gathered(sources)
        count += len(messages)
        for code in CODES if verb == "write" else rest or CODES:
            catalog = updated(place, code, messages)
            if verb == "write":
                place.mkdir(exist_ok=True)
                (place / f"{code}.po").write_bytes(as_bytes(catalog))
                continue
            wrong += faults(code, catalog)
            if verb == "check" and as_bytes(catalog) != (place / f"{code}.po").read_bytes():
                wrong.append(f"{code}: the catalogue in {place.relative_to(ROOT)} is not current: run `make pages`")
    print(
        "\n".join(wrong) if wrong else f"messages: {count} in {len(rest or CODES)} languages{'' if verb == 'write' else ', none missing'}"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
