"""Attacks on the signer that only a real browser can show: hostile markup, links, what is left behind, and a pin that no claim gets past."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from commonhold.kernel.record.pin import make_pin
from commonhold.kernel.record.request import MAX_REQUEST_BYTES, Request, link_text
from commonhold.kernel.texts import make_text, text_digest
from commonhold.testing.house import FAR
from commonhold.testing.requests import Club, bent
from tests.attacks import Mutation, attack
from tests.browser.signing import PAGE, bring_request, refusal, take_words, until

pytestmark = pytest.mark.browser

SIGNER = "reader/src/signer"
MARKUP = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script></pre><h1>Signed</h1>"
TURNED = "Pay 10 EUR \u202eRUE 0001 yaP\u202c now\u200b\u2066."
TEXT = make_text(f"{MARKUP}\n{TURNED}\n".encode(), bytes(16))
LONE, CLUB = Club("hostile", partnered=False), Club("pinned")


def asked(house: Club = LONE, member: str = "tern") -> Request:
    body = {"kind": "statement", "payload": {"text": text_digest(TEXT), "language": "en"}, "not_after": FAR}
    return house.asks(member, "propose", body, texts={text_digest(TEXT): TEXT})


@pytest.fixture
def bare(phone: Page) -> Page:
    """A page of which the test itself says what it complained about."""
    return phone.context.new_page()


def kit_in(page: Page, house: Club = LONE, member: str = "tern") -> None:
    page.goto(PAGE)
    page.click("#start-have")
    take_words(page, member, " ".join(house.kits[member].words()))
    until(page, "request")


@attack(
    "signer-09",
    Mutation(f"{SIGNER}/acting.js", find="block.textContent = visible(text);", replace="block.innerHTML = visible(text);"),
    Mutation(f"{SIGNER}/acting.js", find="block.textContent = visible(text);", replace="block.textContent = text;"),
)
@pytest.mark.smoke
def test_hostile_text_stands_there_as_its_letters(bare: Page) -> None:
    """Markup is text, and what would turn or hide a word is shown by its number."""
    phone = bare
    kit_in(phone)
    bring_request(phone, link_text(asked().to_bytes()))
    shown = phone.inner_text("#texts pre")
    assert MARKUP in shown
    assert "Pay 10 EUR ⟨U+202E⟩RUE 0001 yaP⟨U+202C⟩ now⟨U+200B⟩⟨U+2066⟩." in shown
    assert phone.locator("#texts img, #texts script, #texts h1").count() == 0
    assert "taken" not in phone.title()
    rules = {"path": ["decisions", MARKUP], "set": MARKUP}
    amend = {"kind": "amend", "payload": {"base": "1" * 64, "result": "2" * 64, "articles": [], "rules": [rules]}, "not_after": FAR}
    phone.click("#act [data-to=request]")
    bring_request(phone, link_text(LONE.asks("tern", "propose", amend).to_bytes()))
    assert phone.inner_text("#facts").count("<img src=x") == 2
    assert phone.locator("#facts img, #facts script, #facts h1").count() == 0


@attack(
    "signer-10",
    Mutation(
        f"{SIGNER}/request.js",
        find='const found = trimmed.slice(trimmed.lastIndexOf("#") + 1);',
        replace='fetch(trimmed); const found = trimmed.slice(trimmed.lastIndexOf("#") + 1);',
    ),
)
def test_a_link_to_somebody_elses_page_is_read_and_not_followed(bare: Page) -> None:
    """What stands behind the # is the request, and the address before it is nothing."""
    phone, reached = bare, []
    phone.on("request", lambda request: reached.append(request.url) if not request.url.startswith("file:") else None)
    kit_in(phone)
    bring_request(phone, f"https://evil.example/signer.html?a=b#{link_text(asked().to_bytes())}")
    assert "You, tern, propose this:" in phone.inner_text("#act")
    phone.click("#act [data-to=request]")
    bring_request(phone, f"https://evil.example/signer.html#{link_text(bent(asked(), lambda value: value.update(org='0' * 64)).encode())}")
    assert "another organisation" in refusal(phone)
    assert reached == []


@attack(
    "signer-11",
    Mutation(f"{SIGNER}/main.js", find='history.replaceState(null, "", location.pathname + location.search);', replace=""),
    Mutation(f"{SIGNER}/main.js", find='field.value = "";', replace="void field;"),
)
def test_nothing_is_left_for_whoever_comes_after(phone: Page) -> None:
    """No store, no address and no field holds anything of the kit or of what was signed."""
    phone.goto(f"{PAGE}#{link_text(asked().to_bytes())}")
    phone.click("#start-have")
    take_words(phone, "tern", " ".join(LONE.kits["tern"].words()))
    until(phone, "act")
    assert phone.url == PAGE
    phone.check("#act-know")
    phone.click("#act-sign")
    until(phone, "done")
    phone.fill("#send-url", "https://knot.example")
    phone.click("#forget-done")
    until(phone, "start")
    assert phone.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]
    assert phone.evaluate("[...document.querySelectorAll('input[type=text], textarea')].map(({ value }) => value).join('')") == ""
    left = phone.content().split("<script>")[0]
    assert LONE.kits["tern"].key_id not in left
    assert "The mast" not in left


@attack(
    "signer-04",
    Mutation(
        f"{SIGNER}/trust.js",
        find="if (pin === null) return request.claim === null",
        replace="if (request.claim !== null || pin === null) return request.claim === null",
    ),
)
def test_a_claim_does_not_get_past_a_pin(phone: Page) -> None:
    """Whoever keeps a pin is shown what partners vouch for, and nothing on a sender's word; the pin stays in the browser if its member wants that."""
    kit_in(phone, CLUB)
    bring_request(phone, link_text(asked(CLUB).to_bytes()))
    until(phone, "pin")
    phone.fill("#pin-text", "hello")
    phone.click("#pin-go")
    assert "This is not a pin." in phone.inner_text("#pin-wrong")
    phone.fill("#pin-text", make_pin(Club("stranger").state).to_bytes().decode())
    phone.click("#pin-go")
    assert "another organisation" in phone.inner_text("#pin-wrong")
    phone.fill("#pin-text", make_pin(CLUB.state).to_bytes().decode())
    phone.click("#pin-go")
    assert " ".join(make_pin(CLUB.state).fingerprint()) in phone.inner_text("#compare-words")
    phone.check("#pin-keep")
    phone.click("#pin-same")
    # The club lives in 2030: what its partners said is still to come, and the page says that a clock is wrong.
    until(phone, "act")
    assert "The clock of this device is behind." in phone.inner_text("#act")
    kit_in(phone, CLUB)
    unvouched = Club("pinned", partnered=False)
    assert unvouched.org == CLUB.org, "the same founding, in a copy that never named partners"
    bring_request(phone, link_text(asked(unvouched).to_bytes()))
    assert "none of them vouches for this" in refusal(phone)


@attack("signer-07", Mutation(f"{SIGNER}/screens.js", find="demand(file.size <= most,", replace="demand(file.size >= 0,"))
def test_a_film_is_not_read_as_a_request(phone: Page, tmp_path: Path) -> None:
    """What is too large is refused by its size alone, and the page goes on working."""
    film = tmp_path / "film.request"
    with film.open("wb") as file:
        file.truncate(2 * MAX_REQUEST_BYTES + 1)
    kit_in(phone)
    phone.set_input_files("#request-file", film)
    phone.get_by_text("This is far too large").wait_for()
    assert "far too large" in phone.inner_text("#request-wrong")
    bring_request(phone, link_text(asked().to_bytes()))
    assert "You, tern, propose this:" in phone.inner_text("#act")
