"""Before the bad day: a programme is published, the radio's mirror is built, and lapwing keeps a copy of it at home and tries whether it would do.

The mirror and lapwing's copy are served by Python's own web server, which knows nothing of Commonhold. What is left of them after the bad day is lapwing's copy.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from neighbours import PARTNERS, Day
from running import Server, fetch, until

from commonhold.cli.store.places import entries_of
from commonhold.store.objects.directory import ObjectDirectory
from commonhold.store.objects.works import load_work

FILM_BYTES = 300_000
PROGRAMME = {
    "tide-en.md": "# The tide at night\n\nTwelve minutes of water, mud and birds, recorded from the mast.\n",
    "tide-es.md": "# La marea de noche\n\nDoce minutos de agua, barro y aves, grabados desde el mástil.\n",
    "tide.vtt": "WEBVTT\n\n00:00.000 --> 00:04.000\n(water; far away, a heron)\n",
}
HOME = "<!doctype html>\n<title>Saltmarsh Community Radio</title>\n<h1>On air from six</h1>\n"
PUBLIC, COPY, SITE = Path("public"), Path("lapwing"), Path("site")
CHECKED = ("recovered", "works", "lost", "settings", "took", "error", "restore/")


@dataclass(frozen=True)
class Kept:
    """What was there before the bad day, and where a copy of it is: every entry, the bytes of every object of the work, the site."""

    work: str
    public: Server
    copy: Server
    entries: list[bytes]
    objects: dict[str, bytes]

    def whole_in(self, house: Path) -> bool:
        """Whether every entry, in its order, every object and the site are in another house, byte for byte."""
        held = ObjectDirectory(house)
        return (
            list(entries_of(house))[: len(self.entries)] == self.entries
            and all(held.get(digest) == raw for digest, raw in self.objects.items())
            and (house / SITE / "index.html").read_text("utf-8") == HOME
        )


def publish(day: Day) -> str:
    """Plover publishes a programme; a partner with room takes it, too. Gives the work's id."""
    stage = day.story.stage
    stage.step("A programme is published")
    stage.say(
        f"""A film, captions, and a text in two languages: plover puts them into the store on the server, under one digest. (The film is
        {FILM_BYTES // 1000} kB of noise that the demo has just made.) To publish it is a decision; article 3.3 leaves it to the editors."""
    )
    Path("programme").mkdir()
    for name, text in PROGRAMME.items():
        Path("programme", name).write_text(text, "utf-8")
    Path("programme", "tide.mp4").write_bytes(secrets.token_bytes(FILM_BYTES))
    parts = ("--text", "en=programme/tide-en.md", "--text", "es=programme/tide-es.md", "--file", "master=programme/tide.mp4")
    made = ("--file", "captions:en=programme/tide.vtt", "--rights", "Made by members, who agreed to its publication.", "--by", "plover")
    titles = ("--kind", "programme", "--title", "en=The tide at night", "--title", "es=La marea de noche")
    answer = stage.run("work", "add", "--at", "server", *titles, *parts, *made)
    work = answer.out.strip()
    address = ("--house", day.house.url)
    stage.run("propose", "publish", f"work={work}", "--approve", *address, "--kit", "kits/plover.kit", only=("entry", "enacted", "status"))
    stage.check("the programme is published", work in stage.json("state", *address)["works"])
    stage.say(f"{PARTNERS['gull']} keeps what is published, too, as far as it has room:")
    until(lambda: day.partners["gull"].json()["organisations"][0]["works"]["held"] == 1, "gull has the work")
    film = ObjectDirectory("server").get(_master(work))
    stage.check(
        f"the film is at {PARTNERS['gull']}, byte for byte",
        fetch(f"{day.mirror('gull')}/objects/{_master(work)[:2]}/{_master(work)[2:]}") == film,
    )
    return work


def build(day: Day) -> Server:
    """The radio's mirror, as a folder that any web server serves; gives the server of it."""
    stage = day.story.stage
    SITE.mkdir()
    (SITE / "index.html").write_text(HOME, "utf-8")
    until(
        lambda: {day.row(name)["signed"]["size"] for name in PARTNERS} == {day.house.json()["size"]}, "both partners have signed everything"
    )
    stage.run("mirror", "build", str(PUBLIC), "--at", "server", "--site", str(SITE), only=("entries", "works", "files"))
    served = day.start.web(PUBLIC)
    stage.type(f"python3 -m http.server --directory {PUBLIC} &")
    stage.show(f"listening    {served.url}")
    stage.variables["MIRROR"] = served.url
    return served


def keep(day: Day, work: str) -> Kept:
    """Lapwing syncs the mirror, serves the copy from home, and tries whether it is enough."""
    story, stage = day.story, day.story.stage
    stage.step("Somebody keeps a copy at home")
    stage.say(
        """All that the radio has in public goes into a mirror: the record, the programme, the site, the settings. It is a folder of files, and a plain web server hands
        it out, here on the same rented machine. No partner has to be asked for leave: lapwing copies it to an old computer at home, from a timer."""
    )
    public = build(day)
    stage.run("mirror", "sync", public.url, str(COPY), "--org", story.org, only=("entries", "objects", "works", "files"))
    copy = day.start.web(COPY)
    stage.variables["LAPWING"] = copy.url
    stage.check(
        "a second time nothing is fetched that is there",
        stage.json("mirror", "sync", public.url, str(COPY), "--org", story.org)["objects"] == 0,
    )
    found = load_work(ObjectDirectory("server"), work)
    objects = {digest: ObjectDirectory("server").get(digest) for digest in (work, *found.objects())}
    kept = Kept(work, public, copy, list(entries_of(Path("server"))), objects)
    _drill(day, kept)
    return kept


def _drill(day: Day, kept: Kept) -> None:
    """One byte of the copy is wrong: the drill finds it, and a partner has it."""
    stage, org = day.story.stage, ("--org", day.story.org)
    stage.say(
        "The old computer's disk is old, too. One byte of the film turns over, and nobody notices. But the drill can be run by anybody, at any time:"
    )
    film = COPY / "objects" / _master(kept.work)[:2] / _master(kept.work)[2:]
    raw = film.read_bytes()
    film.chmod(0o644)
    film.write_bytes(raw[:1000] + bytes([raw[1000] ^ 1]) + raw[1001:])
    stage.run("restore", "--check", kept.copy.url, *org, code=2, only=CHECKED)
    stage.say("With the partner as a second place:")
    both = ("restore", "--check", kept.copy.url, day.mirror("gull"), *org)
    stage.run(*both, only=CHECKED)
    found = stage.json(*both)
    stage.check("nothing would be lost: what one lacks, another gives", (found["ok"], found["lost"], found["works"]) == (True, {}, 1))
    stage.run("mirror", "sync", kept.public.url, str(COPY), *org, "--verify", only=("objects", "works"))
    stage.check(
        "and lapwing's copy is whole again", film.read_bytes() == raw and stage.json("restore", "--check", kept.copy.url, *org)["ok"]
    )


def _master(work: str) -> str:
    """The digest of the film."""
    (file,) = (file for file in load_work(ObjectDirectory("server"), work).files if file.role == "master")
    return file.digest
