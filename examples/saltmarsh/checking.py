"""The second half of the demo: a stranger checks everything, and attackers try what they can."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from deciding import MEMBERS, Story
from running import programs
from server import HostileServer, kit_of

from commonhold.store.keyfile import save_kit

VERDICT = ("verdict", "resting", "organisation", "entries", "freshness")


def verify_as_stranger(story: Story) -> None:
    """From a copy, from one file, and over the network of this machine."""
    stage = story.stage
    stage.step("A stranger checks everything")
    stage.say(
        """A listener wants to know whether the statement is real. They trust nobody: not the server, not the officers, not us. They have
        a copy of the radio's folder, without its keys, and the organisation's number from a printed leaflet."""
    )
    stage.type("cp -r radio stranger && rm -r stranger/keys")
    shutil.copytree("radio", "stranger", ignore=shutil.ignore_patterns("keys"))
    stage.type("unset COMMONHOLD_HOUSE")
    del os.environ["COMMONHOLD_HOUSE"]
    stage.type(f"ORG={story.org}")
    stage.variables["ORG"] = story.org
    secrets = [Path(f"kits/{name}.kit").read_bytes().split(b"\n")[2] for name in MEMBERS]
    secrets.append(Path("radio/keys/log.key").read_bytes().split(b"\n")[1])
    copied = b"".join(file.read_bytes() for file in Path("stranger").rglob("*") if file.is_file())
    stage.check("the copy holds no secret of anybody", not any(secret in copied for secret in secrets))
    stage.run("verify", "stranger", "--org", story.org)
    found = stage.json("verify", "stranger", "--org", story.org)
    stage.check("every signature and every rule was checked again, on this computer: it is official", found["official"])
    kinds = [decided["kind"] for decided in found["decided"]]
    stage.check(
        "it lists four elections, a statement and a change of the charter", sorted(kinds) == ["amend", *["appoint"] * 4, "statement"]
    )
    stage.say(
        """"Unwitnessed" is honest: this radio has no partner organisations yet that vouch for how new the record is. So the answer holds
        as of its last entry."""
    )
    stage.run("verify", "stranger", "--org", story.org, "--text", "texts/statement-en.md", only=("verdict", "text", "resting"))
    found = stage.json("verify", "stranger", "--org", story.org, "--text", "texts/statement-en.md")
    stage.check("the statement is official, signed by heron and plover", found["approved_by"] == ["heron", "plover"] and found["ok"])
    stage.check("it says which entry decided it, under which article", "article 3.1, signed by heron, plover" in found["text_says"])

    stage.say("A single file is enough, too: one can send it by mail or put it on a stick, and check it without any network.")
    stage.run("prove", story.short("statement"), "--house", "radio", "-o", "statement.proof")
    answer = stage.run("verify", "statement.proof", "--org", story.org, only=(*VERDICT, "entry", "what", "status", "decided", "under", "#"))
    stage.check(
        "the file alone proves who decided, under which article", "decided by   heron, plover" in answer.out and "article 3.1" in answer.out
    )
    found = stage.json("verify", "statement.proof", "--org", story.org)
    stage.check("and carries the text itself", found["text"] == Path("texts/statement-en.md").read_text("utf-8"))

    stage.say("And any web server can hand out the record; it needs no program of ours. Here is one, on this computer alone.")
    with programs() as start:
        address = start.web(Path("stranger")).url
        stage.type("python3 -m http.server --directory stranger --bind 127.0.0.1 &")
        stage.show(f"listening    {address}")
        stage.run("verify", address, "--org", story.org, only=("verdict", "entries"))
        stage.check("the same answer comes over the network", stage.json("verify", address, "--org", story.org)["official"])


def tamper(story: Story) -> None:
    """A changed word, another organisation, one changed byte."""
    stage = story.stage
    stage.step("Attack: change what was said or decided")
    stage.say("Somebody passes the statement on, with one word left out: donations shall go to an account that *is* theirs.")
    told = Path("texts/statement-en.md").read_text("utf-8")
    forged = told.replace("an account that is not ours", "an account that is ours")
    Path("attacks/statement-en.md").write_text(forged, "utf-8")
    stage.check("(the forged text differs by one word)", len(told) - len(forged) == len("not "))
    stage.run("verify", "stranger", "--org", story.org, "--text", "attacks/statement-en.md", code=1, only=("verdict", "text"))
    found = stage.json("verify", "stranger", "--org", story.org, "--text", "attacks/statement-en.md", code=1)
    stage.check("the forged text is not official", found["verdict"] == "not-official")

    stage.say("Somebody with a copy of the record changes one byte in it: 900 euros become 100.")
    stage.type("cp -r stranger attacks/tampered")
    shutil.copytree("stranger", "attacks/tampered")
    bundle = _newest_bundle(Path("attacks/tampered"))
    whole = bundle.read_bytes()
    at = whole.index(b'"amount":900') + len(b'"amount":')
    stage.type(f"printf 1 | dd of={bundle} bs=1 seek={at} conv=notrunc status=none")
    bundle.chmod(0o644)
    bundle.write_bytes(whole[:at] + b"1" + whole[at + 1 :])
    differing = sum(a != b for a, b in zip(whole, bundle.read_bytes(), strict=True))
    stage.check("(exactly one byte is another)", differing == 1)
    stage.refused("one changed byte is found", "verify", "attacks/tampered", "--org", story.org, why="tile/entry")
    stage.check("the untouched copy is still official", stage.json("verify", "stranger", "--org", story.org)["official"])

    stage.say(
        """Somebody makes twelve kits alone, with the same twelve names, and founds a Saltmarsh Community Radio of their own. Their record
        is well made. But it has another number than the one on the leaflet:"""
    )
    _lookalike(story)
    stage.refused("whoever knows the number is not deceived", "verify", "attacks/lookalike", "--org", story.org, why="record/other-org")
    alone = stage.json("verify", "attacks/lookalike")
    stage.check("(to somebody who knows no number it is a radio like any other: ask for the number)", alone["official"])


def forge(story: Story) -> None:
    """A forged approval, through the command line and by a server with the log's key."""
    stage = story.stage
    stage.step("Attack: sign in somebody else's name, or twice")
    stage.say("The rope of the mast waits for tern. Somebody makes a kit file that says tern, around the key of ruff, and tries:")
    save_kit(Path("attacks/forged-tern.kit"), "tern", kit_of("ruff"))
    rope = story.short("rope")
    attempt = ("approve", rope, "--house", "radio", "--kit", "attacks/forged-tern.kit")
    stage.refused("the program refuses a kit that is not tern's", *attempt, why="kit/not-recorded", code=2)
    stage.say("Or the chair signs a second time, to make two signatures out of one person:")
    attempt = ("approve", rope, "--house", "radio", "--kit", "kits/heron.kit")
    stage.refused("the program refuses a second signature", *attempt, why="act/approved")

    stage.say(
        """But the thief of the server does not use our program. They have the server's key and write into its log whatever they like. So
        that is what we do now, in a copy. There is no command for it; the demo builds the entries by hand."""
    )
    stage.type("cp -r radio attacks/server")
    shutil.copytree("radio", "attacks/server")
    server = HostileServer(Path("attacks/server"))
    full = story.proposals["rope"]
    tern, ruff, heron = kit_of("tern"), kit_of("ruff"), kit_of("heron")
    tries: tuple[tuple[str, str, Callable[[], bytes]], ...] = (
        (
            "an approval in tern's name, signed with ruff's key",
            "key/other-member",
            lambda: server.approval(full, by="tern", kit=ruff, key_id=ruff.key_id),
        ),
        (
            "the same again, now pretending that it is tern's key",
            "signature/invalid",
            lambda: server.approval(full, by="tern", kit=ruff, key_id=tern.key_id),
        ),
        (
            "a second approval by heron, with heron's own good signature",
            "act/approved",
            lambda: server.approval(full, by="heron", kit=heron, key_id=heron.key_id),
        ),
        ("an old approval that tern really signed, brought a second time", "entry/replayed", lambda: server.old_approval("tern")),
    )
    for words, code, make in tries:
        index = server.append(make())
        refused = {found["index"]: found for found in stage.json("verify", "attacks/server", "--org", story.org)["refused"]}
        stage.say(f"The server appends entry {index}: {words}.")
        stage.check(f"it counts for nothing: {refused[index]['words']}", refused[index]["code"] == code)
    stage.say("The server's log is well made: its own signature is good, and nothing was removed. So a reader can read it all, and sees:")
    stage.run("verify", "attacks/server", "--org", story.org, only=("verdict", "entries", "refused"))
    found = stage.json("verify", "attacks/server", "--org", story.org)
    stage.check(
        "four entries count for nothing, and everything else stands as before", found["official"] and len(found["refused"]) == len(tries)
    )
    stage.run("status", rope, "--house", "attacks/server", only=("what", "status", "approved", "needs"))
    need = story.need("rope", "--house", "attacks/server")
    stage.check(
        "tern's signature is still missing: whoever has the server has no vote", (need["missing"], need["who_still_can"]) == (1, ["tern"])
    )


