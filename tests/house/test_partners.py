"""*Partners*: how each stands, what the members decided, and how one is found."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from commonhold.kernel.errors import StoreError
from commonhold.mirror.fronts import Front
from commonhold.store.partnerfile import read_partners
from tests.house.sites import Site
from tests.house.test_screens import text_of

HERE = "https://harbour.example/partner"
KEY = "harbour.example/mirror+7f9cb8ac+BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> dict[str, Front]:
    """Partners by address, in place of the network."""
    from commonhold.house.partners import services

    there: dict[str, Front] = {}

    def read(url: str) -> Front:
        if url not in there:
            raise StoreError(f"nobody answers at {url}", code="store/unreachable", next_step="Try again.")
        return there[url]

    monkeypatch.setattr(services, "read_front", read)
    return there


def test_a_house_without_partners_says_why_two_are_wanted(site: Site) -> None:
    """And leads to the page that invites one."""
    answer = site.client("heron").get("/partners/")
    assert "Two partners are wanted" in text_of(answer)
    assert 'href="/partners/invite/"' in answer.content.decode()
    assert "the record names no partners" in text_of(answer)


def test_the_invitation_is_what_the_other_side_types(site: Site) -> None:
    """The log's key and its address, in one command."""
    said = text_of(site.client("heron").get("/partners/invite/"))
    assert "commonhold partner serve --log" in said
    assert str(site.log.log_key) in said


def test_an_address_is_remembered_once_a_partner_has_answered_there(site: Site, answering: dict[str, Front]) -> None:
    """Its name is shown as text; it is forgotten again."""
    answering[HERE] = Front("<b>Harbour</b>", {"mirror": KEY}, ())
    client = site.client("heron")
    assert client.post("/partners/add/", {"url": f"{HERE}/"}).status_code == 302
    assert read_partners(site.folder) == (HERE,)
    answer = client.get("/partners/").content.decode()
    assert HERE in answer
    assert "<b>Harbour" not in answer
    assert client.post("/partners/forget/", {"url": HERE}).status_code == 302
    assert read_partners(site.folder) == ()
    assert client.post("/partners/forget/", {"url": HERE}).status_code == 400


@pytest.mark.parametrize("url", ["", "javascript:alert(1)", "https://nobody.example/", "x" * 2_000, "file:///etc/passwd"])
def test_an_address_where_no_partner_answers_is_named_and_kept_in_the_form(site: Site, answering: dict[str, Front], url: str) -> None:
    """Nothing is remembered, and nothing typed is lost."""
    answer = site.client("heron").post("/partners/add/", {"url": url})
    assert answer.status_code == 400
    assert 'role="alert"' in answer.content.decode()
    assert f'value="{url[:500]}"' in answer.content.decode()
    assert read_partners(site.folder) == ()


def test_the_decision_is_filled_in_with_the_keys_that_answer(site: Site, answering: dict[str, Front]) -> None:
    """The form that it leads to has the policy over all of them."""
    client = site.client("heron")
    assert client.post("/partners/decide/").status_code == 400
    answering[HERE] = Front("harbour", {"mirror": KEY}, ())
    client.post("/partners/add/", {"url": HERE})
    to: Any = client.post("/partners/decide/")
    assert urlsplit(to.url).path == "/propose/partner/"
    assert KEY in parse_qs(urlsplit(to.url).query)["payload"][0]
    assert client.get(to.url).status_code == 200


def test_only_members_see_and_change_it(site: Site, answering: dict[str, Front]) -> None:
    """Whoever is not signed in makes this house ask nobody."""
    answering[HERE] = Front("harbour", {"mirror": KEY}, ())
    for page in ("/partners/", "/partners/invite/"):
        assert site.client().get(page).status_code in {302, 403}
    for page in ("/partners/add/", "/partners/forget/", "/partners/decide/"):
        assert site.client().post(page, {"url": HERE}).status_code in {302, 403}
        assert site.client("heron").get(page).status_code == 405
    assert read_partners(site.folder) == ()
