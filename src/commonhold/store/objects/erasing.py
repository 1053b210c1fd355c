"""Erasing: what the record decided to erase goes, at every place that is given, and stays gone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from commonhold.kernel.errors import CommonholdError
from commonhold.kernel.record.state import State
from commonhold.store.objects.protocol import Objects, nothing


@dataclass
class Erased:
    """What went, by place; and places that could not be reached, which must be asked again."""

    erased: dict[str, list[str]] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)


def decided(state: State) -> dict[str, str]:
    """The digests that the record says are to go, with the decision of each."""
    return {digest: found.proposal for digest, found in sorted(state.part("erasures").items())}


def erase_decided(decisions: Mapping[str, str], places: Mapping[str, Callable[[], Objects]], told: Callable[..., None] = nothing) -> Erased:
    """Erase at each place what was decided and has no tombstone there, or still has its bytes.

    Idempotent, and whatever stopped it, the next run ends it. A place that fails is left, and the others are gone through all the same.
    """
    done = Erased()
    for name, opened in places.items():
        try:
            objects = opened()
            for digest, decision in decisions.items():
                if not objects.erased(digest):
                    done.erased.setdefault(name, []).append(digest)
                # Also where the tombstone stands: whoever set it may have died before the bytes were gone.
                objects.erase(digest, decision)
                told(1)
        except CommonholdError as error:
            done.left[name] = str(error)
    return done
