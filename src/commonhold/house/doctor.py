"""``commonhold house doctor``: what is wrong with a house, each finding with its fix.

It looks from outside where it can, as a member's browser would, and at the folder where it must. Nothing is changed. A house that is not running is examined as
far as its files go.
"""

from __future__ import annotations

import http.client
import json
import shutil
import sqlite3
import ssl
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from commonhold.house.config import DATABASE, SECRET, HouseConfig, load_config
from commonhold.kernel.errors import CommonholdError
from commonhold.store.partnerfile import read_partners
from commonhold.store.record import LOG_KEY

SECONDS: Final = 5.0
MOST: Final = 1 << 20
LEAST_FREE: Final = 1 << 30
"""Bytes of disk below which a house should be given more: an afternoon's uploads."""
CLOCK_SECONDS: Final = 120
"""How far this machine's clock may be from what partners sign."""

How = Literal["well", "look", "wrong"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: how it is, in words, and what to do about it."""

    about: str
    how: How
    words: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """What an address answered."""

    status: int
    headers: dict[str, str]
    body: bytes


def examine(folder: Path, now: int) -> Iterator[Finding]:
    """Look at the house in *folder*; findings come as they are made.

    Raises:
        StoreError, FormatError: if there is no house there at all.
    """
    config = load_config(folder)
    yield from _files(config)
    yield from _disk(config)
    yield from _tables(config)
    yield from _served(config, now)
    yield from _copies(config)


def _files(config: HouseConfig) -> Iterator[Finding]:
    for name, what in ((LOG_KEY, "the log's key"), (SECRET, "the key of sessions")):
        place = config.folder / name
        if not place.exists():
            if name == LOG_KEY:
                yield Finding(
                    "keys", "wrong", f"{what} is not here: this is a copy", "Serve the original folder, or go on with `commonhold restore`."
                )
            continue
        if stat.S_IMODE(place.stat().st_mode) & 0o077:
            yield Finding("keys", "wrong", f"others on this machine can read {place}", f"chmod 600 {place}")
        else:
            yield Finding("keys", "well", f"{what} is readable by nobody else")
    if not config.secure:
        yield Finding(
            "address",
            "look",
            f"{config.url} is for this machine alone",
            "For others: a domain name, a certificate, and `url` in web/house.toml.",
        )


def _disk(config: HouseConfig) -> Iterator[Finding]:
    usage = shutil.disk_usage(config.folder)
    words = f"{usage.free >> 30} GB of {usage.total >> 30} GB are free"
    if usage.free < LEAST_FREE:
        yield Finding("disk", "wrong", words, "Make room: a log on a full disk takes nothing more, and says so.")
    else:
        yield Finding("disk", "well", words)


def _tables(config: HouseConfig) -> Iterator[Finding]:
    if config.database:
        yield Finding("tables", "look", "they are in PostgreSQL, whose own backups are the operator's", "pg_dump, every night.")
        return
    place = config.folder / DATABASE
    if not place.is_file():
        yield Finding(
            "tables", "wrong", f"{place} is not there", "commonhold house upgrade makes the tables; what mirrors the record is replayed."
        )
        return
    try:
        with sqlite3.connect(f"file:{place}?mode=ro", uri=True, timeout=SECONDS) as tables:
            answer = tables.execute("PRAGMA quick_check(1)").fetchone()[0]
            size = tables.execute("SELECT size FROM record_tip").fetchone()
        tables.close()
    except sqlite3.Error as error:
        yield Finding(
            "tables",
            "wrong",
            f"they cannot be read: {error}",
            "Stop the house, run `commonhold house upgrade`, and `commonhold house rebuild`.",
        )
        return
    if answer != "ok":
        yield Finding(
            "tables", "wrong", f"they are damaged: {answer}", "Put the newest file of web/backups in their place; the record is replayed."
        )
    else:
        yield Finding("tables", "well", f"whole, and {size[0] if size else 0} entries of the record are in them")


def _served(config: HouseConfig, now: int) -> Iterator[Finding]:
    try:
        page = ask(f"{config.url}/sign-in/")
    except (OSError, http.client.HTTPException) as error:
        yield Finding(
            "pages",
            "wrong",
            f"nobody answers at {config.url}: {error}",
            "Start it with `commonhold house serve`; if it runs, the web server before it does not lead here.",
        )
        return
    yield from _page(config, page)
    try:
        about = json.loads(ask(f"{config.url}/log/").body)
    except (OSError, ValueError, http.client.HTTPException):
        yield Finding(
            "log", "wrong", f"{config.url}/log/ does not answer", "The web server before the house must hand on every path, /log/ too."
        )
        return
    yield from _log(about, now)


def _page(config: HouseConfig, page: Answered) -> Iterator[Finding]:
    if page.status == 400:
        yield Finding(
            "proxy",
            "wrong",
            "the house refuses the host name that the web server hands on",
            f"Let the web server hand on the Host header as it came ({config.host}).",
        )
        return
    if page.status != 200:
        yield Finding("pages", "wrong", f"the sign-in page answers {page.status}", "Look at what `commonhold house serve` prints.")
        return
    if "content-security-policy" not in page.headers:
        yield Finding(
            "proxy",
            "wrong",
            "the web server drops the page's security headers",
            "Let it hand on Content-Security-Policy and Set-Cookie as they come.",
        )
    elif config.secure and "strict-transport-security" not in page.headers:
        yield Finding(
            "proxy",
            "wrong",
            "the house does not know that its readers come over https",
            "Let the web server set X-Forwarded-Proto to the scheme that it was asked by, and drop what clients send under that name.",
        )
    else:
        yield Finding("pages", "well", f"the sign-in page answers at {config.url}")


def _log(about: dict[str, Any], now: int) -> Iterator[Finding]:
    if about.get("stopped"):
        yield Finding("log", "wrong", about["stopped"], "Do not write here. Find the newer folder, or go on with `commonhold restore`.")
    elif about.get("trouble"):
        yield Finding("log", "wrong", about["trouble"], "It goes on by itself once that is over.")
    else:
        yield Finding("log", "well", f"{about['size']} entries")
    partners = about.get("partners", [])
    if len(partners) < 2:
        yield Finding(
            "partners",
            "look",
            f"{len(partners)} partners keep this record",
            "Invite two other organisations: without them nobody outside can say how fresh the record is.",
        )
    for partner in partners:
        if partner["trouble"]:
            yield Finding(
                "partners", "look", f"{partner['url']}: {partner['trouble']}", "Tell them, or remove the address if they have moved."
            )
        else:
            yield Finding("partners", "well", f"{partner['url']} signs")
    times = [partner["signed"]["time"] for partner in partners if partner["signed"]]
    if times and abs(max(times) - now) > CLOCK_SECONDS and max(times) > now - 900:
        yield Finding(
            "clock",
            "wrong",
            f"this machine's clock is {max(times) - now:+d} seconds from the partners'",
            "Let the machine set its clock by NTP.",
        )


def _copies(config: HouseConfig) -> Iterator[Finding]:
    try:
        remembered = read_partners(config.folder)
    except CommonholdError as error:
        yield Finding("copies", "wrong", str(error), error.next_step or "")
        return
    if not remembered:
        yield Finding(
            "copies",
            "look",
            "no partner is remembered",
            "`commonhold house partner add URL`, and `commonhold mirror build` for members' own copies.",
        )
    if not (config.folder / "snapshots.json").exists():
        yield Finding(
            "copies",
            "look",
            "drafts and accounts leave this machine in no snapshot",
            "`commonhold snapshot key` once, then `commonhold snapshot make` every night: the custodians open it together.",
        )


def ask(url: str) -> Answered:
    """Get one page as a browser would, no redirect followed.

    Raises:
        OSError, http.client.HTTPException: if nobody answers.
    """
    parts = urlsplit(url)
    if parts.scheme == "https":
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            parts.hostname or "", parts.port, timeout=SECONDS, context=ssl.create_default_context()
        )
    else:
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=SECONDS)
    try:
        connection.request("GET", parts.path or "/", headers={"Accept": "text/html, application/json"})
        answer = connection.getresponse()
        return Answered(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read(MOST))
    finally:
        connection.close()
