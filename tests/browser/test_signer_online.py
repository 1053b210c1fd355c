"""The signer among real partners: two nodes and a house's log as processes of their own, and a Chromium that speaks to them from a saved file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from commonhold.kernel.record.request import Request, link_text
from tests.browser.conftest import PHONE
from tests.browser.test_signer import bring_kit, heading
from tests.cli.houses import command
from tests.mirror.test_houselog import Federation, federation

pytestmark = [pytest.mark.browser, pytest.mark.allow_hosts(["127.0.0.1"])]


@pytest.fixture(scope="module")
def partnered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    """Saltmarsh with two partners, both of whom must vouch."""
    with federation(tmp_path_factory.mktemp("federation")) as made:
        made.name_partners(2)
        yield made


@pytest.fixture(scope="module")
def pin(partnered: Federation) -> str:
    """The pin that a member keeps, with both partners' addresses."""
    place = partnered.house.base / "saltmarsh.pin"
    done = command("pin", partnered.mirror("gull"), partnered.mirror("knot"), "-o", place)
    assert done.code == 0, done.said
    return place.read_text()


@pytest.fixture
def online(chromium: Browser) -> Iterator[Page]:
    """A page of phone size that may speak to this machine; what it complains about fails its test."""
    context = chromium.new_context(viewport=PHONE, locale="en-GB")
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: faults.append(request.url) if not request.url.startswith(("file:", "http://127.0.0.1:")) else None)
    yield page
    context.close()
    assert faults == []


def asked(partnered: Federation, *arguments: object, vouched: bool = True) -> str:
    """A request, as its link, with what both partners vouch for in it."""
    partners = [part for name in partnered.nodes for part in ("--partner", partnered.mirror(name))] if vouched else []
    done = command("request", *arguments, "--house", partnered.log.url, *partners, "--json")
    assert done.code == 0, done.said
    link: str = done.json["link"]
    return link


def give_pin(page: Page, pin: str, *, keep: bool = False) -> str:
    """Answer the question who vouches; gives the six words that were shown."""
    assert heading(page) == "Who vouches for it?"
    page.fill("#pin-text", pin)
    page.click("#pin-go")
    words = page.inner_text("#compare-words")
    if keep:
        page.check("#pin-keep")
    page.click("#pin-same")
    return words


def test_an_approval_vouched_for_by_partners_is_handed_in_at_one(online: Page, partnered: Federation, pin: str) -> None:
    """The pin's six words, then the act with both partners' names, then a partner takes the entry and the log enacts it."""
    text = partnered.house.write("statement.md", "The mast is being painted.\n")
    proposal = partnered.do("heron", "statement", "publish", text)["proposal"]["id"]
    bring_kit(online, partnered.house, "tern")
    online.fill("#request-text", asked(partnered, "approve", proposal))
    online.click("#request-go")
    assert "six words" in give_pin(online, pin)
    online.locator("#act:not([hidden])").wait_for()
    said = online.inner_text("#act")
    for line in ("You approve this proposal by heron:", "The mast is being painted.", "Partners vouch", "gull, knot", "3.1"):
        assert line in said
    assert online.locator("#act-know-field").is_hidden()
    online.click("#act-sign")
    assert heading(online) == "Signed. Now hand it in"
    online.get_by_role("button", name=partnered.nodes["knot"].url.removeprefix("http://")).click()
    online.get_by_text("has taken it").wait_for()
    partnered.log.until(lambda _: partnered.ask("status", proposal)["status"] == "enacted")


def test_a_request_without_a_proof_is_proved_by_asking_the_partners(online: Page, partnered: Federation, pin: str) -> None:
    """A short link holds the act alone; both partners are asked, their answers are put together, and a kept pin is not asked for again."""
    proposal = partnered.do("heron", "propose", "entrust", "resource=mast", "holders=plover")["entry"]
    for name in partnered.nodes:
        partnered.nodes[name].until_signed(partnered.log.about()["size"])
    request = Request(partnered.ask("state")["org"], 0, "approve", {"proposal": proposal}, urls=(partnered.log.url,))
    bring_kit(online, partnered.house, "plover")
    online.fill("#request-text", link_text(request.to_bytes()))
    online.click("#request-go")
    give_pin(online, pin, keep=True)
    online.locator("#act:not([hidden])").wait_for()
    assert "These members look after mast: plover." in online.inner_text("#act")
    assert "gull, knot" in online.inner_text("#act")
    online.click("#act-sign")
    # The log's own server takes it, too; a second time it says that it has it.
    for said in ("has taken it", "stands in the record already"):
        online.get_by_role("button", name=partnered.log.url.removeprefix("http://")).click()
        online.get_by_text(said).wait_for()
    bring_kit(online, partnered.house, "plover")
    online.fill("#request-text", link_text(request.to_bytes()))
    online.click("#request-go")
    online.locator("#refused:not([hidden])").wait_for()
    assert "You have approved this already." in online.inner_text("#refused")


def test_a_statement_travels_with_its_text_and_a_refusal_is_told(online: Page, partnered: Federation, pin: str) -> None:
    """The log takes the text beside the entry, a partner the entry alone; what the rules refuse is shown in the server's own words."""
    notice = partnered.house.write("fair.md", "The spring fair is on Sunday.\n")
    bring_kit(online, partnered.house, "tern")
    online.fill("#request-text", asked(partnered, "propose", "statement", "language=en", "--text", notice, "--for", "tern"))
    online.click("#request-go")
    give_pin(online, pin)
    online.locator("#act:not([hidden])").wait_for()
    online.click("#act-sign")
    entry = online.input_value("#entry-text")
    online.get_by_role("button", name=partnered.log.url.removeprefix("http://")).click()
    online.get_by_text("has taken it").wait_for()
    online.get_by_role("button", name=partnered.nodes["gull"].url.removeprefix("http://")).click()
    online.get_by_text("and keeps no texts").wait_for()
    (found,) = [row for row in partnered.ask("status")["proposals"] if row["kind"] == "statement" and row["status"] == "open"]
    assert found["opening"] == "The spring fair is on Sunday."
    assert '"form":"commonhold/act/v1"' in entry
    # An objection that was handed in twice, each with its own nonce: the second is refused in words.
    objection = asked(partnered, "object", found["id"], "--for", "tern")
    for said in ("has taken it", "does not take it. It says:"):
        online.click("#done [data-to=request]")
        online.fill("#request-text", objection)
        online.click("#request-go")
        online.locator("#act:not([hidden])").wait_for()
        online.click("#act-sign")
        online.get_by_role("button", name=partnered.log.url.removeprefix("http://")).click()
        online.get_by_text(said).wait_for()
    online.fill("#send-url", "javascript:alert(1)")
    online.click("#send-go")
    assert "An address begins with https://" in online.inner_text("#send-wrong")
    online.fill("#send-url", "http://127.0.0.1:9")
    online.click("#send-go")
    online.get_by_text("cannot be reached").wait_for()
