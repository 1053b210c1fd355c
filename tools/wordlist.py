"""Write SLIP-39's list of words for the reader: ``python -m tools.wordlist {write,check}``.

The words of ``reader/src/sealing/wordlist.js`` are those of the locked package ``shamir-mnemonic``, which the command line reads; ``check`` says whether they still are.
"""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

from shamir_mnemonic.wordlist import WORDLIST  # type: ignore[import-untyped] # it has no stubs

ROOT = Path(__file__).resolve().parents[1]
PLACE = ROOT / "reader" / "src" / "sealing" / "wordlist.js"
HEAD = """\
/*! The 1,024 words of SLIP-39. Copyright 2019 SatoshiLabs (MIT; the licence stands in vectors/slip39/LICENSE). Written by tools/wordlist.py. */

export const WORDLIST = `
"""
TAIL = "`.trim().split(/\\s+/);\n"


def render() -> str:
    """The module."""
    return HEAD + textwrap.fill(" ".join(WORDLIST), 140) + "\n" + TAIL


def main(arguments: list[str]) -> int:
    """Write, or say whether it is current."""
    if arguments == ["write"]:
        PLACE.write_text(render(), "ascii")
    elif arguments != ["check"]:
        print("usage: python -m tools.wordlist {write,check}", file=sys.stderr)
        return 2
    elif PLACE.read_text("ascii") != render():
        print(f"{PLACE.relative_to(ROOT)} is not what its source gives: python -m tools.wordlist write", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
