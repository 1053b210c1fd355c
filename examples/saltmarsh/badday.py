"""The last chapter of the demo: the radio's server is seized and its folder deleted, its members restore it and go on elsewhere, and they get their page back.

Everything here is a real process on this machine's own network: the radio's log server, two partner nodes, a thief's server, the server of the
next epoch, each custodian's program, and a Chromium for two of the members where there is one. The provider of the page alone is simulated.
"""

from __future__ import annotations

import secrets
import shutil
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import goingon
import keeping
import pageback
import phones
import sealing
from deciding import Story
from keeping import PUBLIC, Kept
from neighbours import PAGE, PARTNERS, Day, await_told, find_partners, newest, rent, told, verdict
from people import Later, later
from provider import Provider
from running import NotHealthyError, fetch, programs, refusal, until
from server import HostileServer, kit_of
from thief import Thief

from commonhold.kernel.record.entries import signed_bytes, unsigned_entry, with_signature

LIE = """# Personnel reshuffle

The assembly has dismissed the chair and the treasurer. From today Ruff speaks for Saltmarsh Community Radio. Donations go to the new account below.
"""


def tell(story: Story) -> None:
    """The whole chapter; every process ends with it, whatever happens."""
    with programs() as start, Provider().serving() as provider:
        try:
            day = rent(story, start)
            find_partners(day)
            page = sealing.set_up(day, provider)
            sealing.seal(day, page)
            work = keeping.publish(day)
            _prepare(day)
            kept = keeping.keep(day, work)
            with _seize(day, kept) as thief:
                _lie(day, page)
                strike = _refuse(day, thief)
                _show_two_faces(day, thief, page, strike)
                following = goingon.go_on(day, kept)
                goingon.readers_follow(day, following)
                goingon.nothing_is_lost(day, following, kept)
                goingon.count(day)
                pageback.get_back(day, following, page)
        except NotHealthyError as error:
            story.stage.fail("every server answers in time", str(error))


def _prepare(day: Day) -> None:
    stage = day.story.stage
    stage.say("And while all is well, members put two things aside: the page with which they sign, and the radio's pin.")
    stage.run("signer", "-o", phones.SIGNER)
    stage.run("pin", day.house.url, *(server.url for server in day.partners.values()), "--org", day.story.org, "-o", phones.PIN)
    digest = stage.json("signer", "--check", phones.SIGNER)["sha256"]
    Path("texts/signing-page.md").write_text(f"# Our signing page\n\nsigner.html sha256:{digest}\n", "utf-8")
    stage.say("So that nobody slips them another page, two officers put its digest into the record.")
    address = ("--house", day.house.url)
    stage.quiet("statement", "publish", "texts/signing-page.md", *address, "--kit", "kits/heron.kit")
    stage.run("approve", newest(day.story, day.house.url)[:8], *address, "--kit", "kits/plover.kit", only=("entry", "enacted", "status"))
    stage.run("signer", "--check", phones.SIGNER, "--record", day.house.url, "--org", day.story.org)
    named = stage.json("signer", "--check", phones.SIGNER, "--record", day.house.url, "--org", day.story.org)
    for name in PARTNERS:
        await_told(day, name, Path("texts/signing-page.md").read_text("utf-8"), "official")
    stage.check("whoever has a copy of the page can ask the record whether it is the one", named["sha256"] == digest)


@contextmanager
def _seize(day: Day, kept: Kept) -> Iterator[Thief]:
    stage = day.story.stage
    stage.step("The bad day: the server and the page are seized, and everything is deleted")
    stage.say(
        """Ruff has the server's root, a session on the page that was never ended, and a quarrel with the rest. The true log is stopped. Ruff
        keeps a copy, and deletes the rest: the radio's folder on the server, and the mirror beside it."""
    )
    until(lambda: len({day.row(name)["signed"]["size"] for name in PARTNERS}) == 1, "both partners have signed the newest entry")
    day.size = day.row("gull")["signed"]["size"]
    day.seized = time.monotonic()
    for server in (day.house, kept.public):
        server.kill()
    address = urllib.parse.urlsplit(day.house.url)
    thief = Thief(Path("server"), ("one", "two"))
    stage.type(f"rm -rf server {PUBLIC}")
    for folder in (Path("server"), PUBLIC):
        shutil.rmtree(folder)
    stage.check("the radio has no server, no folder and no mirror of its own any more", not (Path("server").exists() or PUBLIC.exists()))
    stage.say(
        "Another program, at the same address and with the log's own key, serves what Ruff likes, to whom Ruff likes. It took one evening."
    )
    with thief.serving(address.port or 0, address.path):
        stage.check("the address answers as if nothing had happened", fetch(f"{day.house.url}/checkpoint"))
        yield thief


