"""The story of the fictional Saltmarsh Community Radio, told with the real program (`make demo`).

    python examples/saltmarsh/demo.py [--out DIR]

A volunteer finds out who could take the page; twelve members found an organisation, elect officers, publish a statement, fail, and change their charter; a
stranger checks all of it; attackers try what they can; the page's password is sealed, a film is published, and a member keeps a copy of everything; on the
bad day the server is seized and its folder deleted; the members restore the radio from that copy and go on elsewhere, and the custodians open what was sealed
and get the page back. Every claim with a tick was checked; the exit code is 0 only if all of them hold. The folder that is left behind is for playing. No
network is used but this machine's own, and no file outside that folder is written.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import time
from pathlib import Path

import badday
import checking
import deciding
import risks
from deciding import Story
from folder import FolderError, prepare
from stage import ClaimError, Stage

SCENES = (
    risks.look,
    deciding.make_keys,
    deciding.found,
    deciding.elect,
    deciding.speak,
    deciding.spend,
    deciding.fail,
    deciding.amend,
    deciding.keep_thresholds,
    checking.verify_as_stranger,
    checking.tamper,
    checking.forge,
    badday.tell,
    checking.finish,
)


def main() -> int:
    """Tell the story; gives the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--out", type=Path, default=Path("demo-out"), help="the folder to play in, replaced on each run (demo-out)")
    out: Path = parser.parse_args().out
    try:
        prepare(out)
    except (FolderError, OSError) as error:
        print(f"error: {error}\nChoose another folder with --out.", file=sys.stderr)
        return 2
    for name in ("COMMONHOLD_HOUSE", "COMMONHOLD_KIT"):
        os.environ.pop(name, None)
    # A proxy of this machine must not come between the demo and itself.
    os.environ["no_proxy"] = os.environ["NO_PROXY"] = "127.0.0.1"
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A sign that the terminal's encoding lacks is shown escaped, and is no fault.
        sys.stdout.reconfigure(errors="backslashreplace")
    start, before = time.monotonic(), Path.cwd()
    stage = Stage()
    stage.say(
        f"""This is the story of Saltmarsh Community Radio, which does not exist. Lines that begin with $ are what a person types; what
        is below them is what the program really answers (dots stand for lines left out). A tick means that the demo checked the
        sentence behind it against what the program reports to other programs. All of it happens in the folder {out}."""
    )
    stage.type(f"cd {out}")
    os.chdir(out)
    story = Story(stage)
    try:
        for scene in SCENES:
            scene(story)
    except ClaimError as error:
        print(f"\nNOT SO: {error}", file=sys.stderr)
        return 1
    finally:
        os.chdir(before)
    stage.say(f"All {stage.claims} claims hold. That took {time.monotonic() - start:.0f} seconds.")
    told = _try(out, story)
    (out / "TRY.md").write_text(told, "utf-8")
    print("\n" + told)
    return 0


def _try(out: Path, story: Story) -> str:
    """What to type next, as it stands in TRY.md too."""
    program = Path(sys.executable).with_name("commonhold")
    rope, easier = story.short("rope"), story.short("easier")
    return f"""\
What to try next: the folder is yours to play with (the next run of the demo replaces it).

    cd {out.resolve()}
    alias commonhold={program}
    export COMMONHOLD_HOUSE=radio COMMONHOLD_KIT=kits/tern.kit

    commonhold status                      # what waits, and for whom
    commonhold approve {rope}            # you are tern: let the rope be paid
    commonhold log --last 3                # what that did
    commonhold object {easier}             # you are against the easier amendment
    commonhold statement publish texts/mast.md --kit kits/plover.kit
    commonhold key kit -o kits/tern.html   # the sheet to print, with 24 words
    commonhold verify radio
    commonhold --help
"""


if __name__ == "__main__":
    sys.exit(main())
