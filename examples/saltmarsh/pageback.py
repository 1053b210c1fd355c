"""After the bad day: the custodians open what they sealed, by a decision that anybody can check, get the page back, and change what was opened."""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from typing import Any

from goingon import MOVED
from neighbours import Day, newest
from people import at_once, run_all
from provider import leaks
from running import Server, fetch, until
from sealing import Page, sealed_at_terminal
from server import kit_of

from commonhold.cli.reading import read_place
from commonhold.kernel import b64
from commonhold.kernel.custody.sealing.bundle import Secret
from commonhold.kernel.custody.sealing.opening import seal
from commonhold.kernel.custody.sealing.shares import Envelope, envelope_bytes
from commonhold.kernel.record.entries import signed_bytes, unsigned_entry, with_signature
from commonhold.kernel.record.keeping import live_seal, manifest
from commonhold.store.sealedfile import seal_to

WHY = """Ruff writes lies on our page. We log in with the sealed password, end all
other sessions, change the password and the codes, and seal the new ones tonight.
"""
BACK = f"This page is the radio's again. What stood here was not ours. Our record and our new address: {MOVED}"
KEY = "page.key"


def get_back(day: Day, following: Server, page: Page) -> None:
    """The whole chapter."""
    release, six = _ask(day, following)
    _wait(day, following, release)
    _give(day, following, release, six)
    _log_in(day, following, page, release)
    _change(day, following, page)


def _ask(day: Day, following: Server) -> tuple[str, str]:
    """Plover asks for what is sealed, and has no say in it."""
    story, stage, house = day.story, day.story.stage, ("--house", following.url)
    stage.step("The custodians open what they sealed")
    (row,) = stage.json("custody", "status", "page", *house)["resources"]
    stage.check(
        "the seal came along into the new epoch, from lapwing's copy: seal 1 is live, 2 of 4",
        row["live"]["seal"] == 1 and row["live"]["strength"] == "2 of 4, on paper and in truth",
    )
    stage.say(
        """The page is still in Ruff's hands, and what opens it is sealed. Plover asks for it: what for, for whom, until when. The program makes a key for this one
        opening. Article 3.6: two officers decide, never the one who asks; then the members may object. In the radio's charter they have one
        day for that. In this demo's copy it says *five seconds*, so that you need not wait longer."""
    )
    Path("texts/why.md").write_text(WHY, "utf-8")
    answer = stage.run(
        "custody",
        "release",
        "page",
        "--purpose",
        "texts/why.md",
        "--key",
        KEY,
        *house,
        "--kit",
        "kits/plover.kit",
        only=("entry", "recipient", "under", "needs"),
    )
    release = newest(story, following.url)
    stage.refused("whoever asks has no voice in it", "approve", release[:8], *house, "--kit", "kits/plover.kit", why="act/cannot-count")
    at_once(stage, ("heron", "tern"), "approve", release[:8], *house)
    (six,) = (line.partition(" ")[2].strip() for line in answer.text.splitlines() if line.startswith("recipient "))
    return release, six


def _wait(day: Day, following: Server, release: str) -> None:
    """Five seconds in which members may object, and then silence does not count."""
    stage, house = day.story.stage, ("--house", following.url)
    found = stage.json("status", release, *house)
    stage.check("two officers have signed, and it is not decided yet", found["status"] == "open")
    stage.say("Ruff is a member still, and objects; so does curlew. A quarter of twelve would be three.")
    at_once(stage, ("ruff", "curlew"), "object", release[:8], *house)
    stage.say(
        "The five seconds pass. Nobody shortens them, and when they are over nothing passes by itself: members confirm that they looked."
    )
    until(lambda: stage.json("status", release, *house)["waiting"]["over"], "the waiting period is over by the record's clock")
    stage.check("the waiting period is over, and silence has decided nothing", stage.json("status", release, *house)["status"] == "open")
    confirming = ("avocet", "dunlin", "godwit", "knot", "lapwing", "redshank", "teal")
    at_once(stage, confirming, "confirm", release[:8], *house)
    until(lambda: stage.json("status", release, *house)["status"] == "enacted", "the release is decided")
    stage.run("status", release[:8], *house, only=("what", "under", "status", "approved", "objected", "decided"))
    stage.check(
        "now it is decided that what is sealed may be opened, once, for plover",
        stage.json("status", release, *house)["status"] == "enacted",
    )


def _give(day: Day, following: Server, release: str, six: str) -> None:
    """Curlew gives a forged share; tern and plover give theirs."""
    stage, house = day.story.stage, ("--house", following.url)
    stage.say(
        """Curlew would rather that nothing opens, and gives 33 words that look like a share and were never sealed. Our program makes no such thing; curlew's own
        does, and nobody but plover can see what is in it, so the record takes it. Tern and plover give their real ones. This is what tern sees, before
        anything is given, and then rings plover up to compare the six words:"""
    )
    fetch(f"{following.url}/entry", _forged(following.url, release))
    tern, _ = at_once(stage, ("tern", "plover"), "custody", "contribute", release[:8], "--yes", *house, only=())
    stage.show(tern.text)
    stage.check("they are the words that plover was shown", f"recipient    {six}" in tern.text and len(six.split()) == 6)


