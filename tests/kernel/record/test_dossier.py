"""Laws of the dossier: what belongs to a resource, as it was decided and as it stood then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from commonhold.kernel.charter import compile_charter, draft_amendment
from commonhold.kernel.errors import RuleError
from commonhold.kernel.record.dossier import FOUNDING, OFFICE, RESOURCE, Address, Custodian, Decision, Dossier, Subject
from commonhold.kernel.record.gathering import MAX_OPENING, gather, subject_of, texts_wanted
from commonhold.kernel.texts import make_text, text_digest
from commonhold.testing.house import MemoryHouse
from tests.kernel.attacks import saltmarsh
from tests.kernel.record.helpers import DAY, Club

OLD, NEW = "https://pages.example/saltmarsh", "https://square.example/@saltmarsh"


def texts_of_charter() -> dict[str, bytes]:
    files = [(saltmarsh.FOLDER / name).read_text("utf-8") for name in ("charter.md", "charter.toml")]
    return dict(compile_charter(*files).texts)


def decide(house: MemoryHouse, kind: str, payload: Mapping[str, Any], *names: str) -> str:
    """A proposal that these members carry, by default more than half of them."""
    names = names or saltmarsh.MEMBERS[:3]
    proposal = house.propose(names[0], kind, payload)
    for name in names:
        if house.status(proposal) == "open":
            house.approve(proposal, name)
    assert house.status(proposal) == "enacted", house.state.reasons.get(proposal)
    return proposal


def say(house: MemoryHouse, texts: dict[str, bytes], text: str) -> str:
    """An official statement with this text, which is put among the *texts*."""
    raw = make_text(text.encode(), bytes(16))
    texts[text_digest(raw)] = raw
    return decide(house, "statement", {"text": text_digest(raw), "language": "en"}, "heron", "tern")


def made(house: MemoryHouse, name: str, *addresses: str, texts: Mapping[str, bytes] | None = None) -> Dossier:
    return gather(house.state, house.outcomes, subject_of(house.state, name, addresses), texts or {})


def kinds(decisions: Sequence[Decision]) -> list[str]:
    return [decision.kind for decision in decisions]


def test_the_history_holds_what_was_decided_about_the_resource_in_order() -> None:
    """Entrusting, channels, statements that name it, suspensions of its address, and the end of its custodians' places; nothing else."""
    house, texts = saltmarsh.house(), texts_of_charter()
    decide(house, "dismiss", {"office": "editor", "member": "plover"})
    first = decide(house, "entrust", {"resource": "page", "holders": ["plover", "tern"]})
    decide(house, "entrust", {"resource": "mast", "holders": ["avocet"]})
    add = decide(house, "channel", {"op": "add", "address": OLD}, "heron", "tern")
    decide(house, "channel", {"op": "add", "address": "https://elsewhere.example/"}, "heron", "tern")
    said = say(house, texts, f"## News\n\nDo not believe {OLD}.\n")
    say(house, texts, "Nothing about any of it, and no pages.\n")
    stopped = decide(house, "suspend-origin", {"origin": "https://pages.example"}, "heron", "tern")
    decide(house, "suspend-origin", {"origin": "https://elsewhere.example"}, "heron", "tern")
    gone = decide(house, "dismiss", {"office": "treasurer", "member": "tern"})
    second = decide(house, "entrust", {"resource": "page", "holders": ["curlew"]})
    found = made(house, "page", OLD, texts=texts)
    assert [decision.entry for decision in found.history] == [first, add, said, stopped, gone, second]
    assert [found.history[2].opening, found.history[0].opening] == ["News", ""]
    assert (found.unread, found.refused) == (0, 0)
    by = {decision.entry: decision for decision in found.decisions}
    assert by[first].approvers == ("heron", "plover", "tern")
    assert by[add].offices == {"heron": ("chair",), "tern": ("treasurer",)}
    assert by[second].offices == {"heron": ("chair",)}, "tern was dismissed by then"
    assert (by[first].articles, by[add].articles, by[gone].articles) == (("3.4",), ("3.2",), ("1.3.5",))
    enacted = [house.outcomes[decision.index].entry for decision in found.decisions]
    assert [entry.id if entry else "" for entry in enacted] == [decision.entry for decision in found.decisions]
    assert all(decision.decided >= decision.index for decision in found.decisions)
    assert found.decisions[0].about == FOUNDING
    assert [decision.about for decision in found.decisions[1:]] == [OFFICE, *[RESOURCE] * 6]
    assert [found.number(decision.entry) for decision in found.decisions] == list(range(8))
    assert found.custodians == (
        Custodian("curlew", second, "active", current=True),
        Custodian("plover", first, "active", current=False),
        Custodian("tern", first, "active", current=False),
    )
    assert [(officer.member, officer.office, officer.by, officer.since) for officer in found.officers] == [("heron", "chair", house.org, 0)]
    assert (found.name, found.title, found.clock, found.size) == ("saltmarsh", "Saltmarsh", None, len(house.leaves))
    assert (found.speakers, found.speaking) == (("3.1",), ("chair", "editor", "treasurer"))


