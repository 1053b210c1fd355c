"""Everyday acts, signed with a passkey in the browser."""

from __future__ import annotations

import json
from typing import Any

import pytest

from commonhold.kernel import b64
from commonhold.kernel.errors import StoreError
from commonhold.testing.authenticator import DeviceError
from tests.house.signing.shown import shown
from tests.house.sites import Site

WORK = "ab" * 32


def drafted(client: Any, kind: str = "publish", **fields: str) -> str:
    """The address of the page that a filled-in form leads to."""
    answer = client.post(f"/propose/{kind}/", fields or {"work": WORK})
    assert answer.status_code == 302, answer.content.decode()
    return str(answer["Location"])


def test_a_passkey_signs_what_the_charter_marks_as_everyday(site: Site) -> None:
    """The editor proposes and approves a work with nothing but a passkey, and it is published."""
    device, client = site.device("plover"), site.client("plover")
    page = drafted(client)
    signed = device.sign_entry(shown(client.get(page)))
    answer = client.post(f"{page}sign/", json.dumps({"leaf": signed["leaf"]}), content_type="application/json")
    assert answer.json() == {"ok": True, "next": page}
    state = site.log.state
    assert state.proposal(signed["id"]).status == "open"
    begun = client.post(f"/act/approve/{signed['id']}/")
    approval = device.sign_entry(shown(client.get(begun["Location"])))
    assert client.post(f"{begun['Location']}sign/", json.dumps({"leaf": approval["leaf"]}), content_type="application/json").json()["ok"]
    assert site.log.state.part("works")[WORK].approvers == ("plover",)
    assert "This is in the record." in client.get(begun["Location"]).content.decode()


def test_pressing_twice_counts_once(site: Site) -> None:
    """A double click, or a second window with the same page: one entry, and no error."""
    device, client = site.device("plover"), site.client("plover")
    page = drafted(client)
    first, second = (device.sign_entry(shown(client.get(page))) for _ in range(2))
    size = site.log.head()[1]
    for signed in (first, first, second):
        answer = client.post(f"{page}sign/", json.dumps({"leaf": signed["leaf"]}), content_type="application/json")
        assert answer.json()["ok"]
    assert site.log.head()[1] == size + 1


def test_the_page_signs_what_it_shows_and_nothing_else(site: Site) -> None:
    """A signature of another act than the draft's is refused, whoever made it, and the draft stays."""
    device, client = site.device("plover"), site.client("plover")
    page, other = drafted(client), drafted(client, work="cd" * 32)
    size = site.log.head()[1]
    signed = device.sign_entry(shown(client.get(other)))
    answer = client.post(f"{page}sign/", json.dumps({"leaf": signed["leaf"]}), content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (409, "draft/other")
    assert site.log.head()[1] == size
    offered = shown(client.get(page))
    offered["unsigned"]["body"]["payload"]["work"] = "ef" * 32
    with pytest.raises(DeviceError):
        device.sign_entry(offered)


def test_nobody_signs_or_sees_the_drafts_of_others(site: Site) -> None:
    """A draft is its author's: for everybody else there is no such page."""
    page = drafted(site.client("plover"))
    other = site.client("heron")
    for path in ("", "state/", "request.json", "request.svg"):
        assert other.get(f"{page}{path}").status_code == 404
    for path in ("sign/", "retry/", "delete/"):
        assert other.post(f"{page}{path}").status_code == 404


def test_an_act_of_authority_is_never_offered_to_a_passkey(site: Site) -> None:
    """A statement takes the kit: the page asks the signer, and a passkey's signature is refused by the log."""
    device, client = site.device("plover"), site.client("plover")
    page = drafted(client, "statement", text="We go on air at noon.", language="en")
    answer = client.get(page)
    assert shown(answer) is None
    assert "signer.html#" in answer.content.decode()
    from commonhold.house.core import ledger
    from commonhold.house.members.models import User
    from commonhold.house.signing import services
    from commonhold.house.signing.models import Draft
    from commonhold.kernel.record.entries import entry_id

    state, user, draft = ledger.state(), User.objects.get(member="plover"), Draft.objects.get()
    used = services.keys_of(state, user)[0]
    unsigned = services.unsigned(state, "plover", used.key, draft)
    credential = {
        "credential_id": b64.encode(bytes(used.credential)),
        "alg": used.alg,
        "spki": b64.encode(bytes(used.spki)),
        "transports": [],
    }
    signed = device.sign_entry({"unsigned": unsigned, "id": entry_id(unsigned), "rp_id": "localhost", "credentials": [credential]})
    refused = client.post(f"{page}sign/", json.dumps({"leaf": signed["leaf"]}), content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (409, "act/needs-kit")


def test_what_the_disk_refuses_is_not_lost(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log cannot write: the signature stays with the draft, the page says so, and one press brings it again."""
    device, client = site.device("plover"), site.client("plover")
    page = drafted(client)
    signed = device.sign_entry(shown(client.get(page)))

    def full(_raw: bytes) -> Any:
        raise StoreError("the disk is full", code="store/full")

    with monkeypatch.context() as broken:
        broken.setattr(site.log, "take", full)
        answer = client.post(f"{page}sign/", json.dumps({"leaf": signed["leaf"]}), content_type="application/json")
        assert (answer.status_code, answer.json()["kept"]) == (503, True)
        assert "could not be recorded" in client.get(page).content.decode()
    assert client.post(f"{page}retry/").status_code == 302
    assert site.log.state.proposal(signed["id"]) is not None
    assert "This is in the record." in client.get(page).content.decode()


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b'{"leaf": 7}', b'{"leaf": "!!"}', b'{"leaf": "e30="}', b"\xff\xfe", b"{" * 5_000])
def test_rubbish_instead_of_a_signature_is_answered_in_words(site: Site, body: bytes) -> None:
    """Whatever is sent in a signature's place: an answer with words, no entry, and the draft stays."""
    client = site.client("plover")
    page = drafted(client)
    size = site.log.head()[1]
    answer = client.post(f"{page}sign/", body, content_type="application/json")
    assert answer.status_code in {400, 409}
    assert answer.json()["words"]
    assert site.log.head()[1] == size
    assert client.get(page).status_code == 200
