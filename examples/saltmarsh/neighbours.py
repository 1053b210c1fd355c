"""The radio on a rented server, and two other organisations that keep its record: real processes on this machine's own network."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deciding import Story
from running import NotHealthyError, Programs, Server, fetch, free_addresses, until
from stage import Stage

PARTNERS = {"gull": "gull-island.example", "tide": "tidewater.example"}
PAGE = "https://saltmarsh.example/"


@dataclass
class Day:
    """Who is up, and what the day has cost so far."""

    story: Story
    start: Programs
    house: Server
    partners: dict[str, Server] = field(default_factory=dict)
    acts: list[str] = field(default_factory=list)
    size: int = 0
    seized: float = 0.0

    def mirror(self, name: str, house: Server | None = None) -> str:
        """The address of a partner's copy of the log that a house serves; the radio's own if none is named."""
        return f"{self.partners[name].url}/mirror/{self.row(name, house)['hash']}"

    def row(self, name: str, house: Server | None = None) -> dict[str, Any]:
        """What a partner says of that log."""
        url = (house or self.house).url
        # The house calls itself by the name that members use, and listens on the number behind it.
        rows = [row for row in self.partners[name].json()["logs"] if row["url"].replace("//localhost:", "//127.0.0.1:") == url]
        found: dict[str, Any] = rows[0]
        return found

    def act(self, who: str, *arguments: str, only: tuple[str, ...] = (), quiet: bool = False) -> None:
        """A member does something by themselves; it is counted."""
        self.acts.append(who)
        stage, typed = self.story.stage, (*arguments, "--kit", f"kits/{who}.kit")
        stage.quiet(*typed) if quiet else stage.run(*typed, only=only)


def rent(story: Story, start: Programs) -> Day:
    """The record moves to a server, and the radio names its page."""
    stage = story.stage
    stage.step("The radio rents a server")
    stage.say(
        """Until now the record lay in a folder. Now it moves to a rented server, where members find it in their browsers, and act through its address. Whoever
        runs the server has no more say than before. Today that is ruff, who knows about computers, and is trusted."""
    )
    stage.type("cp -r radio server")
    shutil.copytree("radio", "server")
    house = open_house(stage, start, Path("server"))
    stage.variables["RADIO"] = house.url
    day = Day(story, start, house)
    stage.run("verify", house.url, "--org", story.org, only=("verdict", "entries"))
    stage.say("Two officers name the page that is the radio's own, so that readers can ask for it by its address.")
    address = ("--house", house.url)
    stage.run("propose", "channel", "op=add", f"address={PAGE}", "--approve", *address, "--kit", "kits/heron.kit", only=("entry",))
    page = newest(story, house.url)
    stage.run("approve", page[:8], *address, "--kit", "kits/plover.kit", only=("entry", "enacted", "status"))
    stage.check(f"{PAGE} is a channel of record", stage.json("status", page, *address)["status"] == "enacted")
    return day


def open_house(stage: Stage, start: Programs, folder: Path) -> Server:
    """Make and serve the house in a folder: the members' pages, and below them the log, whose address this has."""
    port = free_addresses(1)[0].rpartition(":")[2]
    public = f"http://localhost:{port}"
    stage.type(f"commonhold house init {folder} --url {public}")
    done = subprocess.run(
        [Path(sys.executable).with_name("commonhold"), "house", "init", folder, "--url", public],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise NotHealthyError(done.stderr)
    stage.type(f"commonhold house serve --house {folder} --listen 127.0.0.1:{port} &")
    house = start("house", "serve", "--house", str(folder), "--listen", f"127.0.0.1:{port}", log=Path(f"{folder}.txt"))
    stage.show(f"members at   {public}\nlog          {house.url}")
    stage.check("members are asked for their passkey at the door, and for no password", b"passkey" in fetch(f"{public}/sign-in/").lower())
    return house


def find_partners(day: Day) -> None:
    """Two partner nodes follow the record, the members name them, and the record has a clock."""
    story, stage, house = day.story, day.story.stage, day.house
    stage.step("Two other organisations keep the record too")
    stage.say(
        """The Gull Island Archive and the Tidewater Union are partners: each runs one small program that follows the radio's record,
        checks every entry and every rule, keeps a copy, and only then signs that it has it, and when."""
    )
    log = house.ready["log"]
    places = dict(zip(PARTNERS, free_addresses(len(PARTNERS)), strict=True))
    for name, place in places.items():
        stage.variables[name.upper()] = f"http://{place}"
    others = {name: f"http://{place}" for name, other in zip(PARTNERS, reversed(PARTNERS), strict=True) for place in [places[other]]}

    def begin(name: str) -> Server:
        options = ("--state", f"partners/{name}", "--name", PARTNERS[name], "--log", f"{log}={house.url}", "--partner", others[name])
        room = ("--capacity", "100M") if name == "gull" else ()
        return day.start("partner", "serve", *options, *room, "--listen", places[name], "--allow-private", log=Path(f"partners-{name}.txt"))

    with ThreadPoolExecutor(len(PARTNERS)) as pool:
        day.partners.update(zip(PARTNERS, pool.map(begin, PARTNERS), strict=True))
    for name, domain in PARTNERS.items():
        stage.type(
            f'commonhold partner serve --state partners/{name} --name {domain} --log "$KEY=$RADIO" --partner {others[name]}{" --capacity 100M" if name == "gull" else ""} &'
        )
        stage.show(f"listening    {day.partners[name].url}")
    policy = {
        "witnesses": {name: server.ready["vkeys"]["mirror"] for name, server in day.partners.items()},
        "validators": {name: server.ready["vkeys"]["validator"] for name, server in day.partners.items()},
        "groups": {"both": {"k": len(PARTNERS), "of": sorted(PARTNERS)}},
        "quorum": "both",
    }
    Path("partners.json").write_text(json.dumps(policy, indent=2) + "\n", "utf-8")
    stage.say("The members name them, by two thirds (article 4.1). Eight sign; what counts from then on is what both partners have signed.")
    for server in day.partners.values():
        stage.quiet("house", "partner", "add", server.url, "--house", "server")
    address = ("--house", house.url)
    stage.run("propose", "partner", "--payload", "partners.json", "--approve", *address, "--kit", "kits/heron.kit", only=("entry",))
    named = newest(story, house.url)
    voters = ("tern", "plover", "curlew", "avocet", "dunlin", "godwit", "knot")
    for voter in voters:
        stage.quiet("approve", named, *address, "--kit", f"kits/{voter}.kit")
    stage.check("eight of twelve have named the partners", stage.json("status", named, *address)["status"] == "enacted")
    seconds = until(lambda: verdict(day)["verdict"] == "official", "both partners vouch for the record")
    stage.run("verify", house.url, "--org", story.org, *asking(day), only=("verdict", "resting", "entries", "partners"))
    stage.check(
        f"within {max(1, round(seconds))} seconds the record has a clock, and the verdict is a plain official",
        verdict(day)["verdict"] == "official",
    )
    for name, domain in PARTNERS.items():
        stage.type(f"curl -H 'Accept: application/json' '${name.upper()}/check?q={PAGE}'")
        await_told(day, name, PAGE, "official")
        stage.check(f"the page of {domain} says that {PAGE} is official", told(day, name, PAGE) == "official")


def newest(story: Story, house: str) -> str:
    """The id of the newest proposal at *house*."""
    found: str = max(story.stage.json("status", "--house", house)["proposals"], key=lambda each: each["index"])["id"]
    return found


def asking(day: Day) -> list[str]:
    """The options with which `verify` asks both partners."""
    return [part for server in day.partners.values() for part in ("--partner", server.url)]


def verdict(day: Day) -> dict[str, Any]:
    """The verdict on the radio's own log, with what the partners say; whatever its exit code."""
    stage = day.story.stage
    found: dict[str, Any] = stage.json("verify", day.house.url, "--org", day.story.org, *asking(day), code=None)
    return found


def told(day: Day, name: str, what: str) -> str:
    """The verdict that a partner's page for people gives on an address or a text, as it tells it to programs."""
    asked = urllib.parse.urlencode({"q": what})
    found: str = json.loads(fetch(f"{day.partners[name].url}/check?{asked}", accept="application/json"))["verdict"]
    return found


def await_told(day: Day, name: str, what: str, verdict: str) -> None:
    """Wait until a partner's page gives this verdict.

    Raises:
        NotHealthyError: if it does not.
    """
    until(lambda: told(day, name, what) == verdict, f"{name}'s /check says {verdict} of {what}")