def test_addresses_are_followed_where_they_moved_from_and_to() -> None:
    """Whoever knows one address of a channel learns of all, and what the record says of each."""
    house = saltmarsh.house()
    further = "https://third.example/"
    for payload in (
        {"op": "add", "address": OLD},
        {"op": "move", "address": OLD, "to": NEW},
        {"op": "move", "address": NEW, "to": further},
        {"op": "strike", "address": further},
    ):
        decide(house, "channel", payload, "heron", "tern")
    for address in (OLD, NEW, further):
        assert set(subject_of(house.state, address).addresses) == {OLD, NEW, further}
    found = made(house, OLD, "https://not.example/known")
    assert (found.subject.resource, found.subject.name, found.custodians) == ("", OLD, ())
    assert sorted(found.addresses, key=lambda item: item.address) == [
        Address("https://not.example/known", "unknown"),
        Address(OLD, "moved", NEW),
        Address(NEW, "moved", further),
        Address(further, "struck"),
    ]
    assert kinds(found.history) == ["channel"] * 4


def test_an_unknown_resource_is_answered_with_what_there_is() -> None:
    """At most twenty names, and a way on where there are none."""
    house = saltmarsh.house()
    with pytest.raises(RuleError) as caught:
        subject_of(house.state, "page")
    assert (caught.value.code, caught.value.data) == ("dossier/unknown", {"resources": [], "channels": []})
    assert "knows none at all" in str(caught.value)
    assert "commonhold propose entrust" in caught.value.next_step
    for n in range(22):
        decide(house, "channel", {"op": "add", "address": f"https://a.example/{n:02}"}, "heron", "tern")
    with pytest.raises(RuleError, match=r"https://a\.example/19 and 2 more") as caught:
        subject_of(house.state, "page", [OLD])
    assert caught.value.next_step == "Name one of these."


def test_an_article_is_shown_as_it_stood_when_the_decision_was_judged() -> None:
    """The text that an amendment has replaced stays beside its decision, marked, and one that is absent or no article is said to be missing."""
    house, texts = saltmarsh.house(), texts_of_charter()
    decide(house, "entrust", {"resource": "page", "holders": ["tern"]})
    old = house.state.charter.articles["3.4"].hex()
    new = b"\nMore than half of all members decide, and no others.\n"
    digest = text_digest(new)
    base = house.state.charter.value
    payload = draft_amendment(base, {**base, "articles": {**base["articles"], "3.4": digest}})  # type: ignore[dict-item] # a charter as it was parsed
    decide(house, "amend", payload, *saltmarsh.MEMBERS[:4])
    decide(house, "entrust", {"resource": "page", "holders": ["heron"]})
    assert {old, digest} <= texts_wanted(house.state, house.outcomes)
    found = made(house, "page", texts={**texts, digest: new})
    both = {article.digest: article for article in found.articles if article.number == "3.4"}
    assert (both[old].in_force, both[old].title, both[old].found) == (False, "What is entrusted", True)
    assert (both[digest].in_force, both[digest].text) == (True, "More than half of all members decide, and no others.")
    assert found.history[0].charter != found.history[1].charter
    assert [article.number for article in found.articles if article.in_force] == [
        "1.3.1",
        "1.3.4",
        "1.3.5",
        "1.4.3",
        "3.1",
        "3.2",
        "3.4",
        "4.3",
    ]
    absent = made(house, "page", texts={digest: b"no article"})
    assert not any(article.found or article.text or article.title for article in absent.articles)
    assert absent.title == ""


def test_a_statement_whose_text_is_not_at_hand_is_counted_and_not_guessed() -> None:
    """Absent or not a text: nobody says that it names the resource, or that it does not."""
    house, texts = saltmarsh.house(), dict[str, bytes]()
    decide(house, "entrust", {"resource": "page", "holders": ["tern"]})
    long, bare = say(house, texts, "The page " * 40), say(house, texts, "##\n# page")
    say(house, texts, "Somebody has our page.")
    digest = house.state.proposal(long).payload["text"]  # type: ignore[union-attr] # it was proposed above
    found = made(house, "page", texts=texts)
    openings = {decision.entry: decision.opening for decision in found.history}
    assert (len(openings[long]), openings[bare], found.unread) == (MAX_OPENING - 1, "page", 0)
    assert openings[long].endswith("...")
    assert made(house, "page", texts={**texts, digest: b"junk"}).unread == 1
    assert (made(house, "page").unread, kinds(made(house, "page").history)) == (3, ["entrust"])


