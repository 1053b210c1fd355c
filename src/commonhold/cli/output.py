"""What commands print: reports as text or JSON, tables, progress; and nothing that a record could smuggle into a terminal.

Reports go to stdout, everything about the run (progress, warnings, errors) to stderr. Whatever comes from outside (a record, a file, a
network) goes through :func:`printable` before a terminal sees it: control characters could move the cursor over a verdict, and
bidirectional controls could turn a name around. JSON is written in ASCII, which needs no such care.
"""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, Protocol

import click

_ESCAPED: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Persian, Hindi and joined emoji need the two joiners; they reorder nothing.
_JOINERS: Final = frozenset("\u200c\u200d")


def printable(text: object, *, multiline: bool = False) -> str:
    r"""*text* with every character that could act on a terminal, or hide, written as ``\u{202e}``.

    Args:
        multiline: leave newlines as they are.
    """
    said = str(text)
    if said.isascii() and said.isprintable():
        return said
    return "".join(
        c if c in _JOINERS or (multiline and c == "\n") or unicodedata.category(c) not in _ESCAPED else f"\\u{{{ord(c):x}}}" for c in said
    )


def json_text(value: object) -> str:
    """*value* as indented JSON in ASCII, keys in their own order."""
    return json.dumps(value, indent=2, ensure_ascii=True, default=str)


def emit(as_json: bool, value: Mapping[str, Any], render: Callable[[], str | None]) -> None:  # noqa: FBT001 - the verb's own --json flag, passed on
    """Print a report: *value* as JSON with ``"ok": true`` in front (unless it says otherwise), or what *render* returns.

    *render* is called only where it is needed, and passes what comes from outside through :func:`printable`.
    """
    if as_json:
        click.echo(json_text({"ok": True, **value}))
    elif (text := render()) is not None:
        click.echo(text)


def note(text: str) -> None:
    """Say something about the run on stderr, where it disturbs no pipe."""
    click.echo(printable(text, multiline=True), err=True)


def table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Rows in columns under their headers, each cell through :func:`printable`; East Asian characters count two columns."""
    cells = [[printable(cell) for cell in row] for row in [headers, *rows]]
    widths = [max((_width(row[column]) for row in cells), default=0) for column in range(len(headers))]
    lines = ["  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


class Progress(Protocol):
    """A piece of long work that says how far it is."""

    def update(self, n: int = 1) -> None:
        """Count *n* more units as done."""


@contextmanager
def progress(total: int, label: str) -> Iterator[Progress]:
    """Show on stderr how far a piece of work is: a moving bar on a terminal, otherwise one line at its start and one at its end."""
    if not sys.stderr.isatty():
        plain = _Plain()
        note(f"{label}: {total} to do")
        yield plain
        note(f"{label}: {plain.done} done")
        return
    # Rich costs 50 ms, which only a person who watches a bar should pay.
    from rich import progress as bars  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415

    columns = (bars.TextColumn("{task.description}", markup=False), bars.BarColumn(), bars.MofNCompleteColumn(), bars.TimeRemainingColumn())
    with bars.Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        yield _Bar(shown.advance, shown.add_task(printable(label), total=total))


class _Plain:
    def __init__(self) -> None:
        self.done = 0

    def update(self, n: int = 1) -> None:
        self.done += n


class _Bar:
    def __init__(self, advance: Callable[..., None], task: int) -> None:
        self._advance, self._task = advance, task

    def update(self, n: int = 1) -> None:
        self._advance(self._task, n)


def _width(text: str) -> int:
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
