"""Sealing, asking for a release, opening it, and the sheet, in signer.html; nothing readable is left in the browser or the house."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page

from commonhold.kernel.custody.sealing.bundle import MAX_FILE
from commonhold.kernel.record.request import link_text, parse_given
from commonhold.store.handing import unpack
from commonhold.testing.requests import bent
from tests.attacks import Mutation, attack
from tests.browser.signing import PAGE, bring_kit, bring_request, hand_in, link_to, refusal, until
from tests.browser.test_signer_custody import sheet_words
from tests.cli.custodians import CANARY, OFFICERS, SEED, files_with, must, sealed, status
from tests.cli.custodians import act as custody
from tests.cli.houses import House, found

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> House:
    return found(tmp_path_factory.mktemp("house") / "saltmarsh")


@pytest.fixture
def house(founded: House, tmp_path: Path) -> House:
    return founded.copy(tmp_path / "saltmarsh")


def add_secret(page: Page, kind: str, name: str, value: str) -> None:
    """Type one secret and add it."""
    page.select_option("#secret-kind", kind)
    page.fill("#secret-name", name)
    page.fill("#secret-value", value)
    page.click("#secret-add")


def id_of(text: str) -> str:
    """The id of a signed entry."""
    return unpack(text.encode())[1].id


def codes_now(seed: str) -> set[str]:
    """The codes of a second factor in this half minute and the one before (RFC 6238)."""
    found = set()
    for step in (int(time.time()) // 30, int(time.time()) // 30 - 1):
        mac = hmac.digest(base64.b32decode(seed), step.to_bytes(8, "big"), "sha1")
        found.add(f"{(int.from_bytes(mac[mac[19] & 15 :][:4], 'big') & 0x7FFFFFFF) % 1_000_000:06}")
    return found


def start(page: Page, link: str) -> None:
    """Bring a request, say that nobody vouches for it, and press its button."""
    bring_request(page, link)
    page.check("#act-know")
    if page.locator("#act-compared-field").is_visible():
        page.check("#act-compared")
    page.click("#act-sign")


def seal_here(page: Page, house: House, *secrets: tuple[str, str, str]) -> str:
    """Seal the page's secrets; gives the signed text."""
    start(page, link_to(house, "seal", "page"))
    until(page, "secrets")
    for secret in secrets:
        add_secret(page, *secret)
    page.click("#secrets-go")
    until(page, "done")
    return page.input_value("#entry-text")


def key_of(page: Page, house: House, name: str = "page.release-key") -> Path:
    """Save the one-off key and sign; gives where the file is."""
    until(page, "onekey")
    page.click("#onekey-go")
    assert "Save the key file first" in page.inner_text("#onekey-wrong")
    with page.expect_download() as download:
        page.click("#onekey-save")
    place = house.base / name
    download.value.save_as(place)
    page.click("#onekey-go")
    until(page, "done")
    return place


@attack(
    "signer-opened-stays",
    Mutation(
        "reader/src/signer/unsealing.js",
        find='text.textContent = text.hidden ? "" : visible(value);',
        replace="text.textContent = visible(value);",
    ),
    Mutation(
        "reader/src/signer/sealing.js",
        find="    clear();\n    finish(reading,",
        replace='    localStorage.setItem("x", secrets[0].value);\n    finish(reading,',
    ),
)
@pytest.mark.smoke
def test_secrets_are_sealed_released_and_opened_on_a_phone(phone: Page, house: House) -> None:
    """From the first password to the opened one: the command line decides and proves, the phone does everything that is secret."""
    bring_kit(phone, house, "heron")
    text = seal_here(phone, house, ("password", "admin", CANARY), ("totp", "page 2FA", SEED))
    assert "every share took part" in phone.inner_text("#status")
    assert CANARY not in phone.content()
    hand_in(house, text)
    proposal = id_of(text)
    for name in ("heron", "tern"):
        house.do(name, "approve", proposal)
    assert status(house)["offered"] == [{"seal": 1, "waits_for": ["heron", "plover", "tern"]}]
    for name in OFFICERS:
        must(custody(house, name, "drill"))
    why = house.write("why.txt", "The page was hacked.\n")
    bring_kit(phone, house, "curlew")
    start(phone, link_to(house, "release", "page", "--purpose", why))
    six = phone.inner_text("#onekey-six").partition(": ")[2]
    place = key_of(phone, house)
    assert "AGE-SECRET-KEY" not in place.read_text()
    release = id_of(phone.input_value("#entry-text"))
    hand_in(house, phone.input_value("#entry-text"))
    for name in ("tern", "plover", "heron"):
        if house.do(name, "approve", release)["proposal"]["status"] == "enacted":
            break
    for name in OFFICERS[1:]:
        assert must(custody(house, name, "contribute", release, "--yes"))["recipient"] == six
    phone.click("#done [data-to=request]")
    start(phone, link_to(house, "unseal", release))
    phone.set_input_files("#openkey-file", place)
    until(phone, "opened")
    said = phone.inner_text("#opened")
    assert "The share of tern was used." in said
    assert CANARY not in phone.content(), "nothing shows before it is pressed"
    phone.get_by_role("button", name="Show admin").click()
    assert phone.locator("#secrets-shown pre").first.inner_text() == CANARY
    phone.get_by_text("The code now:").wait_for()
    assert phone.inner_text(".now bdi") in codes_now(SEED) or phone.inner_text(".now bdi") in codes_now(SEED)
    phone.get_by_role("button", name="Hide admin").click()
    assert CANARY not in phone.content()
    phone.click("#opened-clear")
    assert phone.locator("#secrets-shown *").count() == 0
    assert files_with(house.base, CANARY, SEED) == []
    assert phone.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    assert phone.evaluate("indexedDB.databases().then((found) => found.length)") == 0


