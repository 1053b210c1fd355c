"""What partners say of themselves (``GET /``, docs/formats/partner-node.md), and the policy that members can decide on from it.

A front page is its node's word alone: what a partner signs is verified with the keys that the members have decided on, and they compare those first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from commonhold.kernel.errors import FormatError, RuleError
from commonhold.kernel.notes import VerifierKey
from commonhold.mirror.asking import ASK_SECONDS
from commonhold.store.fetch import foreign_json, is_private_address, url_front

_SHOWN: Final = 300


@dataclass(frozen=True, slots=True)
class Front:
    """What a partner says of itself: its name, its keys by their purpose, and the origins of the logs that it follows."""

    name: str
    vkeys: Mapping[str, str]
    origins: tuple[str, ...]


def read_front(url: str) -> Front:
    """Ask a partner who it is: ``GET /``. Its word alone; what it signs is verified with keys that the members have decided on.

    Raises:
        StoreError: if nobody answers at *url*. FormatError: ``partner/form`` if what answers is no partner.
    """
    raw = url_front(url, deadline=ASK_SECONDS, public_only=not is_private_address(url))
    try:
        value = foreign_json(raw)
        name, vkeys, logs = value["name"], value["vkeys"], value["logs"]
        front = Front(
            str(name)[:_SHOWN],
            {str(role): str(VerifierKey.parse(key)) for role, key in vkeys.items()},
            tuple(str(one["origin"]) for one in logs),
        )
    except (KeyError, TypeError, AttributeError, FormatError):
        front = None
    if front is None or "mirror" not in front.vkeys:
        raise FormatError(
            f"what answers at {url} is no partner",
            code="partner/form",
            next_step="Give the address at which `commonhold partner serve` answers.",
        )
    return front


def policy_of_fronts(fronts: Sequence[Front], at_least: int | None) -> dict[str, Any]:
    """The payload of a ``partner`` decision over these partners (docs/formats/decisions.md), each under a name made of its own.

    Args:
        at_least: how many of them it takes; more than half where it is not given.

    Raises:
        RuleError: ``partner/nobody`` if there are none, ``partner/too-few`` if more are to sign than there are, ``partner/same-name`` if two
            cannot be told apart.
    """
    names = [_policy_name(front.name) for front in fronts]
    need = len(names) // 2 + 1 if at_least is None else at_least
    if not names:
        raise RuleError("no partner is remembered", code="partner/nobody", next_step="Add each first: commonhold house partner add URL")
    if need > len(names):
        raise RuleError(
            f"{need} of {len(names)} partners cannot sign", code="partner/too-few", next_step="Add more partners, or ask for fewer of them."
        )
    if len(set(names)) < len(names):
        raise RuleError(
            f"two partners would have the same name: {', '.join(sorted(names))}",
            code="partner/same-name",
            next_step="Write the payload by hand, with a name of your own for each.",
        )
    validators = {name: front.vkeys["validator"] for name, front in zip(names, fronts, strict=True) if "validator" in front.vkeys}
    payload: dict[str, Any] = {
        "witnesses": {name: front.vkeys["mirror"] for name, front in zip(names, fronts, strict=True)},
        "groups": {} if len(names) == 1 else {"partners": {"k": need, "of": sorted(names)}},
        "quorum": names[0] if len(names) == 1 else "partners",
    }
    return {**payload, "validators": validators} if validators else payload


def _policy_name(name: str) -> str:
    plain = re.sub(r"[^a-z0-9_-]+", "-", name.lower())[:60].strip("-")
    return plain if plain[:1].isalpha() and plain != "partners" else f"p-{plain}"
