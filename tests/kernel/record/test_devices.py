"""Laws of everyday acts from the members' own devices: what the house's page signs, the fold accepts, and nothing else."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from commonhold.kernel import b64
from commonhold.kernel.canonical import canonical_bytes, parse_canonical
from commonhold.kernel.passkeys import (
    ENROL,
    Question,
    Site,
    enrolment_options,
    parse_enrolment,
    user_id,
    verify_enrolment,
)
from commonhold.kernel.record import entries
from commonhold.testing.authenticator import Device, DeviceError
from tests.attacks import Mutation, attack
from tests.kernel.record.helpers import Club, text

SITE = Site("saltmarsh.example", ("https://saltmarsh.example",))
MAJORITY = {"base": "register", "more_than": "1/2"}
DIARY = {"decisions/diary": {"article": "1.4", "by": "assembly", "pass": MAJORITY, "everyday": True}}


class Housed(Club):
    """A club whose members enrol their devices and sign with them, as in a house."""

    def __init__(self) -> None:
        super().__init__(DIARY)
        self.devices: dict[str, Device] = {}
        self.credentials: dict[str, dict[str, Any]] = {}

    def enrol(self, name: str) -> None:
        """Make a passkey, verify it as the house does, and let the member add it with their kit."""
        device = self.devices[name] = Device(name, SITE.origins[0])
        question = Question(ENROL, hashlib.sha256(name.encode()).digest(), 0)
        sent = device.enrol(enrolment_options(question, SITE, site_name="Club", user=user_id(self.org, name), user_name=name))
        verify_enrolment(question, parse_enrolment(sent), SITE, 0)
        passkey = parse_enrolment(sent).passkey(SITE)
        self.credentials[name] = {**sent, "key": passkey.key_id}
        self.approve(self.propose(name, "rotate-key", {"member": name, "add": [passkey.to_value()], "revoke": []}), name)

    def offer(self, name: str, type: str, **body: Any) -> dict[str, Any]:  # type: ignore[override]  # another sort of offer than a seat
        """What the page hands to ``signEntry`` for an everyday act."""
        unsigned = self.unsigned(name, type, body, self.credentials[name]["key"])
        return {
            "unsigned": unsigned,
            "id": entries.entry_id(unsigned),
            "rp_id": SITE.rp_id,
            "credentials": [{field: self.credentials[name][field] for field in ("credential_id", "alg", "spki", "transports")}],
        }

    def tap(self, name: str, type: str, **body: Any) -> str:
        """Sign an act with the member's device and append it; it must count. Gives its id."""
        answer = self.devices[name].sign_entry(self.offer(name, type, **body))
        outcome = self.append(b64.decode(answer["leaf"]))
        assert outcome.counts, outcome.words
        assert outcome.entry is not None
        assert outcome.entry.id == answer["id"]
        return outcome.entry.id


@pytest.fixture
def house() -> Housed:
    """Three members with a device each."""
    made = Housed()
    for name in ("heron", "tern", "plover"):
        made.enrol(name)
    return made


def test_three_members_decide_an_everyday_matter_with_their_devices(house: Housed) -> None:
    """Proposed and approved by three passkeys, a majority of five; two are not enough."""
    proposal = house.tap("heron", "propose", kind="diary", payload={"text": text("d")}, not_after=1)
    house.tap("heron", "approve", proposal=proposal)
    house.tap("tern", "approve", proposal=proposal)
    assert house.status(proposal) == "open"
    house.tap("plover", "approve", proposal=proposal)
    assert house.status(proposal) == "enacted"


@attack(
    "passkey-shown-differs",
    Mutation("src/commonhold/kernel/webauthn.py", find='data.get("challenge") != expected:', replace='data.get("challenge") is None:'),
)
def test_an_entry_that_is_altered_after_the_signature_counts_for_nothing(house: Housed) -> None:
    """Another proposal, nonce or sight of the record under a good assertion is refused, and the vote stays as it was."""
    proposal = house.tap("heron", "propose", kind="diary", payload={"text": text("d")}, not_after=1)
    other = house.tap("heron", "propose", kind="diary", payload={"text": text("e")}, not_after=1)
    leaf = b64.decode(house.devices["tern"].sign_entry(house.offer("tern", "approve", proposal=proposal))["leaf"])
    for change in ({"body": {"proposal": other}}, {"nonce": b64.encode(bytes(16))}):
        bent = canonical_bytes({**parse_canonical(leaf, max_size=len(leaf), what="leaf"), **change})
        outcome = house.append(bent)
        assert (outcome.counts, outcome.code) == (False, "webauthn/challenge")
    assert not house.proposal(proposal).approvals
    assert not house.proposal(other).approvals
    assert house.append(leaf).counts


def test_a_device_signs_what_is_shown_or_nothing(house: Housed) -> None:
    """Where the offered id is another than that of the shown entry, the passkey is not asked."""
    proposal = house.tap("heron", "propose", kind="diary", payload={"text": text("d")}, not_after=1)
    shown, offered = house.offer("tern", "approve", proposal=proposal), house.offer("tern", "object", proposal=proposal)
    with pytest.raises(DeviceError, match="passkey/shown-differs"):
        house.devices["tern"].sign_entry({**shown, "id": offered["id"]})
    with pytest.raises(DeviceError, match="passkey/key"):
        house.devices["tern"].sign_entry({**shown, "credentials": house.offer("heron", "approve", proposal=proposal)["credentials"]})


@attack(
    "passkey-other-member",
    Mutation("src/commonhold/kernel/record/fold.py", find="    if enrolled.member != entry.by:", replace="    if not entry.by:"),
)
def test_a_passkey_signs_for_its_own_member_alone(house: Housed) -> None:
    """An entry in another's name is refused under one's own key, and under theirs with one's own signature."""
    proposal = house.tap("heron", "propose", kind="diary", payload={"text": text("d")}, not_after=1)
    own = house.unsigned("heron", "approve", {"proposal": proposal}, house.credentials["tern"]["key"])
    theirs = house.unsigned("heron", "approve", {"proposal": proposal}, house.credentials["heron"]["key"])
    for unsigned, code in ((own, "key/other-member"), (theirs, "webauthn/signature")):
        challenge = hashlib.sha256(entries.signed_bytes(unsigned)).digest()
        used = house.devices["tern"].get({"challenge": challenge, "rpId": SITE.rp_id})
        signed = {name: used[name] for name in ("authenticator", "client", "signature")}
        outcome = house.append(entries.with_assertion(unsigned, **signed))
        assert (outcome.counts, outcome.code) == (False, code)
    assert not house.proposal(proposal).approvals


def test_a_signed_entry_counts_once(house: Housed) -> None:
    """Whoever keeps a leaf and posts it again adds nothing."""
    proposal = house.tap("heron", "propose", kind="diary", payload={"text": text("d")}, not_after=1)
    leaf = b64.decode(house.devices["tern"].sign_entry(house.offer("tern", "approve", proposal=proposal))["leaf"])
    assert house.append(leaf).counts
    assert not house.append(leaf).counts
    assert len(house.proposal(proposal).approvals) == 1
