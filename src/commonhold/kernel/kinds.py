"""The kinds of decision that the kernel knows, by name, and what is never allowed of each (DESIGN 3.3, 3.7).

Both the charter's loader and the fold read this page, so neither can drift from the other. A kind that is not listed here and that the
charter defines is a *resolution*: it is recorded with its text and its money, and changes nothing else.
"""

from __future__ import annotations

from typing import Final

STATE_KINDS: Final = frozenset(
    {
        "admit",
        "amend",
        "appoint",
        "channel",
        "delegate",
        "depart",
        "dismiss",
        "emergency-release",
        "entrust",
        "erase",
        "expel",
        "partner",
        "publish",
        "recover-member",
        "release",
        "rotate-key",
        "seal",
        "statement",
        "succeed",
        "suspend-origin",
    }
)
"""Kinds whose enactment changes the state in this version."""

FUTURE_KINDS: Final = frozenset({"mandate", "part"})
"""Kinds of the design that a charter may list and that this version answers with "cannot judge"."""

KERNEL_KINDS: Final = STATE_KINDS | FUTURE_KINDS

RELEASES: Final = frozenset({"emergency-release", "release"})
"""Kinds that let custodians open a seal; whoever proposes one has no voice in it."""

EMERGENCY_SECONDS: Final = 60 * 86_400
"""How long after it is asked for an emergency release ends at the latest, its waiting period included: nothing stays open for ever."""

TOP_KINDS: Final = frozenset({"amend", "dismiss", "succeed"})
"""Acts that need only membership of the register, with m < n, so that neither empty offices nor one lost key can stop them."""

PROBATION_KINDS: Final = frozenset({"admit", "amend", "expel", "partner", "recover-member", "succeed"})
"""Acts in which new members and recovered keys have no voice for 30 days of the record's clock: those that decide who decides."""

NEVER_EVERYDAY: Final = frozenset(
    {
        "admit",
        "amend",
        "appoint",
        "channel",
        "delegate",
        "depart",
        "dismiss",
        "emergency-release",
        "entrust",
        "erase",
        "expel",
        "mandate",
        "part",
        "partner",
        "recover-member",
        "release",
        "rotate-key",
        "seal",
        "statement",
        "succeed",
        "suspend-origin",
    }
)
"""Acts that always take the member's kit; a charter that marks one as everyday is refused."""

NEVER_EMERGENCY: Final = frozenset(
    {
        "admit",
        "amend",
        "appoint",
        "delegate",
        "depart",
        "dismiss",
        "emergency-release",
        "erase",
        "expel",
        "mandate",
        "part",
        "partner",
        "recover-member",
        "release",
        "rotate-key",
        "seal",
        "succeed",
    }
)
"""Acts that no emergency power reaches, whatever the charter says."""

IMPLIED_KINDS: Final = {"elect": "appoint"}
"""Rule names that charters commonly use for a kernel kind: ``[decisions.elect]`` enacts ``appoint`` unless it says otherwise."""
