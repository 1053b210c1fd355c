"""The text of a charter: ``charter.md`` and its numbered articles (docs/formats/charter.md, "The text").

A document title (``# Saltmarsh``), an optional preamble under it, then articles in order: ``## 1 Members``, ``### 1.3 Officers``,
``#### 1.3.1``. The number decides; the heading's level follows from it (one ``#`` more than the number has parts, six at most). Each text
becomes one object in a normal form that two people reach from the same file, whatever their editor does with line ends and blank lines.

What the articles' rules say stands in ``charter.toml`` (``tables.py``).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from commonhold.kernel.canonical import check_text
from commonhold.kernel.errors import FormatError

MAX_SOURCE: Final = 1 << 20
MAX_ARTICLES: Final = 500
MAX_DEPTH: Final = 8
MAX_TEXT: Final = 16 << 10
MAX_TITLE: Final = 200

_NUMBER: Final = re.compile(r"[1-9][0-9]{0,3}(?:\.[1-9][0-9]{0,3}){0,7}", re.ASCII)
_HEADING: Final = re.compile(r" {0,3}(#{1,6})(?:[ ]+(.*))?")


def is_article_number(text: str) -> bool:
    """Whether *text* is an article number: parts from 1 to 9999 without leading zeros, joined by dots, at most eight."""
    return _NUMBER.fullmatch(text) is not None


def number_key(number: str) -> tuple[int, ...]:
    """The sorting key of an article number: 1.2 stands before 1.10."""
    return tuple(int(part) for part in number.split("."))


def covers(outer: str, inner: str) -> bool:
    """Whether the article *outer* is *inner* or one that *inner* lies under."""
    return inner == outer or inner.startswith(outer + ".")


def parse_text(raw: bytes) -> tuple[str, str]:
    """The title and the body of one text object.

    Args:
        raw: UTF-8: the title (may be empty), a line end, and the body, if there is one, with a line end after it.

    Raises:
        FormatError: if *raw* is not in the normal form that ``charter.md`` compiles to.
    """
    try:
        text = raw.decode("utf-8") if len(raw) <= MAX_TEXT else ""
        normal = normal_source(text, "text")
    except (UnicodeDecodeError, FormatError):
        text, normal = "", ""
    title, _, rest = text.partition("\n")
    lines = rest.split("\n")
    whole = text and text == normal and title == " ".join(title.split()) and len(title) <= MAX_TITLE
    if not whole or _bounded(title, lines, 0) != raw or any(_HEADING.fullmatch(line) for line in lines):
        raise FormatError("a charter's text object is not in normal form", code="charter/text", data={"size": len(raw)})
    return title, rest.removesuffix("\n")


def parse_articles(source: str) -> tuple[bytes, dict[str, bytes]]:
    """The text objects of ``charter.md``: that of the title, and those of the articles by number.

    Raises:
        FormatError: naming the line, for text before the title, a heading without a number, a number twice or out of order, a heading of
            the wrong level, forbidden characters, or anything too large.
    """
    text = normal_source(source, "charter.md")
    title = ""
    number = ""
    body: list[str] = []
    texts: dict[str, bytes] = {}  # the title's text under the empty number
    start = 0
    for at, line in enumerate(text.split("\n"), 1):
        match = _HEADING.fullmatch(line)
        if match is None:
            if not start and line:
                raise _error(at, "there is text before the title", 'Begin the file with "# " and the name of the charter.', "before-title")
            body.append(line)
            continue
        level, words = len(match[1]), " ".join((match[2] or "").split())
        if start:
            texts[number] = _bounded(title, body, start)
            number, title = _article_heading(at, level, words, number, texts)
        elif level == 1 and words:
            title = words
        else:
            raise _error(at, "the first heading is not the title", 'Begin the file with "# " and the name of the charter.', "before-title")
        start, body = at, []
    if not start:
        raise _error(1, "there is no title", 'Begin the file with "# " and the name of the charter.', "before-title")
    texts[number] = _bounded(title, body, start)
    preamble = texts.pop("")
    if not texts:
        raise _error(
            start, "there are no articles", 'Write each article under a heading with its number, such as "## 1 Members".', "no-articles"
        )
    return preamble, texts


def render_articles(title: bytes, articles: Mapping[str, bytes]) -> str:
    """``charter.md`` for the given text objects; compiling it gives the same objects.

    Raises:
        FormatError: if a text object is not in normal form.
    """
    parts = []
    for number, raw in [("", title), *sorted(articles.items(), key=lambda item: number_key(item[0]))]:
        heading, body = parse_text(raw)
        level = "#" * (heading_level(number) if number else 1)
        parts.append(" ".join(filter(None, (level, number, heading))))
        if body:
            parts.append(body)
    return "\n\n".join(parts) + "\n"


def heading_level(number: str) -> int:
    """How many ``#`` the heading of this article has."""
    return min(number.count(".") + 2, 6)


