"""Laws of brief proofs: whose word they rest on, what they must show, and what nobody gains who bends them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from commonhold.kernel.notes import SignerKey, note_of, parse_note
from commonhold.kernel.record.brief import Shown, check_brief, parse_brief
from commonhold.kernel.record.digest import LeafProof, StateTree
from commonhold.kernel.record.pin import Pin, make_pin
from tests.attacks import Mutation, attack
from tests.kernel.record.helpers import DAY, T0, Club
from tests.kernel.record_files.briefs import AT, PAGE, judged, refusal_of
from tests.kernel.record_files.test_pin import vouched_club

BRIEF = "src/commonhold/kernel/record/brief.py"
VERDICT = "src/commonhold/kernel/record/briefverdict.py"
DIGEST = "src/commonhold/kernel/record/digest.py"


@pytest.fixture
def club() -> Club:
    return vouched_club()


@pytest.fixture
def pin(club: Club) -> Pin:
    return make_pin(club.state)


# ----------------------------------------------------------------------------------------------------------- who has signed


@attack("brief-01", Mutation(BRIEF, find="if pin.policy.time(dict.fromkeys(names, 0)) is None:", replace="if not names:"))
def test_one_partner_of_two_vouches_for_nothing(club: Club, pin: Pin) -> None:
    """The policy asks for two, so one partner alone, whom somebody has bribed, makes nothing official."""
    whole = club.brief(AT, ("members", "tern"))
    alone = replace(whole, state=club.vouched({"knot": AT}))
    assert refusal_of(lambda: check_brief(alone, pin)) == "brief/validators"
    assert judged(whole, pin).code == "official"


@attack(
    "brief-02",
    Mutation(
        BRIEF,
        find="signed = open_vouched(brief.state, pin.validators.values())",
        replace="signed = open_vouched(brief.state, [*pin.validators.values(), *(party.key for party in pin.policy.witnesses.values())])\n"
        "    signed.times.update(dict.fromkeys(pin.validators.values(), 1))",
    ),
)
def test_neither_the_log_nor_mirror_keys_vouch_for_a_state(club: Club, pin: Pin) -> None:
    """A mirror key says what was held and when; what it amounts to takes the key that signs nothing else."""
    whole, said = club.brief(AT, ("members", "tern")), parse_note(club.vouched(AT)).text
    own = SignerKey(club.state.origin, club.log.seed)
    by_log = note_of(said, [own.sign(said)])
    assert refusal_of(lambda: check_brief(replace(whole, state=by_log), pin)) == "note/no-known-key"
    by_mirrors = note_of(said, [mirror.sign(said, AT) for mirror in club.partners.values()])
    assert refusal_of(lambda: check_brief(replace(whole, state=by_mirrors), pin)) == "note/no-known-key"


@attack("brief-03", Mutation(BRIEF, find="    if org != pin.org:\n", replace="    if org is None:\n"))
def test_partners_who_serve_two_organisations_do_not_mix_them_up(club: Club, pin: Pin) -> None:
    """One node has one validating key for all that it follows, so the organisation stands in what is signed, and is compared."""
    other = Club(members=("ruff", "heron", "tern"), seats={"chair": "heron", "treasurer": "tern", "editor": "ruff"})
    other.partners, other.validators = club.partners, club.validators
    foreign = replace(other.brief(AT, ("members", "ruff")), org=club.org)
    assert refusal_of(lambda: check_brief(foreign, pin)) == "brief/other-org"
    assert refusal_of(lambda: check_brief(replace(foreign, org=other.org), pin)) == "brief/other-org"


@attack(
    "brief-04",
    Mutation(
        BRIEF,
        find="heard = [(times, policy.time(times)) for policy in policies for times in [times_under(policy, cosignatures)]]",
        replace="heard = [(times, max(times.values(), default=None)) for policy in policies for times in [times_under(policy, cosignatures)]]",
    ),
)
def test_a_partner_who_dates_into_the_future_makes_nothing_fresh(club: Club, pin: Pin) -> None:
    """The time is that of the policy, from mirrors alone; a validator's date says nothing, and one mirror's moves nothing."""
    later = {"avocet": T0 + 60, "dunlin": T0 + 60, "knot": AT}
    brief = club.brief(later, ("members", "tern"))
    assert check_brief(brief, pin).time == T0 + 60
    assert judged(brief, pin).code == "official-freshness-unknown"
    validators = replace(club.brief(T0 + 60, ("members", "tern")), state=club.vouched(AT))
    assert check_brief(validators, pin).time == T0 + 60
    mirror = replace(brief, checkpoint=club.note({"knot": AT}).encode())
    assert refusal_of(lambda: check_brief(mirror, pin)) == "brief/mirrors"


# ---------------------------------------------------------------------------------------------------------- what is signed


@attack(
    "brief-05",
    Mutation(
        BRIEF,
        find="if (checkpoint.origin, checkpoint.size, checkpoint.root) != (vouched.origin, vouched.size, vouched.root):",
        replace="if checkpoint.origin != vouched.origin:",
    ),
)
def test_an_older_state_is_not_shown_under_a_newer_checkpoint(club: Club, pin: Pin) -> None:
    """Else a channel that was struck would stand, as fresh as the partners' newest signature."""
    club.decide("channel", {"op": "add", "address": PAGE}, "heron")
    club.tick()
    early = club.brief(AT - 90, ("channels", PAGE))
    club.decide("channel", {"op": "strike", "address": PAGE}, "heron")
    club.tick()
    assert refusal_of(lambda: check_brief(replace(early, checkpoint=club.note(AT).encode()), pin)) == "brief/other-checkpoint"
    assert judged(club.brief(AT, ("channels", PAGE)), pin).words == f"struck since entry {club.tree.size - 1}"


