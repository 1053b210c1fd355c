"""Before the bad day: the page's password is sealed for four officers, any two of whom open it; and on the day, what a thief finds of it."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from neighbours import Day, newest
from people import at_once, at_terminal
from provider import Provider, leaks
from server import kit_of
from thief import Thief

from commonhold.kernel.custody.sealing.opening import open_seal
from commonhold.kernel.custody.sealing.shares import parse_envelope
from commonhold.kernel.errors import CustodyError
from commonhold.kernel.record.keeping import live_seal, manifest
from commonhold.store.objects.directory import ObjectDirectory
from commonhold.store.sealedfile import unseal_with

CUSTODIANS = ("heron", "tern", "plover", "curlew")
WELCOME = "Saltmarsh Community Radio. On air from six."
SHEET = Path("kits/tern-share.html")


@dataclass
class Page:
    """The radio's page at its (simulated) provider: what opens it, and the session that Ruff never ended."""

    provider: Provider
    password: str = field(repr=False)
    codes: tuple[str, ...] = field(repr=False)
    session: str = field(repr=False)
    former: tuple[str, ...] = field(default=(), repr=False)


def set_up(day: Day, provider: Provider) -> Page:
    """The page has a new password, which plover made; Ruff is logged in still."""
    stage = day.story.stage
    stage.step("The page's password is sealed")
    stage.say(
        f"""The page, the domain, the mailbox: what opens them lay in somebody's telephone. (The provider of the page is simulated here: provider.py of this
        demo answers at {provider.url} and does what such a provider does.) Ruff set the page up long ago, and is logged in there to this day. Now
        plover, the editor, changes the password, and has new recovery codes made. One thing plover forgets: to end all other sessions."""
    )
    old, new = (f"{secrets.token_hex(4)}-under-the-pier-{secrets.token_hex(4)}" for _ in range(2))
    ruff, plover = provider.begin(old), provider.begin(old)
    _, answer = provider.ask("password", session=plover, old=old, new=new, others="stay")
    stage.check(
        "at the provider the password is another one now, and Ruff is logged in still",
        provider.ask("publish", session=ruff, text=WELCOME)[0] == 200,
    )
    return Page(provider, new, tuple(answer["codes"]), ruff)


def seal(day: Day, page: Page) -> None:
    """Plover seals what they have just typed at the provider; a second officer agrees; all four acknowledge their shares."""
    story, stage, house = day.story, day.story.stage, ("--house", day.house.url)
    stage.say(
        """Article 3.5: what opens the page is sealed. The chair, the treasurer and the editors each keep a share, and any two open it together. At plover's
        terminal the program asks for the secrets, and shows nothing of them:"""
    )
    shown = sealed_at_terminal(day, page, *house)
    stage.check("nothing of what plover typed appeared on the screen", not any(secret in shown for secret in (page.password, *page.codes)))
    stage.run("approve", newest(story, day.house.url)[:8], *house, "--kit", "kits/heron.kit", only=("entry", "enacted", "status"))
    stage.say(
        "It does not count yet: a share that nobody has tried is no share. Each custodian opens theirs, on their own machine, all at the same time:"
    )
    at_once(stage, CUSTODIANS, "custody", "drill", *house)
    stage.run("custody", "status", "page", *house)
    (row,) = stage.json("custody", "status", "page", *house)["resources"]
    stage.check(
        "seal 1 is live: any two of four open it, on paper and in truth", row["live"]["strength"] == "2 of 4, on paper and in truth"
    )
    stage.check("and nothing is red", row["rotation"] is None)
    _sheet(day)


def sealed_at_terminal(day: Day, page: Page, *house: str) -> str:
    """Plover types what opens the page now, where nobody sees it; gives what stood on the screen."""
    return at_terminal(
        day.story.stage,
        "custody",
        "seal",
        "page",
        "--approve",
        *house,
        "--kit",
        "kits/plover.kit",
        answers=(
            ("Kind", "password"),
            ("Name", "admin"),
            ("not shown", page.password),
            ("Repeat", page.password),
            ("One more", "y"),
            ("Kind", "codes"),
            ("Name", "recovery"),
            ("not shown", " ".join(page.codes)),
            ("One more", "n"),
        ),
    )


def _sheet(day: Day) -> None:
    stage = day.story.stage
    stage.say("Kits get lost. So tern prints the share, too, and puts the sheet into a drawer in another house:")
    stage.run(
        "custody", "shares", "page", "-o", str(SHEET), "--house", day.house.url, "--kit", "kits/tern.kit", only=("sheet", "This page")
    )
    text = SHEET.read_text("utf-8")
    words = re.findall(r'<span class="word">([a-z]+)</span>', text)
    stage.check(
        "the sheet has 33 words, and says truthfully that it opens the page with one of three others",
        len(words) == 33 and "2 of 4: curlew, heron, plover, tern (your group)." in text,
    )
    stage.type(f"rm {SHEET}")
    SHEET.unlink()


def find_nothing(day: Day, page: Page, thief: Thief) -> None:
    """What Ruff, who has the whole server, and curlew, who has a share, find of the password."""
    stage = day.story.stage
    stage.step("Attack: look for the password")
    stage.say("Ruff would like to shut the others out of the page for good. But the provider asks for the present password:")
    status, answer = page.provider.ask("password", session=page.session, old="salt and sand", new="mine alone", others="end")
    stage.show(f"{page.provider.url}/password: {answer['why']}")
    stage.check("Ruff can write on the page, and cannot take it", status == 403)
    stage.say("It is sealed on the server that Ruff has just taken. So Ruff searches all of it:")
    seized = [face.house for face in thief.faces.values()]
    stage.type(f'grep -rlF -e "$PASSWORD" -e "$CODE" {" ".join(map(str, seized))}')
    stage.check("neither the password nor a recovery code is in any file that was seized", not leaks((page.password, *page.codes), seized))
    stage.check("nor in what the partners keep", not leaks((page.password, *page.codes), [Path("partners")]))
    stage.say(
        "Curlew, one of the four custodians, sides with Ruff. Together they have the sealed object and one share, and a program of their own:"
    )
    read = next(iter(thief.faces.values())).read()
    found = live_seal(read.state, "page")
    if found is None:
        stage.fail("the seized record has a live seal")
    public, objects = manifest(read.state, found), ObjectDirectory(seized[0])
    share = parse_envelope(unseal_with(objects.get(public.holdings["curlew"].envelope), [kit_of("curlew").age_identity]))
    try:
        open_seal(public, objects.get(public.sealed), [share])
        why = ""
    except CustodyError as error:
        why = error.code
        stage.show(str(error))
    stage.check("one custodian alone opens nothing, with the whole server at hand", why == "seal/not-enough")
