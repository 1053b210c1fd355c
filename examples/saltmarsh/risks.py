"""The first chapter of the demo: what the radio's people answered in the custody check, what it finds, and what the first step changes."""

from __future__ import annotations

from pathlib import Path

from deciding import Story

from commonhold.kernel.custody.interview import interview_bytes, parse_interview, plan

PAGE = "our page.exclusive"
OUTSIDE = ("the network of our page", "the phone company of studio phone", "a stranger with a good story")
PASSPHRASE = "four herons at low tide"


def look(story: Story) -> None:
    """Who could take the page, how, and what helps."""
    stage = story.stage
    stage.step("Before anything else: who could take the radio's page?")
    stage.say(
        """For twenty minutes knot, a volunteer, answered plain questions in the browser (`commonhold custody interview custody.json` asks them, and
        would show these answers): who runs the page, where its password resets go, who has the studio phone. Nothing is founded yet, and
        nobody needs an account. Now the program says who could shut all others out of the page:"""
    )
    stage.run("custody", "analyse", "custody.json", "--target", PAGE)
    alone = _alone(story, "custody.json")
    stage.check("each of three people could take the page alone: heron, plover and tern", alone == ["heron", "plover", "tern"])
    stage.say("Heron and tern run the page. But plover? Nobody ever made plover an administrator.")
    stage.run("custody", "explain", "custody.json", PAGE, "--by", "plover")
    path = stage.json("custody", "explain", "custody.json", PAGE, "--by", "plover")
    nodes = [step["node"] for step in path["quickest"]["steps"]]
    stage.check(
        "it is the studio's mailbox that makes it possible, at once",
        nodes[0].startswith("studio mailbox") and path["quickest"]["days"] == 0,
    )
    stage.say(
        "That says nothing about plover, who is as honest as the day. It says what a thief of plover's password could do. What to do about it?"
    )
    stage.run("custody", "fix", "custody.json", "--show", "1")
    steps = stage.json("custody", "fix", "custody.json", "--show", "1")["steps"]
    stage.check("the first step ends it", "Then nobody alone could shut the others out of our page." in steps[0]["effects"])
    stage.say("They do it the same evening, and answer the questions about the page again.")
    before = parse_interview(Path("custody.json").read_bytes())
    Path("custody-after.json").write_bytes(interview_bytes(plan(before, 1).steps[0].then))
    stage.run("custody", "analyse", "custody-after.json", "--target", PAGE)
    stage.check("now nobody of the radio could take the page alone", _alone(story, "custody-after.json") == [])
    found = stage.json("custody", "analyse", "custody-after.json", "--target", PAGE)["targets"][PAGE]
    stage.check("and any one of them can be away without the radio losing it", all(len(lost) > 1 for lost in found["lockout"]))
    stage.say("The page for the board is a map for burglars, so it leaves the computer encrypted.")
    Path("passphrase").write_text(PASSPHRASE + "\n", "utf-8")
    stage.run("custody", "report", "custody.json", "--out", "board.html.age", "--passphrase-file", "passphrase")
    sealed = Path("board.html.age").read_bytes()
    stage.check(
        "the file names nobody, and is an age file like any other", sealed.startswith(b"age-encryption.org/v1") and b"plover" not in sealed
    )
    stage.run("custody", "open", "board.html.age", "--passphrase-file", "passphrase", "--out", "board.html")
    stage.check("whoever knows the passphrase reads it", "plover" in Path("board.html").read_text("utf-8"))


def _alone(story: Story, file: str) -> list[str]:
    """The people who could take the page alone; the network, which always can by its own rules, apart."""
    found = story.stage.json("custody", "analyse", file, "--target", PAGE)["targets"][PAGE]
    story.stage.check("the list is complete: every smallest group was found", found["complete"])
    return sorted(group[0] for group in found["seize"] if len(group) == 1 and group[0] not in OUTSIDE)
