"""The custody check of a house: a register, or an interview's answers, in ``.custody/register.json`` of its folder, and what follows from it.

It is a map for burglars, and a draft: only the house's own user may read the file, no mirror serves it, and nothing of it enters the record. A
secret has no place in it. What the record itself says of custody is in :mod:`.seals`.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final

from commonhold.kernel.custody import Effort, Finding, Register, analyse
from commonhold.kernel.custody.interview import Interview, compile_register, plan
from commonhold.kernel.custody.interview.answersfile import is_interview, parse_interview
from commonhold.kernel.custody.registerfile import parse_register
from commonhold.kernel.errors import CustodyError, FormatError, StoreError
from commonhold.pages.custody.advice import Action, actions_of_advice
from commonhold.pages.custody.facts import Facts, facts_of
from commonhold.pages.custody.picture import draw
from commonhold.pages.interview.reporting import report_of
from commonhold.pages.language import Language
from commonhold.store.files import DirectoryFiles

FILE: Final = ".custody/register.json"
"""A name that begins with a dot is private to the house's user."""
MAX_BYTES: Final = 1 << 20
EFFORT: Final = Effort(exact=100_000, bounded=1_000_000)
_KEPT: Final = 8
_lock = Lock()
_known: dict[tuple[str, str], Checked] = {}


@dataclass(frozen=True, slots=True)
class Checked:
    """What the check says, in one language: the register, who could take each thing, and up to three things to do."""

    register: Register
    findings: Mapping[str, Finding]
    facts: tuple[Facts, ...]
    actions: tuple[Action, ...]
    picture: str
    assumed: int


def parsed(raw: bytes, language: Language) -> Register | Interview:
    """The register or the answers in these bytes, held to their form before anything is kept.

    Raises:
        FormatError: naming the place, if they are neither; ``custody/too-large`` over 1 MiB. CustodyError: if there is nothing to ask about.
    """
    if len(raw) > MAX_BYTES:
        raise FormatError(
            f"the file has {len(raw)} bytes, and at most {MAX_BYTES} are taken",
            code="custody/too-large",
            next_step="Check it with the command line.",
        )
    found: Register | Interview = parse_interview(raw) if is_interview(raw) else parse_register(raw)
    register = compile_register(found, language.plainly).register if isinstance(found, Interview) else found
    if not any(node.kind == "resource" for node in register.nodes.values()):
        raise CustodyError(
            "this file names nothing yet that could be taken", code="custody/no-resource", next_step="Name the things that you have first."
        )
    return found


def load(house: Path) -> bytes | None:
    """The file of the house; None where there is none.

    Raises:
        StoreError: if it cannot be read.
    """
    try:
        return DirectoryFiles(house).read(FILE, MAX_BYTES)
    except StoreError as error:
        if error.code == "store/absent":
            return None
        raise


def save(house: Path, raw: bytes, language: Language) -> None:
    """Keep a file in place of the one before it; durable when this returns. Nothing changes if it is refused. Raises as :func:`parsed` does."""
    parsed(raw, language)
    DirectoryFiles(house).replace(FILE, raw)


def delete(house: Path) -> None:
    """Keep it no longer."""
    (house / FILE).unlink(missing_ok=True)


def checked(raw: bytes, language: Language, day: datetime.date) -> Checked:
    """What a file amounts to; kept in memory, for it takes a while. Raises as :func:`parsed` does."""
    key = (hashlib.sha256(raw).hexdigest(), language.code)
    with _lock:
        found = _known.get(key)
        if found is None:
            found = _checked(parsed(raw, language), language, day)
            while len(_known) >= _KEPT:
                del _known[next(iter(_known))]
            _known[key] = found
    return found


def _checked(read: Register | Interview, language: Language, day: datetime.date) -> Checked:
    if isinstance(read, Interview):
        report = report_of(read, plan(read), language, day)
        register, findings, actions, assumed = report.register, report.findings, tuple(report.actions), len(report.assumptions)
    else:
        register = read
        findings = analyse(register, [node.id for node in register.nodes.values() if node.kind == "resource"], effort=EFFORT)
        actions, assumed = tuple(actions_of_advice(register, language)), 0
    return Checked(register, findings, facts_of(register, findings), actions[:3], draw(register, language=language), assumed)