def test_bad_secrets_are_named_and_nothing_that_was_typed_is_lost(phone: Page, house: House, tmp_path: Path) -> None:
    """An empty one, one without a name, two of one name, a seed that is none, 10 MB, and what was typed and not added."""
    bring_kit(phone, house, "tern")
    start(phone, link_to(house, "seal", "page"))
    until(phone, "secrets")
    phone.click("#secrets-go")
    assert "Add at least one secret." in phone.inner_text("#secrets-wrong")
    for kind, name, value, words in (
        ("password", "admin", "", "The secret is empty"),
        ("password", " ", CANARY, "A secret needs a name"),
        ("totp", "2FA", "123456", "no seed of a second factor"),
        ("note", "long", "x" * 100_000, "This is too large"),
    ):
        add_secret(phone, kind, name, value)
        assert words in phone.inner_text("#secret-wrong")
        assert phone.input_value("#secret-value") == value
    add_secret(phone, "password", "admin", CANARY)
    add_secret(phone, "note", "admin", "again")
    assert "already" in phone.inner_text("#secret-wrong")
    phone.click("#secrets-go")
    assert "not added yet" in phone.inner_text("#secrets-wrong")
    phone.fill("#secret-value", "")
    film = tmp_path / "film.key"
    with film.open("wb") as file:
        file.truncate(10 << 20)
    phone.set_input_files("#secret-file", film)
    phone.get_by_text("This is too large").wait_for()
    phone.fill("#secret-name", "")
    one_more = {"name": "one.key", "mimeType": "application/octet-stream", "buffer": bytes(MAX_FILE + 1)}
    phone.set_input_files("#secret-file", one_more)
    phone.get_by_text("a key file has at most 64 KB").wait_for()
    phone.set_input_files("#secret-file", {**one_more, "buffer": b""})
    phone.get_by_text("The secret is empty.").wait_for()
    phone.set_input_files("#secret-file", {**one_more, "name": "\u202eyek.\u200bslt" + "x" * 120, "buffer": b"\xff\x00"})
    phone.get_by_role("button", name="Remove yek.sltx").click()
    assert phone.locator("#secret-list li").count() == 1
    phone.set_input_files("#secret-file", {"name": "tls.key", "mimeType": "application/octet-stream", "buffer": bytes(range(256)) * 256})
    phone.get_by_text("To be sealed: tls.key (Key file)").wait_for()
    assert phone.locator("#secret-list li").count() == 2
    phone.get_by_role("button", name="Remove admin").last.click()
    assert phone.locator("#secret-list li").count() == 1
    assert "tls.key (Key file)" in phone.inner_text("#secret-list")
    size = house.size()
    phone.click("#secrets [data-to=act]")
    assert CANARY not in phone.content()
    assert house.size() == size


def test_a_page_closed_in_the_middle_leaves_the_old_seal(phone: Page, house: House) -> None:
    """Nothing is proposed before it is signed, so a browser that is closed while secrets are typed changes nothing."""
    sealed(house)
    size = house.size()
    bring_kit(phone, house, "tern")
    start(phone, link_to(house, "seal", "page"))
    until(phone, "secrets")
    add_secret(phone, "password", "admin", f"{CANARY}-2")
    phone.on("dialog", lambda dialog: dialog.accept())
    phone.goto("about:blank")
    phone.goto(PAGE)
    assert f"{CANARY}-2" not in phone.content()
    assert house.size() == size
    assert status(house)["live"]["opens"]


