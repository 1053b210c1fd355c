"""Charters and their amendments in words: redlines of articles, tables of rule changes, and rules as sentences.

For people who are about to sign. The structured values are what ``--json`` prints; the plain text marks what goes as ``[-old-]`` and what
comes as ``{+new+}``. No colour and no layout: pages and terminals choose their own.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from commonhold.kernel.charter.compiled import Source
from commonhold.kernel.charter.redline import draft_amendment
from commonhold.kernel.charter.rules import Count, Fraction, Need, Rule, Share
from commonhold.kernel.charter.tables import render_value

MAX_PAIRS: Final = 50_000
"""Pairs of equal words that a comparison may look at; a long article of ordinary prose stays far below."""

_WORDS: Final = re.compile(r"\s+|[^\W_]+|.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of words that stays, goes or comes."""

    op: Literal["same", "old", "new"]
    text: str


@dataclass(frozen=True, slots=True)
class ArticleRedline:
    """One article that changes; the empty number is the charter's title and preamble."""

    number: str
    change: Literal["added", "removed", "changed"]
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class RuleRedline:
    """One rule that changes: where, and its value before and after as ``charter.toml`` writes it; empty where there is none."""

    path: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Redline:
    """Everything that an amendment changes, for people."""

    articles: tuple[ArticleRedline, ...]
    rules: tuple[RuleRedline, ...]

    def as_json(self) -> dict[str, Any]:
        """The redline as plain JSON."""
        return {
            "articles": [
                {"number": item.number, "change": item.change, "pieces": [{"op": piece.op, "text": piece.text} for piece in item.pieces]}
                for item in self.articles
            ],
            "rules": [{"path": item.path, "before": item.before, "after": item.after} for item in self.rules],
        }


def redline(old: Source, new: Source) -> Redline:
    """What changes from *old* to *new*, word by word and rule by rule.

    Raises:
        RuleError: if nothing changes.
        FormatError: if a text is missing or is not the one that its digest names.
    """
    amendment = draft_amendment(old.value, new.value)
    changed = [
        _article(
            change["number"],
            change["old"] and _words(old.article(change["number"])),
            change["new"] and _words(new.article(change["number"])),
        )
        for change in amendment["articles"]
    ]
    if "title" in amendment:
        changed.insert(0, _article("", _words(old.heading()), _words(new.heading())))
    rules = [
        RuleRedline(".".join(change["path"]), _at(old.value["rules"], change["path"]), _at(new.value["rules"], change["path"]))
        for change in amendment["rules"]
    ]
    return Redline(tuple(changed), tuple(rules))


def render_redline(changes: Redline) -> str:
    """The redline as plain text: each article with ``[-old-]`` and ``{+new+}``, then a table of the rules."""
    lines: list[str] = []
    for item in changes.articles:
        lines += [f"Article {item.number} ({item.change})" if item.number else "Title", ""]
        text = "".join({"same": piece.text, "old": f"[-{piece.text}-]", "new": f"{{+{piece.text}+}}"}[piece.op] for piece in item.pieces)
        lines += [f"    {line}".rstrip() for line in text.split("\n")] + [""]
    if changes.rules:
        rows = [("Rule", "Before", "After"), *((item.path, item.before or "(none)", item.after or "(none)") for item in changes.rules)]
        wide = [max(len(row[column]) for row in rows) for column in (0, 1)]
        lines += [f"{path:<{wide[0]}}  {before:<{wide[1]}}  {after}" for path, before, after in rows] + [""]
    return "\n".join(lines)


