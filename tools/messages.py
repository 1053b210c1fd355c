"""Keep the PO catalogues of ``commonhold.pages`` in step with the code: ``python -m tools.messages {write,check,missing CODE}``.

Messages are what the code says through ``say``, ``say_count``, ``html`` and ``html_count`` and marks with ``N_``, in Python and in templates. ``write``
gathers them into each catalogue and keeps the translations that are there; ``check`` fails where one is missing, doubtful, or lacks a placeholder.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "src" / "commonhold"
PLACE = SOURCES / "pages" / "locale"
CODES = ("ru", "ko", "zh", "es", "ar")
KEYWORDS = {"say": None, "html": None, "say_count": (1, 2), "html_count": (1, 2), "N_": None}
METHODS = [("**.py", "python"), ("**.html", "jinja2"), ("**.svg", "jinja2")]
HEADER = "# Commonhold. Machine translation, read by no native speaker yet: corrections are welcome, one message at a time.\n"
_PLACES = re.compile(r"%\((\w+)\)s")


def gathered() -> Catalog:
    """Every message of the code, without translations."""
    catalog = Catalog(charset="utf-8")
    found = extract_from_dir(SOURCES, METHODS, keywords=KEYWORDS, comment_tags=("i18n:",), strip_comment_tags=True)
    for name, _, message, comments, context in sorted(found, key=lambda item: (item[0], item[1])):
        catalog.add(message, locations=[(name, 1)], auto_comments=comments, context=context)
    return catalog


def read(code: str) -> Catalog:
    """The catalogue of a language as it is; empty where there is none."""
    path = PLACE / f"{code}.po"
    return read_po(io.BytesIO(path.read_bytes()), locale=code) if path.is_file() else Catalog(locale=code, charset="utf-8")


def updated(code: str, messages: Catalog) -> Catalog:
    """The catalogue of a language with the code's messages and its own translations of them, and nothing else."""
    old, new = read(code), Catalog(locale=code, charset="utf-8", header_comment=HEADER.rstrip())
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
    messages = gathered()
    if verb == "write":
        PLACE.mkdir(exist_ok=True)
        for code in CODES:
            (PLACE / f"{code}.po").write_bytes(as_bytes(updated(code, messages)))
        print(f"messages: {len(messages)} in {len(CODES)} languages")
        return 0
    wrong: list[str] = []
    for code in rest or CODES:
        catalog = updated(code, messages)
        wrong += faults(code, catalog)
        if verb == "check" and as_bytes(catalog) != (PLACE / f"{code}.po").read_bytes():
            wrong.append(f"{code}: the catalogue is not current: run `make pages`")
    print("\n".join(wrong) if wrong else f"messages: {len(messages)} in {len(rest or CODES)} languages, none missing")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
