"""The verifier as somebody saved it: opened from the disk in a real Chromium, at phone size, offline, in six languages, by keyboard."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from commonhold.kernel.canonical import canonical_bytes
from commonhold.kernel.notes import SignerKey, sign_note
from tests.attacks import Mutation, attack
from tests.browser.conftest import PHONE
from tests.reader.test_proof_files import HOSTILE, a_proof
from tools.inline import DIST, ROOT

pytestmark = pytest.mark.browser

VECTORS = ROOT / "vectors"
PAGE = (DIST / "verifier.html").as_uri()
STRINGS = {path.stem: json.loads(path.read_text("utf-8")) for path in (ROOT / "reader" / "strings").glob("*.json")}
PROOF = a_proof()


def vectors(name: str) -> Any:
    return json.loads((VECTORS / name).read_text("ascii"))


def check(page: Page, raw: str = "", *, org: str = "", trust: str = "", entry: str = "") -> str:
    """What the page answers in large words."""
    if page.url != PAGE:
        page.goto(PAGE)
    if page.locator("#more").get_attribute("open") is None:
        page.locator("#more > summary").click()
    for field, value in (("raw", raw), ("org", org), ("trust", trust), ("entry", entry)):
        page.fill(f"#{field}", value)
    return answered(page)


def answered(page: Page) -> str:
    """The answer, once the page has checked: it puts the focus there. (A script of the test's own would break the page's policy.)"""
    page.click("#check")
    page.locator("#verdict:focus").wait_for()
    return page.inner_text("#verdict")


def dropped(page: Page, raw: bytes, name: str = "given.proof") -> None:
    page.set_input_files("#raw-file", {"name": name, "mimeType": "application/octet-stream", "buffer": raw})


@pytest.mark.smoke
def test_a_proof_file_is_judged_without_network_and_says_what_that_rests_on(phone: Page) -> None:
    """A pasted proof file shows its entry and text; the page does not claim the replay that it did not do."""
    assert check(phone, PROOF.to_bytes().decode(), org=PROOF.org) == "Cannot judge"
    facts = phone.inner_text("#facts")
    assert f"Entry {PROOF.proof.index} is in the record of the organisation {PROOF.org}" in facts
    assert "The organisation is the one whose id you gave." in facts
    assert "The founding member heron signed this entry with the kit of the founding, and the signature is valid." in facts
    assert "does not apply the charter's rules" in facts
    assert "checked on this device" in facts
    assert phone.inner_text("#texts pre") == "We move to the mill. Мы переезжаем.\n"


@attack(
    "reader-01",
    Mutation(
        "reader/src/prooffile.js",
        find='demand(founding.id === (org || file.org), "record/other-org"',
        replace='demand(true, "record/other-org"',
    ),
)
def test_a_proof_of_another_organisation_is_not_to_be_believed(phone: Page) -> None:
    """Whoever knows the organisation's id is told that the file is another's."""
    assert check(phone, PROOF.to_bytes().decode(), org="0" * 64) == "Do not believe this"
    assert phone.inner_text("#facts") == "This is from the record of another organisation."


@attack(
    "reader-01",
    Mutation(
        "reader/src/prooffile.js",
        find="checkpoint.size === BigInt(hashes.length) && same(rootOf(hashes), checkpoint.root),",
        replace="true,",
    ),
)
def test_a_changed_proof_file_is_not_to_be_believed(phone: Page) -> None:
    """One entry left out, and the tree does not lead to what the log signed."""
    value = json.loads(PROOF.to_bytes())
    bent = canonical_bytes({**value, "leaves": value["leaves"][:-1]})
    assert check(phone, bent.decode()) == "Do not believe this"


def test_every_offline_proof_of_the_vectors_has_its_answer(phone: Page) -> None:
    """Pasted proofs under the vectors' policy hold, or are refused or unreadable."""
    given = vectors("tlog-proof.json")
    for case in given["cases"]:
        entry = base64.b64decode(case["entry_base64"]).decode()
        if entry == "":
            continue  # an empty field is no entry; the empty entry can be given as a file
        said = check(phone, case["proof"], trust=given["policy"], entry=entry)
        if case["expect"] == "accept":
            assert said == "This holds", case["name"]
            assert "22:13 UTC" in phone.inner_text("#facts")
        elif case["name"] != "a newline at the end":
            assert said in {"Do not believe this", "This cannot be read"}, case["name"]


@attack(
    "reader-02",
    Mutation("reader/src/ed25519.js", find="return same(found.toBytes(), encoded);", replace="return true;"),
    Mutation("reader/src/notes.js", find="    verified.size > 0,", replace="    true,"),
)
def test_every_note_of_the_vectors_has_its_answer(phone: Page) -> None:
    """Note files with the vectors' keys hold, or are refused or unreadable; bytes of a file are taken as they are."""
    phone.goto(PAGE)
    for case in vectors("notes.json")["cases"]:
        check(phone, trust="\n".join(case["vkeys"]))
        dropped(phone, base64.b64decode(case["note_base64"]))
        said = answered(phone)
        if case["expect"] == "accept":
            assert said == "This holds", case["name"]
        elif case["vkeys"]:
            assert said in {"Do not believe this", "This cannot be read"}, case["name"]
        else:
            assert said == "Cannot judge", case["name"]


@pytest.mark.smoke
def test_without_a_key_nothing_is_claimed(phone: Page) -> None:
    """A note whose signers nobody vouches for is not judged, and the page opens the place for keys."""
    note = sign_note("The mill is ours.\n", SignerKey("gull.example", bytes([3]) * 32)).decode()
    assert check(phone, note) == "Cannot judge"
    assert "gull.example" in phone.inner_text("#facts")
    assert "That was not checked." in phone.inner_text("#facts")
    assert phone.locator("#more").get_attribute("open") == ""


