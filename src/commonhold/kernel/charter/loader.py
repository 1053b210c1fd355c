"""From the canonical value of a charter to its typed form, and everything that there is to find on the way.

The steps follow one another: the outer form, the form of each table, citations, people, decisions, powers, laws. Only the value is read,
never an object: the texts of the articles are digests here (DESIGN 3.3: the fold reads entries alone).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final

from commonhold.kernel.canonical import canonical_bytes
from commonhold.kernel.charter.articles import MAX_ARTICLES, is_article_number
from commonhold.kernel.charter.custody import read_custody
from commonhold.kernel.charter.deciding import read_decisions
from commonhold.kernel.charter.draft import CITED_AS, Draft, read_citations
from commonhold.kernel.charter.findings import Finding, refuse_errors
from commonhold.kernel.charter.laws import check_laws, rules_by_kind
from commonhold.kernel.charter.people import read_people
from commonhold.kernel.charter.powers import read_powers
from commonhold.kernel.charter.routes import SIZES, cheaper_routes
from commonhold.kernel.charter.rules import Charter
from commonhold.kernel.charter.schema import check_shape
from commonhold.kernel.charter.shape import shown

FORM: Final = "commonhold/charter/v1"
MAX_VALUE: Final = 48 << 10
"""Bytes of a canonical charter: it stands in the founding entry, which holds 65,535 together with the members' kits."""

_DIGEST: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


def load_charter(value: Mapping[str, Any]) -> Charter:
    """The charter that *value* records, with typed rules.

    Rules that this version cannot apply load with words in ``Rule.unusable``.

    Raises:
        CharterError: if it cannot work; its ``findings`` are all that was found, each naming its article.
        FormatError: if *value* is not canonical.
    """
    draft, raw = _read(value)
    refuse_errors(draft.findings)
    return _charter(value, draft, raw)


def check_charter(value: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Everything that there is to say about the charter *value*, by article; nothing is raised for a charter that cannot work.

    Raises:
        FormatError: if *value* is not canonical.
    """
    draft, raw = _read(value)
    if any(finding.level == "error" for finding in draft.findings):
        return tuple(draft.findings)
    return (*draft.findings, *cheaper_routes(_charter(value, draft, raw), SIZES))


def check_rules(value: Mapping[str, Any]) -> tuple[Finding, ...]:
    """What :func:`check_charter` finds without counting routes, which takes long where the rules are many: this is what the fold asks.

    Raises:
        FormatError: if *value* is not canonical.
    """
    return tuple(_read(value)[0].findings)


def _charter(value: Mapping[str, Any], draft: Draft, raw: bytes) -> Charter:
    about = draft.rules["charter"]
    return Charter(
        value=value,
        digest=hashlib.sha256(raw).digest(),
        name=about["id"],
        version=about.get("version", 1),
        articles=draft.articles,
        bodies=draft.bodies,
        offices=draft.offices,
        rules=draft.decisions,
        by_kind=rules_by_kind(draft.decisions),
        incompatible=draft.incompatible,
        emergencies=draft.emergencies,
        delegations=draft.delegations,
        custody=draft.custody,
    )


def _read(value: Mapping[str, Any]) -> tuple[Draft, bytes]:
    raw = canonical_bytes(value)
    draft = Draft({}, {})
    _outer(draft, value, len(raw))
    if draft.findings:
        return draft, raw
    draft = Draft(value["rules"], {number: bytes.fromhex(digest) for number, digest in value["articles"].items()})
    for problem in check_shape(draft.rules):
        section, *deeper = problem.where.split(".")
        rule = section if section in ("charter", "from_article") else ".".join([section, *deeper[:1]])
        inner = problem.where[len(rule) + 1 :]
        words = f"{inner} {problem.words}" if inner else problem.words
        draft.findings.append(Finding("error", _article_of(draft.rules, rule), rule, words, problem.next_step, problem.code))
    if draft.findings:
        return draft, raw
    read_citations(draft)
    if "in_force_from" in draft.rules["charter"]:
        words = "has the key in_force_from: a charter is in force from the entry that founds or amends it, and not from a date"
        draft.note("unusable", "charter", words, code="unusable")
    read_people(draft)
    read_decisions(draft)
    read_powers(draft)
    read_custody(draft)
    check_laws(draft)
    return draft, raw


def _outer(draft: Draft, value: Mapping[str, Any], size: int) -> None:
    if value.get("form") != FORM:
        step = "Use a newer version of this program, or compile the charter again."
        draft.note("error", "", f"the charter has the form {shown(value.get('form', ''))} in place of {FORM!r}", step, code="form")
        return
    if set(value) != {"form", "title", "articles", "rules"}:
        keys = ", ".join(sorted(value))[:200]
        draft.note("error", "", f"the charter has the keys {keys} in place of articles, form, rules, title", code="unknown-key")
        return
    articles = value["articles"]
    if size > MAX_VALUE:
        draft.note("error", "", f"the charter has {size} bytes, and at most {MAX_VALUE} are allowed", code="too-large")
    if not _is_digest(value["title"]):
        draft.note("error", "", "the charter's title is not a digest", code="digest")
    if not isinstance(value["rules"], Mapping):
        draft.note("error", "", "the charter's rules are not a table", code="value")
    if not isinstance(articles, Mapping) or not 0 < len(articles) <= MAX_ARTICLES:
        draft.note("error", "", f"the charter's articles are not a table of 1 to {MAX_ARTICLES}", code="value")
        return
    for number, digest in articles.items():
        if not is_article_number(number) or not _is_digest(digest):
            draft.note("error", "", f"the charter's article {number[:60]!r} is not a number with a digest", code="digest")


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None


def _article_of(rules: Mapping[str, Any], place: str) -> str:
    # The form of the tables is just what is wrong, so nothing is taken for granted here.
    section, _, name = place.partition(".")
    tables, cited = rules.get(section), rules.get("from_article")
    table = tables.get(name) if isinstance(tables, Mapping) else None
    numbers: list[object] = [table.get("article")] if isinstance(table, Mapping) else []
    if isinstance(cited, Mapping):
        numbers += [cited.get(f"{word}.{name}") for word, meant in CITED_AS.items() if meant == section]
    return next((number for number in numbers if isinstance(number, str) and is_article_number(number)), "")
