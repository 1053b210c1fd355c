"""Laws of a parting: while an organisation divides, what both sides own opens with both sides alone, and nothing slips through the gap."""

from __future__ import annotations

from typing import Any, Final

from commonhold.kernel.record.keeping import manifest
from commonhold.kernel.record.strength import seal_nodes
from tests.attacks import Mutation, attack
from tests.kernel.sealing.vault import KEEPING, Vault

SEATS: Final = {
    "chair": "heron",
    "treasurer": "tern",
    "editor": "plover",
    "north": "heron",
    "north/2": "tern",
    "south": "plover",
    "south/2": "curlew",
}
OFFICES: Final[dict[str, Any]] = {
    f"offices/{side}": {"article": "1.2", "elected_by": "assembly", "seats": 2} for side in ("north", "south")
}
BOTH: Final = {"all_of": [{"signatures": {"of": ["north"], "m": 2}}, {"signatures": {"of": ["south"], "m": 2}}]}
BEFORE: Final[dict[str, Any]] = {
    **KEEPING,
    **OFFICES,
    # What is in common is entrenched beforehand: no side alone can end the parting, nor begin one.
    "decisions/amend_common": {
        "article": "1.4.1",
        "by": "assembly",
        "pass": {"base": "register", "at_least": "4/5"},
        "applies_to": ["1.4"],
    },
}
PARTING: Final[dict[str, Any]] = {
    **BEFORE,
    "decisions/seal": {"article": "1.4", "by": BOTH},
    "decisions/release": {"article": "1.4", "by": BOTH},
    "custody/keys/open": {"m": 2, "of": [{"m": 2, "of": ["north"]}, {"m": 2, "of": ["south"]}]},
}
EFFECTS: Final = "src/commonhold/kernel/record/effects.py"
CUSTODY: Final = "src/commonhold/kernel/record/custody.py"


@attack(
    "parting-gap",
    Mutation(EFFECTS, find="    custody.void_amended(draft, old, changed)\n", replace=""),
)
def test_neither_side_takes_an_asset_in_the_gap_of_a_parting() -> None:
    """Releases that were asked for or decided before end with the amendment; new ones take both sides, and so does sealing anew and ending it."""
    vault = Vault(BEFORE, seats=SEATS)
    vault.seal()
    vault.seal("domain")
    decided = vault.release()
    waiting = vault.propose("tern", "release", vault.request("domain"))
    vault.approve(waiting, "heron")
    vault.contribute(decided, "heron")
    parting = vault.decide("amend", vault.amendment(PARTING), "heron", "tern", "plover", "curlew")
    assert vault.status(parting) == "enacted", vault.why(parting)
    assert (vault.status(waiting), vault.released(decided).void) == ("void", True)
    vault.refused("tern", "contribute", "contribute/no-release", release=decided, envelope=vault.envelope(decided, "tern"))
    # One side alone opens nothing, seals nothing, and cannot amend what is entrenched.
    grab = vault.propose("dunlin", "release", vault.request())
    vault.approve(grab, "heron", "tern")
    made, payload = vault.prepare()
    alone = vault.propose("heron", "seal", payload)
    vault.approve(alone, "heron", "tern")
    back = vault.propose(
        "heron", "amend", vault.amendment({place: change for place, change in BEFORE.items() if place != "decisions/amend_common"})
    )
    vault.approve(back, "heron", "tern", "dunlin")
    assert {vault.status(one) for one in (grab, alone, back)} == {"open"}
    # Both sides: sealed anew with a part of each, and then nobody opens without the other.
    vault.approve(alone, "plover", "curlew")
    assert vault.status(alone) == "enacted", vault.why(alone)
    vault.made[alone] = made
    for name in made.structure.people():
        vault.prove(alone, name)
    structure = manifest(vault.state, vault.live()).structure
    assert not structure.is_met({"heron", "tern", "plover"})
    assert structure.is_met({"heron", "tern", "plover", "curlew"})
    # The domain is on no list and was not sealed anew: it stays red, and its release takes both sides, too.
    found = vault.rotation("domain")
    assert found is not None
    assert "rule" in found.reasons
    assert {node.id for node in seal_nodes(vault.state)} == {"seal:page", "seal:domain"}


@attack(
    "parting-gap",
    Mutation(CUSTODY, find="if name not in after or after[name].open != clause.open}", replace="if name not in after}"),
    Mutation(
        CUSTODY, find="if found.resource in moved or not changed.isdisjoint(proposals[key].rules)])", replace="if found.resource in moved])"
    ),
)
def test_an_amendment_ends_the_releases_that_rest_on_what_it_changes_and_no_others() -> None:
    """What a release rests on is its rule and its custodians, and not how often they drill; each alone ends it, and so does a clause that is gone."""
    vault = Vault()
    vault.seal()
    release = vault.release()
    vault.decide("amend", vault.amendment({**KEEPING, "custody/keys/drill": "P30D", "decisions/slow/notice": "P4D"}))
    assert not vault.released(release).void
    rule = {
        "decisions/release": {"article": "1.4", "by": {"office": "chair"}},
        "custody/keys/drill": "P30D",
        "decisions/slow/notice": "P4D",
    }
    vault.decide("amend", vault.amendment({**KEEPING, **rule}))
    assert vault.released(release).void
    other = vault.decide("release", vault.request(), "heron", by="curlew")
    vault.decide("amend", vault.amendment({**KEEPING, **rule, "custody/keys/open/m": 1}))
    assert vault.released(other).void
    other = vault.decide("release", vault.request(), "heron", by="dunlin")
    vault.decide("amend", vault.amendment({key: change for key, change in KEEPING.items() if not key.startswith("custody")}))
    assert vault.released(other).void
