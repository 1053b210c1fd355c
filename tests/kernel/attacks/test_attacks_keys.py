"""Attacks with keys and signatures: too few of them, the same one twice, bent ones, stolen ones, old ones."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from commonhold.kernel import b64, ed25519
from commonhold.kernel.canonical import canonical_bytes
from commonhold.kernel.errors import FormatError
from commonhold.kernel.record import entries
from commonhold.kernel.record.digest import StateTree
from commonhold.kernel.record.entries import parse_entry
from commonhold.kernel.record.queries import describe_proposal
from commonhold.testing.house import FAR, MemoryHouse, derive
from tests.attacks import Mutation, attack
from tests.kernel.attacks.saltmarsh import START, digest, house, partnered, statement

RECORD: Final = "src/commonhold/kernel/record"
ED25519: Final = "src/commonhold/kernel/ed25519.py"
ORDER: Final = 2**252 + 27742317777372353535851937790883648493
IDENTITY: Final = b"\x01" + bytes(31)


def root_of(made: MemoryHouse) -> bytes:
    return StateTree.of(made.state).root()


def unsigned(raw: bytes) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(raw)
    del value["sig"]
    return value


@attack(
    "record-01",
    Mutation(
        f"{RECORD}/tally.py",
        find="        yield need\n",
        replace="        yield Count(need.of, 1) if isinstance(need, Count) else need\n",
    ),
)
def test_one_key_fewer_than_the_charter_asks_for_decides_nothing() -> None:
    """With the chair's stolen key alone a statement of two officers stays open, and its status names whose key was used and who is missing."""
    made = house()
    proposal = made.propose("heron", "statement", statement("the station is closed"))
    made.approve(proposal, "heron")
    assert made.status(proposal) == "open"
    assert not made.state.parts["statements"]
    told = describe_proposal(made.state, proposal)
    assert told["approved"] == ["heron"]
    assert told["needs"][0]["missing"] == 1
    assert told["needs"][0]["who_still_can"] == ["plover", "tern"]


@attack(
    "record-02",
    Mutation(
        f"{RECORD}/acts.py",
        find='if existing is not None and existing.key in member.keys:\n        raise RuleError(\n            f"{entry.by} has approved',
        replace='if existing is None and False:\n        raise RuleError(\n            f"{entry.by} has approved',
    ),
)
def test_one_person_who_signs_again_is_told_so() -> None:
    """A second approval by the same person is refused and changes nothing."""
    made = house()
    proposal = made.propose("heron", "statement", statement("on air"))
    made.approve(proposal, "heron")
    before = root_of(made)
    assert made.act("heron", "approve", proposal=proposal).code == "act/approved"
    assert root_of(made) == before
    assert made.status(proposal) == "open"


@attack(
    "record-02",
    Mutation(
        f"{RECORD}/acts.py",
        find="approvals = {**proposal.approvals, entry.by: Act(",
        replace="approvals = {**proposal.approvals, entry.by if entry.by not in proposal.approvals else 'plover': Act(",
    ),
)
def test_a_second_key_is_no_second_voice() -> None:
    """Whoever approves with one kit, changes it, and approves with the new one has approved once."""
    made = house()
    proposal = made.propose("heron", "statement", statement("on air"))
    made.approve(proposal, "heron")
    new = made.new_kit("heron")
    change = made.propose("heron", "rotate-key", {"member": "heron", "add": [new.keys.to_value()], "revoke": []})
    made.approve(change, "heron")
    made.kits["heron"] = new
    made.approve(proposal, "heron")
    assert made.status(proposal) == "open"
    assert [*made.state.parts["proposals"][proposal].approvals] == ["heron"]
    made.approve(proposal, "tern")
    assert made.status(proposal) == "enacted"


@attack(
    "record-02",
    Mutation(
        f"{RECORD}/tally.py",
        find="frozenset([name for name, act in approvals.items() if counts_for(",
        replace="frozenset([f'{name} as {o}' for name, act in approvals.items() for o in act.offices if counts_for(",
    ),
)
def test_two_offices_are_no_second_voice() -> None:
    """Somebody who is chair and editor counts once where the charter asks for two of the officers, also when the other one's voice has gone."""
    made = house({"chair": "heron", "treasurer": "tern", "editor": "heron"})
    assert made.state.offices_of("heron") == ("chair", "editor")
    proposal = made.propose("heron", "statement", statement("on air"))
    made.approve(proposal, "tern")
    fall = made.propose("plover", "dismiss", {"office": "treasurer", "member": "tern"})
    made.approve(fall, "plover", "curlew", "avocet")
    made.approve(proposal, "heron")
    assert made.status(proposal) == "open"
    told = describe_proposal(made.state, proposal)["needs"][0]
    assert (told["counted"], told["missing"]) == (["heron"], 1)