@pytest.mark.parametrize(
    "mark", ["<img src=x onerror=document.title='pwned'>", "</script><script>document.title='pwned'</script>", "\u202eevil"]
)
@attack(
    "reader-04",
    Mutation("reader/src/sentences.js", find="value.textContent = place[1]", replace="value.innerHTML = place[1]"),
)
def test_hostile_text_never_becomes_markup(phone: Page, mark: str) -> None:
    """HTML in a note's text, in a signer's name or in a file's name is shown as text."""
    key = SignerKey(mark.replace(" ", "\u00ad").replace("=", "-"), bytes([3]) * 32)
    note = sign_note(f"{mark}\n", key)
    assert check(phone, note.decode(), trust=str(key.verifier)) == "This holds"
    assert phone.inner_text("#texts pre").strip() == mark
    assert key.name in (phone.text_content("#facts") or "")
    dropped(phone, b"x", f"{mark.replace('/', '_')}.txt")
    assert phone.title() == "Check a record · Commonhold"
    assert phone.locator("img, #answer script, #raw-chosen *:not(bdi)").count() == 0


def test_what_is_no_record_at_all_has_an_answer_too(phone: Page) -> None:
    """Nothing, junk, a cut file and an endless nesting are each answered, and the page goes on working."""
    for raw in ("", "hello", "{", "[" * 100_000, "{" * 100_000, PROOF.to_bytes().decode()[:-9], "c2sp.org/tlog-proof@v1\n\n"):
        assert check(phone, raw) == "This cannot be read"
    assert check(phone, PROOF.to_bytes().decode()) == "Cannot judge"


@attack(
    "reader-05",
    Mutation("reader/src/verifier.js", find="this.file.size > MAX_BYTES ?", replace="false ?"),
)
def test_a_file_that_is_too_large_is_not_read(phone: Page, tmp_path: Path) -> None:
    """Whoever chooses a film is told so, without the page taking the memory for it."""
    phone.goto(PAGE)
    large = tmp_path / "film.bin"
    with large.open("wb") as file:
        file.truncate((64 << 20) + 1)
    phone.set_input_files("#raw-file", large)
    assert answered(phone) == "This cannot be read"
    assert phone.inner_text("#facts") == STRINGS["en"]["too-large"]


@pytest.mark.parametrize("language", ["en", "ru", "ko", "zh", "es", "ar"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.smoke
def test_every_language_is_accessible_at_phone_size(phone: Page, language: str, scheme: Any) -> None:
    """axe finds nothing before and after an answer, in light and dark; nothing is wider than the phone; Arabic runs from the right."""
    phone.emulate_media(color_scheme=scheme)
    phone.goto(PAGE)
    phone.select_option("#language", language)
    assert check(phone, PROOF.to_bytes().decode()) == STRINGS[language]["verdict-cannot-judge"]
    assert "undefined" not in phone.inner_text("body")
    found = Axe().run(phone)
    assert found.violations_count == 0, found.generate_report()
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert phone.evaluate("getComputedStyle(document.body).direction") == ("rtl" if language == "ar" else "ltr")
    assert phone.evaluate("document.documentElement.lang") == language
    assert phone.title().startswith(STRINGS[language]["title"])


def test_the_page_speaks_the_readers_own_language_first(phone: Page) -> None:
    """A browser set to Korean is answered in Korean; one set to what the page does not speak, in English."""
    browser = phone.context.browser
    assert browser is not None
    for locale, title in (("ko-KR", STRINGS["ko"]["title"]), ("fr-FR", STRINGS["en"]["title"])):
        context = browser.new_context(locale=locale)
        page = context.new_page()
        page.goto(PAGE)
        assert page.inner_text("h1") == title
        context.close()


@pytest.mark.smoke
def test_everything_can_be_done_from_the_keyboard(phone: Page) -> None:
    """Tab and Enter reach the fields, the file button and the answer, which takes the focus so that a screen reader reads it."""
    phone.goto(PAGE)
    seen = []
    for _ in range(6):
        phone.keyboard.press("Tab")
        seen.append(phone.evaluate("document.activeElement.id || document.activeElement.tagName"))
    assert seen == ["language", "raw", "raw-file", "SUMMARY", "check", seen[5]]
    phone.focus("#raw")
    phone.keyboard.insert_text("hello")
    phone.focus("#check")
    phone.keyboard.press("Enter")
    phone.locator("#verdict:focus").wait_for()
    assert phone.inner_text("#verdict") == "This cannot be read"


@pytest.mark.parametrize("name", ["nothing but openings", "zeros", "a note of 10,000 signatures"])
def test_a_hostile_file_is_answered_in_words(phone: Page, name: str) -> None:
    """Files that are made to exhaust a parser are refused, nothing of them is shown, and the page goes on working."""
    phone.goto(PAGE)
    dropped(phone, HOSTILE[name])
    assert answered(phone) == "This cannot be read"
    assert phone.inner_text("#texts") == ""
    assert len(phone.inner_text("#answer")) < 1_000
    assert check(phone, PROOF.to_bytes().decode()) == "Cannot judge"


def test_a_file_dropped_anywhere_on_the_page_is_the_one_that_is_checked(phone: Page) -> None:
    """Dropping a file neither leaves the page nor shows it; it is named, and checked."""
    phone.goto(PAGE)
    data = phone.evaluate_handle(
        "raw => { const data = new DataTransfer(); data.items.add(new File([raw], 'mill.proof')); return data; }", PROOF.to_bytes().decode()
    )
    phone.dispatch_event("main", "drop", {"dataTransfer": data})
    assert phone.inner_text("#raw-chosen") == "Chosen file: mill.proof"
    assert answered(phone) == "Cannot judge"
