"""Laws of the dossier as a page: in every language, whatever the record holds."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from commonhold.kernel.custody import Answer
from commonhold.kernel.record.dossier import FOUNDING, OFFICE, RESOURCE, Address, Article, Custodian, Decision, Dossier, Officer, Subject
from commonhold.pages.dossier import Evidence, Exhibit, File, Reach, render_dossier, words
from commonhold.pages.language import CODES, language

ENGLISH = language("en")
AT = 1_700_000_000


def decision(entry: str, kind: str, about: str = RESOURCE, **more: Any) -> Decision:
    fields: dict[str, Any] = {
        "index": 7, "decided": 9, "time": AT, "payload": {}, "by": "heron", "articles": ("3.4",), "charter": "c" * 64, "approvers": ("heron", "tern"), "offices": {},
    }  # fmt: skip
    return Decision(entry * 64, kind=kind, about=about, **{**fields, **more})


FOUNDED = decision("a", "found", FOUNDING, articles=(), approvers=())
ENTRUSTED = decision("b", "entrust", payload={"resource": "page", "holders": ["tern", "plover"]})
DISMISSED = decision("d", "dismiss", OFFICE, payload={"office": "editor", "member": "plover"})
DOSSIER = Dossier(
    org="a" * 64,
    name="saltmarsh",
    title="Saltmarsh Community Radio",
    charter="c" * 64,
    size=12,
    clock=AT,
    subject=Subject("page", ("https://pages.example/saltmarsh",)),
    addresses=(Address("https://pages.example/saltmarsh", "stands"),),
    articles=(
        Article("3.4", "e" * 64, "What is entrusted", "One\nparagraph.\n\n- a list\n- of two", found=True, in_force=True),
        Article("3.5", "f" * 64, "", "", found=False, in_force=False),
    ),
    speakers=("3.1",),
    speaking=("chair", "treasurer"),
    officers=(
        Officer("heron", "chair", "a" * 64, 0, AT),
        Officer("ruff", "librarian", "a" * 64, 0, AT),
        Officer("heron", "treasurer", "a" * 64, 0, AT),
    ),
    custodians=(Custodian("tern", "b" * 64, "active", current=True), Custodian("plover", "b" * 64, "expelled", current=True)),
    decisions=(FOUNDED, ENTRUSTED, DISMISSED),
    unread=2,
    refused=1,
)


def page(dossier: Dossier = DOSSIER, code: str = "en", **more: Any) -> str:
    exhibits = {
        d.entry: Exhibit(f"evidence/{n}.proof.json", f"evidence/{n}.entry.json", f"evidence/{n}.tlog-proof")
        for n, d in enumerate(dossier.decisions)
    }
    evidence = Evidence((File("evidence/checkpoint", 433, "9" * 64),), exhibits, "origin\n12\nroot=\n", "log+key")
    return render_dossier(dossier, evidence, language(code), **more)


def said(html: str) -> str:
    """What a reader sees, on one line."""
    return re.sub(r"\s+", " ", re.sub(r"<style>.*?</style>|<[^>]+>", "", html, flags=re.DOTALL))


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("paper", [False, True])
def test_every_language_has_a_whole_page(code: str, paper: bool) -> None:
    """Its direction and its tag are the language's, the ids stand in it, and nothing is fetched or runs."""
    html = page(code=code, paper=paper)
    spoken = language(code)
    assert f'<html lang="{spoken.tag}" dir="{spoken.direction}">' in html
    assert html.rstrip().endswith("</html>")
    assert "a" * 64 in html
    assert not re.search(r"<script|<link|<img|url\(|%\(\w+\)s", html)


def test_a_letter_asks_for_those_who_are_members_now() -> None:
    """Whoever the organisation has expelled is in the history, and access is not asked for them."""
    text = said(page())
    assert "to whom it is entrusted: tern. Their names" in text
    assert "is not a member any more, by a decision" in text
    nobody = said(page(replace(DOSSIER, custodians=())))
    assert "Please give access back to these persons" in nobody


def test_one_person_signs_once_with_all_their_offices() -> None:
    """Two offices are not two signatures; where no office speaks, the lines are open."""
    signatures = page().split('class="signatures"')[1].split("</table>")[0]
    assert said(signatures).count("heron") == 1
    assert "ruff" not in signatures, "this office signs no statements"
    assert "chair and treasurer" in said(signatures)
    open_lines = page(replace(DOSSIER, speaking=(), officers=())).split('class="signatures"')[1].split("</table>")[0]
    assert open_lines.count('class="hand"') == 8
    assert "Nobody holds an office now." in said(page(replace(DOSSIER, officers=())))


def test_a_missing_article_is_said_and_its_digest_printed() -> None:
    """Never a text that is not there; what is there is printed without the line ends of a text editor, list items apart."""
    html = page()
    assert "The text of this article is not in the record&#39;s objects. Its digest is" in html
    assert "f" * 64 in html
    assert '<p dir="auto">One paragraph.</p>' in html
    assert '<p dir="auto">- a list</p>' in html
    assert "an earlier text, by which a decision below was judged" in html
    assert "The text of the title is not" in page(replace(DOSSIER, title="")).replace("&#39;", "'")


