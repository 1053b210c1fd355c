"""Partners: where they answer, how they stand, and what the members have decided of them.

An address is the house's own note; a partner counts only by its key, in a decision of kind ``partner``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from shlex import quote
from typing import Any

from commonhold.house.core.links import propose_url
from commonhold.kernel.record.bodies import Partner
from commonhold.kernel.record.state import State
from commonhold.mirror.fronts import Front, policy_of_fronts, read_front
from commonhold.mirror.houselog import HouseLog
from commonhold.store.partnerfile import add_partners, drop_partner


@dataclass(frozen=True, slots=True)
class Policy:
    """Whose signatures are the record's clock: *needed* of *names*, each a partner or a group of them.

    *groups* say the same of each group inside. *validators* are those who also vouch for what was decided.
    """

    needed: int
    names: tuple[str, ...]
    groups: tuple[tuple[str, int, tuple[str, ...]], ...]
    validators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """A decision about partners: which, and how it stands."""

    proposal: str
    status: str
    index: int


def policy(state: State) -> Policy | None:
    """What the members have decided; None while there are no partners."""
    found: Partner | None = state.part("partners").get("policy") or next(iter(state.part("partners").values()), None)
    if found is None:
        return None
    top = found.groups.get(found.quorum)
    names = tuple(sorted(top.of)) if top else (found.quorum,)
    inner = tuple((name, group.k, tuple(sorted(group.of))) for name, group in sorted(found.groups.items()) if name != found.quorum)
    return Policy(top.k if top else 1, names, inner, tuple(sorted(found.validators)))


def agreements(state: State) -> list[Agreement]:
    """The decisions about partners, the newest first."""
    found = [Agreement(key, one.status, one.index) for key, one in state.part("proposals").items() if one.kind == "partner"]
    return sorted(found, key=lambda one: -one.index)


def remember(log: HouseLog, url: str) -> Front:
    """Remember that a partner answers at an address, after it has answered.

    Raises:
        StoreError: if nobody answers there. FormatError: ``partner/form`` if what answers is no partner. RuleError: ``partners/too-many``.
    """
    front = read_front(url.rstrip("/"))
    add_partners(log.house, [url])
    return front


def forget(log: HouseLog, url: str) -> None:
    """Ask nobody at this address any more.

    Raises:
        RuleError: ``partners/unknown`` if it is not remembered.
    """
    drop_partner(log.house, url)


def decision(urls: tuple[str, ...]) -> str:
    """The form for the decision over the partners that answer at these addresses now, filled in with the keys that they name.

    Raises:
        StoreError, FormatError: if one of them does not answer. RuleError: if there are none, or two that cannot be told apart.
    """
    payload = policy_of_fronts([read_front(url) for url in urls], None)
    return propose_url("partner", payload=json.dumps(payload, sort_keys=True))


def command(vkey: str, address: str) -> str:
    """What another organisation types to keep this record: the log's key and its address."""
    return f"commonhold partner serve --log {quote(f'{vkey}={address}')}"


def rows(told: Mapping[str, Any], urls: Iterable[str]) -> list[dict[str, Any]]:
    """How the partner at each remembered address stands, as the log tells; one that was added a moment ago has not been asked yet."""
    known = {str(one["url"]): dict(one) for one in told["partners"]}
    return [known.get(url, {"url": url, "name": "", "signed": None, "trouble": ""}) for url in urls]
