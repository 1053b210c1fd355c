"""Laws of enrolment: one key, one person, once."""

from __future__ import annotations

from commonhold.kernel.keys import KitKeys
from tests.authenticator import Authenticator
from tests.kernel.record.helpers import Club, text


def test_a_key_that_was_ever_enrolled_is_never_enrolled_again() -> None:
    """Not for another person, not for its own, and not after it was revoked."""
    club = Club()
    old = club.kits["tern"]
    new = club.new_kit("tern")
    club.decide("rotate-key", {"member": "tern", "add": [new.keys.to_value()], "revoke": []}, "tern")
    club.kits["tern"] = new
    for kit in (old, new):
        value = kit.keys.to_value()
        club.refused_proposal("heron", "admit", {"member": "gannet", "keys": [value]}, "enrol/key-used")
        club.refused_proposal("heron", "recover-member", {"member": "plover", "kit": value}, "enrol/key-used")
        club.refused_proposal("tern", "rotate-key", {"member": "tern", "add": [value], "revoke": []}, "enrol/key-used")
    assert club.state.keyring[old.key_id].revoked >= 0
    assert club.state.keyring[new.key_id].revoked < 0


def test_an_age_recipient_belongs_to_one_kit() -> None:
    """Another signing key beside a used recipient is refused: shares would be sealed to somebody else."""
    club = Club()
    mixed = KitKeys(club.new_kit("gannet").keys.sign, club.kits["tern"].keys.age)
    club.refused_proposal("heron", "admit", {"member": "gannet", "keys": [mixed.to_value()]}, "enrol/age-used")


def test_two_proposals_for_one_key_enrol_it_once() -> None:
    """The first to be enacted takes it; the second is refused and admits nobody."""
    club = Club(clocked=True)
    value = club.new_kit("gannet").keys.to_value()
    first = club.decide("admit", {"member": "gannet", "keys": [value]})
    second = club.decide("admit", {"member": "whimbrel", "keys": [value]})
    club.tick()
    assert (club.status(first), club.status(second)) == ("enacted", "refused")
    assert club.state.member("whimbrel") is None


def test_a_member_has_one_kit_and_as_many_passkeys_as_they_like() -> None:
    """A new kit revokes the old by the same act; a passkey stands beside it until it is revoked."""
    club = Club()
    passkey = Authenticator("eddsa", 4).passkey
    club.decide("rotate-key", {"member": "tern", "add": [passkey.to_value()], "revoke": []}, "tern")
    assert club.member("tern").kit == club.kits["tern"].key_id
    new = club.new_kit("tern")
    club.decide("rotate-key", {"member": "tern", "add": [new.keys.to_value()], "revoke": []}, "tern")
    club.kits["tern"] = new
    assert club.member("tern").keys.keys() == {passkey.key_id, new.key_id}
    club.decide("rotate-key", {"member": "tern", "add": [], "revoke": [passkey.key_id]}, "tern")
    assert club.member("tern").keys.keys() == {new.key_id}
    assert club.member("tern").kit == new.key_id


def test_only_ones_own_keys_are_revoked() -> None:
    """Another's key, an unknown one, or one that is dead already is refused."""
    club = Club()
    for key in (club.kits["heron"].key_id, text("unknown")):
        club.refused_proposal("tern", "rotate-key", {"member": "tern", "add": [], "revoke": [key]}, "enrol/not-theirs")
