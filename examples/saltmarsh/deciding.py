"""The first half of the demo: the members of the radio make their keys, found it, elect officers, speak, spend, and change their charter."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stage import Stage

from commonhold.store.keyfile import load_kit

MEMBERS = ("heron", "tern", "plover", "curlew", "avocet", "dunlin", "godwit", "knot", "lapwing", "redshank", "ruff", "teal")
OFFICERS = (("chair", "heron"), ("treasurer", "tern"), ("editor", "plover"), ("editor", "curlew"))
SAYS = ("entry", "what", "under", "status", "approved", "objected", "needs", "until")
"""Of a proposal's report, the lines that the story is about."""


@dataclass
class Story:
    """What the second half must know of the first."""

    stage: Stage
    org: str = ""
    proposals: dict[str, str] = field(default_factory=dict)

    def proposal(self, name: str) -> dict[str, Any]:
        """Where a proposal stands, as ``commonhold status`` reports it."""
        found: dict[str, Any] = self.stage.json("status", self.proposals[name])
        return found

    def need(self, name: str, *more: str) -> dict[str, Any]:
        """The one need of an open proposal: who was counted, who still can be, how many are missing."""
        needs = self.stage.json("status", self.proposals[name], *more)["needs"]
        if len(needs) != 1:
            self.stage.fail(f"the proposal {self.short(name)} is open and needs one thing", f"it needs {len(needs)}")
        found: dict[str, Any] = needs[0]
        return found

    def short(self, name: str) -> str:
        """As much of a proposal's id as a person types."""
        return self.proposals[name][:8]

    def proposed(self, name: str) -> str:
        """Remember the newest open proposal under a name."""
        newest = max(self.stage.json("status")["proposals"], key=lambda found: found["index"])
        self.proposals[name] = newest["id"]
        return self.short(name)

    def state(self) -> dict[str, Any]:
        """What the record amounts to, as ``commonhold state`` reports it."""
        found: dict[str, Any] = self.stage.json("state")
        return found

    def each(self, verb: str, target: str, names: tuple[str, ...]) -> None:
        """Let several members do the same, each with their own kit; shown as the loop that one would type."""
        middle = f"{verb} {target}".strip()
        self.stage.type(f"for name in {' '.join(names)}; do commonhold {middle} --kit kits/$name.kit; done")
        for name in names:
            answer = self.stage.quiet(*middle.split(), "--kit", f"kits/{name}.kit")
            self.stage.show(answer.text.split("\n\n")[0])


def make_keys(story: Story) -> None:
    """Twelve kits."""
    stage = story.stage
    stage.step("Twelve members each make a key")
    stage.say(
        """Every member makes a kit: one small secret file, on their own computer. With it they sign, as one signs a letter; only
        this kit can make that signature, and everybody can check it. Beside it lies a card, which is public. Six words stand for the
        key, so that people can compare it on the telephone."""
    )
    first, *others = MEMBERS
    stage.run("key", "new", first, "--out", f"kits/{first}.kit")
    stage.type(f"for name in {' '.join(others)}; do commonhold key new $name --out kits/$name.kit; done")
    for name in others:
        stage.quiet("key", "new", name, "--out", f"kits/{name}.kit")
    kits = [Path(f"kits/{name}.kit") for name in MEMBERS]
    keys = {load_kit(kit)[1].key_id for kit in kits}
    stage.check("there are twelve kits, and no two are alike", len(keys) == len(MEMBERS))
    stage.check("only its owner can read a kit's file (mode 0600)", all(stat.S_IMODE(kit.stat().st_mode) == 0o600 for kit in kits))
    secrets = [kit.read_text("ascii").split("\n")[2] for kit in kits]
    cards = "".join(kit.with_suffix(".card").read_text("utf-8") for kit in kits)
    stage.check("no card holds anything secret", not any(secret in cards for secret in secrets))


def found(story: Story) -> None:
    """The charter and the founding."""
    stage = story.stage
    stage.step("They found the radio, under a charter that they wrote")
    stage.say(
        """A charter is two files: the articles, in words, and the rules that come from them, for the computer. The program reads both
        and says beforehand what could not work."""
    )
    stage.run("charter", "check", "charter", "--members", "12")
    stage.check("the charter can work with twelve members", stage.json("charter", "check", "charter", "--members", "12")["ok"])
    cards = [part for name in sorted(MEMBERS) for part in ("--member", f"kits/{name}.card")]
    stage.run(
        "found",
        "radio",
        "--charter",
        "charter",
        *cards,
        "--kit",
        "kits/heron.kit",
        typed="commonhold found radio --charter charter $(printf -- '--member %s ' kits/*.card) --kit kits/heron.kit",
        only=("organisation", "charter", "next"),
    )
    stage.type("export COMMONHOLD_HOUSE=radio")
    os.environ["COMMONHOLD_HOUSE"] = "radio"
    story.org = story.state()["org"]
    stage.say(
        """The long number is the organisation's name for ever: nobody can make another record with the same one. But heron alone has
        signed so far. One person must not be able to invent members, so nothing counts yet:"""
    )
    attempt = ("propose", "appoint", "office=chair", "member=heron", "--kit", "kits/heron.kit")
    stage.refused("nothing counts before every founding member has agreed", *attempt, why="found/waiting")
    story.each("accept", "", MEMBERS)
    state = story.state()
    stage.check("all twelve have agreed, and the radio exists", state["phase"] == "running" and len(state["members"]) == len(MEMBERS))


