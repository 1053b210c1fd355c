"""The Saltmarsh Community Radio, up and running, to play with in a browser (`make try`).

    python examples/saltmarsh/tryout.py [--out DIR] [--seconds N]

Founds the radio, serves its house, starts two partner nodes that follow it, waits until they vouch for it, publishes a programme, serves a mirror, seals what
opens a page, and prints what to open and what to type. All of it ends with Ctrl-C, or after --seconds. Everything listens on this machine alone.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

import deciding
import keeping
import neighbours
import sealing
import visiting
from deciding import Story
from folder import FolderError, prepare
from provider import Provider
from running import NotHealthyError, Server, programs
from stage import ClaimError, Stage

SCENES = (deciding.make_keys, deciding.found, deciding.elect, deciding.speak, deciding.spend)


def main() -> int:
    """Start everything, say what there is, and wait; gives the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--out", type=Path, default=Path("try-out"), help="the folder to play in, replaced on each run (try-out)")
    parser.add_argument("--seconds", type=float, default=0, help="stop by itself after so many seconds")
    options = parser.parse_args()
    try:
        prepare(options.out)
    except (FolderError, OSError) as error:
        print(f"error: {error}\nChoose another folder with --out.", file=sys.stderr)
        return 2
    for name in ("COMMONHOLD_HOUSE", "COMMONHOLD_KIT"):
        os.environ.pop(name, None)
    os.environ["no_proxy"] = os.environ["NO_PROXY"] = "127.0.0.1"
    os.chdir(options.out)
    try:
        return _run(options.seconds)
    except (ClaimError, NotHealthyError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. The folder stays as it is; the next `make try` replaces it.")
        return 0


def _run(seconds: float) -> int:
    story = Story(Stage(silent=True))
    print("Twelve members found the Saltmarsh Community Radio, elect officers and publish a statement ...", flush=True)
    for scene in SCENES:
        scene(story)
    del os.environ["COMMONHOLD_HOUSE"]
    print("A log server and two partner nodes start, and the partners vouch for the record ...", flush=True)
    with programs() as start:
        day = neighbours.rent(story, start)
        neighbours.find_partners(day)
        print("A programme is published, and a mirror of everything is served ...", flush=True)
        keeping.publish(day)
        mirror = keeping.build(day)
        print("The page's password is sealed, and four officers try their shares ...", flush=True)
        provider = Provider()
        sealing.seal(day, sealing.Page(provider, "four herons at low tide", provider.new_codes(), session=""))
        print("The house is prepared for a visitor ...", flush=True)
        visiting.leave_work(day)
        door, link = visiting.Doorkeeper(day), visiting.invite()
        for page in ("verifier", "signer"):
            story.stage.quiet(page, "-o", f"{page}.html")
        story.stage.quiet("pin", day.house.url, *(server.url for server in day.partners.values()), "-o", "radio.pin")
        print(told(day, mirror, link), flush=True)
        end = time.monotonic() + seconds if seconds else float("inf")
        while time.monotonic() < end and all(server.process.poll() is None for server in (day.house, mirror, *day.partners.values())):
            time.sleep(0.5)
            for key in door.look():
                print(f"plover's kit has signed the visitor's passkey {key[:12]} into the record: the house is open.", flush=True)
    return 0


def told(day: neighbours.Day, mirror: Server, link: str) -> str:
    """What to open and what to type."""
    program, here = Path(sys.executable).with_name("commonhold"), Path().resolve()
    gull, tide = (server.url for server in day.partners.values())
    return f"""
Everything is up. Open in a browser, on this very machine:

    {link}
        the house, where you come in as plover, the editor: make a passkey, and look again after a few seconds. Under Decisions a
        programme waits that curlew proposed to publish. You approve it with your passkey, and it is published.
        (Your passkey is signed into the record by plover's kit, which lies here in kits/. A real plover does that in the signer.)

    {gull}/check     the Gull Island Archive: who speaks for the radio?
    {tide}/check     the Tidewater Union, asked the same
      (paste {neighbours.PAGE}, or the text in {here}/texts/statement-en.md)
    {here}/signer.html       members sign here
    {here}/verifier.html     readers check files here, offline
    {mirror.url}/site/    the radio's site in its mirror: a folder of files that any web server serves

In another terminal:

    cd {here}
    alias commonhold={program}
    export COMMONHOLD_HOUSE={day.house.url} COMMONHOLD_KIT=kits/tern.kit

    commonhold status                                # what waits, and for whom
    commonhold approve {day.story.short("rope")}                     # you are tern: let the rope be paid
    commonhold custody status                        # what opens the page is sealed: any two of four officers open it
    commonhold verify $COMMONHOLD_HOUSE --partner {gull} --partner {tide}

To have it opened for teal, put in place of ID what the first line answers (its first eight digits). The members' time to object is five seconds here:

    commonhold custody release page --purpose texts/mast.md --key teal.key --kit kits/teal.kit
    for name in heron tern; do commonhold approve ID --kit kits/$name.kit; done
    sleep 6; for name in avocet dunlin godwit knot lapwing redshank ruff; do commonhold confirm ID --kit kits/$name.kit; done
    for name in heron plover; do commonhold custody contribute ID --yes --kit kits/$name.kit; done
    commonhold custody unseal ID --key teal.key      # and what to do now: commonhold custody rotate page

The mirror holds all that the radio has in public. Build it again after a decision, keep a copy, see whether that would be enough, make a house out of it:

    commonhold mirror build {keeping.PUBLIC} --at server
    commonhold mirror sync {mirror.url} my-copy --org {day.story.org}
    commonhold restore --check my-copy               # what would be lost, and how long it takes
    commonhold restore my-copy new-house             # with tern's kit, which is named above: the next epoch is opened there

Ctrl-C here stops all of it."""


if __name__ == "__main__":
    sys.exit(main())
