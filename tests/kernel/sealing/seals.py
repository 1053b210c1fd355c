"""Seals for tests: structures of every sort, dice that fall the same way each time, and strategies for structures."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, Final

from hypothesis import strategies as st

from commonhold.kernel.custody.sealing.bundle import Secret
from commonhold.kernel.custody.sealing.opening import Sealed, seal
from commonhold.kernel.custody.sealing.shares import About, Envelope, Manifest, parse_envelope
from commonhold.kernel.custody.sealing.structure import Group, parse_structure

ORG: Final = "5a" * 32
ABOUT: Final = About(ORG, "page", 1)
SECRETS: Final = (Secret("password", "page", "curlew-sings-at-dusk"), Secret("totp", "page 2FA", "JBSW Y3DP EHPK 3PXP"))
OFFICERS: Final[dict[str, Any]] = {"need": 2, "of": ["heron", "tern", "plover"]}
BOTH: Final[dict[str, Any]] = {"need": 2, "of": [OFFICERS, {"need": 3, "of": ["north", "east", "south", "west", "coast"]}]}
DEEP: Final[dict[str, Any]] = {
    "need": 2,
    "of": [
        OFFICERS,
        {"need": 2, "of": [{"need": 2, "of": [f"{place}-{at}" for at in "abc"]} for place in ("north", "east", "south")]},
        "smith",
    ],
}


def dice(seed: str = "dice") -> Callable[[int], bytes]:
    """Dice that depend on *seed* alone."""
    count = 0

    def throw(size: int) -> bytes:
        nonlocal count
        count += 1
        return hashlib.shake_256(f"{seed}|{count}".encode()).digest(size)

    return throw


def sealed(structure: Any = OFFICERS, about: About = ABOUT, seed: str = "dice") -> tuple[Sealed, Manifest]:
    """A seal and its public half; kits and envelopes are names."""
    group = parse_structure(structure)
    made = seal(SECRETS, group, about, dice(seed))
    return made, made.manifest({name: f"kit-{name}" for name in group.people()}, {name: f"env-{name}" for name in group.people()})


def given(made: Sealed, *names: str) -> list[Envelope]:
    """The contributions of *names*."""
    return [parse_envelope(made.envelope(name)) for name in names]


@st.composite
def structures(draw: st.DrawFn) -> Group:
    """Any structure of up to three levels and twelve people."""
    numbers = iter(range(100))

    def group(level: int) -> dict[str, Any]:
        count = draw(st.integers(1, 4 if level < 3 else 3))
        parts = [group(level + 1) if level < 3 and draw(st.integers(0, 2)) == 0 else f"m{next(numbers)}" for _ in range(count)]
        return {"need": draw(st.integers(1, count)), "of": parts}

    return parse_structure(group(1))
