"""A visitor of `make try` in the house: they come in as plover, the editor, by a link, and something waits that plover's passkey may decide.

A passkey counts once its member's kit has signed it into the record. A real member does that in their signer; here plover's kit lies in ``kits/``, and this
does it for whoever came in. Nothing of the house knows that it is being visited.
"""

from __future__ import annotations

import base64
import contextlib
import json
import sqlite3
import subprocess
import sys
from pathlib import Path

from neighbours import Day

VISITOR = "plover"
TABLES = Path("server/web/house.sqlite3")


def invite() -> str:
    """The link by which the visitor makes plover's account."""
    program = Path(sys.executable).with_name("commonhold")
    done = subprocess.run([program, "house", "invite", VISITOR, "--house", "server", "--json"], capture_output=True, text=True, check=True)
    url: str = json.loads(done.stdout)["url"]
    return url


def leave_work(day: Day) -> str:
    """Something that waits for the editor: curlew proposes to publish a second programme. Gives the decision's address in the house."""
    Path("programme", "morning-en.md").write_text("# The tide in the morning\n\nGulls, and one curlew.\n", "utf-8")
    made = ("--text", "en=programme/morning-en.md", "--rights", "Made by members, who agreed to its publication.", "--by", "curlew")
    stage = day.story.stage
    work = stage.quiet("work", "add", "--at", "server", "--kind", "programme", "--title", "en=The tide in the morning", *made).out.strip()
    stage.quiet("propose", "publish", f"work={work}", "--house", day.house.url, "--kit", "kits/curlew.kit")
    return work


class Doorkeeper:
    """Signs the passkeys that the visitor makes into the record, with plover's kit."""

    def __init__(self, day: Day) -> None:
        self._day = day
        self._seen: set[str] = set()

    def look(self) -> list[str]:
        """Sign in what is new; gives the ids of those keys."""
        new = [row for row in self._passkeys() if row[0] not in self._seen]
        for key, alg, spki, rp_id, origin in new:
            self._seen.add(key)
            value = {"kind": "passkey", "alg": alg, "spki": base64.b64encode(spki).decode(), "rp_id": rp_id, "origins": [origin]}
            payload = Path("passkey.json")
            payload.write_text(json.dumps({"member": VISITOR, "add": [value], "revoke": []}), "utf-8")
            address = ("--house", self._day.house.url, "--kit", f"kits/{VISITOR}.kit")
            self._day.story.stage.quiet("propose", "rotate-key", "--payload", str(payload), "--approve", *address)
            payload.unlink()
        return [row[0] for row in new]

    def _passkeys(self) -> list[tuple[str, str, bytes, str, str]]:
        with contextlib.closing(sqlite3.connect(f"file:{TABLES}?mode=ro", uri=True, timeout=5)) as tables:
            return tables.execute(
                "SELECT p.key, p.alg, p.spki, p.rp_id, p.origin FROM members_passkey p JOIN members_user u ON u.id = p.user_id WHERE u.member = ?",
                (VISITOR,),
            ).fetchall()
