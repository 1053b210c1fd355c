"""A charter compiled from its two files, and back (docs/formats/charter.md).

Pure text to values: ``charter.md`` and ``charter.toml`` in, one canonical object and the text objects it names out. There is no salt and
nothing of the machine in it, so that everybody who compiles the same two files gets the same hash (docs/adr/0003-charter-form.md).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from commonhold.kernel.charter.articles import number_key, parse_articles, parse_text, render_articles
from commonhold.kernel.charter.loader import FORM, load_charter
from commonhold.kernel.charter.rules import Charter
from commonhold.kernel.charter.tables import parse_tables, render_tables
from commonhold.kernel.errors import FormatError


@dataclass(frozen=True, slots=True)
class Source:
    """The canonical value of a charter with its texts, before anybody has asked whether it can work."""

    value: Mapping[str, Any]
    texts: Mapping[str, bytes]
    """SHA-256 in hex -> text object; more than the charter names is allowed."""

    def heading(self) -> tuple[str, str]:
        """The title and the preamble.

        Raises:
            FormatError: as :meth:`article` does.
        """
        return article_text(self.value["title"], self.texts)

    def article(self, number: str) -> tuple[str, str]:
        """The heading and the body of one article.

        Raises:
            FormatError: if the text is not among :attr:`texts` or is not the one that its digest names.
        """
        return article_text(self.value["articles"][number], self.texts)

    @property
    def numbers(self) -> list[str]:
        """The articles' numbers in their order."""
        return sorted(self.value["articles"], key=number_key)


@dataclass(frozen=True, slots=True)
class CompiledCharter(Source):
    """A charter that can work, with its texts."""

    charter: Charter


def parse_charter(md: str, toml: str) -> Source:
    """The canonical value and the texts of the two files, without asking whether the rules can work (``check_charter`` does).

    Raises:
        FormatError: naming file and place, if one of them is not in the form of docs/formats/charter.md.
    """
    title, articles = parse_articles(md)
    texts = {hashlib.sha256(raw).hexdigest(): raw for raw in (title, *articles.values())}
    value = {
        "form": FORM,
        "title": hashlib.sha256(title).hexdigest(),
        "articles": {number: hashlib.sha256(raw).hexdigest() for number, raw in articles.items()},
        "rules": parse_tables(toml),
    }
    return Source(value, texts)


def compile_charter(md: str, toml: str) -> CompiledCharter:
    """The charter that the two files write, ready to be voted on.

    The same two files give the same bytes on every machine, whatever their line ends.

    Raises:
        FormatError: naming file and place, if one of them is not in the form of docs/formats/charter.md.
        CharterError: naming the articles, if the charter cannot work.
    """
    source = parse_charter(md, toml)
    return CompiledCharter(source.value, source.texts, load_charter(source.value))


def render_charter(value: Mapping[str, Any], texts: Mapping[str, bytes]) -> tuple[str, str]:
    """``charter.md`` and ``charter.toml`` for a recorded charter; compiling them gives the same canonical bytes.

    Args:
        value: a canonical charter that loads.
        texts: SHA-256 in hex -> text object.

    Raises:
        FormatError: if a text is missing, is not the one that its digest names, or is not in normal form.
    """
    articles = {number: _object(digest, texts) for number, digest in value["articles"].items()}
    return render_articles(_object(value["title"], texts), articles), render_tables(value["rules"])


def article_text(digest: str, texts: Mapping[str, bytes]) -> tuple[str, str]:
    """The heading and the body of the text object *digest*.

    Raises:
        FormatError: if it is missing, is not the one that its digest names, or is not in normal form.
    """
    return parse_text(_object(digest, texts))


def _object(digest: str, texts: Mapping[str, bytes]) -> bytes:
    raw = texts.get(digest)
    if raw is None or hashlib.sha256(raw).hexdigest() != digest:
        what = "is missing" if raw is None else f"has the digest {hashlib.sha256(raw).hexdigest()}"
        raise FormatError(
            f"the text {digest} of the charter {what}",
            code="charter/text-missing" if raw is None else "charter/text-digest",
            next_step="Get the text from another copy of the record's store.",
            data={"digest": digest},
        )
    return raw
