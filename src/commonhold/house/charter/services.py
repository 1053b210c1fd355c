"""The charter as the record has it: articles with the rules that come from them, its versions, and a change that somebody has in mind.

Rules stand in the record, the articles' words are objects beside it; a text that is missing is said to be missing, and nothing is guessed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from commonhold.house.core import ledger
from commonhold.house.record.words import inert
from commonhold.kernel.charter import Source, apply_amendment, draft_amendment, load_charter
from commonhold.kernel.charter.articles import is_article_number, normal_source, number_key, parse_text
from commonhold.kernel.charter.rules import Charter, Rule
from commonhold.kernel.charter.wording import Redline, redline, rule_in_words
from commonhold.kernel.errors import CommonholdError, FormatError, RuleError
from commonhold.kernel.record.entries import parse_entry
from commonhold.kernel.record.payloads import parse_payload
from commonhold.kernel.record.state import State
from commonhold.mirror.houselog import HouseLog

MAX_CHANGE: Final = 60_000
"""Characters of an article that a page takes."""


@dataclass(frozen=True, slots=True)
class RuleSaid:
    """One rule: its name, the kinds that it decides, and what it asks for, in English words."""

    name: str
    kinds: tuple[str, ...]
    words: str


@dataclass(frozen=True, slots=True)
class Article:
    """One article: its number, how deep it stands (1 for the first level), its words, and the rules that come from it."""

    number: str
    level: int
    heading: str
    body: str
    missing: bool
    rules: tuple[RuleSaid, ...]

    @property
    def heading_level(self) -> int:
        """Which heading of the page it has: the sections above it have the second."""
        return min(self.level + 2, 6)


@dataclass(frozen=True, slots=True)
class Version:
    """The charter from one moment on: by which decision (empty for the founding), proposed by whom, at which entry, and when by the record's clock."""

    value: Mapping[str, Any]
    digest: str
    proposal: str = ""
    by: str = ""
    index: int = 0
    time: int | None = None


def heading(log: HouseLog, value: Mapping[str, Any]) -> tuple[str, str]:
    """The title and the preamble; empty where their text is not kept here."""
    found = _words(log, str(value.get("title", "")))
    return found or ("", "")


def articles(log: HouseLog, charter: Charter) -> list[Article]:
    """Every article in its order, with its rules."""
    rules: dict[str, list[RuleSaid]] = {}
    for rule in charter.rules.values():
        rules.setdefault(rule.article, []).append(_said(rule))
    digests: Any = charter.value["articles"]
    found = []
    for number in sorted(digests, key=number_key):
        words = _words(log, digests[number])
        title, body = words or ("", "")
        found.append(Article(number, number.count(".") + 1, title, body, words is None, tuple(rules.get(number, ()))))
    return found


def loose_rules(charter: Charter) -> list[RuleSaid]:
    """The rules that no article of the charter is named for."""
    return [_said(rule) for rule in charter.rules.values() if rule.article not in charter.articles]


def versions(state: State) -> list[Version]:
    """Every charter that the organisation has had, the founding one first; the last is in force.

    In a later epoch the founding entry stands in another log; then the oldest that is known is the one in force.
    """
    carried = sorted(
        ((key, one) for key, one in state.part("proposals").items() if one.kind == "amend" and one.status == "enacted"),
        key=lambda item: (item[1].closed, item[1].index),
    )
    now = Version(state.charter.value, state.charter.digest.hex())
    try:
        entry = parse_entry(ledger.leaf(0))
        first: Mapping[str, Any] = entry.body.charter
    except (CommonholdError, AttributeError):
        return [now]
    found = [Version(first, load_charter(first).digest.hex(), by=entry.by, time=ledger.past().time_of(0))]
    for key, one in carried:
        if one.payload.get("base") == found[-1].digest:
            value = apply_amendment(found[-1].value, one.payload)
            found.append(Version(value, one.payload["result"], key, one.by, one.closed, ledger.past().time_of(one.closed)))
    return found if found[-1].digest == now.digest else [now]


def compared(log: HouseLog, old: Mapping[str, Any], new: Mapping[str, Any], more: Mapping[str, bytes] | None = None) -> Redline:
    """What changes from one charter to another, word by word and rule by rule.

    Args:
        more: texts that are not kept here yet.

    Raises:
        RuleError: if nothing changes. FormatError: ``charter/text-missing`` if a text that is needed is not kept here.
    """
    wanted = {str(value["title"]) for value in (old, new)} | {digest for value in (old, new) for digest in value["articles"].values()}
    texts = {**_kept(log, wanted), **(more or {})}
    return redline(Source(old, texts), Source(new, texts))


def draft_change(state: State, log: HouseLog, article: str, new_text: str) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The payload of the amendment that gives one article other words, and the texts that it names.

    Args:
        article: its number; one that the charter has not becomes a new article.
        new_text: its heading, a line end, and its body. Empty: the article is struck.

    Raises:
        RuleError: ``amend/nothing`` if nothing changes. FormatError: if the number or the text is not in the charter's form.
        CharterError: if the charter could not work without the article.
    """
    del log
    if not is_article_number(article):
        raise FormatError(
            f"{article[:40]} is no number of an article",
            code="charter/number",
            next_step="Numbers look like 3 or 1.3.3, without a point at the end.",
        )
    old: Mapping[str, Any] = state.charter.value
    numbers = dict(old["articles"])
    texts: dict[str, bytes] = {}
    if new_text.strip():
        raw = _object(new_text)
        digest = hashlib.sha256(raw).hexdigest()
        numbers[article], texts[digest] = digest, raw
    elif numbers.pop(article, None) is None:
        raise RuleError(f"the charter has no article {article}", code="amend/nothing", next_step="Write what it should say.")
    new = {**old, "articles": numbers}
    payload = draft_amendment(old, new)
    load_charter(new)
    parse_payload("amend", payload)
    return payload, texts


def preview(state: State, log: HouseLog, payload: Mapping[str, Any], texts: Mapping[str, bytes]) -> Redline:
    """What an amendment of the charter in force would change. Raises as :func:`compared` does."""
    old: Mapping[str, Any] = state.charter.value
    return compared(log, old, apply_amendment(old, payload), texts)


def _object(words: str) -> bytes:
    lines = [line.rstrip() for line in normal_source(words, "the article").strip().split("\n")]
    title, body = " ".join(lines[0].split()), "\n".join(lines[1:]).strip("\n")
    raw = (f"{title}\n{body}\n" if body else f"{title}\n").encode()
    try:
        parse_text(raw)
    except FormatError:
        raise FormatError(
            "the article is not in the charter's form",
            code="charter/text",
            next_step="Give a short heading on one line; let no line of the text begin with #, and divide what is very long.",
        ) from None
    return raw


def _said(rule: Rule) -> RuleSaid:
    return RuleSaid(rule.name, tuple(rule.kinds), rule_in_words(rule))


def _words(log: HouseLog, digest: str) -> tuple[str, str] | None:
    try:
        title, body = parse_text(log.objects.get(digest))
    except CommonholdError:
        return None
    return inert(title), inert(body)


def _kept(log: HouseLog, digests: Iterable[str]) -> dict[str, bytes]:
    found = {}
    for digest in digests:
        try:
            found[digest] = log.objects.get(digest)
        except CommonholdError:
            # What is not needed may be absent; what is needed is missed by name.
            continue
    return found
