"""Laws of effects: what each kind changes once it is enacted, and when it cannot."""

from __future__ import annotations

from typing import Any

import pytest

from commonhold.kernel.kinds import NEVER_EMERGENCY, NEVER_EVERYDAY
from commonhold.kernel.notes import COSIGNATURE, VerifierKey
from commonhold.kernel.record.briefing import wanted_of
from commonhold.kernel.record.queries import describe_proposal
from tests.attacks import Mutation, attack
from tests.kernel.record.helpers import DAY, T0, Club, charter, text

SITE, NEW = "https://club.example/", "https://new.example/"


def test_an_id_is_never_used_twice() -> None:
    """Neither a member's nor a former member's pseudonym can be given to another."""
    club = Club()
    key = club.new_kit("dunlin").keys.to_value()
    club.refused_proposal("heron", "admit", {"member": "dunlin", "keys": [key]}, "effect/member-exists")
    club.propose("dunlin", "depart", {"member": "dunlin"})
    club.refused_proposal("heron", "admit", {"member": "dunlin", "keys": [key]}, "effect/member-exists")


def test_who_leaves_or_is_expelled_loses_seats_keys_and_offers() -> None:
    """Nothing of theirs counts afterwards, and their id stays used."""
    for kind, status in (("depart", "departed"), ("expel", "expelled")):
        club = Club()
        club.offer("editor", "tern")
        if kind == "depart":
            club.propose("tern", kind, {"member": "tern"})
        else:
            club.decide(kind, {"member": "tern"}, "heron", "plover", "curlew")
        gone = club.member("tern")
        assert (gone.status, gone.keys, gone.kit) == (status, {}, "")
        assert not [seat for seat in club.state.part("seats").values() if seat.member == "tern"]
        assert club.state.keyring[club.kits["tern"].key_id].revoked == club.state.size - 1
        club.refused_proposal("heron", "expel", {"member": "tern"}, "effect/not-a-member")
        club.refused_proposal("heron", "appoint", {"office": "editor", "member": "tern"}, "effect/not-a-member")


def test_channels_are_added_moved_and_struck() -> None:
    """What is not a channel cannot be struck, what is one cannot be added, and a struck one stays struck."""
    club = Club()
    club.refused_proposal("heron", "channel", {"op": "strike", "address": SITE}, "effect/no-channel")
    club.decide("channel", {"op": "add", "address": SITE}, "heron")
    club.refused_proposal("heron", "channel", {"op": "add", "address": SITE}, "effect/channel-exists")
    club.refused_proposal("heron", "channel", {"op": "move", "address": SITE}, "effect/no-address")
    club.decide("channel", {"op": "move", "address": SITE, "to": NEW}, "heron")
    channels = club.state.part("channels")
    assert {address: item.status for address, item in channels.items()} == {SITE: "moved", NEW: "stands"}
    club.refused_proposal("heron", "channel", {"op": "strike", "address": SITE}, "effect/no-channel")
    club.decide("channel", {"op": "strike", "address": NEW}, "heron")
    assert club.state.part("channels")[NEW].status == "struck"
    club.decide("channel", {"op": "add", "address": NEW}, "heron")
    assert club.state.part("channels")[NEW].status == "stands"


def test_a_statement_is_published_once_and_works_and_trustees_are_recorded() -> None:
    """With the approvers and the articles that they acted under."""
    club = Club()
    club.decide("statement", {"text": text("s"), "language": "en"}, "heron", "tern")
    club.refused_proposal("heron", "statement", {"text": text("s"), "language": "cy"}, "effect/published")
    club.decide("publish", {"work": text("w")}, "plover")
    club.decide("entrust", {"resource": "transmitter", "holders": ["curlew", "dunlin"]})
    club.refused_proposal("heron", "entrust", {"resource": "transmitter", "holders": ["gannet"]}, "effect/not-a-member")
    assert club.state.part("statements")[text("s")].articles == ("1.4",)
    assert club.state.part("works")[text("w")].approvers == ("plover",)
    assert club.state.part("resources")["transmitter"].value["holders"] == ["curlew", "dunlin"]


