"""Laws of keys and acts: what takes the kit, what a passkey may do, and which fingerprints approvers compare."""

from __future__ import annotations

from tests.authenticator import Authenticator
from tests.kernel.record.helpers import Club, text

PASSKEY = Authenticator("eddsa", 1)
OTHER = Authenticator("eddsa", 2)
ORIGIN = PASSKEY.origins[0]


def with_passkey(club: Club, name: str, passkey: Authenticator = PASSKEY) -> None:
    """Let *name* add a passkey to their kit."""
    proposal = club.propose(name, "rotate-key", {"member": name, "add": [passkey.passkey.to_value()], "revoke": []})
    club.approve(proposal, name)
    if club.state.clock is not None:
        club.tick()
    assert club.status(proposal) == "enacted"


def test_a_passkey_decides_everyday_kinds_and_nothing_else() -> None:
    """An editor publishes with a telephone; a channel, a seat or a statement takes the kit."""
    club = Club()
    with_passkey(club, "plover")
    assert club.press("plover", PASSKEY, "propose", kind="publish", payload={"work": text("w")}, not_after=1).counts
    entry = club.last.entry
    assert entry is not None
    assert club.press("plover", PASSKEY, "approve", proposal=entry.id).counts
    assert club.status(entry.id) == "enacted"
    body = {"kind": "layout", "payload": {"text": text("l")}, "not_after": 1}
    assert club.press("plover", PASSKEY, "propose", **body).code == "act/needs-kit"
    proposal = club.propose("heron", "ordinary", {"text": text("o")})
    assert club.press("plover", PASSKEY, "approve", proposal=proposal).code == "act/needs-kit"
    assert not club.proposal(proposal).approvals


def test_objecting_and_withdrawing_take_the_kit_of_a_member_who_has_one() -> None:
    """Whoever seizes the house's domain cannot take back the members' objections."""
    club = Club()
    with_passkey(club, "plover")
    proposal = club.propose("plover", "publish", {"work": text("w")})
    assert club.press("plover", PASSKEY, "object", proposal=proposal).code == "act/needs-kit"
    assert club.press("plover", PASSKEY, "withdraw", what="proposal", of=proposal).code == "act/needs-kit"
    assert club.status(proposal) == "open"


def test_a_member_with_a_passkey_alone_speaks_in_everyday_matters() -> None:
    """They object, propose and withdraw there; their voice is in no register of acts that take the kit, and they cannot hold an office."""
    club = Club()
    club.admit("gannet", key=PASSKEY.passkey.to_value(), kit=False)
    assert club.press("gannet", PASSKEY, "propose", kind="publish", payload={"work": text("w")}, not_after=1).counts
    assert club.last.entry is not None
    work = club.last.entry.id
    assert club.press("gannet", PASSKEY, "object", proposal=work).counts
    assert club.press("gannet", PASSKEY, "withdraw", what="proposal", of=work).counts
    serious = club.propose("heron", "ordinary", {"text": text("o")})
    assert club.proposal(serious).bases == {"assembly": 5}
    assert club.press("gannet", PASSKEY, "approve", proposal=serious).code == "act/needs-kit"
    club.refused_proposal("heron", "appoint", {"office": "editor", "member": "gannet"}, "effect/no-kit")


def test_a_first_kit_is_a_decision_and_counts_from_then_on() -> None:
    """A passkey enrols nothing; 'recover-member' gives the kit, and registers frozen earlier stay without it."""
    club = Club()
    club.admit("gannet", key=PASSKEY.passkey.to_value(), kit=False)
    before = club.propose("heron", "ordinary", {"text": text("before")})
    kit = club.kits["gannet"] = club.new_kit("gannet")
    body = {"kind": "rotate-key", "payload": {"member": "gannet", "add": [kit.keys.to_value()], "revoke": []}, "not_after": 1}
    assert club.press("gannet", PASSKEY, "propose", **body).code == "act/needs-kit"
    club.decide("recover-member", {"member": "gannet", "kit": kit.keys.to_value()})
    assert club.member("gannet").kit == kit.key_id
    club.refused("gannet", "approve", "act/cannot-count", proposal=before)
    after = club.propose("heron", "ordinary", {"text": text("after")})
    assert club.proposal(after).bases == {"assembly": 6}
    club.approve(after, "gannet")


def test_a_suspended_origin_signs_nothing_and_its_passkeys_return_when_it_is_lifted() -> None:
    """Any two members suspend a domain that may be in the wrong hands; without a clock a decision lifts it."""
    club = Club()
    with_passkey(club, "plover")
    publish = {"kind": "publish", "payload": {"work": text("w")}, "not_after": 1}
    club.refused_proposal("heron", "suspend-origin", {"origin": ORIGIN, "lift": True}, "effect/not-suspended")
    club.decide("suspend-origin", {"origin": ORIGIN}, "curlew", "dunlin")
    assert dict(club.state.part("origins")) == {ORIGIN: 0}
    assert club.press("plover", PASSKEY, "propose", **publish).code == "webauthn/origin-suspended"
    club.decide("suspend-origin", {"origin": ORIGIN, "lift": True}, "curlew", "dunlin")
    assert club.press("plover", PASSKEY, "propose", **publish).counts


