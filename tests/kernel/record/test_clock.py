"""Laws of the record's clock: whose word it takes, what it refuses, and what it never does."""

from __future__ import annotations

import pytest

from commonhold.kernel.notes import COSIGNATURE, SignerKey, append_signatures
from commonhold.kernel.record import entries
from commonhold.kernel.record.clock import LATEST
from commonhold.kernel.record.fold import Outcome
from commonhold.kernel.record.founding import origin_of
from commonhold.kernel.record.state import value_of
from commonhold.kernel.tlog.checkpoint import Checkpoint, cosign
from commonhold.testing.house import derive
from tests.attacks import Mutation, attack
from tests.kernel.record.helpers import DAY, T0, Club, digest, snapshot, text

RECORD = "src/commonhold/kernel/record"
THREE = ("kestrel", "merlin", "hobby")


def partnered(k: int = 2) -> Club:
    """A club with three partners of whom *k* must cosign, and no attest yet."""
    club = Club()
    club.decide("partner", club.make_partners(*THREE, k=k))
    return club


def refused(club: Club, outcome_of: object, code: str) -> Outcome:
    """An attest that must be refused and leave everything as it was."""
    before = snapshot(club.state)
    outcome = outcome_of() if callable(outcome_of) else club.append(outcome_of)  # type: ignore[arg-type] # what is no call is an entry
    assert isinstance(outcome, Outcome)
    assert outcome.code == code, outcome.words
    assert snapshot(club.state) == before
    return outcome


def leaf(club: Club, note: bytes | str) -> bytes:
    return entries.attest_entry(org=club.org, epoch=0, note=note if isinstance(note, str) else note.decode())


def test_a_house_without_partners_has_no_clock() -> None:
    """Nobody can attest before partners are named, and naming them starts no clock by itself."""
    club = Club()
    club.make_partners("kestrel", k=1)
    refused(club, lambda: club.attest(T0), "attest/no-policy")
    assert partnered().state.clock is None


def test_the_time_is_the_largest_that_enough_partners_vouch_for() -> None:
    """One partner who dates into the future moves nothing, and one who lags holds nothing up."""
    club = partnered()
    assert club.attest({"kestrel": T0, "merlin": T0 + 5, "hobby": T0 + 1_000_000}).counts
    assert club.state.clock == T0 + 5
    assert club.attest({"kestrel": 1, "merlin": T0 + 9, "hobby": T0 + 7}).counts
    assert club.state.clock == T0 + 7


def test_too_few_partners_move_nothing() -> None:
    """One of the two that the policy asks for is none."""
    club = partnered()
    outcome = refused(club, lambda: club.attest({"hobby": T0}), "policy/not-met")
    assert "1 of the 2" in outcome.words


def test_a_partner_who_signs_twice_is_one_partner() -> None:
    """Two cosignatures of one key are one voice, at the later of its times."""
    club = partnered()
    raw = club.checkpoint()
    note = append_signatures(raw, cosign(raw, club.partners["hobby"], T0))
    twice = append_signatures(note, cosign(raw, club.partners["hobby"], T0 + 1))
    refused(club, leaf(club, twice), "policy/not-met")
    whole = append_signatures(club.checkpoint(), *(cosign(raw, club.partners[name], T0) for name in THREE[:0]))
    refused(club, leaf(club, whole), "policy/not-met")


def test_unknown_signatures_are_ignored_and_a_bad_one_of_a_partner_refuses_the_note() -> None:
    """A stranger's line changes nothing; a tampered line of a known key makes the whole note worthless."""
    club = partnered()
    stranger = SignerKey("stranger.example/w", derive("stranger"), COSIGNATURE)
    raw = club.checkpoint()
    good = club.note(T0).encode()
    assert club.append(leaf(club, append_signatures(good, cosign(raw, stranger, T0 + 99)))).counts
    assert club.state.clock == T0
    smaller = club.checkpoint(size=club.tree.size - 1)
    foreign = append_signatures(club.checkpoint(), *(cosign(smaller, club.partners[name], T0 + 5) for name in THREE))
    refused(club, leaf(club, foreign), "note/bad-signature")


def test_an_attest_is_of_this_records_own_roots() -> None:
    """Another root, another origin, another log's key, or a size beyond the attest itself is refused."""
    club = partnered()
    refused(club, lambda: club.attest(T0, root=bytes(32)), "attest/root")
    size = club.tree.size
    refused(club, leaf(club, _signed(club, origin_of(club.org, 0, club.log.verifier.public), size + 1, bytes(32))), "attest/size")
    refused(
        club, leaf(club, _signed(club, origin_of(club.org, 1, club.log.verifier.public), size, club.tree.root(size))), "note/no-known-key"
    )
    assert club.state.clock is None


