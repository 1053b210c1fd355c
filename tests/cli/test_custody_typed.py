"""Laws of what custodians type: a slip costs one line and not an evening, another sheet is named, and Ctrl-C leaves everything as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.custodians import CANARY, OFFICERS, SECRETS, act, files_with, must, only_release, process, released, sealed, status
from tests.cli.houses import House, found
from tests.cli.terminal import INTERRUPT, at_terminal

FIRST = (("Kind", "password"), ("Name", "admin"), ("not shown", CANARY), ("Repeat", CANARY))


def words_of(house: House, name: str, sheet: str = "sheet.html", resource: str = "page") -> list[str]:
    """The words of somebody's printed sheet."""
    path = house.base / sheet
    must(act(house, name, "shares", resource, "--out", path))
    return [part.split("</span>")[0] for part in path.read_text().split('<span class="word">')[1:]]


def rows(words: list[str]) -> list[tuple[str, str]]:
    """The words as somebody types them, three at a time."""
    return [(f"Words {at + 1} to", " ".join(words[at : at + 3])) for at in range(0, len(words), 3)]


def verb(house: House, name: str, *arguments: object) -> list[object]:
    return ["custody", *arguments, "--house", house.path, "--kit", house.kit(name)]


def test_a_secret_that_cannot_be_sealed_is_asked_for_again_and_the_others_are_not(house: House) -> None:
    """Whoever has typed a password keeps it when the seed after it is mistyped."""
    answers = (*FIRST, ("One more", "y"), ("Kind", "totp"), ("Name", "seed"), ("not shown", "123 456"))
    answers += (("not base32", "totp"), ("Name", "seed"), ("not shown", "JBSWY3DPEHPK3PXP"), ("One more", "n"))
    code, shown = at_terminal(verb(house, "heron", "seal", "page", "--approve"), answers)
    assert code == 0, shown
    assert "six digits that change" in shown
    assert CANARY not in shown
    (proposed,) = status(house)["proposed"]
    assert (proposed["seal"], proposed["by"]) == (1, "heron")


@pytest.mark.parametrize("given", [(), FIRST[:2], FIRST[:3], FIRST])
def test_an_interrupted_seal_leaves_the_record_as_it_was(house: House, given: tuple[tuple[str, str], ...]) -> None:
    """Ctrl-C at any question seals nothing, says so, and nothing of what was typed lies anywhere."""
    size = house.size()
    asked = (*(question for question, _ in FIRST), "One more")[len(given)]
    code, shown = at_terminal(verb(house, "heron", "seal", "page"), (*given, (asked, INTERRUPT)))
    assert code == 130, shown
    assert "nothing was sealed" in shown
    assert house.size() == size
    assert files_with(house.base, CANARY) == []


def test_one_mistyped_word_of_a_sheet_is_typed_again_and_not_all_of_them(opening: House) -> None:
    """The place is named with what it likely should be; the rows before it stay, and nothing of the share appears."""
    words = words_of(opening, "plover")
    typed = rows(words)
    wrong = f"{words[6]} {words[7]}q {words[8]}"
    answers = [*typed[:2], ("Words 7 to", wrong), ("Words 7 to", typed[2][1]), *typed[3:]]
    code, shown = at_terminal(verb(opening, "plover", "drill", "page", "--sheet"), answers)
    assert code == 0, shown
    assert "word 8 is not in the list of words" in shown
    assert "opens and is proved" in shown
    assert not [word for word in words if f" {word} {words[words.index(word) + 1 :][:1]}" in shown]


def test_words_that_do_not_belong_together_are_asked_for_once_more(opening: House) -> None:
    """Two sheets mixed, or two words exchanged: all words again, twice; Ctrl-C in the middle gives nothing."""
    words = words_of(opening, "plover")
    mixed = [*words[:20], *words_of(opening, "tern", "other.html")[20:]]
    size = opening.size()
    code, shown = at_terminal(
        verb(opening, "plover", "drill", "page", "--sheet"),
        [("Words 1 to", " ".join(mixed)), ("Words 1 to", " ".join(words[:9])), ("Words 10 to", INTERRUPT)],
    )
    assert code == 130, shown
    assert "do not mix the words of two sheets" in shown
    assert "Once more, from the first word." in shown
    assert opening.size() == size
    code, shown = at_terminal(verb(opening, "plover", "drill", "page", "--sheet"), [("Words 1 to", " ".join(mixed))] * 3)
    assert code == 2, shown
    assert opening.size() == size