def test_a_suspension_ends_after_fourteen_days_of_the_clock() -> None:
    """Fourteen days from the attest that enacted it; one that is older than the clock is dated by the first attest."""
    club = Club(clocked=True)
    club.decide("suspend-origin", {"origin": ORIGIN}, "curlew", "dunlin")
    club.tick()
    club.tick(14 * 86_400 - 1)
    assert ORIGIN in club.state.part("origins")
    club.tick()
    assert not club.state.part("origins")
    old = Club()
    old.decide("suspend-origin", {"origin": ORIGIN}, "curlew", "dunlin")
    old.decide("partner", old.make_partners("kestrel", k=1))
    old.attest(1_900_000_000)
    assert dict(old.state.part("origins")) == {ORIGIN: 1_900_000_000 + 14 * 86_400}


def test_approvers_of_a_new_key_name_the_key_that_they_compared() -> None:
    """Without the key's id, or with another's, an approval of admit or recover-member is refused."""
    club = Club()
    kit = club.new_kit("gannet")
    proposal = club.propose("heron", "admit", {"member": "gannet", "keys": [kit.keys.to_value()]})
    club.refused("heron", "approve", "act/fingerprint", proposal=proposal)
    club.refused("heron", "approve", "act/fingerprint", proposal=proposal, key=text("another"))
    recovery = club.propose("heron", "recover-member", {"member": "dunlin", "kit": club.new_kit("dunlin").keys.to_value()})
    club.refused("heron", "approve", "act/fingerprint", proposal=recovery, key=kit.key_id)
    club.approve(proposal, "heron", "tern", "plover")
    assert club.member("gannet").kit == kit.key_id


def test_an_admission_brings_one_key() -> None:
    """A second key would come in behind the one whose fingerprint was compared; none at all could tell nobody from a forger."""
    club = Club()
    keys = [club.new_kit("gannet").keys.to_value(), OTHER.passkey.to_value()]
    club.refused_proposal("heron", "admit", {"member": "gannet", "keys": keys}, "effect/one-key")
    club.refused_proposal("heron", "admit", {"member": "gannet", "keys": []}, "effect/no-key")


def test_a_seat_takes_an_acceptance_with_the_kit() -> None:
    """An offer confers nothing; a passkey, a stranger, a blind or a second acceptance does not take it."""
    club = Club()
    with_passkey(club, "curlew")
    offer = club.offer("editor", "curlew")
    assert club.state.offices_of("curlew") == ()
    assert club.press("curlew", PASSKEY, "accept", of=offer).code == "act/needs-kit"
    club.refused("dunlin", "accept", "act/no-offer", of=offer)
    club.refused("curlew", "accept", "act/no-offer", of=text("none"))
    club.refused("curlew", "accept", "act/no-offer", of=club.decide("ordinary", {"text": text("o")}))
    assert club.append(club.sign("curlew", "accept", {"of": offer}, seen=club.proposal(offer).closed)).code == "act/seen-too-little"
    club.do("curlew", "accept", of=offer)
    assert club.state.offices_of("curlew") == ("editor",)
    club.refused("curlew", "accept", "act/no-offer", of=offer)


def test_a_revoked_key_drops_from_the_numerator_and_its_owner_may_approve_again() -> None:
    """An approval by a kit that was changed since does not count; the same person signs again and counts once."""
    club = Club()
    proposal = club.propose("heron", "ordinary", {"text": text("o")})
    club.approve(proposal, "heron", "tern")
    new = club.new_kit("tern")
    change = club.propose("tern", "rotate-key", {"member": "tern", "add": [new.keys.to_value()], "revoke": []})
    club.approve(change, "tern")
    club.kits["tern"] = new
    club.approve(proposal, "plover")
    assert club.status(proposal) == "open"
    club.approve(proposal, "tern")
    assert club.status(proposal) == "enacted"
    assert club.state.part("resolutions")[proposal].approvers == ("heron", "plover", "tern")


def test_an_objection_by_a_revoked_key_can_be_made_again() -> None:
    """A change of keys silences nobody."""
    club = Club()
    proposal = club.propose("heron", "ordinary", {"text": text("o")})
    club.do("tern", "object", proposal=proposal)
    new = club.new_kit("tern")
    club.decide("rotate-key", {"member": "tern", "add": [new.keys.to_value()], "revoke": []}, "tern")
    club.kits["tern"] = new
    club.do("tern", "object", proposal=proposal)
    assert club.proposal(proposal).objections["tern"].key == new.key_id
