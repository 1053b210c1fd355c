"""The folder in which the demo plays: made anew on each run, and never anything removed that the demo did not put there."""

from __future__ import annotations

import shutil
from pathlib import Path

HERE = Path(__file__).resolve().parent
MARKER = ".commonhold-demo"
MARK = "This folder was written by the demo of Commonhold and is replaced by its next run.\n"
CUSTODY = ("custody.json", "custody-after.json", "passphrase", "board.html.age", "board.html")
RECORD = ("kits", "charter", "amended", "generous", "easier", "texts", "radio", "stranger", "attacks", "statement.proof")
BAD_DAY = (
    "server",
    "server-one",
    "server-two",
    "server.txt",
    "partners",
    "partners-gull.txt",
    "partners-tide.txt",
    "partners.json",
    "two-faces.proof",
    "programme",
    "site",
    "public",
    "lapwing",
    "next",
    "next.txt",
    "signer.html",
    "verifier.html",
    "radio.pin",
    "page.key",
    "teal.key",
)
TYPED = ("my-mirror", "my-copy", "new-house", "works.zip", "heron.zip")
OWN = (*CUSTODY, *RECORD, *BAD_DAY, *TYPED, "TRY.md", MARKER)
"""Everything that the demo, and whoever types what it and the quickstart say, writes at the top of its folder, and all that it ever removes."""

WAITS = (("For one day a quarter", "For five seconds a quarter"),), (('within = "P1D"', 'within = "PT5S"'),)
"""The members' time to object to the opening of what is sealed, in words and as a rule: a day in the radio's charter, in the demo's copy not so long."""
AMOUNT_RULE = 'limit = { amount = 200, currency = "EUR", window = "P30D" }'
AMEND_RULE = '[decisions.amend]\narticle = "2.1"\nby = "assembly"\npass = { base = "register", at_least = "2/3" }'
MAST = """# A new rope for the mast

The northern wire rope of the mast is rusted through. The rigger offers to replace it before the autumn storms for 900 euros, all included.
"""


class FolderError(Exception):
    """The folder that was named is not the demo's to use."""


def prepare(out: Path) -> None:
    """Make *out* an empty stage, but for what the demo did not write there.

    Raises:
        FolderError: if something that is not an earlier run of the demo stands there.
    """
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise FolderError(f"{out} is not a folder")
    if out.is_dir() and any(out.iterdir()):
        marker = out / MARKER
        if marker.is_symlink() or not marker.is_file() or marker.read_bytes() != MARK.encode():
            raise FolderError(f"{out} holds something that this demo did not write, and is left as it is")
        for name in OWN:
            _remove(out / name)
    out.mkdir(parents=True, exist_ok=True)
    (out / MARKER).write_text(MARK, "utf-8")
    for name in ("kits", "texts", "attacks"):
        (out / name).mkdir(mode=0o700 if name == "kits" else 0o755)
    shutil.copy(HERE / "statement-en.md", out / "texts")
    shutil.copy(HERE / "custody.json", out)
    (out / "texts" / "mast.md").write_text(MAST, "utf-8")
    _draft(out, HERE, "charter", *WAITS)
    _draft(out, HERE / "amended", "amended", *WAITS)
    generous = (("Spending above 200", "Spending above 1500"), ("Up to 200 euros", "Up to 1500 euros"))
    _draft(out, out / "charter", "generous", generous, ((AMOUNT_RULE, AMOUNT_RULE.replace("200", "1500")),))
    easier = (("changes by two thirds of all members", "changes by more than half of all members"),)
    _draft(out, out / "amended", "easier", easier, ((AMEND_RULE, AMEND_RULE.replace('at_least = "2/3"', 'more_than = "1/2"')),))


def _draft(out: Path, base: Path, name: str, words: tuple[tuple[str, str], ...], rules: tuple[tuple[str, str], ...]) -> None:
    """A charter as somebody would have it: that of *base* with a few words and rules changed, each found exactly once."""
    (out / name).mkdir()
    for file, changes in (("charter.md", words), ("charter.toml", rules)):
        text = (base / file).read_text("utf-8")
        for old, new in changes:
            if text.count(old) != 1:
                raise FolderError(f"{base.name}/{file} does not say {old!r} exactly once, so the demo's draft of it is out of date")
            text = text.replace(old, new)
        (out / name / file).write_text(text, "utf-8")


def _remove(path: Path) -> None:
    # rmtree follows no link, and a link itself is only unlinked.
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
