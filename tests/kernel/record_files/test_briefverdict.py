"""Laws of what is told on a brief proof: in the words of a replay, and never more than the proof shows."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from commonhold.kernel.canonical import canonical_bytes
from commonhold.kernel.errors import FormatError
from commonhold.kernel.record.brief import check_brief, read_value
from commonhold.kernel.record.briefverdict import judge_shown, shown_entry
from commonhold.kernel.record.pin import Pin, make_pin
from tests.attacks import Mutation, attack
from tests.kernel.record.helpers import DAY, Club, text
from tests.kernel.record_files.briefs import AT, PAGE, index_of, judged, refusal_of
from tests.kernel.record_files.test_pin import vouched_club

VERDICT = "src/commonhold/kernel/record/briefverdict.py"


@pytest.fixture
def club() -> Club:
    return vouched_club()


@pytest.fixture
def pin(club: Club) -> Pin:
    return make_pin(club.state)


@attack(
    "brief-10",
    Mutation(
        VERDICT,
        find="missing = [place for place in wanted(act, proposal) if place not in checked.values]",
        replace="missing = [place for place in wanted(act, None) if place not in checked.values]",
    ),
)
def test_a_proof_that_leaves_out_what_became_of_it_says_nothing(club: Club, pin: Pin) -> None:
    """The decision was taken and the channel was struck later; whoever hides that gets no "official" for it."""
    added = club.decide("channel", {"op": "add", "address": PAGE}, "heron")
    club.tick()
    club.decide("channel", {"op": "strike", "address": PAGE}, "heron")
    club.tick()
    brief = club.brief(AT, index=index_of(club, added))
    assert judged(brief, pin).code == "struck"
    hidden = judged(replace(brief, values=brief.values[:1]), pin)
    assert (hidden.code, hidden.words) == ("cannot-judge", f"cannot judge: the proof does not show channels/{PAGE}")
    # Where partners' word is old, that is said first.
    assert judged(replace(brief, values=brief.values[:1]), pin, AT + 30 * DAY).code == "stale"


@attack("brief-11", Mutation(VERDICT, find="if not checked.lives:", replace="if checked is None:"))
def test_an_epoch_that_was_opened_and_not_decided_is_not_official(club: Club, pin: Pin) -> None:
    """It has the whole state of the branch in it, and partners follow it; only a decided succession makes the organisation live there."""
    club.decide("channel", {"op": "add", "address": PAGE}, "heron")
    club.tick()
    later = club.branch_off("later")
    payload = json.loads(canonical_bytes(json.loads(pin.to_bytes())["partners"]))
    assert later.open("tern", payload).counts
    brief = later.brief(AT, ("channels", PAGE))
    assert judged(brief, pin).words == "not official: the members have not decided to go on in epoch 1"
    hidden = replace(brief, values=brief.values[:1])
    assert refusal_of(lambda: check_brief(hidden, pin)) == "brief/epochs"


def test_an_epoch_that_the_members_decided_is_official_under_the_old_pin(club: Club, pin: Pin) -> None:
    """The partners whom the reader knows vouch for the next log; an unwitnessed succession is told as that; 17 epochs are too many."""
    payload = json.loads(pin.to_bytes())["partners"]
    later = club.branch_off("later")
    assert later.open("tern", payload).counts
    later.succeed("heron", "tern", "plover")
    assert later.attest(AT - 60).counts
    brief = later.brief(AT, ("members", "tern"))
    verdict = judged(brief, pin)
    assert (verdict.code, verdict.rests_on) == ("official", "replayed by 3 partners (avocet, dunlin, knot)")
    assert check_brief(brief, pin).epoch == 1
    alone = club.branch_off("alone")
    assert alone.open("tern", payload).counts
    alone.succeed("heron", "tern", "plover", "curlew", unwitnessed=True)
    assert judged(alone.brief(AT, ("members", "tern")), pin).words == "official; unwitnessed succession in epoch 1"
    stolen = replace(alone.brief(AT, ("members", "tern")), values=brief.values)
    assert refusal_of(lambda: check_brief(stolen, pin)) in ("brief/count", "proof/root")
    far = alone
    for number in range(2, 18):
        far = far.branch_off(f"far {number}")
        assert far.open("tern", payload).counts
        far.succeed("heron", "tern", "plover", "curlew", unwitnessed=True)
    assert refusal_of(lambda: check_brief(far.brief(AT, ("members", "tern")), pin)) == "brief/epochs"


def test_a_state_that_says_that_its_epoch_is_anothers_is_refused(club: Club, pin: Pin) -> None:
    """No honest replay gives one; a proof that contradicts itself is not weighed."""
    payload = json.loads(pin.to_bytes())["partners"]
    later = club.branch_off("later")
    assert later.open("tern", payload).counts
    draft = later.state.thaw()
    epoch = draft.parts["epochs"]["1"]
    draft.put("epochs", "1", type(epoch)(club.state.origin, epoch.parent, epoch.open, epoch.by))
    later.state = draft.freeze()
    assert refusal_of(lambda: check_brief(later.brief(AT, ("members", "tern")), pin)) == "brief/other-log"


def test_partners_who_followed_the_pins_give_the_time_once_the_state_names_them(club: Club, pin: Pin) -> None:
    """The pinned partners vouch for a state that names others; from then on the others say when, and the pinned ones are still heard."""
    old = (dict(club.partners), dict(club.validators))
    new = club.make_partners("ruff", "snipe", k=2, vouch=True)
    signers = dict(club.partners)
    club.partners, club.validators = old
    club.decide("partner", new)
    club.tick()
    raw = club.checkpoint()
    club.partners = signers
    club.now += 60
    assert club.attest(club.now).counts
    assert sorted(club.state.policy.witnesses if club.state.policy else ()) == ["ruff", "snipe"]
    club.validators = old[1]
    brief = club.brief(AT, ("members", "tern"), ("partners", "policy"))
    assert check_brief(brief, pin).mirrors == {"ruff": AT, "snipe": AT}
    assert judged(brief, pin).code == "official"
    # Without that value nobody knows the new ones; with it, the old ones still count where the new have not signed.
    assert refusal_of(lambda: check_brief(replace(brief, values=brief.values[:1]), pin)) == "note/no-known-key" or raw
    club.partners = old[0]
    assert check_brief(replace(brief, checkpoint=club.note(AT - 5).encode()), pin).time == AT - 5


def test_acts_are_judged_by_what_the_state_knows_of_them(club: Club, pin: Pin) -> None:
    """An act counts if the proposal has it, by that member and key; what was refused, or is none, counts for nothing."""
    said = club.decide("statement", {"text": text("said"), "language": "en"}, "heron", "tern")
    approved = index_of(club, said) + 1
    club.tick()
    second = club.act("heron", "approve", proposal=said)
    assert not second.counts
    spoken = club.act("plover", "approve", proposal=said)
    assert not spoken.counts
    orphan = club.act("plover", "approve", proposal="0" * 64)
    assert not orphan.counts
    club.append(b"not an entry")
    mast = club.decide("entrust", {"resource": "mast", "holders": ["tern"]})
    club.tick()
    moved = club.decide("entrust", {"resource": "mast", "holders": ["heron"]})
    club.tick()
    offer = club.offer("editor", "curlew")
    accepted = club.do("curlew", "accept", of=offer)
    club.tick()
    answers = {
        "approve": (approved, "official"),
        "refused": (spoken.index, "not-official"),
        "orphan": (orphan.index, "not-official"),
        "bytes": (orphan.index + 1, "not-official"),
        "entrusted to others since": (index_of(club, mast), "struck"),
        "entrusted": (index_of(club, moved), "official"),
        "offer": (index_of(club, offer), "official"),
        "seat": (index_of(club, accepted), "official"),
        "founding": (0, "official"),
        "founder": (1, "official"),
        "attest": (approved + 2, "cannot-judge"),
    }
    for name, (index, code) in answers.items():
        brief = club.brief(AT, index=index)
        assert judged(brief, pin).code == code, name
        assert judged(brief, pin).rests_on == "replayed by 3 partners (avocet, dunlin, knot)"
        assert judged(brief, pin, AT + 30 * DAY).code == "stale", name


def test_an_acceptance_of_what_is_no_seat_counts_for_nothing(club: Club, pin: Pin) -> None:
    """A stranger's consent, somebody else's, or one to a statement is an entry like any other that was refused."""
    said = club.decide("statement", {"text": text("said"), "language": "en"}, "heron", "tern")
    offer = club.offer("editor", "curlew")
    for name, of in (("curlew", said), ("dunlin", offer), ("curlew", "0" * 64)):
        outcome = club.act(name, "accept", of=of)
        assert not outcome.counts
        club.tick()
        assert judged(club.brief(AT, index=outcome.index), pin).code == "not-official"


def test_admissions_and_other_kinds_are_shown_with_what_became_of_them(club: Club, pin: Pin) -> None:
    """For each kind of decision it is known where the state says whether it still holds."""
    admitted = club.admit("ruff")
    club.tick()
    work = club.decide("publish", {"work": text("work")}, "plover")
    club.tick()
    layout = club.decide("layout", {"text": text("layout")}, "plover")
    club.tick()
    dismissed = club.decide("dismiss", {"office": "editor", "member": "plover"}, "heron", "tern", "curlew", "dunlin")
    club.tick()
    for proposal, shown in (
        (admitted, [("members", "ruff")]),
        (work, [("works", text("work"))]),
        (layout, [("resolutions", layout)]),
        (dismissed, []),
    ):
        brief = club.brief(AT, index=index_of(club, proposal))
        assert [(one.part, one.key) for one in brief.values] == [("proposals", proposal), *shown]
        assert judged(brief, pin).code == "official"


def test_an_entrusting_whose_resource_is_gone_is_not_official(club: Club, pin: Pin) -> None:
    """No replay gives such a state; a proof of one is no fault of the program."""
    mast = club.decide("entrust", {"resource": "mast", "holders": ["tern"]})
    club.tick()
    draft = club.state.thaw()
    draft.drop("resources", "mast")
    club.state = draft.freeze()
    assert judged(club.brief(AT, index=index_of(club, mast)), pin).code == "not-official"


def test_a_proposal_is_shown_without_its_entry_and_judged_like_it(club: Club, pin: Pin) -> None:
    """The id of an entry is the key of its proposal, so a smaller proof will do; one that is open, or hides its end, is not official."""
    said = club.decide("statement", {"text": text("said"), "language": "en"}, "heron", "tern")
    added = club.decide("channel", {"op": "add", "address": PAGE}, "heron")
    mast = club.decide("entrust", {"resource": "mast", "holders": ["tern"]})
    club.tick()
    club.decide("channel", {"op": "strike", "address": PAGE}, "heron")
    opened = club.propose("heron", "statement", {"text": text("open"), "language": "en"})
    club.tick()
    for proposal, code in ((said, "official"), (added, "struck"), (mast, "official"), (opened, "not-official"), ("0" * 64, "not-official")):
        brief = club.brief(AT, ("proposals", proposal))
        assert judged(brief, pin).code == code
        assert judged(brief, pin, AT + 30 * DAY).code == "stale"
        if code in ("official", "struck"):
            hidden = replace(brief, values=brief.values[:1])
            assert judged(hidden, pin).code == "cannot-judge"
            assert judged(hidden, pin, AT + 30 * DAY).code == "stale"


def test_people_are_shown_with_the_place_that_they_have_now(club: Club, pin: Pin) -> None:
    """Somebody who left is struck; whoever was only offered a seat does not hold it."""
    club.offer("editor", "curlew")
    club.decide("expel", {"member": "dunlin"}, "heron", "tern", "plover", "curlew")
    club.tick()
    answers = {
        ("members", "heron"): "official",
        ("members", "dunlin"): "struck: members/dunlin is expelled now",
        ("seats", "chair/heron"): "official",
        ("seats", "editor/curlew"): "not official: seats/editor/curlew is offered now",
        ("seats", "chair/tern"): "not official: the record never decided this",
    }
    for place, words in answers.items():
        assert judged(club.brief(AT, place), pin).words == words


def test_a_key_that_is_not_shown_is_not_guessed(club: Club, pin: Pin) -> None:
    """Only what the proof shows, as there or as absent, has a verdict."""
    checked = check_brief(club.brief(AT, ("members", "tern"), ("clock", "clock"), ("statements", text("no"))), pin)
    assert judge_shown(checked, "members", "heron", AT).code == "cannot-judge"
    assert judge_shown(checked, "members", "tern", AT).code == "official"
    assert judge_shown(checked, "clock", "clock", AT).code == "official"
    assert judge_shown(checked, "statements", text("no"), AT).code == "not-official"
    assert judged(club.brief(AT), pin).code == "official"
    assert shown_entry(checked) is None


def test_a_value_of_a_later_version_is_named_and_not_read() -> None:
    """A state may grow new fields; a reader that does not know them says so."""
    assert read_value("clock", {"anything": 1}) == {"anything": 1}
    with pytest.raises(FormatError) as refusal:
        read_value("channels", {"anything": 1})
    assert refusal.value.code == "brief/value"
