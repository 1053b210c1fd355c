"""Snapshots as people make them: a key that nobody sees, sealed; drafts out, the disk gone, custodians together, drafts back."""

from __future__ import annotations

from pathlib import Path

from tests.attacks import Mutation, attack
from tests.cli.custodians import OFFICERS, act, files_with, must, process, unseal
from tests.cli.houses import House, command

DRAFT = "canary-c0ffee-draft-of-a-leader"


def sealed_key(house: House) -> str:
    """Make the key and seal it as the mailbox; gives the key, which only this test sees."""
    made = process("snapshot", "key", "--resource", "mailbox", "--house", house.path)
    assert made.code == 0, made.said
    seal = must(act(house, "heron", "seal", "mailbox", "--stdin", "--approve", stdin=made.out))
    house.do("tern", "approve", seal["proposal"]["id"])
    for name in OFFICERS:
        must(act(house, name, "drill", "mailbox"))
    return made.out.strip().partition("=")[2]


def test_drafts_survive_the_house(house: House, tmp_path: Path) -> None:
    """A work that nobody published and a loose file come back on another disk, by what the custodians opened together; the key lies in no file."""
    draft = tmp_path / "draft.md"
    draft.write_text(DRAFT)
    added = command(
        *("work", "add", "--at", house.path, "--kind", "article", "--title", "en=Draft", "--text", f"en={draft}"),
        *("--rights", "Made by members.", "--by", "heron", "--json"),
    )
    (house.path / "minutes.txt").write_text(DRAFT)
    early = command("snapshot", "make", "--house", house.path, "--json")
    assert (early.code, early.json["code"]) == (2, "snapshot/no-key")
    key = sealed_key(house)
    made = house.ask("snapshot", "make")
    assert (made["works"], made["files"]) == (1, 1)
    assert files_with(house.base, key) == []
    assert DRAFT.encode() not in Path(made["snapshot"]).read_bytes()
    mirror = house.base / "mirror"
    assert command("mirror", "build", mirror, "--at", house.path).code == 0
    assert files_with(mirror, DRAFT) == []
    # The disk is gone; a mirror is left, and the snapshot lies in it.
    assert (mirror / "snapshots" / Path(made["snapshot"]).name).read_bytes() == Path(made["snapshot"]).read_bytes()
    purpose = house.write("purpose.txt", "The disk is gone.\n")
    released = must(act(house, "curlew", "release", "mailbox", "--purpose", purpose, "--key", house.base / "one-off.key"))
    for name in ("tern", "plover", "heron"):
        if house.do(name, "approve", released["proposal"]["id"])["proposal"]["status"] == "enacted":
            break
    for name in OFFICERS[:2]:
        must(act(house, name, "contribute", released["proposal"]["id"], "--yes"))
    assert command("mirror", "build", mirror, "--at", house.path).code == 0
    there = tmp_path / "there"
    restored = command("restore", mirror, there, "--json")
    assert (restored.code, restored.json["snapshots"], restored.json["texts_nowhere"]) == (0, 1, []), restored.said
    kept = next((there / "snapshots").iterdir())
    opened = unseal(house, released["proposal"]["id"], "--name", "mailbox")
    assert opened.code == 0, opened.said
    back = process("snapshot", "open", kept, "--identity", "-", "--house", there, "--json", stdin=opened.out)
    assert back.code == 0, back.said
    assert (back.json["works"], back.json["left"]) == (1, [])
    assert added.json["work"] in command("work", "list", "--house", there).out
    assert (there / "minutes.txt").read_text() == DRAFT


@attack(
    "snapshot-03",
    Mutation(
        "src/commonhold/cli/snapshot.py",
        find='    if seal is None or state.part("proposals")[seal.proposal].index < size:',
        replace="    if seal is None and size < 0:",
    ),
)
def test_no_snapshot_is_made_for_a_key_that_nobody_holds(house: House, tmp_path: Path) -> None:
    """Before the seal counts, and after another key was made that is not sealed yet; and the key is neither shown nor written to a file."""
    assert process("snapshot", "key", "--resource", "mailbox", "--house", house.path).code == 0
    early = command("snapshot", "make", "--house", house.path, "--json")
    assert (early.code, early.json["code"]) == (1, "snapshot/no-seal")
    twice = process("snapshot", "key", "--resource", "mailbox", "--house", house.path)
    assert twice.code != 0
    assert "a key for snapshots already" in twice.said
    assert "AGE-SECRET" not in twice.said
    must_anew = process("snapshot", "key", "--resource", "nothing", "--anew", "--house", house.path)
    assert "does not say who keeps" in must_anew.said
    sealed = process("snapshot", "key", "--resource", "mailbox", "--anew", "--house", house.path)
    seal = must(act(house, "heron", "seal", "mailbox", "--stdin", "--approve", stdin=sealed.out))
    house.do("tern", "approve", seal["proposal"]["id"])
    for name in OFFICERS:
        must(act(house, name, "drill", "mailbox"))
    assert command("snapshot", "make", "--house", house.path).code == 0
    (house.path / "snapshots" / "mine.age").write_text("mine")
    (house.path / "snapshots" / "20200101T000000Z.age").write_text("old")
    kept = house.ask("snapshot", "make", "-o", tmp_path / "out.age", "--keep", 1)
    assert kept["gone"] == ["20200101T000000Z.age"]
    assert len(list((house.path / "snapshots").iterdir())) == 2
    assert process("snapshot", "key", "--resource", "mailbox", "--anew", "--house", house.path).code == 0
    later = command("snapshot", "make", "--house", house.path, "--json")
    assert (later.code, later.json["code"]) == (1, "snapshot/no-seal")
    nobody = process("snapshot", "open", tmp_path / "x", "--identity", "-", "--house", house.path, "--json", stdin="nothing")
    assert (nobody.code, nobody.json["code"]) == (2, "snapshot/identity")


@attack(
    "snapshot-06", Mutation("src/commonhold/cli/snapshot.py", find='state.part("proposals")[seal.proposal].index', replace="seal.index")
)
def test_a_seal_that_was_proposed_before_the_key_seals_another(house: House) -> None:
    """It is decided and acknowledged afterwards, and holds the key before: what went to the new one, nobody could open."""
    first = process("snapshot", "key", "--resource", "mailbox", "--house", house.path)
    seal = must(act(house, "heron", "seal", "mailbox", "--stdin", "--approve", stdin=first.out))
    assert process("snapshot", "key", "--resource", "mailbox", "--anew", "--house", house.path).code == 0
    house.do("tern", "approve", seal["proposal"]["id"])
    for name in OFFICERS:
        must(act(house, name, "drill", "mailbox"))
    made = command("snapshot", "make", "--house", house.path, "--json")
    assert (made.code, made.json["code"]) == (1, "snapshot/no-seal")
    assert not (house.path / "snapshots").exists()