def elect(story: Story) -> None:
    """Four officers."""
    stage = story.stage
    stage.step("The members elect officers")
    stage.say("Article 1.3.1: the assembly elects. Article 1.2: more than half of all members. Of twelve, that is seven.")
    stage.run("propose", "appoint", "office=chair", "member=heron", "--approve", "--kit", "kits/tern.kit", only=SAYS)
    chair = story.proposed("chair")
    story.each("approve", chair, ("plover", "curlew", "avocet", "dunlin", "godwit"))
    need = story.need("chair")
    stage.check("six of twelve are not more than half: one is missing", (len(need["counted"]), need["missing"]) == (6, 1))
    stage.run("approve", chair, "--kit", "kits/knot.kit", only=("entry", "enacted", "heron holds", "status"))
    stage.check("with the seventh signature it is decided", story.proposal("chair")["status"] == "enacted")
    stage.check("heron is not chair before heron agrees", not story.state()["members"]["heron"]["offices"])
    stage.run("accept", "--kit", "kits/heron.kit")
    stage.check("now heron is chair", story.state()["members"]["heron"]["offices"] == ["chair"])
    stage.say("Article 1.3.2 says that nobody is chair and treasurer at once. The record holds them to it:")
    attempt = ("propose", "appoint", "office=treasurer", "member=heron", "--kit", "kits/teal.kit")
    stage.refused("heron cannot be treasurer as well", *attempt, why="effect/incompatible")
    stage.say(
        "The other officers are elected in the same way. Six more members sign each time (not shown), and each of the elected accepts."
    )
    for office, name in OFFICERS[1:]:
        stage.run("propose", "appoint", f"office={office}", f"member={name}", "--approve", "--kit", "kits/heron.kit", only=("entry",))
        chosen = story.proposed(name)
        for voter in ("avocet", "dunlin", "godwit", "knot", "lapwing", "redshank"):
            stage.quiet("approve", chosen, "--kit", f"kits/{voter}.kit")
        stage.run("accept", "--kit", f"kits/{name}.kit")
    stage.run("state", only=("member", "heron", "tern", "plover", "curlew"))
    offices = {name: row["offices"] for name, row in story.state()["members"].items() if row["offices"]}
    stage.check("the record names four officers and nobody else", offices == {name: [office] for office, name in OFFICERS})


def speak(story: Story) -> None:
    """The statement."""
    stage = story.stage
    stage.step("The radio publishes an official statement")
    stage.say("Somebody took over the radio's old page. The members want to say so, in a text that nobody can fake. It begins:")
    text = Path("texts/statement-en.md").read_text("utf-8")
    first, *rest = text.split("\n\n")[1:]
    stage.quote(f"{text.split(chr(10))[0]}\n\n{first}\n\n(... and {len(rest)} more paragraphs)")
    stage.say("Article 3.1: two officers sign an official statement. The chair is one of them.")
    stage.run("statement", "publish", "texts/statement-en.md", "--kit", "kits/heron.kit", only=SAYS)
    statement = story.proposed("statement")
    stage.say("teal is a member, but no officer. For a statement this signature is worth nothing, and the program says so:")
    stage.refused("teal cannot sign for the radio", "approve", statement, "--kit", "kits/teal.kit", why="act/cannot-count")
    stage.check("with one officer the statement is not official", not story.state()["statements"])
    stage.say("plover, an editor, looks before signing. What counts is not the file that somebody mailed, but the text in the record:")
    stage.run("status", statement, only=("what", "# Saltmarsh", "Last Thursday", "made our programmes"))
    stage.check("the record shows the text that heron signed, to the letter", story.proposal("statement")["text"] == text)
    stage.run("approve", statement, "--kit", "kits/plover.kit", only=("entry", "enacted", "status"))
    (decided,) = story.state()["statements"].values()
    stage.check("two officers have signed: the statement is official, under article 3.1", decided["articles"] == ["3.1"])
    stage.check("and the record says who they were", decided["approvers"] == ["heron", "plover"])


