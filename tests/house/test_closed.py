"""What answers at all: the house's own pages, and of the shell only what it uses. Errors say what to do, in the house's look."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import unwrap
from typing import Any

import pytest

from tests.attacks import Mutation, attack
from tests.house.sites import Site

SHELL = {"": "our front page, within the shell's guard", "jsi18n/": "words", "sprite/": "icons", "dismissibles/": "hints that were read"}


def addresses() -> Iterator[tuple[str, bool]]:
    """Every address of the house without a part to fill in, and whether it is one of ours."""
    from django.urls import URLPattern, URLResolver, get_resolver

    def walk(patterns: Any, before: str = "") -> Iterator[tuple[str, bool]]:
        for each in patterns:
            path = before + str(each.pattern)
            if isinstance(each, URLResolver):
                yield from walk(each.url_patterns, path)
            elif isinstance(each, URLPattern):
                yield path, unwrap(each.callback).__module__.startswith("commonhold.house.")

    for path, ours in walk(get_resolver().url_patterns):
        plain = path.replace("^", "").replace("$", "").replace("\\Z", "")
        if not set(plain) & set("<(*+"):
            yield plain, ours


@attack(
    "house-shell-leftovers",
    Mutation("src/commonhold/house/core/middleware.py", find="            raise Http404\n", replace="            return\n"),
)
def test_nothing_of_the_shell_answers_but_what_the_house_uses(site: Site) -> None:
    """Pages, users, groups, reports and interfaces of the shell are not there, for members and for strangers."""
    member, stranger = site.client("heron"), site.client()
    seen = set()
    ours = {path for path, is_ours in addresses() if is_ours}
    for path, is_ours in addresses():
        if is_ours or path in ours:
            continue
        seen.add(path)
        if path in SHELL:
            assert member.get(f"/{path}").status_code == 200, path
            continue
        for client in (member, stranger):
            for answer in (client.get(f"/{path}"), client.post(f"/{path}")):
                assert answer.status_code == 404, path
    assert {"users/", "groups/", "api/main/pages/", "reports/site-history/"} <= seen


def test_a_page_that_is_not_there_says_so_in_the_readers_language(site: Site) -> None:
    """404 in the house's look, with a way back, and strict headers as everywhere."""
    answer = site.client("heron", accept_language="en").get("/no-such-page/")
    assert answer.status_code == 404
    text = answer.content.decode()
    assert "There is no such page" in text
    assert '<a href="/">' in text
    assert "script-src 'self'" in answer["Content-Security-Policy"]


def test_a_form_without_its_token_does_nothing_and_says_so(site: Site) -> None:
    """Cross-site requests are refused in words, and nothing is changed."""
    from django.test import Client

    client = Client(enforce_csrf_checks=True, SERVER_NAME="localhost", SERVER_PORT="8765")
    client.cookies = site.client("heron").cookies
    answer = client.post("/propose/statement/", {"text": "Hello.", "language": "en"})
    assert answer.status_code == 403
    assert "Nothing was done" in answer.content.decode()


def test_a_foreign_host_name_is_refused(site: Site) -> None:
    """Whoever reaches the house under another name, by a forged Host header say, gets no page of it."""
    from django.test import Client

    answer = Client(SERVER_NAME="evil.example").get("/sign-in/")
    assert answer.status_code == 400
    assert "evil.example" not in answer.content.decode()


def test_a_fault_of_the_program_shows_nothing_of_it(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """500 in words, without a trace of what failed."""
    from commonhold.house.core import ledger

    client = site.client("heron")
    client.raise_request_exception = False

    def broken() -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("commonhold.house.signing.views.services.settle", lambda _user: broken())
    answer = client.get("/drafts/")
    assert answer.status_code == 500
    text = answer.content.decode()
    assert "secret detail" not in text
    assert "Something in this program failed" in text
    del ledger
