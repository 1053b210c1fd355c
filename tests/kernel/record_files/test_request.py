"""Laws of requests and of their review that the vectors (tests/conformance/test_request_vectors.py) leave to Python alone."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from commonhold.kernel.errors import FormatError, RuleError
from commonhold.kernel.keys import fingerprint
from commonhold.kernel.record.before import Before, before_claim
from commonhold.kernel.record.request import (
    MAX_REQUEST_BYTES,
    Request,
    entry_url,
    given_bytes,
    link_text,
    parse_given,
    parse_request,
    target_of,
)
from commonhold.kernel.record.review import MAX_EPOCHS, compared, needed, review
from commonhold.kernel.record.telling import payload_facts
from commonhold.kernel.texts import text_digest
from commonhold.testing.house import FAR
from commonhold.testing.requests import TEXT, Club, bent
from tests.attacks import Mutation, attack

CLUB = Club("requests", partnered=False)
KIT = CLUB.kits["tern"].keys
PROPOSE = {"kind": "statement", "payload": {"text": text_digest(TEXT), "language": "en"}, "not_after": FAR}


def refused(code: str, work: Any) -> None:
    with pytest.raises((FormatError, RuleError)) as refusal:
        work()
    assert refusal.value.code == code


def asked() -> Request:
    return CLUB.asks("tern", "propose", PROPOSE, texts={text_digest(TEXT): TEXT}, urls=("https://knot.example",))


def test_a_request_reads_as_it_was_written() -> None:
    """Bytes and value stand for each other, with a claim, with a proof, and as a link."""
    request = asked()
    assert parse_request(request.to_bytes()) == request
    assert parse_given(f"signer.html#{link_text(request.to_bytes())}") == request
    assert given_bytes(f"  {request.to_bytes().decode()}\n") == request.to_bytes()
    vouched = replace(request, claim=None, brief={"form": "x"})
    assert parse_request(vouched.to_bytes()) == vouched
    founding = CLUB.asks("tern", "accept", {"of": CLUB.org})
    assert parse_request(founding.to_bytes()) == founding
    assert request.number != founding.number


def test_what_is_far_too_large_is_not_read() -> None:
    """Size is looked at before anything else is."""
    refused("request/too-large", lambda: parse_given("x" * (2 * MAX_REQUEST_BYTES + 1)))
    refused("request/too-large", lambda: parse_request(b" " * (MAX_REQUEST_BYTES + 1)))


def test_an_entry_for_a_mirror_goes_to_its_node() -> None:
    """The log that is served takes its own entries; a partner takes them for all logs at one place."""
    assert entry_url("https://log.example/record/") == "https://log.example/record/entry"
    assert entry_url("https://knot.example/mirror/" + "0" * 64) == "https://knot.example/entry"


def test_what_a_review_has_to_know_follows_from_the_act() -> None:
    """Each act asks for its member and for what it is about, and in later epochs for how they came about."""
    org, me = CLUB.org, ("members", "tern")

    def keys(type: str, body: dict[str, Any], epoch: int = 0) -> list[tuple[str, str]]:
        return needed(type, body, org=org, epoch=epoch, member="tern")

    assert keys("approve", {"proposal": "ab"}) == [me, ("proposals", "ab")]
    assert keys("accept", {"of": org}) == [me]
    assert keys("accept", {"of": "ab"}, 2) == [me, ("proposals", "ab"), ("epochs", "1"), ("epochs", "2")]
    assert keys("withdraw", {"what": "seat", "of": "chair"}) == [me, ("seats", "chair/tern")]
    assert keys("withdraw", {"what": "delegation", "of": "spend"}) == [me, ("delegations", "spend/tern")]
    assert keys("propose", {"kind": "expel"}) == [me, ("rules", "decisions.expel")]
    assert len(keys("accept", {"of": org}, 99)) == 1 + MAX_EPOCHS
    assert target_of("withdraw", {"what": "approval", "of": "ab"}) == "ab"


def test_a_key_is_named_by_whoever_compared_it() -> None:
    """The request may leave the key out, and may not name another than the one whose words were compared."""
    request = asked()
    found = review(request, before_claim(request), "tern", KIT, CLUB.now)
    approve = replace(found, request=replace(request, body={"proposal": "ab"}))
    assert compared(approve, "cd") == {"proposal": "ab", "key": "cd"}
    named = replace(found, request=replace(request, body={"proposal": "ab", "key": "ef"}))
    refused("act/fingerprint", lambda: compared(named, "cd"))


@attack(
    "signer-unseen-key",
    Mutation(
        "src/commonhold/kernel/record/telling.py",
        find='*(Fact("key-added", {"words": six}) for six in words)]',
        replace="*()]",
    ),
    Mutation(
        "src/commonhold/kernel/record/telling.py",
        find='Fact("do-publish", {"work": payload["work"]})',
        replace='Fact("do-publish", {"work": payload["work"][:SHORT]})',
    ),
)
def test_whose_key_or_which_work_an_act_is_about_is_said_whole() -> None:
    """A thief's key for a member's own, or a work that was made to begin with the same digits, does not look like what was meant."""
    own, thief = CLUB.new_kit("own"), CLUB.new_kit("thief")
    told = []
    for kit in (own, thief):
        payload = {"member": "tern", "add": [kit.keys.to_value()], "revoke": [KIT.key_id]}
        request = CLUB.asks("tern", "propose", {"kind": "rotate-key", "payload": payload, "not_after": FAR}, texts={})
        told.append(review(request, before_claim(request), "tern", KIT, CLUB.now).facts)
    assert [" ".join(fingerprint(kit.keys)) for kit in (own, thief)] == [facts[2].values["words"] for facts in told]
    works = ["ab" * 32, "ab" * 31 + "cd"]
    assert [payload_facts("publish", {"work": work})[0].values["work"] for work in works] == works


def in_epoch(epoch: int, **values: Any) -> Any:
    """A review in a later epoch of what somebody says of the epochs."""
    request = replace(asked(), epoch=epoch)
    claimed = before_claim(asked())
    before = replace(claimed, epoch=epoch, values={**claimed.values, **{("epochs", key[1:]): value for key, value in values.items()}})
    return review(request, before, "tern", KIT, CLUB.now)


def test_epochs_are_looked_at_one_by_one_and_not_without_end() -> None:
    """What is said of an epoch has its form, and no more than sixteen are looked at."""
    refused("request/other-epoch", lambda: in_epoch(MAX_EPOCHS + 1))
    for strange in (None, "x", {}, {"parent": "x"}, {"parent": {"size": "5"}}, {"parent": {"size": 0}}):
        refused("epoch/other-open", lambda strange=strange: in_epoch(1, _1=strange))
    refused("request/value", lambda: in_epoch(1))
    assert in_epoch(2, _1={"parent": {"size": 5}, "proposal": "x"}, _2={"parent": {"size": 7}, "proposal": "y"}).before.epoch == 2


def test_a_rule_that_says_no_article_is_no_article() -> None:
    """What is shown as an article is one; a claim can say anything."""
    request = asked()
    before: Before = before_claim(request)
    for rule in (None, "x", {"article": 5}):
        values = {**before.values, ("rules", "decisions.statement"): rule}
        found = review(request, replace(before, values=values), "tern", KIT, CLUB.now)
        assert "under" not in {fact.say for fact in found.facts}


def test_a_founding_without_seats_or_with_a_strange_charter_is_shown_as_far_as_it_goes() -> None:
    """A founding is known by its digest; what is not as charters have it is not shown, and nothing fails."""
    from commonhold.kernel import b64
    from commonhold.kernel.record import entries

    def founding(charter: Any) -> Any:
        body = {
            "charter": charter,
            "log_key": b64.encode(CLUB.log.verifier.public),
            "members": [{"member": "tern", "kit": KIT.to_value()}],
            "seats": [],
        }
        kit = CLUB.kits["tern"]
        unsigned = entries.unsigned_entry(type="found", org="", epoch=0, by="tern", key=kit.key_id, seen=None, nonce=bytes(16), body=body)
        leaf = entries.with_signature(unsigned, kit.sign(entries.signed_bytes(unsigned)))
        org = entries.entry_id(unsigned)
        request = Request(org, 0, "accept", {"of": org})
        return review(request, Before(org, 0, 1, bytes(32), None, {}, leaf), "tern", KIT, CLUB.now)

    for charter in (
        {},
        {"rules": "x", "articles": "x"},
        {"rules": {"charter": "x"}},
        {"rules": {"charter": {"id": 5}}, "articles": {"1": ["x"]}},
    ):
        found = founding(charter)
        assert found.facts[0].values == {"name": ""}
        assert not found.texts
        assert "founding-seats" not in {fact.say for fact in found.facts}


def test_a_claim_of_anything_at_all_is_refused_or_shown_and_never_a_fault() -> None:
    """Whoever writes a claim can put any value anywhere: articles that are a number, acts that are a list."""
    proposal = CLUB.propose("heron", "statement", PROPOSE["payload"])
    request = CLUB.asks("tern", "approve", {"proposal": proposal}, texts={text_digest(TEXT): TEXT})
    for name in ("articles", "approvals", "objections", "confirms", "waited_at", "ratify_until", "closed", "why"):
        for strange in (5, "x", [5], {"tern": 5}, {"tern": {"key": [5]}}, True):

            def change(value: dict[str, Any], name: str = name, strange: Any = strange) -> None:
                row = next(row for row in value["claim"]["values"] if row["part"] == "proposals")
                row["value"][name] = strange

            twisted = parse_given(bent(request, change))
            assert review(twisted, before_claim(twisted), "tern", KIT, CLUB.now).facts[0].say == "act-approve"
    assert json.loads(request.to_bytes())["act"]["type"] == "approve"
