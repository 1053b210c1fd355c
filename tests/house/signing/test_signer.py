"""Acts that take the kit: a request goes out, the signer signs, and what comes back is collected."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from commonhold.kernel.record.request import given_bytes, link_text, parse_request
from tests.cli.houses import command
from tests.house.sites import Site

WORDS = "The studio moves on Monday."


def ask(client: Any, kind: str, **fields: Any) -> str:
    answer = client.post(f"/propose/{kind}/", fields)
    assert answer.status_code == 302, answer.content.decode()
    return str(answer["Location"])


def sign(site: Site, client: Any, page: str, member: str, tmp_path: Path, *more: str) -> bytes:
    """What the member's own signer (the command line here) makes of the page's request."""
    request = tmp_path / f"{member}.request"
    request.write_bytes(client.get(f"{page}request.json").content)
    out = tmp_path / f"{member}{len(list(tmp_path.iterdir()))}.entry"
    done = command("sign", request, "--kit", site.house.kit(member), "--unvouched", "--yes", "-o", out, *more)
    assert done.code == 0, done.said
    return out.read_bytes()


def test_a_statement_goes_from_the_form_through_two_signers_into_the_record(site: Site, tmp_path: Path) -> None:
    """Proposed by one, approved by two, each with their kit; the page of each shows it as soon as it is back."""
    heron, tern = site.client("heron"), site.client("tern")
    page = ask(heron, "statement", text=WORDS, language="en")
    text = heron.get(page).content.decode()
    assert WORDS in text
    assert parse_request(heron.get(f"{page}request.json").content).type == "propose"
    raw = sign(site, heron, page, "heron", tmp_path)
    assert json.loads(heron.get(f"{page}state/").content) == {"entry": ""}
    answer = heron.post("/hand-in/", {"text": link_text(raw)})
    assert answer.status_code == 302
    proposal = answer["Location"].split("/")[2]
    assert json.loads(heron.get(f"{page}state/").content) == {"entry": proposal}
    for client, name in ((heron, "heron"), (tern, "tern")):
        begun = client.post(f"/act/approve/{proposal}/")["Location"]
        assert WORDS in client.get(begun).content.decode()
        upload = io.BytesIO(sign(site, client, begun, name, tmp_path))
        upload.name = "act.entry"
        assert client.post("/hand-in/", {"file": upload}).status_code == 302
    assert site.log.state.proposal(proposal).status == "enacted"
    assert list(site.log.state.part("statements"))


def test_the_same_wish_twice_is_one_draft(site: Site) -> None:
    """Going back and pressing again does not make a second act to sign."""
    client = site.client("heron")
    proposal = site.propose("tern", "channel", {"op": "add", "address": "https://saltmarsh.example/"})
    first, second = (client.post(f"/act/approve/{proposal}/")["Location"] for _ in range(2))
    assert first == second


def test_what_closed_meanwhile_is_said_before_anybody_signs(site: Site) -> None:
    """The decision was carried while the page was open: the page says so instead of asking for a signature."""
    client = site.client("plover")
    proposal = site.propose("tern", "channel", {"op": "add", "address": "https://saltmarsh.example/"})
    page = client.post(f"/act/approve/{proposal}/")["Location"]
    for name in ("heron", "tern"):
        site.act(name, "approve", {"proposal": proposal})
    text = client.get(page).content.decode()
    assert "it would count for nothing" in text
    assert "not open any more" in text


def test_an_objection_keeps_its_reason(site: Site, tmp_path: Path) -> None:
    """The reason is a text of its own, which the page shows and the house keeps."""
    client = site.client("avocet")
    proposal = site.propose("tern", "channel", {"op": "add", "address": "https://saltmarsh.example/"})
    page = client.post(f"/act/object/{proposal}/", {"reason": "Nobody <b>asked</b> us."})["Location"]
    text = client.get(page).content.decode()
    assert "Nobody &lt;b&gt;asked&lt;/b&gt; us." in text
    raw = sign(site, client, page, "avocet", tmp_path)
    assert client.post("/hand-in/", {"text": link_text(raw)}).status_code == 302
    assert "avocet" in site.log.state.proposal(proposal).objections


def test_the_request_itself_is_no_act(site: Site) -> None:
    """Whoever brings the request back instead of what was signed is told what to do."""
    client = site.client("heron")
    page = ask(client, "statement", text=WORDS, language="en")
    raw = client.get(f"{page}request.json").content
    for given in (raw.decode(), f"signer.html#{link_text(raw.strip())}"):
        answer = client.post("/hand-in/", {"text": given})
        assert answer.status_code == 400
        assert "Open it in your signer" in answer.content.decode()
    assert parse_request(given_bytes(f"x#{link_text(raw.strip())}")).epoch == 0


@pytest.mark.parametrize("given", ["", "x", "{}", "{" * 20_000, "\x00", "signer.html#AAAA", '{"form":"commonhold/act/v1"}', "\u202e" * 50])
def test_rubbish_that_is_handed_in_is_answered_in_words(site: Site, given: str) -> None:
    """Nothing is recorded, what was typed stays in the form, and the page says what to do."""
    size = site.log.head()[1]
    answer = site.client("heron").post("/hand-in/", {"text": given})
    assert answer.status_code == 400
    assert 'role="alert"' in answer.content.decode()
    assert site.log.head()[1] == size


@pytest.mark.parametrize(
    ("kind", "fields", "words"),
    [
        ("statement", {"text": "", "language": "en"}, "required"),
        ("statement", {"text": WORDS, "language": "xx"}, "Select a valid choice"),
        ("channel", {"op": "add", "address": "no spaces here"}, "wrong"),
        ("appoint", {"office": "pope", "member": "heron"}, "Select a valid choice"),
        ("publish", {"work": "zz"}, "valid value"),
        ("admit", {"payload": "[]"}, "no JSON object"),
        ("admit", {"payload": '{"member": "x", "keys": [], "more": 1}'}, "wrong"),
        ("spend_large", {"text": WORDS, "amount": "-1", "currency": "EUR"}, "greater than or equal"),
    ],
)
def test_a_wrong_form_says_so_and_keeps_what_was_typed(site: Site, kind: str, fields: dict[str, str], words: str) -> None:
    """Every mistake is named at its field, and nothing typed is lost."""
    from commonhold.house.signing.models import Draft

    answer = site.client("heron").post(f"/propose/{kind}/", fields)
    text = answer.content.decode()
    assert answer.status_code == 200
    assert words in text
    for value in fields.values():
        if value and value not in {"xx", "pope"}:
            from django.utils.html import escape

            assert escape(value) in text
    assert not Draft.objects.exists()


def test_every_kind_of_the_charter_has_a_page(site: Site) -> None:
    """Whatever the charter lists can be begun here, or the page says where else."""
    client = site.client("heron")
    listed = client.get("/propose/").content.decode()
    for kind in site.log.state.charter.by_kind:
        assert f"/propose/{kind}/" in listed
        assert client.get(f"/propose/{kind}/").status_code == 200
    assert client.get("/propose/coronation/").status_code == 404
    filled = client.get("/propose/appoint/?office=chair&member=tern").content.decode()
    assert '<option value="tern" selected>' in filled


def test_buttons_stand_where_an_act_would_count(site: Site) -> None:
    """Approve for those whose approval counts, accept for whoever is offered the seat and until they have it; dissent is everybody's."""

    def buttons(member: str, proposal: str) -> set[str]:
        text = site.client(member).get(f"/decisions/{proposal}/").content.decode()
        return {
            act for act in ("approve", "object", "accept", "withdraw-proposal", "withdraw-approval") if f"/act/{act}/{proposal}/" in text
        }

    channel = site.propose("tern", "channel", {"op": "add", "address": "https://saltmarsh.example/"})
    assert buttons("heron", channel) == {"approve", "object"}
    assert buttons("avocet", channel) == {"object"}
    assert buttons("tern", channel) == {"approve", "object", "withdraw-proposal"}
    site.act("tern", "withdraw", {"what": "seat", "of": "treasurer"})
    seat = site.propose("heron", "appoint", {"office": "treasurer", "member": "curlew"})
    for name in ("heron", "tern", "plover", "avocet"):
        if site.log.state.proposal(seat).status == "open":
            site.act(name, "approve", {"proposal": seat})
    assert buttons("curlew", seat) == {"accept"}
    assert buttons("heron", seat) == set()
    site.act("curlew", "accept", {"of": seat})
    assert buttons("curlew", seat) == set()
