"""What is found when a charter is read: errors, things that this version cannot carry out yet, and warnings.

A charter is read by people who can mend it, so all findings are collected and each names its article; ``load_charter`` refuses the charter
when one of them is an error.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from commonhold.kernel.errors import RuleError

Level = Literal["error", "unusable", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know about a charter, in words for the people who wrote it."""

    level: Level
    """``error``: the charter cannot work. ``unusable``: kept, and not carried out by this version. ``warning``: works, and may surprise."""
    article: str
    """The number of the article that the rule comes from; empty when no article cites it."""
    rule: str
    """The table of ``charter.toml``, such as ``decisions.amend``; empty for the charter as a whole."""
    words: str
    next_step: str = ""
    code: str = "charter/rule"

    def __str__(self) -> str:
        place = f"article {self.article}: " if self.article else ""
        return f"{place}{self.rule}{' ' if self.rule else ''}{self.words}"

    def as_json(self) -> dict[str, str]:
        """The finding as plain JSON, for ``--json``."""
        return {
            "level": self.level,
            "article": self.article,
            "rule": self.rule,
            "code": self.code,
            "words": self.words,
            "next_step": self.next_step,
        }


class CharterError(RuleError):
    """A charter that cannot work; :attr:`findings` holds everything that was found, errors first."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(sorted(findings, key=lambda finding: finding.level != "error"))
        first = self.findings[0]
        count = sum(finding.level == "error" for finding in self.findings)
        more = f" (and {count - 1} more)" if count > 1 else ""
        super().__init__(
            f"{first}{more}",
            code=first.code,
            next_step=first.next_step,
            data={"article": first.article, "rule": first.rule, "errors": count},
        )


def refuse_errors(findings: Iterable[Finding]) -> None:
    """Pass in silence if none of *findings* is an error.

    Raises:
        CharterError: with all the findings.
    """
    found = tuple(findings)
    if any(finding.level == "error" for finding in found):
        raise CharterError(found)
