"""What a house's own file says: ``web/house.toml`` in its folder, written by ``commonhold house init`` and changed by hand.

One public address, from which host names, cookies and the domain of passkeys follow; where the tables are; which languages. It holds no secret: the key
that signs sessions lies in ``keys/``, beside the log's.
"""

from __future__ import annotations

import re
import secrets
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from commonhold.kernel.errors import FormatError, StoreError
from commonhold.pages.language import CODES
from commonhold.store.keyfile import read_small

WEB: Final = "web"
FILE: Final = "web/house.toml"
SECRET: Final = "keys/web.key"  # noqa: S105 - where it lies, not what it is
DATABASE: Final = "web/house.sqlite3"
MAX_BYTES: Final = 1 << 16
_FIELDS: Final = frozenset({"url", "database", "languages"})
_POSTGRES: Final = re.compile(r"postgres(?:ql)?://")


@dataclass(frozen=True, slots=True)
class HouseConfig:
    """What a house is told once.

    Args:
        folder: the organisation's folder, with ``record/`` and ``keys/``.
        url: where members reach it, such as ``https://house.example``; no path, no final slash.
        database: a ``postgresql://`` address; empty for SQLite in the folder.
        languages: those that members are offered first, by their codes.
    """

    folder: Path
    url: str
    database: str = ""
    languages: tuple[str, ...] = CODES

    @property
    def host(self) -> str:
        """The host name alone, which is also the domain of the house's passkeys."""
        return urlsplit(self.url).hostname or ""

    @property
    def secure(self) -> bool:
        """Whether members come over https; only a house on one's own machine may do without."""
        return self.url.startswith("https://")


def parse_config(raw: bytes, folder: Path) -> HouseConfig:
    """The configuration of the house in *folder*.

    Raises:
        FormatError: ``house/config`` with what to write instead.
    """
    try:
        value = tomllib.loads(raw.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _wrong(f"is no TOML: {error}", "Correct that line, or write the file again with `commonhold house init`.") from None
    if unknown := sorted(value.keys() - _FIELDS):
        raise _wrong(f"has an unknown line: {unknown[0][:40]}", f"It takes: {', '.join(sorted(_FIELDS))}.")
    languages = value.get("languages", list(CODES))
    if not isinstance(languages, list) or not languages or not set(languages) <= set(CODES):
        raise _wrong("names languages that the house does not speak", f"It speaks: {', '.join(CODES)}.")
    database = value.get("database", "")
    if not isinstance(database, str) or (database and not _POSTGRES.match(database)):
        raise _wrong("has a `database` that is no postgresql:// address", "Leave it empty for SQLite.")
    return HouseConfig(folder, parse_url(value.get("url", "")), database, tuple(dict.fromkeys(languages)))


def parse_url(text: object) -> str:
    """The public address of a house, as browsers write an origin.

    Raises:
        FormatError: ``house/url`` for what is none, and for http anywhere but on localhost, where no browser makes a passkey.
    """
    found = text.rstrip("/") if isinstance(text, str) else ""
    try:
        parts = urlsplit(found)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    host = parts.hostname or ""
    plain = f"{parts.scheme}://{host}" + (f":{port}" if port is not None else "")
    if found != plain or not re.fullmatch(r"[a-z0-9.-]{1,253}", host) or port in {80, 443} or parts.scheme not in {"http", "https"}:
        raise FormatError(
            f"{str(text)[:80]!r} is not the address of a house",
            code="house/url",
            next_step="Give scheme and host in small letters, with the port only where browsers show one, such as https://house.example.",
        )
    if parts.scheme == "http" and host != "localhost":
        raise FormatError(
            f"{found} is not https, and without it no browser makes a passkey",
            code="house/url",
            next_step="Put the house behind a web server with a certificate, or give http://localhost:PORT to try it on this machine.",
        )
    if re.fullmatch(r"[0-9.]+", host):
        raise FormatError(
            f"{found} is a number, and passkeys need a name",
            code="house/url",
            next_step="Give the machine a domain name; http://localhost:PORT does for trying.",
        )
    return found


def load_config(folder: Path) -> HouseConfig:
    """The configuration in a house's folder.

    Raises:
        StoreError: ``house/no-web`` if there is none. FormatError: as :func:`parse_config`.
    """
    if not (folder / FILE).is_file():
        raise StoreError(
            f"the folder {folder} has no {FILE}",
            code="house/no-web",
            next_step="Begin with `commonhold house init FOLDER`, which asks two questions.",
        )
    return parse_config(read_small(folder / FILE, max_size=MAX_BYTES, what="the house's configuration"), folder)


def config_text(config: HouseConfig) -> str:
    """The file of a configuration, explained line by line."""
    languages = ", ".join(f'"{code}"' for code in config.languages)
    return (
        "# How members reach the house. Passkeys belong to this name: whoever changes it makes every member enrol theirs again.\n"
        f'url = "{config.url}"\n'
        "# Empty: SQLite, in this folder. Or PostgreSQL: postgresql://user:password@host/name\n"
        f'database = "{config.database}"\n'
        "# The languages that members are offered, the first for those whose browser asks for none of them.\n"
        f"languages = [{languages}]\n"
    )


def web_secret(folder: Path) -> str:
    """The secret that signs sessions and forms, made at first need; nobody reads it but this house.

    Raises:
        StoreError: if it can be neither read nor written.
    """
    place = folder / SECRET
    try:
        if not place.is_file():
            place.parent.mkdir(mode=0o700, exist_ok=True)
            place.touch(mode=0o600)
            place.write_text(secrets.token_urlsafe(48), encoding="ascii")
        found = place.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{place} can be neither read nor made: {error}", code="house/secret") from None
    if len(found) < 32:
        raise StoreError(
            f"{place} is damaged", code="house/secret", next_step="Remove the file; a new one is made, and everybody signs in once more."
        )
    return found


def _wrong(what: str, next_step: str) -> FormatError:
    return FormatError(f"{FILE} {what}", code="house/config", next_step=next_step)