def test_who_left_is_told_where_they_held_something() -> None:
    """A custodian's or an officer's end of membership belongs here, that of anybody else does not; nor does a key."""
    house = saltmarsh.house(members=saltmarsh.SEVEN)
    decide(house, "entrust", {"resource": "page", "holders": ["tern"]}, *saltmarsh.SEVEN[:4])
    chosen = decide(house, "appoint", {"office": "editor", "member": "curlew"}, *saltmarsh.SEVEN[:4])
    house.do("curlew", "accept", of=chosen)
    decide(house, "depart", {"member": "knot"}, "knot")
    decide(house, "depart", {"member": "tern"}, "tern")
    decide(house, "depart", {"member": "plover"}, "plover")
    decide(house, "rotate-key", {"member": "heron", "add": [house.new_kit("heron").keys.to_value()], "revoke": []}, "heron")
    found = made(house, "page")
    assert [(decision.kind, decision.payload.get("member", ""), decision.about) for decision in found.decisions] == [
        ("found", "", FOUNDING),
        ("entrust", "", RESOURCE),
        ("appoint", "curlew", OFFICE),
        ("depart", "tern", RESOURCE),
        ("depart", "plover", OFFICE),
    ]
    assert found.decisions[3].approvers == ()
    assert found.custodians == (Custodian("tern", found.decisions[1].entry, "departed", current=True),)


def test_without_an_address_every_suspension_is_told() -> None:
    """Nobody can say then which web address belongs to the resource; an address without a host matches none."""
    house = saltmarsh.house()
    decide(house, "entrust", {"resource": "page", "holders": ["tern"]})
    decide(house, "suspend-origin", {"origin": "https://house.example"}, "heron", "tern")
    assert kinds(made(house, "page").history) == ["entrust", "suspend-origin"]
    assert kinds(made(house, "page", "///").history) == ["entrust", "suspend-origin"]
    assert kinds(made(house, "page", "mail@house.example").history) == ["entrust", "suspend-origin"]
    assert kinds(made(house, "page", "mail@other.example").history) == ["entrust"]


def test_times_are_those_of_the_clock_and_an_undone_emergency_is_no_custody() -> None:
    """An emergency act that lapsed is told as that, and whoever it named is no custodian by it; one that was ratified stands."""
    club = Club(clocked=True)
    first = club.decide("entrust", {"resource": "transmitter", "holders": ["tern"]})
    club.tick(60)
    at = club.now
    lapsed = club.decide("entrust", {"resource": "transmitter", "holders": ["tern", "curlew"]}, "heron", emergency="storm")
    club.tick()
    club.tick(15 * DAY)
    found = made(club, "transmitter")
    assert [(decision.entry, decision.time, decision.ended) for decision in found.history] == [
        (first, at, ""),
        (lapsed, club.now, "lapsed"),
    ]
    assert found.custodians == (Custodian("tern", first, "active", current=True),)
    assert found.clock == club.now
    club = Club(clocked=True)
    ratified = club.decide("entrust", {"resource": "transmitter", "holders": ["tern"]}, "heron", emergency="storm")
    club.tick()
    club.approve(ratified, "tern", "plover")
    club.tick()
    again = made(club, "transmitter")
    assert [(decision.entry, decision.time, decision.ended) for decision in again.history] == [(ratified, club.now, "ratified")]
    assert again.custodians == (Custodian("tern", ratified, "active", current=True),)


def test_a_charter_without_a_rule_for_statements_names_no_speakers() -> None:
    """Nor does one whose rule is a majority of members name an office."""
    club = Club({"decisions/statement": None, "emergency/storm/may": ["entrust"]})
    club.decide("entrust", {"resource": "mast", "holders": ["tern"]})
    assert (made(club, "mast").speakers, made(club, "mast").speaking) == ((), ())
    club = Club({"decisions/statement": {"article": "1.4", "by": "assembly", "pass": {"base": "register", "more_than": "1/2"}}})
    club.decide("entrust", {"resource": "mast", "holders": ["tern"]})
    assert (made(club, "mast").speakers, made(club, "mast").speaking) == (("1.4",), ())


def test_a_subject_is_called_by_its_resource() -> None:
    """And by its first address where it has no other name."""
    assert Subject("page", (OLD,)).name == "page"
    assert Subject("", (OLD, NEW)).name == OLD
