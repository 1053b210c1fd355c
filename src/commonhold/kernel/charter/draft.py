"""A charter while it is being read: its tables, what they cite, and what has been found so far.

Shared by the steps that follow one another (``people.py``, ``deciding.py``, ``laws.py``), so that a finding names its article in one way
only. A rule cites its article either with the key ``article`` in its own table or in ``[from_article]``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from commonhold.kernel.charter.articles import covers
from commonhold.kernel.charter.findings import Finding, Level
from commonhold.kernel.charter.rules import Body, Custody, Delegation, Emergency, Incompatible, Office, Rule

CITED_AS: Final = {
    "body": "bodies",
    "office": "offices",
    "credential": "offices",
    "incompatible": "incompatible",
    "constraint": "constraints",
    "decision": "decisions",
    "minority": "minority",
    "emergency": "emergency",
    "delegation": "delegation",
    "custody": "custody",
}
"""The words of ``[from_article]`` and the tables that they stand for."""


def tables_of(rules: Mapping[str, Any], section: str) -> dict[str, Any]:
    """The named tables of one section, also where the section is a list of tables with names."""
    found = rules.get(section, {})
    return dict(found) if isinstance(found, Mapping) else {item["name"]: item for item in found}


@dataclass(slots=True)
class Draft:
    """The state of one reading."""

    rules: Mapping[str, Any]
    articles: Mapping[str, bytes]
    findings: list[Finding] = field(default_factory=list)
    citations: dict[str, str] = field(default_factory=dict)
    """``decisions.amend`` -> the article number that it comes from."""
    bodies: dict[str, Body] = field(default_factory=dict)
    offices: dict[str, Office] = field(default_factory=dict)
    decisions: dict[str, Rule] = field(default_factory=dict)
    incompatible: tuple[Incompatible, ...] = ()
    emergencies: dict[str, Emergency] = field(default_factory=dict)
    delegations: dict[str, Delegation] = field(default_factory=dict)
    custody: dict[str, Custody] = field(default_factory=dict)
    """Resource -> the clause that says who keeps its secrets."""

    def section(self, name: str) -> dict[str, Any]:
        """The named tables of one section."""
        return tables_of(self.rules, name)

    def note(self, level: Level, rule: str, words: str, next_step: str = "", *, code: str = "rule") -> None:
        """Add a finding about the table *rule*, under the article that it comes from."""
        self.findings.append(Finding(level, self.citations.get(rule, ""), rule, words, next_step, f"charter/{code}"))

    def cited(self, rule: str) -> str:
        """The article that the table *rule* comes from, or empty."""
        return self.citations.get(rule, "")

    def knows_article(self, number: str) -> bool:
        """Whether there is such an article, or one that lies under it."""
        return any(covers(number, known) for known in self.articles)


def read_citations(draft: Draft) -> None:
    """Find the article of every table, and note those that cite an article or a table that is not there, or two articles at once."""
    for section, name, table in _citable(draft.rules):
        if isinstance(table, Mapping) and "article" in table:
            draft.citations[f"{section}.{name}"] = table["article"]
    for key, number in draft.rules.get("from_article", {}).items():
        word, _, name = key.partition(".")
        section = CITED_AS.get(word, "")
        place = f"{section}.{name}"
        if not section:
            step = f"Begin with one of: {', '.join(CITED_AS)}."
            draft.note("error", "from_article", f"cites {number} for {key[:80]!r}, which begins with no known word", step, code="citation")
        elif name not in draft.section(section):
            step = f"Known: {', '.join(sorted(draft.section(section))) or 'none'}."
            draft.note("error", "from_article", f"cites {number} for {key[:80]!r}, and there is no {place[:80]}", step, code="citation")
        elif draft.citations.setdefault(place, number) != number:
            words = f"comes from article {draft.citations[place]} by its own key and from article {number} by [from_article]"
            draft.note("error", place, words, "Keep one of the two.", code="citation")
    for place, number in sorted(draft.citations.items()):
        if number not in draft.articles:
            step = f'Write article {number} in charter.md, or cite another one ("1.10" and "1.1" differ).'
            draft.note("error", place, f"cites article {number}, which the charter does not have", step, code="no-such-article")


def _citable(rules: Mapping[str, Any]) -> Iterator[tuple[str, str, object]]:
    for section in dict.fromkeys(CITED_AS.values()):
        for name, table in tables_of(rules, section).items():
            yield section, name, table