def spend(story: Story) -> None:
    """A decision that waits for one person."""
    stage = story.stage
    stage.step("A decision that still waits for somebody")
    stage.say("A rope of the mast is rusted, a new one costs 900 euros. Article 1.3.3: chair and treasurer sign together.")
    payment = ("propose", "spend_large", "amount=900", "currency=EUR", "--text", "texts/mast.md", "--approve")
    stage.run(*payment, "--kit", "kits/heron.kit", only=("entry",))
    rope = story.proposed("rope")
    stage.say("Whoever wonders why nothing happens asks the record: who signed, who still can, what is missing, and until when.")
    stage.run("status", rope)
    found = story.proposal("rope")
    need = story.need("rope")
    stage.check("one signature is missing", found["status"] == "open" and need["missing"] == 1)
    stage.check("and only tern, the treasurer, can give it", need["who_still_can"] == ["tern"])
    stage.check("it names its end, which counts once partners give the house a clock", found["not_after"] > 0 and not found["ends"])


def fail(story: Story) -> None:
    """A proposal that the members stop."""
    stage = story.stage
    stage.step("A proposal that fails")
    stage.say(
        """Somebody would like the treasurer to spend up to 1500 euros alone. That changes article 1.3.3, and article 2.1 asks for two
        thirds of all members: eight of twelve. Five members object."""
    )
    stage.run("propose", "amend", "--charter", "generous", "--approve", "--kit", "kits/curlew.kit", only=SAYS)
    generous = story.proposed("generous")
    story.each("object", generous, ("avocet", "dunlin", "godwit", "knot"))
    stage.check("four objections leave eight members who could still agree: it stays open", story.proposal("generous")["status"] == "open")
    stage.run("object", generous, "--kit", "kits/lapwing.kit", only=("entry", "failed", "status", "objected"))
    found = story.proposal("generous")
    stage.check("the fifth objection ends it: eight cannot be reached any more", found["status"] == "failed")
    stage.check("the record says why", "cannot be reached" in found["why"])
    stage.refused("nobody can bring it back to life", "approve", generous, "--kit", "kits/tern.kit", why="act/closed")
    stage.check("the charter is what it was", story.state()["charter"]["digest"] == _digest(stage, "charter"))


def amend(story: Story) -> None:
    """The amendment of article 1.3.3."""
    stage = story.stage
    stage.step("The members change their charter")
    stage.say("A smaller change finds friends: 300 euros in place of 200. What is voted on is shown word by word, before anybody signs.")
    stage.run("charter", "diff", "charter", "amended")
    diff = stage.json("charter", "diff", "charter", "amended")
    result = diff["amendment"]["result"]
    stage.say(
        """"Result" is the fingerprint of the new charter: change one letter, and it is another number. The members sign that number, so
        they can get nothing else than what they were shown."""
    )
    stage.check("the change touches article 1.3.3 and no other", diff["touched_articles"] == ["1.3.3"])
    stage.run("propose", "amend", "--charter", "amended", "--approve", "--kit", "kits/tern.kit", only=SAYS)
    change = story.proposed("amended")
    stage.check("what is voted on carries that same fingerprint", story.proposal("amended")["payload"]["result"] == result)
    story.each("approve", change, ("heron", "plover", "curlew", "redshank", "ruff", "teal"))
    stage.check(
        "seven of twelve are not two thirds: the old charter holds", story.state()["charter"]["digest"] == _digest(stage, "charter")
    )
    stage.run("approve", change, "--kit", "kits/avocet.kit", only=("entry", "enacted", "status"))
    stage.check("the eighth signature brings the new charter into force", story.proposal("amended")["status"] == "enacted")
    stage.check(f"its fingerprint is exactly the one that was voted on ({result[:12]}...)", story.state()["charter"]["digest"] == result)
    stage.check("the mast's rope, proposed before, still waits for tern alone", story.proposal("rope")["status"] == "open")


def keep_thresholds(story: Story) -> None:
    """An amendment that would pass under itself alone."""
    stage = story.stage
    stage.step("Attack: a rule that would lower itself")
    stage.say(
        """Seven members would like to change the charter by more than half, which is what they are. So they propose exactly that, and
        seven sign. Under the new rule seven would do. But a change is judged by the old charter, and article 2.3 asks for three
        quarters, nine of twelve, to touch article 2.1."""
    )
    stage.run("propose", "amend", "--charter", "easier", "--approve", "--kit", "kits/dunlin.kit", only=("entry",))
    easier = story.proposed("easier")
    names = ("godwit", "knot", "lapwing", "redshank", "ruff", "teal")
    story.each("approve", easier, names)
    stage.run("status", easier, only=(*SAYS, "This charter changes"))
    found = story.proposal("easier")
    need = story.need("easier")
    stage.check("it is judged under article 2.3 of the charter in force, not by itself", found["articles"] == ["2.3"])
    stage.check(
        "seven have signed, nine are needed: it is not enacted", (need["required"], need["missing"], found["status"]) == (9, 2, "open")
    )
    stage.check("the rule is what it was", story.state()["charter"]["digest"] == _digest(stage, "amended"))


def _digest(stage: Stage, folder: str) -> str:
    found: str = stage.json("charter", "show", folder)["digest"]
    return found