def _signed(club: Club, origin: str, size: int, root: bytes) -> bytes:
    raw = Checkpoint(origin, size, root).sign(SignerKey(origin, derive(club.seed, "log")))
    if origin != origin_of(club.org, 0, club.log.verifier.public):
        return raw
    return append_signatures(raw, *(cosign(raw, club.partners[name], T0) for name in THREE))


def test_an_attest_covers_more_or_is_later_and_time_never_goes_back() -> None:
    """The same checkpoint at the same time says nothing new; a larger one at an earlier time covers more and leaves the time."""
    club = partnered()
    club.attest(T0)
    covered = club.state.covered
    refused(club, lambda: club.attest(T0, size=covered), "attest/stale")
    refused(club, lambda: club.attest(T0 - 5, size=covered - 1), "attest/stale")
    assert club.attest(T0 - 5).counts
    assert (club.state.clock, club.state.covered) == (T0, club.state.size - 1)
    larger = club.state.covered
    assert club.attest(T0 + 1, size=covered).counts
    assert (club.state.clock, club.state.covered) == (T0 + 1, larger)
    assert dict(club.state.part("clock")["clock"]) == {"time": T0 + 1, "covers": larger}


def test_a_time_beyond_any_calendar_is_refused() -> None:
    """Otherwise no duration could be added to it, and the clock would never move again."""
    club = partnered()
    club.attest(T0)
    club.decide("contested", {"text": text("c")})
    for time in (LATEST + 1, 2**62):
        refused(club, lambda time=time: club.attest(time), "attest/time")
    assert club.attest(LATEST).counts
    assert digest(club.state)
    assert club.attest(LATEST, size=club.tree.size).counts


def changed() -> tuple[Club, dict[str, SignerKey], dict[str, SignerKey]]:
    """A club that has just decided on other partners; with the old ones and the new."""
    club = Club(clocked=True)
    old = dict(club.partners)
    change = club.decide("partner", club.make_partners("merlin", "hobby", k=2))
    new, club.partners = club.partners, old
    club.tick()
    assert club.status(change) == "enacted"
    return club, old, new


def test_new_partners_take_over_at_the_first_attest_that_they_meet() -> None:
    """The attest that enacts them is still the old ones'; from the first that the new ones meet, the old ones count no more."""
    club, old, new = changed()
    assert set(club.state.part("partners")) == {"policy", "next"}
    club.partners = new
    refused(club, lambda: club.attest({"merlin": T0 + 50}), "policy/not-met")
    assert set(club.state.part("partners")) == {"policy", "next"}
    assert club.attest(T0 + 60).counts
    assert (club.state.clock, set(club.state.part("partners"))) == (T0 + 60, {"policy"})
    assert club.state.policy is not None
    assert club.state.policy.witnesses.keys() == new.keys()
    club.partners = old
    refused(club, lambda: club.attest(T0 + 70), "policy/not-met")


@attack(
    "clock-unreachable",
    Mutation(f"{RECORD}/partners.py", find="    if draft.clock is None or draft.policy is None:", replace="    if True:"),
)
def test_partners_whom_nobody_can_reach_do_not_stop_the_clock() -> None:
    """Until the new policy is met the old one stays in force, so the house goes on and can decide again."""
    club, _, new = changed()
    proposal = club.decide("ordinary", {"text": text("go on")})
    assert club.tick().counts, "the old partners still attest"
    assert club.status(proposal) == "enacted"
    again = club.decide("partner", value_of(club.state.part("partners")["policy"]))
    club.tick()
    assert club.status(again) == "enacted"
    assert set(club.state.part("partners")) == {"policy"}, "whoever decides for the partners in force takes the others back"
    club.partners = new
    refused(club, lambda: club.attest(T0 + 500), "policy/not-met")


@pytest.mark.parametrize("bent", [{"epoch": 1}, {"org": text("another")}])
def test_an_attest_counts_for_one_organisation_and_epoch(bent: dict[str, object]) -> None:
    """Elsewhere it is refused."""
    club = partnered()
    values = {"org": club.org, "epoch": 0, "note": club.note(T0), **bent}
    refused(club, entries.attest_entry(**values), f"entry/other-{next(iter(bent))}")  # type: ignore[arg-type] # one of them is bent


def test_the_first_attest_dates_what_came_before_it() -> None:
    """Terms, pauses and windows that had no time yet begin with it."""
    club = Club()
    club.do("heron", "withdraw", what="seat", of="chair")
    club.decide("spend_small", {"text": text("m"), "amount": 5, "currency": "EUR"}, "tern")
    club.offer("editor", "curlew")
    club.decide("partner", club.make_partners("kestrel", k=1))
    club.attest(T0)
    assert club.seat("editor", "curlew").until == 0  # type: ignore[union-attr] # an offer is a seat, and has no term
    assert club.seat("editor", "plover").until == T0 + 365 * DAY  # type: ignore[union-attr] # without the seat the test fails here
    assert dict(club.state.tenures) == {"chair/heron": (1, T0)}
    assert dict(club.state.spent) == {"spend_small": ((T0, 5),)}