def _lie(day: Day, page: sealing.Page) -> None:
    story, stage = day.story, day.story.stage
    stage.say(f"On {PAGE}, where Ruff is logged in still, there now stands:")
    page.provider.ask("publish", session=page.session, text=LIE)
    stage.quote(LIE)
    Path("attacks/reshuffle.md").write_text(LIE, "utf-8")
    stage.say("A listener who wonders asks one of the partners, and pastes the text, or looks it up with the program:")
    stage.run("verify", day.mirror("gull"), "--org", story.org, "--text", "attacks/reshuffle.md", code=1, only=("verdict", "text"))
    found = stage.json("verify", day.mirror("gull"), "--org", story.org, "--text", "attacks/reshuffle.md", code=1)
    stage.check("what the page says is not official, whoever can write on it", found["verdict"] == "not-official")
    for name in PARTNERS:
        stage.check(f"{PARTNERS[name]} says so to anybody who asks in a browser", told(day, name, LIE) == "not-official")


def _refuse(day: Day, thief: Thief) -> Later:
    """The server takes no entry; the officers hand it to a partner, whose answer comes in some seconds."""
    stage = day.story.stage
    stage.say("The officers want to strike the page, so that it is no channel of record any more. The server takes nothing from them:")
    strike = ("propose", "channel", "op=strike", f"address={PAGE}")
    stage.quiet(*strike, "--house", day.house.url, "--kit", "kits/heron.kit", code=1)
    stage.check("the thief's server refuses every entry", thief.refused > 0)
    stage.say(
        """So they hand it to a partner. It keeps what the rules allow, offers it to the server again and again, and signs nothing more for a log that
        has left it out for ten minutes: a server that drops entries loses its clock. (The demo does not wait for that.)"""
    )
    return later(stage, *strike, "--house", day.mirror("gull"), "--kit", "kits/heron.kit")


def _show_two_faces(day: Day, thief: Thief, page: sealing.Page, strike: Later) -> None:
    stage = day.story.stage
    stage.step("Attack: show the partners two faces")
    stage.say(
        "Ruff tries to split the partners: to one, the log goes on in this way, to the other in that. Both heads are signed with the log's own key."
    )
    for name, face, rival in (("gull", "one", "heron"), ("tide", "two", "tern")):
        made = thief.faces[face]
        made.append(_grab(made, rival))
        thief.shown = face
        note = (thief.record() / "checkpoint").read_bytes()
        status, words = refusal(f"{day.mirror(name)}/cosign", note)
        stage.check(f"{PARTNERS[name]} sees nothing wrong with what it is shown, and signs it", status == 200 and words)
        stage.check(f"and holds {day.size + 1} entries now", day.row(name)["held"] == day.size + 1)
    stage.say(
        "But Ruff cannot know who asks, and the partners compare what they hold, three times a minute. Meanwhile heron's terminal has an answer:"
    )
    strike.show(only=("entry", "taken"))
    waiting = day.partners["gull"].json("pending")["entries"]
    stage.check("the partner holds what the server refuses", [entry["member"] for entry in waiting] == ["heron"])
    sealing.find_nothing(day, page, thief)
    stage.say("And by now the partners have compared:")
    until(lambda: _alarms(day, "gull", "two-faces"), "gull has noticed")
    (alarm,) = _alarms(day, "gull", "two-faces")
    Path("two-faces.proof").write_bytes(fetch(f"{day.partners['gull'].url}/alarms/{alarm['id']}"))
    stage.run("verify", "two-faces.proof", code=1)
    stage.check(
        "the proof convinces anybody, offline: this log cannot be trusted", stage.json("verify", "two-faces.proof", code=1)["ok"] is False
    )
    stage.check("and no face has both partners' signatures, so neither has a clock", verdict(day)["verdict"] != "official")


def _grab(face: HostileServer, rival: str) -> bytes:
    """What ruff signs on one face: with their own kit, for they have no other."""
    read, kit = face.read(), kit_of("ruff")
    unsigned = unsigned_entry(
        type="propose",
        org=read.state.org,
        epoch=read.state.epoch,
        by="ruff",
        key=kit.key_id,
        seen=(read.tree.size, read.tree.root()),
        nonce=secrets.token_bytes(16),
        body={
            "kind": "dismiss",
            "payload": {"office": "chair" if rival == "heron" else "treasurer", "member": rival},
            "not_after": 1 << 40,
        },
    )
    return with_signature(unsigned, kit.sign(signed_bytes(unsigned)))


def _alarms(day: Day, name: str, kind: str) -> list[dict[str, Any]]:
    return [alarm for alarm in day.partners[name].json("alarms")["alarms"] if alarm["kind"] == kind]