@attack(
    "signer-forged-contribution",
    Mutation("reader/src/signer/releasing.js", find='code: isTheirs ? error.code : "share/forged"', replace="code: error.code"),
)
def test_wrong_keys_and_wrong_shares_are_named_before_anything_is_put_together(phone: Page, house: House) -> None:
    """Another kit's key file, another release's, no key file; too few shares; and a forged one, whose supposed author is not blamed."""
    sealed(house)
    why, places, releases = house.write("why.txt", "The page was hacked.\n"), [], []
    for number in (1, 2):
        bring_kit(phone, house, "curlew")
        start(phone, link_to(house, "release", "page", "--purpose", why))
        places.append(key_of(phone, house, f"{number}.release-key"))
        releases.append(id_of(phone.input_value("#entry-text")))
        hand_in(house, phone.input_value("#entry-text"))
        for name in ("tern", "plover", "heron"):
            if house.do(name, "approve", releases[-1])["proposal"]["status"] == "enacted":
                break
    must(custody(house, "tern", "contribute", releases[0], "--yes"))
    phone.click("#done [data-to=request]")
    link = link_to(house, "unseal", releases[0])
    start(phone, link)
    picture = house.base / "key.jpg"
    picture.write_bytes(bytes(range(255, 127, -1)))
    for file, words in (
        (places[1], "the key of another release"),
        (house.kit("tern"), "not the key file of a release"),
        (places[1], "the key of another release"),
        (picture, "not the key file of a release"),
    ):
        phone.set_input_files("#openkey-file", file)
        phone.get_by_text(words).wait_for()
    phone.set_input_files("#openkey-file", places[0])
    until(phone, "opened")
    assert "Not enough right shares" in phone.inner_text("#opened")
    must(custody(house, "plover", "contribute", releases[0], "--yes"))
    must(custody(house, "heron", "contribute", releases[0], "--yes"))
    phone.click("#opened-clear")
    start(phone, forged(link_to(house, "unseal", releases[0]), "tern", b"plover"))
    phone.set_input_files("#openkey-file", places[0])
    until(phone, "opened")
    said = phone.inner_text("#opened")
    assert "The share of heron was used." in said
    assert "Refused: what is said to come from plover was not signed by plover." in said
    phone.get_by_role("button", name="Show admin").click()
    assert CANARY in phone.inner_text("#secrets-shown")
    bring_kit(phone, house, "tern")
    bring_request(phone, link)
    assert "Only the member who proposed this" in refusal(phone)


def forged(link: str, victim: str, other: bytes) -> str:
    """The request with *victim*'s contribution turned into one that *other* is said to have made."""
    request = parse_given(link)
    texts = dict(request.texts)
    mine = f'"by":"{victim}"'.encode()
    for digest, raw in request.texts.items():
        if mine in raw:
            del texts[digest]
            bad = raw.replace(mine, b'"by":"' + other + b'"')
            texts[hashlib.sha256(bad).hexdigest()] = bad
    return bent(
        request, lambda value: value.update(texts={digest: base64.b64encode(raw).decode() for digest, raw in sorted(texts.items())})
    )


def test_a_sheet_of_a_share_states_m_n_and_groups_and_is_gone_when_it_is_left(phone: Page, house: House) -> None:
    """The same 33 words as the command line's sheet, with who opens the seal, a code of them, and nothing kept."""
    sealed(house)
    own = sheet_words(house, "plover")
    bring_kit(phone, house, "plover")
    bring_request(phone, link_to(house, "drill", "page"))
    phone.click("#act-sheet")
    until(phone, "share")
    assert phone.locator("#share-paper .word").all_inner_texts() == own
    said = phone.inner_text("#share-paper")
    for words in (
        "It takes 2 of these 3 to open it: heron, plover, tern.",
        "Share 2 of 3. It takes at least 2 people",
        "Share of plover: seal 1 of page",
    ):
        assert words in said
    code = phone.locator("#share-paper .qr").screenshot()
    phone.emulate_media(media="print")
    assert phone.locator("#share-print").is_hidden()
    phone.emulate_media(media="screen")
    phone.click("#share [data-to=act]")
    assert phone.locator("#share-paper *").count() == 0
    phone.check("#act-know")
    phone.click("#act-paper")
    phone.click("#paper-scan")
    phone.get_by_text("No camera can be used here.").wait_for()
    phone.set_input_files("#scan-file", {"name": "sheet.png", "mimeType": "image/png", "buffer": code})
    until(phone, "done")
    assert "plover has and can open their share" in hand_in(house, phone.input_value("#entry-text"))


def test_links_of_this_kind_read_as_they_were_written(house: House) -> None:
    """A request about a seal goes through its link unchanged."""
    link = link_to(house, "seal", "page")
    assert link_text(parse_given(link).to_bytes()) == link.partition("#")[2]


def test_secrets_are_sealed_from_the_keyboard(phone: Page, house: House) -> None:
    """Tab, Space and Enter alone lead from the words of the request to the signed seal."""

    def reach(place: str) -> None:
        for _ in range(20):
            if phone.evaluate("document.activeElement.id") == place:
                return
            phone.keyboard.press("Tab")
        raise AssertionError(f"the keyboard does not reach {place}")

    bring_kit(phone, house, "heron")
    bring_request(phone, link_to(house, "seal", "page"))
    for place, key in (("act-know", "Space"), ("act-sign", "Enter")):
        reach(place)
        phone.keyboard.press(key)
    until(phone, "secrets")
    assert phone.evaluate("document.activeElement.id") == "secrets-title"
    reach("secret-name")
    phone.keyboard.type("admin")
    reach("secret-value")
    phone.keyboard.type(CANARY)
    reach("secret-add")
    phone.keyboard.press("Enter")
    phone.get_by_text("To be sealed: admin (Password)").wait_for()
    reach("secrets-go")
    phone.keyboard.press("Space")
    until(phone, "done")
    assert "heron proposes" in hand_in(house, phone.input_value("#entry-text"))
