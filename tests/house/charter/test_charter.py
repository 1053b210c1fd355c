"""*Charter*: the articles as the record has them, its versions, a change to propose, and who could bring about what."""

from __future__ import annotations

import re

import pytest

from commonhold.kernel.charter import apply_amendment, load_charter
from commonhold.kernel.errors import CommonholdError
from tests.house.sites import Site
from tests.house.test_screens import text_of


def amend(site: Site, number: str, words: str) -> str:
    """An amendment of one article, carried by everybody."""
    from commonhold.house.charter.services import draft_change

    payload, texts = draft_change(site.log.state, site.log, number, words)
    for raw in texts.values():
        site.log.objects.put(raw)
    made = site.propose("heron", "amend", payload)
    for name in ("heron", "tern", "plover", "curlew", "avocet"):
        if site.log.state.proposal(made).status == "open":
            site.act(name, "approve", {"proposal": made})
    assert site.log.state.proposal(made).status == "enacted"
    return made


def test_every_article_and_every_rule_of_the_record_stands_on_the_page(site: Site) -> None:
    """Each under its own anchor, and the table of contents leads there."""
    answer = site.client("heron").get("/charter/").content.decode()
    charter = site.log.state.charter
    for number in charter.articles:
        assert f'id="article-{number}"' in answer
        assert f'href="#article-{number}"' in answer
    assert answer.count("/charter/change/") == len(charter.articles)
    for rule in charter.rules.values():
        assert rule.article in charter.articles
    assert answer.count('<span lang="en" dir="ltr">') == len(charter.rules)


def test_a_text_that_is_missing_is_said_to_be(site: Site) -> None:
    """With its article's number; the rules stand all the same."""
    number, digest = next(iter(sorted(site.log.state.charter.articles.items())))
    [path.unlink() for path in (site.folder / "objects").rglob(digest.hex()[2:]) if path.is_file()]
    [path.unlink() for path in (site.folder / "objects").rglob(digest.hex()) if path.is_file()]
    said = text_of(site.client("heron").get("/charter/"))
    assert f"The words of these articles are not kept here: {number}." in said


def test_history_has_each_amendment_with_its_decision_and_what_it_changed(site: Site) -> None:
    """Any two versions are compared; the same two are said to be the same."""
    client = site.client("heron")
    assert "It was never amended." in text_of(client.get("/charter/history/"))
    number = sorted(site.log.state.charter.articles)[0]
    first = site.log.state.charter.digest.hex()
    made = amend(site, number, "Our name\nWe are called something else now.")
    last = site.log.state.charter.digest.hex()
    answer = client.get("/charter/history/").content.decode()
    assert f"/decisions/{made}/" in answer
    assert f"from={first}&amp;to={last}" in answer
    changed = client.get(f"/charter/compare/?from={first}&to={last}").content.decode()
    assert "<ins>" in changed
    assert "<del>" in changed
    assert "The two are the same." in text_of(client.get(f"/charter/compare/?from={first}&to={first}"))
    assert "The record has no such version" in text_of(client.get("/charter/compare/?from=%00&to=x"))


def test_a_change_gives_the_amendment_and_goes_on_to_be_signed(site: Site) -> None:
    """First it is shown; proposed, it waits as a draft with its text."""
    from commonhold.house.charter.services import draft_change
    from commonhold.house.signing.models import Draft

    state, client = site.log.state, site.client("heron")
    number = sorted(state.charter.articles)[0]
    payload, texts = draft_change(state, site.log, number, "A name\nOther words.")
    assert load_charter(apply_amendment(state.charter.value, payload)).digest.hex() == payload["result"]
    assert payload["articles"][0]["new"] in texts
    form = {"heading": "A name", "body": "Other words."}
    shown = client.post(f"/charter/change/{number}/", form)
    assert "What would change" in text_of(shown)
    assert not Draft.objects.exists()
    answer = client.post(f"/charter/change/{number}/", {**form, "next": "propose"})
    draft = Draft.objects.get()
    assert answer.url == f"/drafts/{draft.pk}/"
    assert draft.body["payload"] == payload
    assert client.get(answer.url).status_code == 200


@pytest.mark.parametrize(
    "form",
    [
        {"heading": "A", "body": "# 9 Not an article"},
        {"heading": "x" * 5_000, "body": "y"},
        {"heading": "", "body": ""},
        {"heading": "A", "body": "z" * 70_000},
    ],
)
def test_what_was_typed_stays_whatever_is_wrong_with_it(site: Site, form: dict[str, str]) -> None:
    """The refusal says what to do, and the words are in the form again."""
    number = sorted(site.log.state.charter.articles)[0]
    answer = site.client("heron").post(f"/charter/change/{number}/", form)
    assert answer.status_code in {200, 400}
    assert 'role="alert"' in answer.content.decode()
    assert form["body"] in answer.content.decode()


def test_hostile_words_in_an_article_are_inert(site: Site) -> None:
    """They are shown, and nothing of them runs or turns the line around."""
    number = sorted(site.log.state.charter.articles)[0]
    amend(site, number, "<script>alert(1)</script>\n<img src=x onerror=alert(2)> {{ x }}")
    for page in ("/charter/", f"/charter/change/{number}/", "/charter/history/"):
        answer = site.client("heron").get(page).content.decode()
        assert "<script>alert" not in answer
        assert "<img src=x" not in answer


def test_an_article_that_the_rules_need_is_not_struck_by_a_draft(site: Site) -> None:
    """The charter could not work, and its author learns it before anybody signs."""
    from commonhold.house.charter.services import draft_change

    rule = next(rule for rule in site.log.state.charter.rules.values() if rule.article)
    with pytest.raises(CommonholdError):
        draft_change(site.log.state, site.log, rule.article, "")


def test_who_could_bring_about_what_is_the_analysis_of_the_record(site: Site) -> None:
    """Warnings first, one row for each kind; a second look costs nothing new."""
    from commonhold.house.charter.taking import takings

    found = takings(site.log.state)
    assert takings(site.log.state) is found
    said = text_of(site.client("heron").get("/charter/taking/"))
    assert [one.cheaper for one in found] == sorted((one.cheaper for one in found), reverse=True)
    for one in found:
        assert one.kind in said
    assert said.index("Warnings") < said.index("Every kind of decision")


def test_only_members_read_it(site: Site) -> None:
    """Whoever is not signed in is sent to sign in; whoever has an account and no standing sees nothing, whatever a table says."""
    from commonhold.house.members.models import User

    for page in ("/charter/", "/charter/history/", "/charter/compare/", "/charter/taking/", "/charter/change/1/"):
        assert site.client().get(page).status_code == 302
    User.objects.create(member="stranger", name="S", handle=bytes(32), is_active=True)
    client = site.client()
    client.force_login(User.objects.get(member="stranger"))
    answer = client.get("/charter/")
    assert answer.status_code in {302, 403}


def test_an_address_that_names_no_article_is_not_found(site: Site) -> None:
    """Nor does it break."""
    for number in ("zzz", "1..2", "9" * 300, "%00"):
        assert site.client("heron").get(f"/charter/change/{number}/").status_code == 404
    assert re.search("What it should say", text_of(site.client("heron").get("/charter/change/99/")))
