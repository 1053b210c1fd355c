"""*Home*, *Decisions* and *Record*: what they say, to whom, and where it leads."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from commonhold.cli.main import run
from commonhold.kernel.texts import make_text, text_digest
from tests.house.sites import Site

CHANNEL = {"op": "add", "address": "https://saltmarsh.example/"}
WORDS = "Our studio moves on Monday.\n\nThe frequency stays."


def text_of(answer: Any) -> str:
    """What a page says, without its markup."""
    main = answer.content.decode().partition('<div class="nice-padding house">')[2]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", re.sub(r"</?bdi>", "", main))).strip()


def kept(site: Site, words: str) -> str:
    """The number of a text that the house keeps."""
    raw = make_text(words.encode(), bytes(16))
    site.log.objects.put(raw)
    return text_digest(raw)


def statement(site: Site, by: str = "tern", words: str = WORDS) -> str:
    """A proposed statement, its text beside the record."""
    return site.propose(by, "statement", {"text": kept(site, words), "language": "en"})


def seat(site: Site, office: str, member: str) -> str:
    """Somebody offered an office, by a majority of five."""
    made = site.propose("heron", "appoint", {"office": office, "member": member})
    for name in ("heron", "plover", "curlew"):
        if site.log.state.proposal(made).status == "open":
            site.act(name, "approve", {"proposal": made})
    return made


def test_home_says_what_needs_its_reader_and_with_what_link(site: Site) -> None:
    """Whoever can approve is asked to, and whoever has is not; whose proposal it is sees how far it is."""
    made = statement(site)
    heron, tern = site.client("heron"), site.client("tern")
    assert "You can approve: Official statement (en)" in text_of(heron.get("/"))
    assert f'href="/decisions/{made}/"' in heron.get("/").content.decode()
    assert "0 of 2" in text_of(tern.get("/"))
    site.act("tern", "approve", {"proposal": made})
    assert "You can approve" not in text_of(tern.get("/"))
    assert "1 of 2" in text_of(tern.get("/"))
    assert "Welcome" not in heron.get("/").content.decode()


def test_home_says_what_is_at_risk_and_what_to_do_first(site: Site) -> None:
    """An empty office leads to the form that fills it, and a house without partners to where they are invited."""
    said = site.client("avocet").get("/").content.decode()
    assert "No partner keeps or confirms the record yet" in said
    assert 'href="/partners/"' in said
    assert "Nothing needs you now." in said


def test_an_offered_seat_is_told_to_whom_it_is_offered_and_to_nobody_else(site: Site) -> None:
    """With the decision that offers it."""
    made = seat(site, "editor", "curlew")
    assert "You are offered the office of editor" in text_of(site.client("curlew").get("/"))
    assert f'href="/decisions/{made}/"' in site.client("curlew").get("/").content.decode()
    assert "You are offered" not in text_of(site.client("avocet").get("/"))


def test_decisions_are_found_by_status_kind_proposer_words_and_code(site: Site) -> None:
    """Each filter leaves what it names, counts it, and stands in the form again."""
    words, channel = statement(site), site.propose("heron", "channel", CHANNEL)
    client = site.client("heron")
    for query, there, gone in (
        ("q=studio", words, channel),
        ("kind=channel", channel, words),
        ("by=heron", channel, words),
        (f"q={words[:12]}", words, channel),
        ("q=STUDIO+monday", words, channel),
    ):
        answer = client.get(f"/decisions/?{query}").content.decode()
        assert there in answer, query
        assert gone not in answer, query
        if query.startswith(("q=", "kind=")):
            assert answer.count('<li class="decision">') == 1, query
    assert words in client.get("/decisions/?mine=1").content.decode()
    site.act("heron", "approve", {"proposal": words})
    assert words not in client.get("/decisions/?mine=1").content.decode()
    assert 'value="studio"' in client.get("/decisions/?q=studio").content.decode()
    assert "No decision is like that." in text_of(client.get("/decisions/?q=nowhere"))


def test_paging_keeps_what_was_asked_for(site: Site) -> None:
    """The links to other pages carry the filters."""
    for _ in range(13):
        for by in ("heron", "tern", "plover"):
            statement(site, by, words=f"{by} says {_}")
    answer = site.client("heron").get("/decisions/?kind=statement&status=open").content.decode()
    assert 'href="?status=open&amp;kind=statement&amp;p=2"' in answer
    answer = site.client("heron").get("/decisions/?status=open&kind=statement&p=2").content.decode()
    assert "Page 2 of 2" in re.sub(r"</?bdi>", "", answer)


def test_a_decision_is_shown_whole(site: Site) -> None:
    """Its words in full, the article it rests on, who has approved and who still can, its code, and what was signed about it."""
    made = statement(site)
    site.act("tern", "approve", {"proposal": made})
    said = text_of(site.client("heron").get(f"/decisions/{made}/"))
    for part in ("The frequency stays.", "1 of 2", "Who still can:", "Article 3.1", "tern proposed:", "tern approved:", "Short code"):
        assert part in said, part
    assert re.search(r'href="/charter/#article-3\.1', site.client("heron").get(f"/decisions/{made}/").content.decode())


def test_dissent_stands_beside_consent_with_its_reason(site: Site) -> None:
    """Who objected has a column like who approved, and their reason is quoted."""
    made = site.propose("heron", "ordinary", {"text": "0" * 64})
    digest = kept(site, "It costs more than we have.")
    site.act("avocet", "object", {"proposal": made, "reason": digest})
    said = text_of(site.client("curlew").get(f"/decisions/{made}/"))
    assert "Objected avocet" in said
    assert "It costs more than we have." in said
    assert "These words are not kept here" in said


def test_what_came_of_a_decision_is_said_in_words(site: Site) -> None:
    """Withdrawn, carried: the word, and why."""
    made = site.propose("heron", "channel", CHANNEL)
    site.act("heron", "withdraw", {"what": "proposal", "of": made})
    said = text_of(site.client("tern").get("/decisions/"))
    assert "Withdrawn" in said
    assert "Whoever proposed it took it back." in said


def test_the_record_is_a_line_of_days_with_links(site: Site) -> None:
    """Everything that was signed, in words, each leading to its entry and its decision."""
    made = statement(site)
    site.act("tern", "approve", {"proposal": made})
    answer = site.client("heron").get("/record/")
    said = text_of(answer)
    assert "tern approved:" in said
    assert "In their order: the record has no clock yet" in said
    assert f'href="/decisions/{made}/"' in answer.content.decode()
    assert f'href="/record/{site.log.state.size - 1}/"' in answer.content.decode()
    only = text_of(site.client("heron").get("/record/?type=approve&by=tern"))
    assert "tern approved:" in only
    assert "proposed:" not in only


def test_an_entry_is_shown_as_it_was_signed_with_its_neighbours(site: Site) -> None:
    """Its JSON, its hashes, and the ways on."""
    answer = site.client("heron").get("/record/3/").content.decode()
    assert 'href="/record/2/"' in answer
    assert 'href="/record/4/"' in answer
    raw = site.client("heron").get("/record/3/entry.json").content
    assert json.loads(raw)["type"] == "accept"
    assert site.client("heron").get("/record/99999/").status_code == 404


@pytest.mark.parametrize("index", [0, 6])
def test_a_proof_that_is_taken_away_passes_verify(site: Site, tmp_path: Path, index: int) -> None:
    """`commonhold verify` believes nothing in it, and is content."""
    made = statement(site)
    for name in ("heron", "tern"):
        site.act(name, "approve", {"proposal": made})
    raw = site.client("heron").get(f"/record/{index}/proof.json").content
    (tmp_path / "proof.json").write_bytes(raw)
    assert run(["verify", str(tmp_path / "proof.json"), "--org", site.log.org]) == 0
    assert site.client("heron").get(f"/record/{index}/inclusion.tlog-proof").content.startswith(b"c2sp.org/tlog-proof@v1")


@pytest.mark.parametrize(
    "query",
    [
        "p=zzz",
        "p=-1",
        "p=" + "9" * 4000,
        "status=<script>",
        "kind=%00",
        "by=../../etc",
        "q=" + "x" * 9000,
        "q=%00%0a",
        "q=%25_%5c",
        "type=%F0%9F",
    ],
)
def test_an_address_that_makes_no_sense_is_answered_all_the_same(site: Site, query: str) -> None:
    """As far as it makes sense, and nothing of it runs."""
    client = site.client("heron")
    for page in ("/decisions/", "/record/", "/"):
        answer = client.get(f"{page}?{query}")
        assert answer.status_code == 200
        assert "<script>" not in answer.content.decode().partition("<main")[2]
    for page in ("/decisions/zzz/", "/decisions/%00/", f"/decisions/{'0' * 64}/", "/record/9999999999999999999999999/"):
        answer = client.get(page)
        assert answer.status_code == 404
        assert "The record has no such" in answer.content.decode()