@attack(
    "store-06",
    Mutation("src/commonhold/kernel/record/effects.py", find="        if digest in in_force:", replace="        if not digest:"),
    Mutation(
        "src/commonhold/kernel/kinds.py",
        find='        "entrust",\n        "erase",\n        "expel",\n        "mandate",',
        replace='        "entrust",\n        "expel",\n        "mandate",',
    ),
)
def test_what_is_erased_is_named_once_and_is_never_the_charter_in_force() -> None:
    """Only by the charter's rule and with a kit; a text of the charter in force is refused, alone or among others, and nothing of that proposal is erased."""
    assert "erase" in NEVER_EVERYDAY & NEVER_EMERGENCY
    club = Club({"decisions/erase": {"article": "1.4", "by": {"office": "editor"}}})
    article = next(iter(club.state.charter.articles.values())).hex()
    for objects in ([article], [text("a"), article], [str(club.state.charter.value["title"])]):
        club.refused_proposal("plover", "erase", {"objects": objects}, "effect/charter-text")
    assert not club.state.part("erasures")
    both = club.decide("erase", {"objects": [text("a"), text("b")]}, "plover")
    assert wanted_of(both, club.state.proposal(both)) == (("proposals", both), ("erasures", text("a")), ("erasures", text("b")))
    assert set(club.state.part("erasures")) == {text("a"), text("b")}
    assert club.state.part("erasures")[text("a")].approvers == ("plover",)
    club.refused_proposal("plover", "erase", {"objects": [text("c"), text("a")]}, "effect/erased")
    open_one = club.propose("plover", "erase", {"objects": [text("c")]})
    assert text("c") not in club.state.part("erasures")
    club.approve(open_one, "plover")
    assert text("c") in club.state.part("erasures")


def spend(club: Club, amount: int, *, currency: str = "EUR") -> dict[str, Any]:
    return {"text": text(f"{amount} {club.state.size}"), "amount": amount, "currency": currency}


def test_money_goes_to_the_rule_for_its_amount() -> None:
    """Up to 200 the treasurer alone, up to 2000 chair and treasurer, above that the assembly, in the charter's currency."""
    club = Club()
    for amount, needs in ((200, {"1 treasurer"}), (201, {"2 chair or treasurer"}), (2001, {"3 assembly"})):
        proposal = club.propose("tern", "spend_small", spend(club, amount))
        assert {f"{need['required']} {need['what']}" for need in describe_proposal(club.state, proposal)["needs"]} == needs
    club.refused_proposal("tern", "spend_small", spend(club, 1, currency="GBP"), "charter/currency")
    club.refused_proposal("tern", "spend_small", {"text": text("none")}, "charter/amount-missing")


def test_many_small_payments_are_one_large_one_within_the_window() -> None:
    """What was spent in thirty days counts together; the window ends exactly thirty days after each payment."""
    club = Club(clocked=True)
    club.decide("spend_small", spend(club, 150), "tern")
    club.tick()
    club.refused_proposal("tern", "spend_small", spend(club, 51), "effect/limit")
    last = club.decide("spend_small", spend(club, 50), "tern")
    rival = club.decide("spend_small", spend(club, 1), "tern")
    club.tick()
    assert (club.status(last), club.status(rival)) == ("enacted", "refused")
    assert rival not in club.state.part("resolutions")
    club.tick(30 * DAY - 2)
    club.refused_proposal("tern", "spend_small", spend(club, 1), "effect/limit")
    club.tick()
    assert club.propose("tern", "spend_small", spend(club, 150))
    club.refused_proposal("tern", "spend_small", spend(club, 151), "effect/limit")


def test_a_limit_without_a_window_bounds_each_payment_alone() -> None:
    """Two payments of 1500 are two decisions of chair and treasurer; an amount of nothing spends nothing."""
    club = Club()
    for amount in (1500, 1500, 0):
        assert club.status(club.decide("spend_large", spend(club, amount), "heron", "tern")) == "enacted"
    assert not club.state.spent
    club.decide("spend_small", spend(club, 0), "tern")
    assert not club.state.spent


def test_without_a_clock_a_window_never_forgets_and_the_first_attest_dates_it() -> None:
    """Otherwise one purchase split into many would pass; the window begins to run with the clock."""
    club = Club()
    club.decide("spend_small", spend(club, 150), "tern")
    club.refused_proposal("tern", "spend_small", spend(club, 51), "effect/limit")
    club.decide("partner", club.make_partners("kestrel", k=1))
    club.attest(T0)
    assert dict(club.state.spent) == {"spend_small": ((T0, 150),)}
    club.attest(T0 + 30 * DAY)
    assert club.propose("tern", "spend_small", spend(club, 200))


def test_keys_are_changed_by_their_owner_alone_and_never_down_to_none() -> None:
    """A changed kit takes the old one's place and keeps its owner's voice in frozen registers."""
    club = Club()
    new = club.new_kit("tern")
    rotate = {"member": "tern", "add": [new.keys.to_value()], "revoke": []}
    club.refused_proposal("heron", "rotate-key", rotate, "effect/not-yours")
    club.refused_proposal("tern", "rotate-key", {"member": "tern", "add": [], "revoke": [club.kits["tern"].key_id]}, "effect/no-key")
    open_one = club.propose("heron", "ordinary", {"text": text("o")})
    club.decide("rotate-key", rotate, "tern")
    club.refused("tern", "approve", "key/revoked", proposal=open_one)
    club.kits["tern"] = new
    club.approve(open_one, "tern")
    assert club.member("tern").kit_since == 0