@attack(
    "brief-06",
    Mutation(
        DIGEST,
        find="    verify_inclusion(leaf.index, proof.count, leaf_hash(leaf.leaf), leaf.hashes, digest)\n",
        replace="    leaf_hash(leaf.leaf)\n",
    ),
)
def test_a_value_that_was_swapped_is_refused(club: Club, pin: Pin) -> None:
    """The path leads from the very bytes of the leaf to the digest that was signed, and no other count of leaves will do."""
    brief = club.brief(AT, ("members", "tern"))
    [shown] = brief.values
    leaf = shown.proof.leaves[0]
    other = leaf.leaf.replace(b'"active"', b'"expelled"')
    assert other != leaf.leaf
    swapped = Shown("members", "tern", replace(shown.proof, leaves=(replace(leaf, leaf=other),)))
    assert refusal_of(lambda: check_brief(replace(brief, values=(swapped,)), pin)) == "proof/root"
    recounted = Shown("members", "tern", replace(shown.proof, count=shown.proof.count + 1))
    assert refusal_of(lambda: check_brief(replace(brief, values=(recounted,)), pin)) == "brief/count"


@attack(
    "brief-07", Mutation(DIGEST, find="between = before >= 0 and after == before + 1", replace="between = before >= 0 and after > before")
)
def test_an_absence_with_a_gap_is_refused(club: Club, pin: Pin) -> None:
    """Whoever would hide that something was decided must show two neighbours, and there is no room between them."""
    for name in "ac":
        club.decide("channel", {"op": "add", "address": f"{PAGE}{name}"}, "heron")
    club.decide("channel", {"op": "add", "address": f"{PAGE}b"}, "heron")
    club.tick()
    tree = StateTree.of(club.state)
    before, after = (tree.prove("channels", f"{PAGE}{name}").leaves[0] for name in "ac")
    hidden = Shown("channels", f"{PAGE}b", replace(tree.prove("channels", PAGE), leaves=(before, after)))
    brief = replace(club.brief(AT), values=(hidden,))
    assert refusal_of(lambda: check_brief(brief, pin)) == "state/absent"


@attack("brief-08", Mutation(VERDICT, find="elif now - time <= FRESH_SECONDS:", replace="elif now - time <= STALE_SECONDS:"))
def test_an_old_state_that_is_shown_again_is_told_with_its_time(club: Club, pin: Pin) -> None:
    """What was true yesterday is said to be of yesterday, and after a week it is stale; a reader's wrong clock is named."""
    brief = club.brief(AT, ("members", "tern"))
    assert judged(brief, pin, AT + 3_600).words == "official"
    assert judged(brief, pin, AT + 3_601).words == "official as of 2030-03-18 17:46 UTC, freshness unknown"
    assert judged(brief, pin, AT + 7 * DAY).code == "official-freshness-unknown"
    assert judged(brief, pin, AT + 7 * DAY + 1).code == "stale"
    assert judged(brief, pin, AT - 300).words == "official"
    assert judged(brief, pin, AT - 301).words.endswith("freshness unknown (your clock says 2030-03-18 17:41 UTC)")


@attack(
    "brief-09",
    Mutation(BRIEF, find='if raw.count(b"{") + raw.count(b"[") > MAX_NESTED or raw.count(b",") > MAX_COMMAS:', replace="if raw is None:"),
)
def test_a_proof_of_hostile_size_is_refused_before_it_is_built(club: Club, pin: Pin) -> None:
    """A million lists, ten thousand signatures, a path of 65 hashes: bounded, and said."""
    brief = club.brief(AT, ("members", "tern"))
    assert refusal_of(lambda: parse_brief(b"[" * 1_000_000)) == "brief/parts"
    assert refusal_of(lambda: parse_brief(b"," * 30_000)) == "brief/parts"
    assert refusal_of(lambda: parse_brief(b"x" * (9 << 20))) == "canonical/too-large"
    signed = club.vouched(AT).decode()
    many = signed + parse_note(signed.encode()).signatures[0].line * 10_000
    assert refusal_of(lambda: check_brief(replace(brief, state=many.encode()), pin)) == "note/too-large"
    many = signed + parse_note(signed.encode()).signatures[0].line * 98
    assert refusal_of(lambda: check_brief(replace(brief, state=many.encode()), pin)) == "note/too-many-signatures"
    head = brief.checkpoint.decode()
    many = head + parse_note(brief.checkpoint).signatures[-1].line * 10_000
    assert refusal_of(lambda: check_brief(replace(brief, checkpoint=many.encode()), pin)).startswith("note/too-")
    long = LeafProof(club.leaves[0], 0, (bytes(32),) * 65)
    assert refusal_of(lambda: check_brief(replace(brief, entry=long), pin)) == "proof/length"
    fat = replace(brief, entry=LeafProof(bytes(1 << 16), 0, ()))
    assert refusal_of(lambda: parse_brief(fat.to_bytes())) == "brief/leaf"