@attack("record-03", Mutation("src/commonhold/kernel/keys.py", find="ed25519.check_public_key(sign)", replace="len(sign)"))
def test_a_weak_key_is_enrolled_by_no_decision() -> None:
    """Whoever would be admitted or recovered with a key of small order is refused before anybody can approve it."""
    made = house()
    before = root_of(made)
    weak = {**made.new_kit("dunlin").keys.to_value(), "sign": b64.encode(IDENTITY)}
    for kind, payload in (("admit", {"member": "dunlin", "keys": [weak]}), ("recover-member", {"member": "tern", "kit": weak})):
        outcome = made.act("heron", "propose", kind=kind, payload=payload, not_after=FAR)
        assert outcome.code == "key/weak"
    assert root_of(made) == before
    assert not made.state.opened


@attack(
    "record-03",
    Mutation(
        ED25519,
        find="bindings.crypto_sign_open(signature + message, public)",
        replace='__import__("cryptography.hazmat.primitives.asymmetric.ed25519", fromlist=["x"]).Ed25519PublicKey.from_public_bytes(public).verify(signature, message)',
    ),
)
def test_a_signature_that_fits_every_message_never_verifies() -> None:
    """Under the identity point one signature fits everything in some libraries; here it fits nothing, enrolled or not."""
    signature = IDENTITY + bytes(32)
    assert not any(ed25519.is_valid(IDENTITY, message, signature) for message in (b"", b"act", b"another"))


@attack(
    "record-04",
    Mutation(
        ED25519,
        find="bindings.crypto_sign_open(signature + message, public)",
        replace="bindings.crypto_sign_open(signature[:32] + (int.from_bytes(signature[32:], 'little') % (2**252 + 27742317777372353535851937790883648493)).to_bytes(32, 'little') + message, public)",
    ),
)
def test_a_signature_with_s_plus_l_is_refused() -> None:
    """The second number that would solve the same equation is no signature, so nobody can make a second copy of an act."""
    made = house()
    raw = made.sign("heron", "withdraw", {"what": "seat", "of": "chair"})
    value = json.loads(raw)
    good = b64.decode(value["sig"]["value"])
    bent = good[:32] + (int.from_bytes(good[32:], "little") + ORDER).to_bytes(32, "little")
    copy = canonical_bytes({**value, "sig": {"kind": "ed25519", "value": b64.encode(bent)}})
    outcome = made.append(copy)
    assert outcome.code == "signature/invalid"
    assert made.state.offices_of("heron") == ("chair",)
    assert parse_entry(raw).id == parse_entry(copy).id


@attack(
    "record-04",
    Mutation("src/commonhold/kernel/b64.py", find="if not canonical:", replace="if not canonical and not raw:"),
)
def test_base64_with_loose_bits_is_refused() -> None:
    """The same signature spelled with other bits at its end is no entry at all, by either way of parsing."""
    made = house()
    raw = made.sign("heron", "withdraw", {"what": "seat", "of": "chair"})
    value = json.loads(raw)
    text = value["sig"]["value"]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    loose = text[:85] + alphabet[alphabet.index(text[85]) + 1] + "=="
    outcome = made.append(canonical_bytes({**value, "sig": {"kind": "ed25519", "value": loose}}))
    assert outcome.code == "base64/not-canonical"
    assert made.state.offices_of("heron") == ("chair",)


@attack(
    "record-04",
    Mutation(
        f"{RECORD}/entries.py",
        find="""unsigned = raw[: raw.rfind(b',"sig":{"')] + raw[raw.rfind(b',"type":"') :]""",
        replace="unsigned = raw",
    ),
)
def test_the_id_of_an_entry_survives_every_change_of_its_signature() -> None:
    """An act whose signature somebody bends on the way has the id that it had, so the true copy still counts, once."""
    made = house()
    raw = made.sign("heron", "withdraw", {"what": "seat", "of": "chair"})
    bent = entries.with_signature(unsigned(raw), bytes(64))
    assert parse_entry(bent).id == parse_entry(raw).id
    assert made.append(bent).code == "signature/invalid"
    assert made.append(raw).counts
    assert made.state.offices_of("heron") == ()


