"""A law about offices that are emptied by expelling who holds them: the record lets it happen, so the analysis says so."""

from __future__ import annotations

from commonhold.kernel.charter import load_charter
from commonhold.kernel.charter.analysis import custody_register, powers
from commonhold.kernel.charter.seating import seat_named
from commonhold.kernel.custody import explain
from tests.kernel.record.helpers import FLOCK, SEATS, Club
from tests.kernel.record.helpers import charter as club_charter


def test_the_record_lets_who_expels_and_appoints_take_an_office_and_the_analysis_says_so() -> None:
    """The chair expels the only editor, takes the seat and publishes alone; the same coalition reaches it in the analysis."""

    chair = {"article": "1.1", "by": {"office": "chair"}}
    grave = {
        "article": "2.1",
        "by": "assembly",
        "pass": {"base": "register", "at_least": "2/3"},
        "quorum": {"of": "assembly", "at_least": 4},
    }
    four = {"article": "1.1", "by": {"signatures": {"of": ["assembly"], "m": 4}}}
    changes = {
        "decisions/expel": chair,
        "decisions/elect": chair,
        "decisions/amend": {**grave, "applies_to": ["*"]},
        "decisions/dismiss": {**grave, "article": "1.2"},
        **{f"decisions/{kind}": four for kind in ("admit", "recover-member", "partner")},
        "offices/editor": {"article": "1.2", "elected_by": "assembly", "seats": 1},
        "emergency/storm": None,
    }
    seats = {"chair": "heron", "treasurer": "tern", "editor": "plover"}
    club = Club(changes, seats=seats)
    assert club.status(club.decide("expel", {"member": "plover"}, "heron")) == "enacted"
    assert club.status(club.decide("appoint", {"member": "heron", "office": "editor"}, "heron")) == "enacted"
    loaded = load_charter(club_charter(changes))
    seating = seat_named(loaded, FLOCK, {office: [name] for office, name in SEATS.items()})
    found = custody_register(loaded, seating, powers(loaded, seating))
    assert explain(found, "decision.publish", ["heron"]).quickest is not None