def normal_source(source: str, name: str) -> str:
    """An authored file in normal form C with plain line ends, tabs as spaces and no white space at the end of a line.

    Raises:
        FormatError: naming the line, for a file above 1 MiB and for control or bidirectional control characters.
    """
    if len(source) > MAX_SOURCE:
        raise FormatError(f"{name} has {len(source)} characters, and at most {MAX_SOURCE} are allowed", code="charter/too-large")
    # A byte order mark is what some editors put before any file; within a text it would be refused.
    text = source.removeprefix("\ufeff").replace("\r\n", "\n").replace("\t", "    ")
    lines = [line.rstrip() for line in unicodedata.normalize("NFC", text).split("\n")]
    for at, line in enumerate(lines, 1):
        try:
            check_text(line)
        except FormatError as error:
            raise FormatError(
                f"{name}, line {at}: {error}",
                code="charter/character",
                next_step="Remove the character; it can hide or reorder what readers see.",
                data={"line": at},
            ) from None
    return "\n".join(lines)


def _article_heading(at: int, level: int, words: str, before: str, seen: Mapping[str, bytes]) -> tuple[str, str]:
    if level == 1:
        raise _error(
            at, "there is a second title", "Give each article a number, and use # only once, for the charter's name.", "second-title"
        )
    number, _, title = words.partition(" ")
    if not is_article_number(number):
        step = 'Write the number first and without a dot at its end, such as "### 1.3 Officers".'
        raise _error(at, f"the heading {words[:60]!r} does not begin with an article number", step, "no-number")
    if number in seen:
        raise _error(at, f"article {number} stands twice", "Give one of them another number.", "duplicate-article", number)
    if before and number_key(number) <= number_key(before):
        raise _error(
            at, f"article {number} stands after article {before}", "Put the articles in the order of their numbers.", "order", number
        )
    if level != heading_level(number):
        expected = "#" * heading_level(number)
        raise _error(
            at,
            f"article {number} has the heading mark {'#' * level} in place of {expected}",
            f"Write {expected} {number}.",
            "level",
            number,
        )
    if len(seen) > MAX_ARTICLES:
        raise _error(at, f"there are more than {MAX_ARTICLES} articles", "Join some of them.", "too-many-articles")
    return number, title


def _bounded(title: str, body: list[str], at: int) -> bytes:
    kept: list[str] = []
    for line in body:
        # Runs of blank lines are one blank line: editors differ, readers do not see it.
        if line or (kept and kept[-1]):
            kept.append(line)
    while kept and not kept[-1]:
        kept.pop()
    raw = _text(title, "\n".join(kept) + "\n" if kept else "")
    if len(title) > MAX_TITLE:
        raise _error(
            at, f"the heading has {len(title)} characters, and at most {MAX_TITLE} are allowed", "Move words into the text.", "too-large"
        )
    if len(raw) > MAX_TEXT:
        raise _error(
            at, f"the text under the heading has {len(raw)} bytes, and at most {MAX_TEXT} are allowed", "Divide the article.", "too-large"
        )
    return raw


def _text(title: str, rest: str) -> bytes:
    return f"{title}\n{rest}".encode()


def _error(line: int, words: str, next_step: str, code: str, article: str = "") -> FormatError:
    data = {"line": line, "article": article} if article else {"line": line}
    return FormatError(f"charter.md, line {line}: {words}", code=f"charter/{code}", next_step=next_step, data=data)
