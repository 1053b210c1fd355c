"""Laws about ``commonhold signer --check``: whether a copy is this version's page, and whether the organisation has named it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tests.attacks import Mutation, attack
from tests.cli.houses import House, command
from tools.inline import DIST

PAGE = DIST / "signer.html"
CLI = "src/commonhold/cli/signer.py"


def name_page(house: House, page: bytes) -> None:
    house.statement(f"# Our signing page\n\nTake it from a friend, and compare.\n\nsigner.html sha256:{hashlib.sha256(page).hexdigest()}\n")


def test_a_copy_is_compared_with_the_page_of_this_version(tmp_path: Path) -> None:
    """The very same bytes are, one more byte is not, and the answer says which digest it has."""
    copy = tmp_path / "signer.html"
    copy.write_bytes(PAGE.read_bytes())
    assert command("signer", "--check", copy).code == 0
    copy.write_bytes(PAGE.read_bytes() + b"\n")
    done = command("signer", "--check", copy, "--json")
    assert (done.code, done.json["code"]) == (1, "signer/other")


def test_the_organisation_says_which_page_is_its_own(house: House) -> None:
    """The newest statement that names a page counts: who decided it, under which article, is told; an older page is refused as that."""
    old, new = house.write("old.html", "<p>old</p>"), house.write("new.html", "<p>new</p>")
    org = house.ask("state")["org"]
    done = command("signer", "--check", new, "--record", house.path, "--json")
    assert (done.code, done.json["code"]) == (1, "signer/not-named")
    name_page(house, old.read_bytes())
    assert command("signer", "--check", old, "--record", house.path).code == 0
    name_page(house, new.read_bytes())
    said = command("signer", "--check", new, "--record", house.path, "--org", org)
    assert (said.code, "by heron, tern" in said.out) == (0, True)
    refused = command("signer", "--check", old, "--record", house.path)
    assert (refused.code, "an older statement named this one" in refused.said) == (1, True)


@attack("signer-14", Mutation(CLI, "if digest != found:", "if False:"))
def test_a_page_that_nobody_decided_is_not_the_organisations(house: House) -> None:
    """A statement that one officer alone proposed names nothing, and a page that differs by one byte is refused."""
    page = house.write("signer.html", "<p>signer</p>")
    forged = house.write("forged.html", "<p>signer.</p>")
    name_page(house, page.read_bytes())
    house.statement(f"signer.html sha256:{hashlib.sha256(forged.read_bytes()).hexdigest()}\n", approved=False)
    assert command("signer", "--check", page, "--record", house.path).code == 0
    assert command("signer", "--check", forged, "--record", house.path, "--json").json["code"] == "signer/other"


def test_another_organisation_and_a_missing_text_are_said(house: House) -> None:
    """--org refuses a record of somebody else's, and a text that is not there is counted, not passed over."""
    page = house.write("signer.html", "<p>signer</p>")
    name_page(house, page.read_bytes())
    done = command("signer", "--check", page, "--record", house.path, "--org", "ab" * 32, "--json")
    assert (done.code, done.json["code"]) == (1, "record/other-org")
    for text in (house.path / "objects").rglob("*"):
        if text.is_file():
            text.unlink()
    done = command("signer", "--check", page, "--record", house.path)
    assert (done.code, "1 statements were not looked at" in done.said) == (1, True)
    assert command("signer", "--record", house.path).code == 2
