"""Laws of policies in the record: which keys stand in one, and how one follows another."""

from __future__ import annotations

from typing import Any

import pytest

from commonhold.kernel.notes import COSIGNATURE, SignerKey
from commonhold.kernel.record.partners import mirror_keys, validators_of
from commonhold.testing.house import derive
from tests.kernel.record.helpers import T0, Club

VALIDATOR = SignerKey("kestrel.example/validator", derive("validator"), COSIGNATURE)


def test_a_partner_may_vouch_for_states_under_a_key_of_its_own() -> None:
    """It stands beside the mirror key, under the same name, and signs for no clock."""
    club = Club(clocked=True)
    payload = {**club.make_partners("kestrel", "merlin", k=2), "validators": {"kestrel": str(VALIDATOR.verifier)}}
    club.decide("partner", payload)
    club.tick()
    assert club.tick().counts
    policy = club.state.part("partners")["policy"]
    assert validators_of(policy) == {"kestrel": VALIDATOR.verifier}
    assert VALIDATOR.verifier not in mirror_keys(club.state)
    assert club.state.policy is not None
    assert club.state.policy.witnesses.keys() == {"kestrel", "merlin"}


@pytest.mark.parametrize(
    ("validators", "code"),
    [
        ({"hobby": str(VALIDATOR.verifier)}, "effect/validator"),
        ({"kestrel": str(VALIDATOR.verifier), "merlin": str(VALIDATOR.verifier)}, "effect/validator"),
        ({"kestrel": "MIRROR"}, "effect/validator"),
        ({"kestrel": str(SignerKey("kestrel", derive("x")).verifier)}, "checkpoint/key-kind"),
        ({"kestrel": "no key"}, "vkey/malformed"),
        ({f"w{n}": "k" for n in range(65)}, "payload/shape"),
    ],
)
def test_each_key_has_one_purpose_and_one_partner(validators: dict[str, str], code: str) -> None:
    """A mirror's key that also vouches, one validating key for two, a stranger's and one without a time are refused."""
    club = Club(clocked=True)
    payload: dict[str, Any] = club.make_partners("kestrel", "merlin", k=2)
    chosen = {name: payload["witnesses"]["merlin"] if key == "MIRROR" else key for name, key in validators.items()}
    club.refused_proposal("heron", "partner", {**payload, "validators": chosen}, code)


def test_a_key_made_to_resemble_a_partners_is_refused() -> None:
    """Two keys of one name and id in the policies that one note is read under would make every attest ambiguous, and stop the clock."""
    club = Club(clocked=True)
    club.partners = dict(club.partners)
    known = mirror_keys(club.state)
    assert len(known) == 1
    club.decide("partner", club.make_partners("kestrel", "merlin", k=2))
    club.tick()
    assert len(mirror_keys(club.state)) == 2, "a partner of both is read once"
    assert not mirror_keys(Club().state)
    assert club.state.clock == T0 + 1
