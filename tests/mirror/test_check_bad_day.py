"""Laws of /check on the bad day: the server is taken, members go on elsewhere, and readers find out by themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from commonhold.kernel.record.verdict import CONTRADICTORY, FRESHNESS_UNKNOWN, NOT_OFFICIAL, STRUCK
from tests.attacks import Mutation, attack
from tests.kernel.record.helpers import FLOCK, T0, Club
from tests.kernel.record.test_history import moved
from tests.mirror.badday import NEXT, RIVAL, told
from tests.mirror.readers import NEW, PAGE, always_looking, decide_channel, publish_text, reading
from tests.mirror.records import Published

SIGHT = "src/commonhold/mirror/check/sight.py"


@pytest.fixture(autouse=True)
def _always_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every request looks at the node, so that no test has to wait."""
    always_looking(monkeypatch)


@attack(
    "check-left-log",
    Mutation(SIGHT, find="        if before.origin == origin:", replace="        if before.origin == origin and after.unwitnessed:"),
)
def test_the_answer_follows_the_members_into_the_next_epoch(tmp_path: Path) -> None:
    """The log that they left is struck, with where they are now; what they decide there is what a reader is told of the seized page."""
    club = Club(clocked=True)
    old = Published(club)
    decide_channel(old, PAGE)
    club.tick()
    house = moved(club, *FLOCK[:3])
    places = {NEXT: Published(house, old)}
    with reading(tmp_path, old, elsewhere=places) as reader:
        assert reader.asks(PAGE)[0] == FRESHNESS_UNKNOWN
        assert reader.asks(club.state.origin)[0] == FRESHNESS_UNKNOWN
        assert told(reader.client, NEXT) == (202, "taken")
        reader.look()
        code, words = reader.asks(club.state.origin)
        assert (code, "The organisation is now in epoch 1" in words) == (STRUCK, True)
        assert reader.asks(house.state.origin)[0] == FRESHNESS_UNKNOWN
        strike = house.propose("heron", "channel", {"op": "move", "address": PAGE, "to": NEW})
        house.approve(strike, "heron")
        house.attest(T0 + 100)
        places[NEXT].publish()
        reader.look()
        code, words = reader.asks(PAGE)
        assert (code, f"The organisation is now at {NEW}" in words) == (STRUCK, True)
        assert reader.asks(NEW)[0] == FRESHNESS_UNKNOWN
        page = reader.client.get("/check", params={"org": club.org}).text
        for part in ("Epoch 0", "Epoch 1", house.state.origin, club.state.origin):
            assert part in page
        # What the thief writes on in the old log is nobody's word.
        club.propose("dunlin", "channel", {"op": "add", "address": "https://evil.example/"})
        old.publish()
        reader.look()
        assert reader.asks("https://evil.example/")[0] == NOT_OFFICIAL


def test_two_successions_that_exclude_each_other_are_told_as_contradictory(tmp_path: Path) -> None:
    """No winner is guessed: every question about the organisation is answered so, with the reason."""
    club = Club(clocked=True)
    old = Published(club)
    decide_channel(old, PAGE)
    _, digest = publish_text(old)
    club.tick()
    one, other = moved(club, *FLOCK[:3], seed="one"), moved(club, *FLOCK[2:], seed="other")
    with reading(tmp_path, old, elsewhere={NEXT: Published(one, old), RIVAL: Published(other, old)}) as reader:
        assert {told(reader.client, url)[0] for url in (NEXT, RIVAL)} == {202}
        reader.look()
        for question in (PAGE, digest, club.org):
            code, words = reader.asks(question)
            assert code == CONTRADICTORY, words
            assert "two histories that exclude each other" in words
