"""Laws of making brief proofs: what must stand in one, and how the answers of several partners become one."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from commonhold.kernel import b64
from commonhold.kernel.errors import FormatError, ProofError, RuleError
from commonhold.kernel.notes import COSIGNATURE, SignerKey, append_signatures, note_of, parse_note
from commonhold.kernel.record.brief import check_brief, parse_brief
from commonhold.kernel.record.briefing import MAX_MOVES, keys_to_show, make_brief, merge_briefs, wanted
from commonhold.kernel.record.digest import StateTree
from commonhold.kernel.record.pin import Pin, make_pin
from tests.attacks import Mutation, attack
from tests.kernel.record.helpers import Club, text
from tests.kernel.record_files.briefs import AT, PAGE, judged
from tests.kernel.record_files.test_pin import vouched_club

BRIEFING = "src/commonhold/kernel/record/briefing.py"


@pytest.fixture
def club() -> Club:
    return vouched_club()


@pytest.fixture
def pin(club: Club) -> Pin:
    return make_pin(club.state)


def test_a_channel_is_shown_with_all_that_it_moved_to_and_no_more(club: Club, pin: Pin) -> None:
    """Whoever asks for an old address is led to the one that stands; a long chain of moves is cut, and then names none."""
    for turn in range(MAX_MOVES + 4):
        address = f"{PAGE}{turn}"
        if not turn:
            club.decide("channel", {"op": "add", "address": address}, "heron")
            club.tick()
        club.decide("channel", {"op": "move", "address": address, "to": f"{PAGE}{turn + 1}"}, "heron")
        club.tick()
    near = club.brief(AT, ("channels", f"{PAGE}{MAX_MOVES}"))
    assert judged(near, pin).words.endswith(f"the organisation is now at {PAGE}{MAX_MOVES + 4}")
    far = club.brief(AT, ("channels", f"{PAGE}0"))
    assert len(far.values) == MAX_MOVES + 1
    assert "now at" not in judged(far, pin).words


def test_only_so_much_is_shown_at_a_time(club: Club) -> None:
    """Nobody makes a partner prove the whole state in one answer."""
    with pytest.raises(RuleError) as refusal:
        keys_to_show(club.state, None, [("channels", f"k{at}") for at in range(257)])
    assert refusal.value.code == "brief/too-many"
    assert make_brief(club.org, (b"", b""), StateTree.of(club.state), [], None, {"a" * 64: b"x"}).texts


def test_an_entry_about_nothing_asks_for_nothing(club: Club) -> None:
    """Of a partners' attest no value of the state says whether it counts."""
    entry = club.outcomes[-1].entry
    assert entry is not None
    assert (entry.type, wanted(entry, None)) == ("attest", ())


# ------------------------------------------------------------------------------------------------------ putting them together


@attack("brief-12", Mutation(BRIEFING, find="        elif _is_valid(key, text, signature):\n", replace="        else:\n"))
def test_a_hostile_partner_cannot_spoil_the_others_answers(club: Club, pin: Pin) -> None:
    """Garbage in another's name, or notes that are none, are left out; the rest makes the proof."""
    honest = [club.brief({name: AT}, ("members", "tern")) for name in ("avocet", "dunlin")]
    hostile = club.brief({"knot": AT}, ("members", "heron"))
    said, head = parse_note(hostile.state), parse_note(hostile.checkpoint)
    forged = [SignerKey(signer.name, bytes([9]) * 32, COSIGNATURE).sign(said.text, AT) for signer in club.validators.values()]
    forged = [replace(line, key_id=club.validators[name].verifier.key_id) for line, name in zip(forged, club.validators, strict=True)]
    hostile = replace(hostile, state=note_of(said.text, forged), checkpoint=note_of(head.text, [*head.signatures, *head.signatures]))
    broken = replace(honest[0], state=b"no note")
    for order in ([*honest, hostile, broken], [broken, hostile, *honest]):
        [merged] = merge_briefs(order, pin)
        checked = check_brief(merged, pin)
        assert checked.validators == ("avocet", "dunlin")
        assert sorted(checked.mirrors) == ["avocet", "dunlin", "knot"]
        assert set(checked.values) == {("members", "tern"), ("members", "heron")}


def test_answers_on_two_sizes_are_two_proofs_the_most_signed_first(club: Club, pin: Pin) -> None:
    """Partners grow at different moments; what agrees is put together, the newest signature of each counts, and nobody's log line is lost."""
    early = [club.brief({name: AT}, index=0) for name in ("avocet", "dunlin")]
    club.tick()
    late = club.brief({"knot": AT}, index=0)
    object_ = b"commonhold/text/v1\n" + b64.encode(bytes(16)).encode() + b"\n\nA text.\n"
    early[1] = replace(early[1], texts={text("x"): object_}, entry=None)
    first, second = merge_briefs([late, *early], pin)
    assert check_brief(replace(first, texts={}), pin).validators == ("avocet", "dunlin")
    assert first.entry is not None
    assert list(first.texts) == [text("x")]
    assert second.checkpoint != first.checkpoint
    assert merge_briefs([], pin) == ()
    again = merge_briefs([early[0], replace(early[0], state=club.vouched({"avocet": AT + 9}))], pin)
    assert len(again) == 2


def test_the_newest_signature_of_each_key_is_kept_and_a_later_logs_line_too(club: Club, pin: Pin) -> None:
    """A heartbeat replaces the one before it; the key of a later log is not in the pin, and its line is kept for those who know it."""
    old, new = club.brief({"avocet": AT}, ("members", "tern")), club.brief({"avocet": AT + 60}, ("members", "tern"))
    for order in ([old, new], [new, old]):
        [merged] = merge_briefs(order, pin)
        assert parse_note(merged.state).signatures == parse_note(new.state).signatures
    later = club.branch_off("later")
    assert later.open("tern", json.loads(pin.to_bytes())["partners"]).counts
    brief = later.brief(AT, ("members", "tern"))
    [merged] = merge_briefs([brief, brief], pin)
    assert [line.name for line in parse_note(merged.checkpoint).signatures].count(later.state.origin) == 1
    strangers = replace(
        brief,
        checkpoint=note_of(
            parse_note(brief.checkpoint).text, [SignerKey("x", bytes([5]) * 32, COSIGNATURE).sign(parse_note(brief.checkpoint).text, AT)]
        ),
    )
    [merged] = merge_briefs([strangers], pin)
    assert merged.checkpoint == strangers.checkpoint
    known = merge_briefs(
        [replace(brief, checkpoint=append_signatures(brief.checkpoint, *parse_note(strangers.checkpoint).signatures))],
        pin,
        [SignerKey("x", bytes([5]) * 32, COSIGNATURE).verifier],
    )
    assert "x" in [line.name for line in parse_note(known[0].checkpoint).signatures]


def test_what_is_no_brief_proof_says_where_to_get_one(club: Club) -> None:
    """A person who gives the wrong file learns what to do."""
    for raw in (b"", b"{}", b"[]", b'"x"'):
        with pytest.raises(FormatError) as refusal:
            parse_brief(raw)
        assert refusal.value.next_step
    with pytest.raises(ProofError):
        check_brief(replace(club.brief(AT), org="0" * 64), make_pin(club.state))
