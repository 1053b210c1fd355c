"""One thing that is said to people: the key of a sentence and its values. The sentences are the pages', in every language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Fact:
    """One sentence: *say* names it, *values* fill its places."""

    say: str
    values: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shown:
    """A text that the act is about, in full, under a heading."""

    heading: Fact
    text: str