def _log_in(day: Day, following: Server, page: Page, release: str) -> None:
    """What was opened goes straight into the provider's login."""
    stage, provider = day.story.stage, page.provider
    stage.say(
        "Only plover's machine has the key to what was given. What it opens goes straight into the provider's login, and into no file:"
    )
    opening = ("custody", "unseal", release[:8], "--key", KEY, "--house", following.url, "--name")
    stage.type(f"commonhold {' '.join(opening)} admin | curl --data-binary @- {provider.url}/login")
    password, codes = run_all([(*opening, "admin"), (*opening, "recovery")])
    stage.show(password.err)
    stage.check(
        "curlew's forged share is refused by name, before anything is put together",
        "refused: " in password.err and "curlew" in password.err,
    )
    stage.check(
        "the shares of tern and plover open the seal", re.search("opened with the shares of (tern, plover|plover, tern)", password.err)
    )
    status, plover = provider.ask("login", password=password.out, code=codes.out.split()[0] if codes.out else "")
    stage.check("the provider accepts the password and a recovery code", status == 200)
    new = f"{secrets.token_hex(4)}-above-the-tide-{secrets.token_hex(4)}"
    stage.say("Plover changes the password and the recovery codes, ends all other sessions, and writes on the page:")
    _, changed = provider.ask("password", session=plover["session"], old=password.out, new=new, others="end")
    provider.ask("publish", session=plover["session"], text=BACK)
    stage.quote(provider.page)
    status, refused = provider.ask("publish", session=page.session, text="Ruff was here.")
    stage.show(f"{provider.url}/publish, to Ruff: {refused.get('why')}")
    stage.check("Ruff's session is ended: the page is the radio's again", status == 403 and provider.page == BACK)
    stage.type(f"rm {KEY}")
    Path(KEY).unlink()
    page.former += (page.password, *page.codes)
    page.password, page.codes = new, tuple(changed["codes"])


def _change(day: Day, following: Server, page: Page) -> None:
    """What was opened is red until it is sealed anew, tried by everybody, and seen changed by two."""
    story, stage, house = day.story, day.story.stage, ("--house", following.url)
    stage.step("What was opened is sealed anew")
    stage.say("Curlew leaves the radio, and takes the share along. Whoever wonders what is left asks the record:")
    stage.run("propose", "depart", "--yes", *house, "--kit", "kits/curlew.kit", only=("entry",))
    stage.run("custody", "status", "page", *house)
    row = _row(day, following)
    stage.check("four shares on paper, three in truth", row["live"]["strength"] == "2 of 4 on paper, 2 of 3 in truth")
    reasons = [reason.partition("/")[0] for reason in row["rotation"]["reasons"]]
    stage.check("the page is red for two reasons: it was opened, and a custodian left with a share", reasons == ["release", "left"])
    stage.say(
        "Nobody can take a share back, so what it opens must be worth nothing. The password is another one since a minute ago; plover seals it, for the three who are left:"
    )
    sealed_at_terminal(day, page, *house)
    stage.run("approve", newest(story, following.url)[:8], *house, "--kit", "kits/heron.kit", only=("entry", "enacted", "status"))
    stage.check(
        "until all three have tried their new shares, the old seal is the one that opens", _row(day, following)["live"]["seal"] == 1
    )
    at_once(stage, ("heron", "tern", "plover"), "custody", "drill", "page", *house)
    row = _row(day, following)
    stage.check(
        "seal 2 is live, 2 of 3, and the page is red still: who says that the old password is really gone?",
        row["live"]["seal"] == 2 and row["rotation"],
    )
    status, refused = page.provider.ask("login", password=page.former[0], code=page.codes[0])
    stage.show(f"{page.provider.url}/login, with the old password: {refused.get('why')}")
    stage.check("what curlew's share opens is a password that nobody accepts", status == 403)
    stage.say("Two members look for themselves, and put their names to it:")
    at_once(stage, ("avocet", "teal"), "custody", "rotate", "page", "--changed", *house)
    stage.run("custody", "status", "page", *house)
    row = _row(day, following)
    stage.check(
        "the page is green: sealed, tried, and changed",
        row["rotation"] is None and row["live"]["strength"] == "2 of 3, on paper and in truth",
    )
    stage.check(
        "and no file in this whole folder holds one of the passwords or codes, old or new",
        not leaks((page.password, *page.codes, *page.former), [Path()]),
    )


def _row(day: Day, following: Server) -> dict[str, Any]:
    found: dict[str, Any] = day.story.stage.json("custody", "status", "page", "--house", following.url)["resources"][0]
    return found


def _forged(url: str, release: str) -> bytes:
    """A contribution in curlew's name, by curlew's kit, of a share that was never sealed."""
    read = read_place(url)
    found = live_seal(read.state, "page")
    assert found is not None, "it came along"
    public = manifest(read.state, found)
    made = seal([Secret("note", "nothing", "nothing")], public.structure, public.about, secrets.token_bytes)
    share = Envelope(public.about, public.index("curlew"), "curlew", made.words["curlew"], release)
    raw, kit = seal_to(envelope_bytes(share), [read.state.parts["releases"][release].recipient]), kit_of("curlew")
    unsigned = unsigned_entry(
        type="contribute",
        org=read.state.org,
        epoch=read.state.epoch,
        by="curlew",
        key=kit.key_id,
        seen=(read.tree.size, read.tree.root()),
        nonce=secrets.token_bytes(16),
        body={"release": release, "envelope": b64.encode(raw)},
    )
    return with_signature(unsigned, kit.sign(signed_bytes(unsigned)))
