"""What do Home, Decisions and Record cost a house's server, by the side of a page of Wagtail's own that shows nothing?

    python bench/bench_house_pages.py [--entries 10000] [--members 200] [--rounds 30]

One process, as a house has it: the log open, the tables made, pages asked for by a member who is signed in. What is measured is processor time of this
process, at the median. The peer is a bare page of Wagtail's admin in the same shell, with the same menu and the same sign-in.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from build_record import EXAMPLE, OFFICERS, decide, write_record

from commonhold.kernel.charter import compile_charter
from commonhold.testing.house import MemoryHouse, derive

TARGET = 0.150
"""Seconds of processor time for a page, at the median."""
PAGES = ("/", "/decisions/", "/decisions/?q=ordinary&status=enacted", "/record/", "/record/?p=100")
BARE = "/bare/"


def main() -> None:
    """Measure, print a line of JSON and rows of a table; exit 1 if the target is missed."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--entries", type=int, default=10_000)
    options.add_argument("--members", type=int, default=200)
    options.add_argument("--rounds", type=int, default=30)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), chosen.entries, chosen.members, chosen.rounds)
    print(json.dumps(found))
    for page in PAGES:
        print(
            f"| {page} of a house of {chosen.members} members and {chosen.entries} entries, by the side of a bare page of Wagtail's | "
            f"{found[page] * 1000:.0f} ms | {found[BARE] * 1000:.0f} ms | {found[page] / found[BARE]:.1f} |"
        )
    sys.exit(max(found[page] for page in PAGES) > TARGET)


def build(entries: int, members: int) -> MemoryHouse:
    """A house with so many members in which officers decide most, somebody proposes often, and some of it stays open."""
    compiled = compile_charter((EXAMPLE / "charter.md").read_text("utf-8"), (EXAMPLE / "charter.toml").read_text("utf-8"))
    names = (*OFFICERS.values(), *(f"member-{number}" for number in range(members - len(OFFICERS))))
    house = MemoryHouse(compiled.value, names, OFFICERS, seed="pages")
    house.accept_all()
    turn = 0
    while house.tree.size < entries:
        turn += 1
        made = house.propose(names[turn % 3 if turn % 4 else turn % members], "statement", {"text": derive(turn).hex(), "language": "en"})
        if turn % 100:
            decide(house, made)
    return house


def measure(folder: Path, entries: int, members: int, rounds: int) -> dict[str, float]:
    """Seconds of processor time for each page, at the median."""
    from commonhold.house.config import FILE, WEB, HouseConfig, config_text  # noqa: PLC0415 - the house is built first
    from commonhold.house.starting import prepare, start  # noqa: PLC0415
    from commonhold.store.keyfile import save_log_key  # noqa: PLC0415

    house = build(entries, members)
    write_record(house, folder / "record", house.tree.size)
    (folder / WEB).mkdir()
    (folder / "keys").mkdir(mode=0o700)
    save_log_key(folder / "keys" / "log.key", derive(house.seed, "log"))
    (folder / FILE).write_text(config_text(HouseConfig(folder, "http://localhost:8765")))
    os.environ["COMMONHOLD_WEB"] = str(folder)
    start(folder)
    prepare()
    from django.contrib.auth import get_user_model  # noqa: PLC0415 - only once Django is set up
    from django.http import HttpRequest, HttpResponse  # noqa: PLC0415
    from django.shortcuts import render  # noqa: PLC0415
    from django.test import RequestFactory  # noqa: PLC0415
    from django.urls import resolve  # noqa: PLC0415

    from commonhold.house.core import ledger  # noqa: PLC0415
    from commonhold.house.core.middleware import SecurityHeaders, Spoken, UpToDate  # noqa: PLC0415
    from commonhold.house.members.standing import MEMBER  # noqa: PLC0415

    log = ledger.open_log(folder, lambda: int(time.time()), lambda _: None)
    user = get_user_model().objects.create(member="heron", handle=b"h" * 32)
    # What the sign-in's middleware finds out at every request; it costs the bare page the same.
    user.standing = MEMBER

    def page(request: HttpRequest) -> HttpResponse:
        if request.path == BARE:
            return render(request, "wagtailadmin/base.html")
        match = resolve(request.path)
        return match.func(request, *match.args, **match.kwargs)

    served = SecurityHeaders(Spoken(UpToDate(page)))

    def ask(address: str) -> None:
        request = RequestFactory(SERVER_NAME="localhost", SERVER_PORT="8765").get(address)
        request.user, request.session = user, {}
        answer = served(request)
        assert answer.status_code == 200, (address, answer.status_code)

    found: dict[str, list[float]] = {address: [] for address in (BARE, *PAGES)}
    for turn in range(rounds + 1):
        for address, times in found.items():
            began = time.process_time()
            ask(address)
            if turn:
                times.append(time.process_time() - began)
    log.close()
    return {address: statistics.median(times) for address, times in found.items()}


if __name__ == "__main__":
    main()