def test_a_sheet_is_given_at_a_terminal_after_the_question(opening: House) -> None:
    """Whoever has only the paper reads the purpose, says yes, and types; a no gives nothing."""
    words = words_of(opening, "plover")
    release = only_release(opening)
    contribute = verb(opening, "plover", "contribute", release, "--sheet")
    code, shown = at_terminal(contribute, [("Give your share", "n")])
    assert (code, status(opening)["releases"][0]["given"]) == (2, []), shown
    code, shown = at_terminal(contribute, [("Give your share", "y"), ("Words 1 to", " ".join(words))])
    assert (code, status(opening)["releases"][0]["given"]) == (0, ["plover"]), shown


def test_another_sheet_is_named(opening: House, tmp_path: Path) -> None:
    """Of an earlier seal, of somebody else, of another organisation: each is told apart, and the right seal is found while two are there."""
    house, words = opening, " ".join(words_of(opening, "plover"))
    made = must(act(house, "heron", "seal", "page", "--stdin", "--approve", stdin=SECRETS))
    house.do("tern", "approve", made["proposal"]["id"])
    (proved,) = must(act(house, "plover", "drill", "page", "--sheet", stdin=words))["proved"]
    assert proved["seal"] == 1, "the words say which of the two seals is meant"
    for name in OFFICERS:
        must(act(house, name, "drill", "page"))
    old = act(house, "plover", "drill", "page", "--sheet", stdin=words).json
    assert (old["code"], "your share of seal 1 of page" in old["message"]) == ("share/other-seal", True)
    assert "replaced" in old["next_step"]
    for name in ("curlew", "avocet"):
        must(act(house, name, "rotate", "page", "--changed"))
    retired = act(house, "plover", "drill", "page", "--sheet", stdin=words).json
    assert "Destroy this sheet" in retired["next_step"]
    theirs = act(house, "tern", "drill", "page", "--sheet", stdin=words).json
    assert (theirs["code"], "the share of plover" in theirs["message"]) == ("share/other-seal", True)
    other = found(tmp_path / "other")
    sealed(other)
    foreign = act(other, "plover", "drill", "page", "--sheet", stdin=words).json
    assert foreign["code"] == "share/other-seal"
    assert foreign["next_step"]


def test_nobody_attests_the_change_of_a_seal_that_is_itself_to_be_changed(opening: House) -> None:
    """Before the new seal is live there is nothing to see at the provider; what comes first is said."""
    size = opening.size()
    early = act(opening, "avocet", "rotate", "page", "--changed").json
    assert early["code"] == "rotate/too-early"
    assert "change the password" in early["next_step"]
    assert opening.size() == size


def test_what_waits_for_a_decision_is_shown_beside_the_seals(house: House) -> None:
    """A seal that was proposed is not "nothing", and a release that was asked for and not decided is told from one that nobody knows."""
    made = must(act(house, "heron", "seal", "page", "--stdin", stdin=SECRETS))["proposal"]["id"]
    shown = process("custody", "status", "page", "--house", house.path)
    assert f"seal 1, by heron, is not decided: `commonhold status {made[:8]}`" in shown.out
    assert "1 resource, 0 to be changed" in shown.out
    for name in ("heron", "tern"):
        house.do(name, "approve", made)
    for name in OFFICERS:
        must(act(house, name, "drill"))
    purpose = house.write("purpose.txt", "The page was hacked.\n")
    asked = must(act(house, "curlew", "release", "page", "--purpose", purpose, "--key", house.base / "k"))["proposal"]["id"]
    early = act(house, "heron", "contribute", asked, "--yes").json
    assert early["message"] == f"the release {asked[:12]} is not decided yet"
    assert act(house, "heron", "contribute", made, "--yes").json["message"] == f"{made[:12]} is a seal, and no release"
    house.do("curlew", "withdraw", "proposal", asked)
    assert "was not decided: it is withdrawn" in act(house, "heron", "contribute", asked, "--yes").json["message"]
    assert act(house, "heron", "drill", "pgae").json["code"] == "seal/no-clause"
    assert released(house, key="again.key")
