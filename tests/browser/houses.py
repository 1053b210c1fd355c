"""A house with a history, served by a process of its own: what browser tests of its pages open.

Run as a program it makes the folder and signs members in, for Django is set up once in a process: ``python -m tests.browser.houses FOLDER``.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
RUN = "import sys; from commonhold.cli.main import run; sys.exit(run(sys.argv[1:]))"
DAY = 86_400


@dataclass
class Served:
    """A house that listens: its *url*, the session of each member, and what was proposed in it, by name."""

    url: str
    sessions: dict[str, str]
    made: dict[str, str]
    size: int


@contextlib.contextmanager
def serving(base: Path) -> Iterator[Served]:
    """Make a house under *base* and serve it until the end of the block."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.browser.houses", str(base)],
        cwd=ROOT,
        env=os.environ.copy(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    folder, port = Path(told["folder"]), told["port"]
    command = [sys.executable, "-c", RUN, "house", "serve", "--house", str(folder), "--listen", f"127.0.0.1:{port}", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.stderr.read()[-3000:] if process.stderr else ""
        yield Served(f"http://localhost:{port}", told["sessions"], told["made"], told["size"])
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


def make(base: Path) -> dict[str, Any]:
    """A house in which something of everything has happened."""
    from commonhold.kernel.texts import make_text, text_digest
    from tests.house import sites
    from tests.house.partners import decide, name_partners
    from tests.house.sites import MEMBERS, Site, begin, lay_out, make_base

    # Tests themselves open no sockets, so the port is found here; passkeys belong to the address with it.
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    sites.URL = f"http://localhost:{port}"  # type: ignore[misc] # for this process alone
    place, radio = begin(base / "django"), make_base(base / "radio")
    lay_out(place, radio, place.parent / "tables.sqlite3")
    site = Site(place, radio, now=int(time.time()) - 10 * DAY)
    site.open()

    def text(words: str) -> str:
        raw = make_text(words.encode(), bytes(16))
        site.log.objects.put(raw)
        return text_digest(raw)

    made = {}
    partners = name_partners(site)
    made["moved"] = site.propose(
        "tern", "statement", {"text": text("Our studio moves on Monday.\n\nThe frequency stays."), "language": "en"}
    )
    decide(site, made["moved"])
    partners.confirm(2 * DAY)
    made["withdrawn"] = site.propose("plover", "channel", {"op": "add", "address": "https://saltmarsh.example/old"})
    site.act("plover", "withdraw", {"what": "proposal", "of": made["withdrawn"]})
    made["dissent"] = site.propose("curlew", "ordinary", {"text": text("We buy a second transmitter.")})
    site.act("avocet", "object", {"proposal": made["dissent"], "reason": text("It costs more than we have.")})
    site.act("tern", "approve", {"proposal": made["dissent"]})
    partners.confirm(DAY)
    partners.confirm(DAY)
    hostile = "<script>document.title = 'owned'</script><img src=x onerror=\"document.title='owned'\"> and " + "long" * 60
    made["hostile"] = site.propose("heron", "statement", {"text": text(hostile), "language": "en"})
    made["seat"] = site.propose("heron", "appoint", {"office": "editor", "member": "avocet"})
    decide(site, made["seat"])
    partners.confirm(DAY)
    made["open"] = site.propose("tern", "statement", {"text": text("The harbour reopens in spring."), "language": "en"})
    site.now = int(time.time())
    sessions = {name: site.client(name).cookies["house"].value for name in MEMBERS}
    size = site.log.state.size
    site.close()
    return {"folder": str(place), "port": port, "sessions": sessions, "made": made, "size": size}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(make(Path(sys.argv[1]))) + "\n")
