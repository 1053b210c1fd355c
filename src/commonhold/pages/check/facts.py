"""What the page says, as values: organisations as a node sees them, and answers to what somebody asked. The node makes them, the screens show them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from commonhold.kernel.record.watching import Watched


@dataclass(frozen=True, slots=True)
class Told:
    """A verdict in a form that every language can say.

    Args:
        code: of ``kernel.record.verdict`` (or ``rolled-back``).
        words: the verdict in English, for programs.
        time: the time that it names, in POSIX seconds; 0 for none.
        entry: the entry that it names; -1 for none.
        where: the address where the organisation is now; empty for none.
        epoch: the epoch in which it is now; -1 where the verdict names none.
        names: who must still accept the founding.
    """

    code: str
    words: str
    time: int = 0
    entry: int = -1
    where: str = ""
    epoch: int = -1
    names: tuple[str, ...] = ()

    @property
    def is_yes(self) -> bool:
        """Whether it is some form of "official"."""
        return self.code.startswith("official")


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided: by how many members, under which articles, where and when (0: without a clock).

    Args:
        id: the entry id of the proposal; empty for the founding.
        kind: of the charter.
    """

    id: str
    kind: str
    code: str
    by: tuple[str, ...]
    articles: tuple[str, ...]
    entry: int
    time: int


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel of record, or one that was: *status* ``stands``, ``struck`` or ``moved`` (*to* where it stands now, if it does)."""

    address: str
    status: str
    decision: Decision
    to: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """An official statement; *text* is None where this node does not hold it."""

    digest: str
    language: str
    status: str
    decision: Decision
    text: str | None


@dataclass(frozen=True, slots=True)
class Epoch:
    """One log in which the organisation lives or lived; *since* in POSIX seconds (0: unknown), *entry* the first index that counts there."""

    number: int
    origin: str
    entry: int
    since: int
    unwitnessed: bool = False


@dataclass(frozen=True, slots=True)
class Alarm:
    """What the node noticed, with the id of its evidence."""

    id: str
    kind: str
    time: int


@dataclass(frozen=True, slots=True)
class Signed:
    """Which partners stand behind exactly what the node holds, and since when (the policy's time, or the oldest of theirs)."""

    names: tuple[str, ...] = ()
    time: int = 0


@dataclass(frozen=True, slots=True)
class Organisation:
    """One organisation as the node's own replay has it."""

    id: str
    name: str
    told: Told
    mirror: str
    epoch: int
    entries: int
    members: int
    signed: Signed
    officers: tuple[tuple[str, tuple[str, ...]], ...]
    channels: tuple[Channel, ...]
    statements: tuple[Statement, ...]
    line: tuple[Epoch, ...]
    alarms: tuple[Alarm, ...]
    trouble: str = ""
    releases: tuple[Watched, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """What one organisation's record says about what was asked.

    Args:
        why: a sentence of the catalogue with its *values*.
        text: the words of a statement that it is about, in *language*.
    """

    told: Told
    organisation: Organisation
    why: str
    values: Mapping[str, Any] = field(default_factory=dict)
    decision: Decision | None = None
    text: str | None = None
    language: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a question.

    Args:
        read_as: the normal form in which the question was looked up; empty for texts and files.
        told: the verdict in one; of several findings it is theirs only if they agree.
        why: a sentence, with its *values*, where no finding says it.
        notes: further sentences with their values.
    """

    read_as: str
    told: Told
    findings: tuple[Finding, ...] = ()
    why: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[tuple[str, Mapping[str, Any]], ...] = ()
