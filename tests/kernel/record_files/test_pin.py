"""Laws of pins beside their vectors: they are made of a record that was replayed, and of no other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from commonhold.kernel.errors import FormatError, RuleError
from commonhold.kernel.record.pin import make_pin, parse_pin
from tests.kernel.record.helpers import T0, Club


def vouched_club() -> Club:
    club = Club()
    club.decide("partner", club.make_partners("avocet", "dunlin", "knot", k=2, vouch=True))
    club.now = T0
    assert club.attest(T0).counts
    return club


def test_a_pin_is_made_of_a_record_and_read_again() -> None:
    """It names the log, its key and the partners in force; addresses change nothing that is compared."""
    club = vouched_club()
    pin = make_pin(club.state, ["https://avocet.example/mirror/0"])
    assert (pin.org, pin.epoch, sorted(pin.validators)) == (club.org, 0, ["avocet", "dunlin", "knot"])
    assert parse_pin(pin.to_bytes()) == pin
    assert replace(pin, urls=()).fingerprint() == pin.fingerprint()
    assert len(set(pin.fingerprint())) > 1


def test_without_partners_there_is_nothing_to_pin() -> None:
    """A house that has named none, or partners none of whom vouches, is read by replaying it."""
    with pytest.raises(RuleError) as refusal:
        make_pin(Club().state)
    assert refusal.value.code == "pin/no-partners"
    with pytest.raises(RuleError) as refusal:
        make_pin(Club(clocked=True).state)
    assert (refusal.value.code, bool(refusal.value.next_step)) == ("pin/validators", True)


def test_a_log_in_which_the_organisation_does_not_live_gives_no_pin() -> None:
    """Whoever opens an epoch cannot hand out its pin before the members have decided."""
    club = vouched_club()
    later = club.branch_off("later")
    later.open("tern", club.make_partners("avocet", k=1, vouch=True))
    with pytest.raises(RuleError) as refusal:
        make_pin(later.state)
    assert refusal.value.code == "pin/not-running"


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b'"x"', b"x" * (1 << 17)])
def test_what_is_no_pin_says_where_to_get_one(raw: bytes) -> None:
    """A person who gives the wrong file learns what to do."""
    with pytest.raises(FormatError) as refusal:
        parse_pin(raw)
    assert refusal.value.next_step
