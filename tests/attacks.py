"""The decorator that makes a test a row of docs/attacks.md.

The attack, its outcome and the rule that stops it stand once, in ``attacks.toml``, so a row takes one line at the test and the test itself
does not change::

    @attack("record-21", Mutation("src/commonhold/kernel/canonical.py", find="if _encoder.encode(value) != raw:", replace="if False:"))
    def test_a_key_that_stands_twice_is_refused() -> None: ...

A mutation says how to break the code so that this test must turn red: it is what shows that the test tests the rule. ``tools/attacks.py``
renders and checks the page, and breaks the code.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import pytest

ATTACKS: Final[dict[str, dict[str, str]]] = tomllib.loads(Path(__file__).with_name("attacks.toml").read_text("utf-8"))
"""Every attack by its name: ``attack``, ``outcome``, ``rule`` and, where no test stands yet, ``later``."""

_Test = TypeVar("_Test", bound=Callable[..., object])


@dataclass(frozen=True)
class Mutation:
    """One way of breaking the code that the test must notice.

    Args:
        file: the path from the root of the checkout.
        find: source text, of one or more lines, that stands there exactly once.
        replace: what to put in its place; it must still be a program (the reader's pages are made again of a broken module).
    """

    file: str
    find: str
    replace: str


def attack(name: str, *mutations: Mutation) -> Callable[[_Test], _Test]:
    """Make a test the row *name* of docs/attacks.md; each of *mutations* must turn it red.

    Several tests may share a name, and a test may have several.

    Raises:
        ValueError: if attacks.toml has no such attack, or there is no mutation.
    """
    if name not in ATTACKS:
        raise ValueError(f"attacks.toml has no [{name}]: write the attack down there first")
    if not mutations:
        raise ValueError(f"{name}: name at least one Mutation that turns the test red, or the row proves nothing")

    def mark(test: _Test) -> _Test:
        marked: _Test = pytest.mark.attack(name, mutations)(test)
        return marked

    return mark
