"""The rules of a charter as authored: ``charter.toml``, read with ``tomllib`` and written by hand (TOML 1.0).

TOML is the writing aid, canonical JSON the record. What TOML has and the canonical form has not is refused, with the place: a number with a
point (an article number without quotes: 1.10 would become 1.1), a date or time without quotes, a character that hides text.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any, Final

from commonhold.kernel.canonical import MAX_DEPTH, canonical_bytes
from commonhold.kernel.charter.articles import normal_source
from commonhold.kernel.errors import FormatError

SECTIONS: Final = (
    "charter",
    "bodies",
    "offices",
    "incompatible",
    "constraints",
    "decisions",
    "minority",
    "emergency",
    "delegation",
    "custody",
    "from_article",
)
"""The top-level tables, in the order in which they are written."""

_BARE: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


class _Float(str):
    """The digits of a number with a point, kept as written so that the refusal can show them."""


def parse_tables(source: str) -> dict[str, Any]:
    """The tables of ``charter.toml`` as plain values: strings, integers, booleans, arrays and tables.

    Raises:
        FormatError: naming the place, if the file is not TOML or holds what the canonical form has not.
    """
    try:
        tables = tomllib.loads(normal_source(source, "charter.toml"), parse_float=_Float)
    except (ValueError, RecursionError) as error:
        # A ValueError that is no TOMLDecodeError: a number of more digits than Python reads.
        words = str(error)
        raise FormatError(
            f"charter.toml is not TOML: {words[:1].lower()}{words[1:]}",
            code="charter/toml",
            next_step="Mend the file at that place; every text stands in quotes, every table under its name in [brackets].",
        ) from None
    _plain(tables, "", 0)
    try:
        canonical_bytes(tables)
    except FormatError as error:
        raise FormatError(f"charter.toml: {error}", code="charter/toml", next_step=error.next_step) from None
    return tables


def render_tables(tables: Mapping[str, Any]) -> str:
    """``charter.toml`` for the given tables; reading it again gives equal tables.

    Raises:
        FormatError: for a value outside the canonical form.
    """
    canonical_bytes(tables)
    ordered = sorted(tables, key=lambda key: (SECTIONS.index(key) if key in SECTIONS else len(SECTIONS), key))
    lines: list[str] = []
    _table(lines, (), {key: tables[key] for key in ordered})
    return "\n".join(lines).strip("\n") + "\n"


def _plain(value: object, where: str, depth: int) -> None:
    if depth > MAX_DEPTH:
        # Dotted keys nest without brackets, so the parser's own limit does not see them.
        raise FormatError(f"charter.toml is nested more than {MAX_DEPTH} deep", code="charter/toml", next_step="Write flatter tables.")
    if isinstance(value, dict):
        for key, item in value.items():
            _plain(item, f"{where}.{key}" if where else key, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _plain(item, where, depth + 1)
    elif isinstance(value, _Float):
        raise FormatError(
            f"charter.toml: {where} is the number {str(value)[:40]} with a point",
            code="charter/unquoted-number",
            next_step='Put article numbers and fractions in quotes, such as "1.10" and "2/3"; amounts are whole numbers.',
            data={"key": where},
        )
    elif not isinstance(value, (str, int)):
        raise FormatError(
            f"charter.toml: {where} is a date or time without quotes",
            code="charter/unquoted-date",
            next_step=f'Put it in quotes: "{value}".',
            data={"key": where},
        )


def _table(lines: list[str], path: tuple[str, ...], table: Mapping[str, Any]) -> None:
    inner = {key: value for key, value in table.items() if isinstance(value, Mapping) or _is_array_of_tables(path, value)}
    plain = [f"{_key(key)} = {render_value(value)}" for key, value in table.items() if key not in inner]
    if path and (plain or not inner):
        lines += ["", f"[{_dotted(path)}]"]
    lines += plain
    for key, value in inner.items():
        here = (*path, key)
        if isinstance(value, Mapping):
            _table(lines, here, value)
            continue
        for item in value:
            lines += ["", f"[[{_dotted(here)}]]", *(f"{_key(name)} = {render_value(part)}" for name, part in item.items())]


def _is_array_of_tables(path: tuple[str, ...], value: object) -> bool:
    # Only at the top, where people expect [[incompatible]]; deeper down, inline tables read better.
    return not path and isinstance(value, (list, tuple)) and bool(value) and all(isinstance(item, Mapping) for item in value)


def _dotted(path: tuple[str, ...]) -> str:
    return ".".join(map(_key, path))


def _key(key: str) -> str:
    return key if key and _BARE.issuperset(key) else render_value(key)


def render_value(value: object) -> str:
    """One value as ``charter.toml`` writes it on a line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {render_value(item)}" for key, item in value.items()) + " }" if value else "{}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(render_value, value)) + "]"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
