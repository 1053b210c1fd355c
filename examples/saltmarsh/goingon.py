"""The second half of the bad day: the members restore the radio from what is left and go on in another log, and readers follow."""

from __future__ import annotations

import json
import time
from pathlib import Path

import phones
from deciding import MEMBERS
from keeping import CHECKED, Kept
from neighbours import PAGE, PARTNERS, Day, asking, await_told, newest, open_house, told
from running import Server, fetch, refusal, until

MOVED = "https://saltmarsh-radio.example/"


def go_on(day: Day, kept: Kept) -> Server:
    """Seven members restore the radio from what is left and decide to live there; gives its server."""
    story, stage = day.story, day.story.stage
    stage.step("Seven members restore the radio, and go on elsewhere")
    stage.say(
        """Nobody asks Ruff for anything. On knot's own computer a new house is made out of lapwing's copy, with a key of its own, and the next epoch begins in it.
        Anybody with a kit may do that; nothing in it counts until more than half of all members have decided it (article 4.2)."""
    )
    began = time.monotonic()
    day.act("knot", "restore", kept.copy.url, "next", "--org", story.org, only=("organisation", *CHECKED))
    seconds = time.monotonic() - began
    stage.check(
        f"lost: nothing. After {seconds:.1f} seconds all {day.size} entries, the programme and the site are back, byte for byte",
        len(kept.entries) == day.size and kept.whole_in(Path("next")),
    )
    following = open_house(stage, day.start, Path("next"))
    stage.variables["NEXT"] = following.url
    stage.run("epoch", "announce", following.url, *asking(day))
    address = ("--house", following.url)
    day.act("knot", "epoch", "succeed", "--approve", *address, only=("entry", "what", "under", "needs"))
    succession = newest(story, following.url)
    by_cli, by_phone = ("avocet", "dunlin", "godwit", "lapwing"), ("teal", "redshank")
    stage.type(f"for name in {' '.join(by_cli)}; do commonhold approve {succession[:8]} --house $NEXT --kit kits/$name.kit; done")
    for name in by_cli:
        day.act(name, "approve", succession, *address, quiet=True)
    phones.approve(story, succession, following.url, [day.mirror(name, following) for name in PARTNERS], by_phone)
    day.acts += by_phone
    until(lambda: stage.json("status", succession, *address)["status"] == "enacted", "the succession is decided")
    stage.run("status", succession[:8], *address, only=("what", "status", "approved", "decided"))
    found = stage.json("status", succession, *address)
    stage.check(
        "seven of twelve have decided: the radio goes on in its next epoch", found["status"] == "enacted" and len(set(day.acts)) == 7
    )
    for name, domain in PARTNERS.items():
        _await_frozen(day, name)
        stage.check(f"{domain} has put its name to it that it signs for the old log no more", _frozen(day, name))
    status, _ = refusal(f"{day.mirror('gull')}/cosign", (Path("server-two") / "record" / "checkpoint").read_bytes())
    stage.check("whatever the thief's log says now, no partner signs it", status != 200)
    return following


def readers_follow(day: Day, following: Server) -> None:
    """The old page and the old log are struck, for whoever asks, and the new ones are official."""
    story, stage = day.story, day.story.stage
    stage.step("Readers follow")
    stage.say("The two officers say where the radio is now: the page in the thief's hands is no channel of record any more.")
    address = ("--house", following.url)
    day.act("heron", "propose", "channel", "op=move", f"address={PAGE}", f"to={MOVED}", "--approve", *address, only=("entry",))
    day.act("plover", "approve", newest(story, following.url)[:8], *address, only=("entry", "attested", "enacted"))
    for name, domain in PARTNERS.items():
        await_told(day, name, PAGE, "struck")
        stage.check(f"whoever asks {domain} for {PAGE} reads: struck, and where the radio is now", told(day, name, PAGE) == "struck")
        await_told(day, name, MOVED, "official")
        stage.check(f"and for {MOVED}: official", told(day, name, MOVED) == "official")
    stage.say("Somebody who knows nothing but the old log, as one partner holds it, is led on:")
    stage.run("verify", day.mirror("gull"), "--org", story.org, code=1, only=("verdict",))
    found = stage.json("verify", day.mirror("gull"), "--org", story.org, code=1)
    stage.check("the old log is struck", found["verdict"] == "struck")
    found = stage.json("verify", following.url, "--org", story.org, *asking(day))
    stage.check("the new one is official, by the partners' fresh signatures", found["verdict"] == "official")


def nothing_is_lost(day: Day, following: Server, kept: Kept) -> None:
    """What was recorded and published before the bad day stands after it."""
    story, stage = day.story, day.story.stage
    before, now = (stage.json("state", "--house", house) for house in ("radio", following.url))
    same = now["members"] == before["members"] and before["statements"].items() <= now["statements"].items()
    stage.check("members, offices and statements are what they were: nothing that was recorded is lost", same)
    places = (following.url, day.mirror("gull", following))
    held = all(fetch(f"{place}/objects/{digest[:2]}/{digest[2:]}") == raw for place in places for digest, raw in kept.objects.items())
    stage.check(f"the programme is whole, at the new address and at {PARTNERS['gull']}", held)
    found = stage.json("verify", following.url, "--org", story.org, "--text", "texts/statement-en.md", *asking(day))
    stage.check("the statement of long ago is official still", found["verdict"] == "official")


def count(day: Day) -> None:
    """What the day has cost: seconds of a machine, and people times actions."""
    stage = day.story.stage
    seconds, people = time.monotonic() - day.seized, len(set(day.acts))
    stage.check(
        f"from the seizure to the readers: {seconds:.0f} seconds of this machine, and {people} people with {len(day.acts)} actions between them",
        people < len(MEMBERS),
    )


def _frozen(day: Day, name: str) -> bool:
    """Whether a partner has signed that the old log ends."""
    return bool(json.loads(fetch(f"{day.mirror(name)}/successors"))["frozen"])


def _await_frozen(day: Day, name: str) -> None:
    until(lambda: _frozen(day, name), f"{name} has frozen the old log")