@attack("record-06", Mutation(f"{RECORD}/fold.py", find="if earlier is not None:", replace="if earlier is not None and earlier < 0:"))
def test_an_act_that_was_recorded_is_not_recorded_again() -> None:
    """Heron gave back the chair and was elected again: the old paper does not give it back a second time."""
    made = house()
    resignation = made.sign("heron", "withdraw", {"what": "seat", "of": "chair"})
    assert made.append(resignation).counts
    elected = made.propose("tern", "appoint", {"office": "chair", "member": "heron"})
    made.approve(elected, "tern", "plover", "curlew")
    made.do("heron", "accept", of=elected)
    before = root_of(made)
    outcome = made.append(resignation)
    assert outcome.code == "entry/replayed"
    assert root_of(made) == before
    assert made.state.offices_of("heron") == ("chair",)


@attack(
    "record-06",
    Mutation(f"{RECORD}/fold.py", find="return _refused(state, entry if consumed else None)", replace="return _refused(state, None)"),
)
def test_an_act_that_was_refused_is_used_up_too() -> None:
    """An act that came too early and was refused is not kept in a drawer for a better moment."""
    made = house({"chair": "heron", "treasurer": "tern"})
    early = made.sign("plover", "withdraw", {"what": "seat", "of": "editor"})
    assert made.append(early).code == "act/no-seat"
    elected = made.propose("tern", "appoint", {"office": "editor", "member": "plover"})
    made.approve(elected, "tern", "heron", "curlew")
    made.do("plover", "accept", of=elected)
    assert made.append(early).code == "entry/replayed"
    assert made.state.offices_of("plover") == ("editor",)


@attack("record-07", Mutation(f"{RECORD}/fold.py", find="if entry.org != state.org:", replace="if len(entry.org) != 64:"))
def test_a_signature_for_one_organisation_is_none_for_another() -> None:
    """The same people with the same keys founded two organisations: what heron signs in one is refused in the other."""
    made = house()
    other = MemoryHouse({**made.state.charter.value, "title": digest("another house")}, [*made.kits], {"chair": "heron"}, seed="saltmarsh")
    other.accept_all()
    assert other.org != made.org
    raw = made.sign("heron", "propose", {"kind": "statement", "payload": statement("x"), "not_after": FAR}, seen=0)
    outcome = other.append(raw)
    assert outcome.code == "entry/other-org"
    assert not other.state.opened
    moved = canonical_bytes({**json.loads(raw), "org": other.org})
    assert other.append(moved).code == "signature/invalid"
    assert made.append(raw).counts


@attack("record-07", Mutation(f"{RECORD}/fold.py", find="if entry.epoch != state.epoch:", replace="if entry.epoch < state.epoch:"))
def test_a_signature_for_one_epoch_is_none_for_another() -> None:
    """What is signed for the next epoch does nothing in this one, and cannot be moved there either."""
    made = house()
    raw = made.sign("heron", "withdraw", {"what": "seat", "of": "chair"}, epoch=1)
    assert made.append(raw).code == "entry/other-epoch"
    assert made.append(canonical_bytes({**json.loads(raw), "epoch": 0})).code == "signature/invalid"
    assert made.state.offices_of("heron") == ("chair",)


@attack("record-07", Mutation(f"{RECORD}/entries.py", find="return DOMAIN + self.unsigned", replace="return self.unsigned"))
def test_a_signature_from_another_protocol_is_none_here() -> None:
    """Bytes that heron was made to sign elsewhere, without this record's domain string, are no act; nor is an act one of another type."""
    made = MemoryHouse(house().state.charter.value, [*house().kits], {"chair": "heron"}, seed="saltmarsh")
    for name in made.kits:
        made.act(name, "accept", of=made.org)
    value = unsigned(made.sign("heron", "withdraw", {"what": "seat", "of": "chair"}))
    assert made.append(entries.with_signature(value, made.kits["heron"].sign(canonical_bytes(value)))).code == "signature/invalid"
    objection = json.loads(made.sign("heron", "object", {"proposal": digest("p")}))
    assert made.append(canonical_bytes({**objection, "type": "approve"})).code == "signature/invalid"


@attack("record-09", Mutation(f"{RECORD}/fold.py", find="if enrolled.revoked >= 0:", replace="if 0 <= enrolled.revoked < entry.seen_size:"))
def test_a_revoked_key_signs_nothing_however_early_it_claims_to_have_signed() -> None:
    """The thief of an old kit says that they signed before it was revoked; the log says that they came afterwards, and it decides."""
    made = house()
    before_change, old, new = made.tree.size, made.kits["heron"], made.new_kit("heron")
    change = made.propose("heron", "rotate-key", {"member": "heron", "add": [new.keys.to_value()], "revoke": []})
    made.approve(change, "heron")
    made.kits["heron"] = new
    before = root_of(made)
    outcome = made.append(made.sign("heron", "withdraw", {"what": "seat", "of": "chair"}, kit=old, seen=before_change))
    assert outcome.code == "key/revoked"
    assert root_of(made) == before
    assert made.state.offices_of("heron") == ("chair",)
    assert made.act("heron", "withdraw", what="seat", of="chair").counts


