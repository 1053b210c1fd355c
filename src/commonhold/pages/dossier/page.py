"""What the document is rendered from: the dossier, the files of its evidence, and the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from commonhold.kernel.custody import Answer
from commonhold.kernel.record.dossier import Dossier
from commonhold.pages.dossier import words
from commonhold.pages.language import Language
from commonhold.pages.templates import render

LETTER: Final = frozenset({"entrust", "channel", "dismiss", "expel", "depart"})
"""The kinds of decision that the letter itself tells of; the history has all."""


@dataclass(frozen=True, slots=True)
class File:
    """A file of the evidence: its *name* inside the dossier, its size in bytes and its SHA-256 in hex."""

    name: str
    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class Exhibit:
    """The files that prove one decision, by name; *proof* is empty where the record is too large to go into each of them."""

    proof: str
    leaf: str
    inclusion: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that lies beside the document.

    Args:
        exhibits: by the id of the decision's entry.
        checkpoint: the signed note under which all of it is proved, and *key* the log's verifier key.
    """

    files: tuple[File, ...]
    exhibits: Mapping[str, Exhibit]
    checkpoint: str
    key: str


@dataclass(frozen=True, slots=True)
class Reach:
    """Who could take one power over the resource, out of a custody register."""

    power: str
    answer: Answer


def render_dossier(
    dossier: Dossier, evidence: Evidence, language: Language, *, to: str = "", reach: tuple[Reach, ...] = (), paper: bool = False
) -> str:
    """The document as one HTML page that prints on A4.

    Args:
        to: the desk or court that it goes to; empty leaves a line to fill in by hand.
        reach: the part of a register that whoever makes the dossier has asked to be put into it; empty leaves that part out.
        paper: for a renderer of PDF.
    """
    return render(
        "dossier/page.html",
        language,
        dossier=dossier,
        evidence=evidence,
        to=to,
        paper=paper,
        mark=language.say("For members only") if reach else dossier.org[:16],
        reach=reach,
        words=words,
        holders=words.holders(dossier),
        shown=[decision for decision in dossier.history if decision.kind in LETTER][-8:],
        signers=_signers(dossier),
        missing=[article for article in dossier.articles if not article.found],
        first_proof=next((exhibit.proof for exhibit in reversed(list(evidence.exhibits.values())) if exhibit.proof), ""),
    )


def _signers(dossier: Dossier) -> list[tuple[str, list[str]]]:
    """Those who hold an office that signs statements, once each, with these offices."""
    found: dict[str, list[str]] = {}
    for officer in dossier.officers:
        if officer.office in dossier.speaking:
            found.setdefault(officer.member, []).append(officer.office)
    return sorted(found.items())