def rule_in_words(rule: Rule) -> str:
    """One sentence that says who decides under *rule*, and what they wait for."""
    if rule.unusable:
        return rule.unusable
    parts = [need_in_words(rule.need)] if rule.need else []
    if rule.limit:
        window = f" within {rule.limit.window}" if rule.limit.window else ""
        above = f", above that {rule.above}" if rule.above else ""
        parts.append(f"up to {rule.limit.amount} {rule.limit.currency}{window}{above}")
    if rule.applies_to:
        parts.append(
            "for every article" if rule.applies_to == ("*",) else f"for {_listed([f'article {item}' for item in rule.applies_to])}"
        )
    if rule.quorum:
        parts.append(f"with {_amount(rule.quorum.at_least)} of {rule.quorum.of} taking part")
    if rule.notice:
        parts.append(f"after {rule.notice} of notice")
    if rule.objection:
        right = f"{_amount(rule.objection.at_least)} of {_listed(list(rule.objection.of))}"
        parts.append(f"unless {right} object within {rule.objection.within}")
    if rule.notices:
        people, ways = rule.notices.people, rule.notices.ways
        parts.append(f"which begins once {people} of them say that word has reached them, over {ways} different ways")
    if rule.objection and rule.objection.confirm is not None:
        parts.append(f"and once {_amount(rule.objection.confirm)} of them, who neither asked nor approved, confirm it afterwards")
    if rule.time_lock:
        parts.append(f"in force {rule.time_lock} later")
    if not rule.subject_votes:
        parts.append("without the member whom it is about")
    return "; ".join([*parts, *(["signed with a passkey or the kit"] if rule.everyday else [])])


def need_in_words(need: Need) -> str:
    """Who must agree, in words."""
    if isinstance(need, Count):
        return f"{need.m} of {_listed(list(need.of))}"
    if isinstance(need, Share):
        return f"{_amount(need.fraction)} of {need.body}"
    return " and ".join(map(need_in_words, need.needs))


def _article(number: str, before: str, after: str) -> ArticleRedline:
    left, right = _WORDS.findall(before), _WORDS.findall(after)
    head = _common(left, right)
    tail = min(_common(left[::-1], right[::-1]), len(left) - head, len(right) - head)
    pieces = [Piece("same", "".join(left[:head]))]
    pieces += _compared(left[head : len(left) - tail], right[head : len(right) - tail])
    pieces.append(Piece("same", "".join(left[len(left) - tail :])))
    change: Literal["added", "removed", "changed"] = "changed" if before and after else "removed" if before else "added"
    return ArticleRedline(number, change, tuple(piece for piece in pieces if piece.text))


def _compared(left: list[str], right: list[str]) -> list[Piece]:
    if _pairs(left, right) > MAX_PAIRS:
        # Comparing takes a time that grows with the words that could match, and whoever proposes chooses the words: fall back to whole lines.
        left, right = "".join(left).splitlines(keepends=True), "".join(right).splitlines(keepends=True)
        if _pairs(left, right) > MAX_PAIRS:
            return [Piece("old", "".join(left)), Piece("new", "".join(right))]
    pieces: list[Piece] = []
    for op, a, b, c, d in difflib.SequenceMatcher(str.isspace, left, right, autojunk=False).get_opcodes():
        if op == "equal":
            pieces.append(Piece("same", "".join(left[a:b])))
        else:
            pieces += [Piece("old", "".join(left[a:b])), Piece("new", "".join(right[c:d]))]
    return pieces


def _common(left: list[str], right: list[str]) -> int:
    return next((at for at, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))


def _pairs(left: list[str], right: list[str]) -> int:
    counts = Counter(right)
    return sum(counts[word] for word in left if not word.isspace())


def _words(text: tuple[str, str]) -> str:
    # An article without heading and body is still an article; the space keeps it apart from none.
    return "\n".join(filter(None, text)) or " "


def _at(rules: Mapping[str, Any], path: list[str]) -> str:
    value: Any = rules
    for key in path:
        if key not in value:
            return ""
        value = value[key]
    return render_value(value)


def _amount(amount: Fraction | int) -> str:
    if isinstance(amount, int):
        return f"at least {amount}"
    return f"{'more than' if amount.strict else 'at least'} {amount.p}/{amount.q}"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