@attack(
    "record-28",
    Mutation(
        f"{RECORD}/fold.py",
        find='raise ProofError(f"the signature is not {entry.by}\'s over this entry", code="signature/invalid")',
        replace="del sig",
    ),
)
def test_the_thief_of_the_log_key_appends_nothing_that_counts() -> None:
    """With the log key somebody writes leaves and signs checkpoints over them, and no member has said any of it."""
    made = house()
    before = root_of(made)
    value = unsigned(made.sign("heron", "withdraw", {"what": "seat", "of": "chair"}))
    forged = ed25519.sign(derive(made.seed, "log"), entries.signed_bytes(value))
    assert made.append(entries.with_signature(value, forged)).code == "signature/invalid"
    named = {**value, "key": digest("the log key")}
    assert (
        made.append(entries.with_signature(named, ed25519.sign(derive(made.seed, "log"), entries.signed_bytes(named)))).code
        == "key/unknown"
    )
    assert made.checkpoint()
    assert root_of(made) == before
    assert made.state.offices_of("heron") == ("chair",)


@attack(
    "record-28",
    Mutation(
        f"{RECORD}/clock.py", find="policy.require(times.keys())", replace="times = times or dict.fromkeys(policy.witnesses, 2_000_000_000)"
    ),
)
def test_the_thief_of_the_log_key_moves_no_clock() -> None:
    """A checkpoint that the log alone has signed is no time: without the partners nothing becomes due."""
    made = partnered()
    before = root_of(made)
    assert made.attest({}).code == "policy/not-met"
    assert (made.state.clock, root_of(made)) == (START, before)


@attack("record-29", Mutation("src/commonhold/kernel/canonical.py", find="if len(raw) > max_size:", replace="if len(raw) > max_size << 4:"))
@pytest.mark.parametrize("size", [65_536, 70_000])
def test_an_entry_beyond_the_limit_is_refused_unread(size: int) -> None:
    """An entry that no bundle can hold is refused by its length, and the state is as it was."""
    made = house()
    before = root_of(made)
    outcome = made.append(b"{" * size)
    assert outcome.code == "canonical/too-large"
    assert "65535" in outcome.words
    assert root_of(made) == before


@attack(
    "record-21", Mutation(f"{RECORD}/entries.py", find="    if value.keys() != fields:\n", replace="    if not value.keys() >= fields:\n")
)
def test_an_entry_with_a_field_too_many_is_refused_though_it_is_signed() -> None:
    """A field that this version does not know could mean something to another, so the whole entry means nothing."""
    made = house()
    value = {**unsigned(made.sign("heron", "withdraw", {"what": "seat", "of": "chair"})), "unless": "it rains"}
    outcome = made.append(entries.with_signature(value, made.kits["heron"].sign(entries.signed_bytes(value))))
    assert outcome.code == "entry/fields"
    assert made.state.offices_of("heron") == ("chair",)


@attack(
    "record-21",
    Mutation(
        f"{RECORD}/entries.py",
        find='    if not isinstance(kind, str):\n        raise FormatError("the entry\'s type is not a string", code="entry/type")\n',
        replace="",
    ),
)
def test_a_type_that_is_no_text_stops_nobody() -> None:
    """A leaf whose type is a list is refused like any other rubbish, and the record goes on behind it."""
    made = house()
    value = json.loads(made.leaves[1])
    assert made.append(canonical_bytes({**value, "type": []})).code == "entry/type"
    assert made.append(canonical_bytes({**value, "type": "seize"})).code == "entry/type"
    assert made.act("heron", "withdraw", what="seat", of="chair").counts


@attack(
    "record-21", Mutation("src/commonhold/kernel/canonical.py", find="if not -MAX_INT <= value <= MAX_INT:", replace="if value is None:")
)
@pytest.mark.parametrize("number", ["9007199254740992", "-9007199254740992", "1.0", "1e3", "null"])
def test_a_number_that_two_programs_read_differently_is_refused(number: str) -> None:
    """Beyond 2**53 - 1 JavaScript rounds, and a float has many spellings: no such number stands in an entry."""
    made = house()
    raw = made.sign("heron", "propose", {"kind": "statement", "payload": statement("x"), "not_after": 7})
    with pytest.raises(FormatError) as refusal:
        parse_entry(raw.replace(b'"not_after":7', f'"not_after":{number}'.encode()))
    assert refusal.value.code in {"canonical/integer", "canonical/type"}