def test_a_recovered_member_has_the_new_kit_and_no_other_key() -> None:
    """Whoever holds the lost keys can do nothing with them."""
    club = Club()
    lost, kit = club.kits["tern"], club.new_kit("tern")
    club.decide("recover-member", {"member": "tern", "kit": kit.keys.to_value()}, "heron", "plover", "curlew")
    assert club.member("tern").keys == {kit.key_id: kit.keys.to_value()}
    assert club.act("tern", "propose", kit=lost, kind="ordinary", payload={"text": text("o")}, not_after=1).code == "key/revoked"
    club.kits["tern"] = kit
    assert club.propose("tern", "ordinary", {"text": text("o")})


def test_no_decision_empties_the_policy() -> None:
    """A quorum of nobody, a group that is not there or the log's own key among the witnesses is refused before anybody approves it."""
    club = Club(clocked=True)
    payload = club.make_partners("kestrel", "merlin", k=2)
    club.refused_proposal("heron", "partner", {**payload, "quorum": "none"}, "effect/empty-policy")
    club.refused_proposal("heron", "partner", {**payload, "quorum": "nowhere"}, "policy/undefined-name")
    club.refused_proposal("heron", "partner", {**payload, "witnesses": {}}, "payload/shape")
    own = str(VerifierKey.of("kestrel.example", club.state.log_key, COSIGNATURE))
    club.refused_proposal("heron", "partner", {**payload, "witnesses": {**payload["witnesses"], "kestrel": own}}, "policy/duplicate-key")
    assert club.state.policy is not None
    assert club.state.policy.witnesses.keys() == {"kestrel"}


def test_an_amendment_brings_the_rules_of_the_state_in_step() -> None:
    """What was added, changed and removed, and nothing else, is another leaf of the state."""
    club = Club()
    before = dict(club.state.part("rules"))
    changes = {
        "decisions/slow/notice": "P4D",
        "decisions/picnic": {"article": "1.1", "by": {"office": "chair"}},
        "emergency/fog": None,
    }
    club.decide("amend", club.amendment(changes))
    after = dict(club.state.part("rules"))
    assert after.keys() - before.keys() == {"decisions.picnic"}
    assert before.keys() - after.keys() == {"emergency.fog"}
    assert {key for key in before.keys() & after.keys() if before[key] != after[key]} == {"charter", "decisions.slow"}
    assert club.state.charter.value == charter(changes)
    assert club.status(club.decide("picnic", {"text": text("p")}, "heron")) == "enacted"


def test_an_amendment_leaves_nobody_in_a_seat_that_is_not_there() -> None:
    """Seats that are held or accepted, and offices in one hand, come first: the holders step down, then the charter changes."""
    club = Club()
    club.install("editor", "curlew")
    fewer = club.amendment({"offices/editor/seats": 1})
    club.refused_proposal("heron", "amend", fewer, "effect/seats-held")
    club.do("curlew", "withdraw", what="seat", of="editor")
    assert club.status(club.decide("amend", fewer)) == "enacted"
    other = Club()
    other.install("editor", "heron")
    apart = {"incompatible": [{"name": "apart", "article": "1.3", "offices": ["chair", "editor"]}]}
    other.refused_proposal("heron", "amend", other.amendment(apart), "effect/incompatible-held")
    other.do("heron", "withdraw", what="seat", of="editor")
    assert other.status(other.decide("amend", other.amendment(apart))) == "enacted"


@pytest.mark.parametrize("order", [("editor", "warden"), ("warden", "editor")])
def test_the_reason_of_a_refused_decision_is_the_same_for_every_reader(order: tuple[str, str]) -> None:
    """The reason is part of the state digest, so it cannot depend on the order in which a map is walked."""
    offices = {"offices/editor/seats": 3, "offices/warden": {"article": "1.2", "elected_by": "assembly", "seats": 2}}
    club = Club(offices, seats={"chair": "heron"}, clocked=True)
    fewer = {**offices, "offices/editor/seats": 1, "offices/warden": {"article": "1.2", "elected_by": "assembly", "seats": 1}}
    amendment = club.propose("heron", "amend", club.amendment(fewer))
    for office in order:
        club.install(office, "curlew")
        club.install(office, "dunlin")
    club.approve(amendment, "heron", "tern", "plover", "curlew")
    club.tick()
    assert club.status(amendment) == "refused"
    assert club.why(amendment).startswith("2 members hold the office editor")
