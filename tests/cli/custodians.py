"""Custodians at the command line: what the tests of sealed secrets share."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from tests.cli.houses import Done, House, command

CANARY: Final = "canary-c0ffee-7d1e-dunlin"
SEED: Final = "JBSWY3DPEHPK3PXP"
SECRETS: Final = f"password admin={CANARY}\ntotp page 2FA={SEED}\n"
OFFICERS: Final = ("heron", "tern", "plover")


def process(*arguments: object, stdin: str | bytes = b"", env: dict[str, str] | None = None) -> Done:
    """Run one command line in a process of its own: the verbs here change what a process may leave behind."""
    raw = stdin.encode() if isinstance(stdin, str) else stdin
    done = subprocess.run(
        [sys.executable, "-c", "from commonhold.cli.main import main; main()", *map(str, arguments)],
        input=raw, capture_output=True, timeout=60, env={**os.environ, **(env or {})},
    )  # fmt: skip
    found = Done(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))
    assert found.code != 70, found.said
    return found


def act(house: House, name: str, *arguments: object, stdin: str = "") -> Done:
    """A custodian's act: in this process, or in one of its own where a secret is handed in."""
    words = ("custody", *arguments, "--house", house.path, "--kit", house.kit(name), "--json")
    return process(*words, stdin=stdin) if stdin or "seal" in arguments else command(*words)


def only_release(house: House) -> str:
    """The id of the one release there is."""
    found: str = status(house)["releases"][0]["release"]
    return found


def must(done: Done) -> Any:
    assert done.code == 0, done.said
    return done.json


def sealed(house: House, resource: str = "page", secrets: str = SECRETS) -> str:
    """Seal, decide and acknowledge; gives the seal's proposal."""
    made = must(act(house, "heron", "seal", resource, "--stdin", "--approve", stdin=secrets))
    house.do("tern", "approve", made["proposal"]["id"])
    for name in OFFICERS:
        must(act(house, name, "drill", resource))
    found: str = made["proposal"]["id"]
    return found


def released(house: House, by: str = "curlew", key: str = "one-off.key") -> str:
    """Ask for the page, and let it be decided: in a house without a clock a majority stands in for the waiting period."""
    purpose = house.write("purpose.txt", "The page was hacked; we set a new password on Monday.\n")
    made = must(act(house, by, "release", "page", "--purpose", purpose, "--key", house.base / key))
    for name in ("tern", "plover", "heron"):
        if house.do(name, "approve", made["proposal"]["id"])["proposal"]["status"] == "enacted":
            break
    found: str = made["proposal"]["id"]
    return found


def unseal(house: House, release: str, *more: object, key: str = "one-off.key") -> Done:
    return process("custody", "unseal", release, "--key", house.base / key, "--house", house.path, *more)


def status(house: House, resource: str = "page") -> Any:
    return house.ask("custody", "status", resource)["resources"][0]


def files_with(base: Path, *needles: str) -> list[str]:
    """Every file below *base* that holds one of the needles."""
    paths = (path for path in base.rglob("*") if path.is_file())
    return [str(path) for path in paths if any(needle.encode() in path.read_bytes() for needle in needles)]