def finish(story: Story) -> None:
    """The last word has the installed program, in processes of its own."""
    stage = story.stage
    stage.step("The last word")
    stage.say("So far the commands ran inside the demo, to save time. These three are the installed program itself.")
    answer = stage.program("verify", "radio", "--org", story.org, only=("verdict", "resting", "entries"))
    stage.check("the radio's record is official", answer.code == 0 and "official as of entry" in answer.out)
    answer = stage.program("verify", "statement.proof", "--org", story.org, only=("verdict", "decided", "under"))
    stage.check("so is its statement, from one file", answer.code == 0 and "decided by   heron, plover" in answer.out)
    answer = stage.program("verify", "attacks/tampered", "--org", story.org, code=1)
    stage.check("and the record with one changed byte is not", answer.code == 1 and not answer.out)


def _lookalike(story: Story) -> None:
    """A radio of one person, with the names of twelve."""
    stage, folder = story.stage, Path("attacks/lookalike-kits")
    folder.mkdir(mode=0o700)
    stage.say("(Twelve times `key new`, one `found attacks/lookalike`, and twelve times `accept`: not shown.)")
    for name in MEMBERS:
        stage.quiet("key", "new", name, "--out", str(folder / f"{name}.kit"))
    cards = [part for name in MEMBERS for part in ("--member", str(folder / f"{name}.card"))]
    stage.quiet("found", "attacks/lookalike", "--charter", "charter", *cards, "--kit", str(folder / "heron.kit"))
    for name in MEMBERS:
        stage.quiet("accept", "--house", "attacks/lookalike", "--kit", str(folder / f"{name}.kit"))


def _newest_bundle(house: Path) -> Path:
    """The file with all entries: a record of fewer than 256 has one, whose name ends in their number."""
    bundles = [path for path in (house / "record" / "tile" / "entries").rglob("*") if path.is_file()]
    return max(bundles, key=lambda path: int(path.name))