def test_what_is_not_proved_stands_on_paper() -> None:
    """Names, acts, rights, freshness, times, unread statements, refused entries: each where it applies."""
    text = said(page()).replace("&#39;", "'")
    for words_ in (
        "ends after 12 entries",
        "Times to the minute",
        "The text of 1 article",
        "1 entry of the record breaks a rule",
        "The texts of 2 official statements",
    ):
        assert words_ in text, words_
    bare = said(page(replace(DOSSIER, clock=None, articles=(), unread=0, refused=0))).replace("&#39;", "'")
    assert "This record has no clock, so only the order is proved" in bare
    assert "breaks a rule" not in bare
    assert "official statements are not in" not in bare
    assert "The record holds no decision about it." in said(page(replace(DOSSIER, decisions=(FOUNDED,), custodians=())))


def test_names_and_texts_cannot_act_on_the_page() -> None:
    """What a record holds is text: neither HTML, nor a way out of an attribute, nor a turn of the line."""
    evil = "<script>alert(1)</script>\"'&\u202e"
    article = Article("1", "1" * 64, evil, f"{evil}\n\n{evil}", found=True, in_force=True)
    statement = decision("5", "statement", opening=evil)
    html = page(replace(DOSSIER, title=evil, articles=(article,), decisions=(FOUNDED, ENTRUSTED, statement)), to=evil)
    assert "<script" not in html
    assert "\u202e" not in html


def test_the_map_is_marked_and_only_there_if_given() -> None:
    """Who could take it, nobody, anybody, or an answer that was not finished: said as that, for members only."""
    assert "Who could have taken it" not in page()
    assert "members only" not in page()
    answers = (Answer((("tern",), ("knot", "ruff")), None, 2), Answer((), None, 0), Answer(((),), None, 1), Answer((), 2, None))
    html = page(reach=tuple(Reach(f"page.{n}", answer) for n, answer in enumerate(answers)))
    text = said(html).split("6. Who could have taken it")[1].replace("&#39;", "'")
    assert "For members only" in text
    for words_ in ("tern knot and ruff", "page.1 nobody", "anybody, with nobody's help", "page.3 There may be more"):
        assert words_ in text, words_


@pytest.mark.parametrize(
    ("kind", "payload", "more", "expected"),
    [
        ("channel", {"op": "add", "address": "x"}, {}, "x was named as an official channel of the organisation."),
        ("channel", {"op": "strike", "address": "x"}, {}, "x was struck: it is not an official channel of the organisation any more."),
        ("channel", {"op": "move", "address": "x", "to": "y"}, {}, "The official channel moved from x to y. The old address is not official any more."),
        ("statement", {"text": "t"}, {}, "An official statement was made that names it."),
        ("suspend-origin", {"origin": "x"}, {}, "The web address x was suspended: what is signed there does not count."),
        ("suspend-origin", {"origin": "x", "lift": True}, {}, "The suspension of the web address x was ended."),
        ("appoint", {"office": "chair", "member": "heron"}, {}, "heron was appointed to the office “chair”."),
        ("expel", {"member": "ruff"}, {}, "The membership of ruff was ended by a decision."),
        ("depart", {"member": "ruff"}, {"ended": "ratified"}, "ruff left the organisation. An emergency power was used, and the decision was confirmed afterwards."),
        ("depart", {"member": "ruff"}, {"ended": "lapsed"}, "ruff left the organisation. An emergency power was used, the decision was not confirmed in time, and it was undone."),
    ],
)  # fmt: skip
def test_each_kind_of_decision_has_its_sentence(kind: str, payload: dict[str, Any], more: dict[str, Any], expected: str) -> None:
    """What was decided, in plain words, and nothing about what anybody meant by it."""
    assert said(str(words.what(decision("e", kind, payload=payload, **more), ENGLISH))) == expected


def test_addresses_times_and_approvers_are_said_plainly() -> None:
    """A moved address names where to, a time is in UTC or said to be none, and a crowd is counted."""
    assert said(str(words.standing(Address("x", "moved", "y"), ENGLISH))) == "The record says that the official channel moved from x to y."
    assert "does not mention x" in said(str(words.standing(Address("x", "unknown"), ENGLISH)))
    assert said(str(words.moment(AT, ENGLISH))) == "14 November 2023, 22:13 UTC"
    assert said(str(words.moment(0, ENGLISH))) == said(str(words.moment(10**12, ENGLISH))) == "no clock: order only"
    assert said(str(words.approvers(decision("e", "depart", approvers=()), ENGLISH))) == "nobody had to approve it; by heron"
    signed = decision("e", "channel", offices={"heron": ("chair", "editor")})
    assert said(str(words.approvers(signed, ENGLISH))) == "heron (chair and editor) and tern"
    crowd = tuple(f"m{n}" for n in range(words.MANY + 1))
    assert said(str(words.approvers(decision("e", "depart", approvers=crowd), ENGLISH))) == "approved by 31 members"
