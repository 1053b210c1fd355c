"""``commonhold house backup|upgrade``: a copy of the tables, and new tables with the way back kept open.

The record needs neither: mirrors and partners keep it. What is copied are accounts, passkeys, drafts and settings. A PostgreSQL database is its operator's
to copy; an upgrade there says so and goes on only when told that it was done.
"""

from __future__ import annotations

import io
import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from commonhold.house.config import DATABASE, FILE, HouseConfig, load_config
from commonhold.kernel.errors import RuleError, StoreError

BACKUPS: Final = "web/backups"
KEPT: Final = 10
"""How many copies stay; the oldest goes when one more is made."""


def backup(folder: Path) -> Path:
    """Copy the tables, whole and at one moment, while the house may be running; gives the copy's place.

    Raises:
        StoreError: if there are none, they are in PostgreSQL, or the disk refuses.
    """
    config = load_config(folder)
    if config.database:
        raise StoreError(
            "the tables are in PostgreSQL, which has better copies than this program could make",
            code="house/postgres",
            next_step="pg_dump --format=custom, and keep it where the machine is not.",
        )
    source = folder / DATABASE
    if not source.is_file():
        raise StoreError(f"there are no tables in {source}", code="store/absent", next_step="`commonhold house upgrade` makes them.")
    place = folder / BACKUPS / f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}.sqlite3"
    try:
        place.parent.mkdir(mode=0o700, exist_ok=True)
        part = place.with_suffix(".part")
        part.unlink(missing_ok=True)
        _copy(source, part)
        part.chmod(0o600)
        with part.open("rb") as copied:
            os.fsync(copied.fileno())
        part.replace(place)
        shutil.copy2(folder / FILE, place.with_suffix(".toml"))
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"the tables cannot be copied to {place}: {error}", code="store/io", next_step="Make room, and try again."
        ) from None
    _thin(place.parent)
    return place


def upgrade(folder: Path, say: Callable[[str], None], *, copied: bool = False) -> None:
    """Bring the tables to this program's form: copy, migrate, check, and put the copy back if anything fails.

    Args:
        copied: the operator has copied a PostgreSQL database.

    Raises:
        RuleError: ``house/not-copied``. StoreError: ``house/upgrade`` if it failed; the tables are as they were.
    """
    config = load_config(folder)
    kept = _before(config, folder, say, copied=copied)
    from commonhold.house.starting import prepare, start  # noqa: PLC0415 - Django is not even installed everywhere

    start(folder)
    try:
        say("making the tables new ...")
        prepare()
        say("checking ...")
        _check()
    except Exception as error:
        if kept is not None:
            _put_back(folder, kept)
        raise StoreError(
            f"the upgrade failed, and the tables are as they were: {type(error).__name__}: {error}",
            code="house/upgrade",
            next_step="Go on with the version before, and report this line.",
        ) from error


def _before(config: HouseConfig, folder: Path, say: Callable[[str], None], *, copied: bool) -> Path | None:
    if config.database:
        if not copied:
            raise RuleError(
                "the tables are in PostgreSQL, and this program does not copy them",
                code="house/not-copied",
                next_step="Make a pg_dump, then run this again with --copied.",
            )
        return None
    if not (folder / DATABASE).is_file():
        return None
    kept = backup(folder)
    say(f"copied the tables to {kept}")
    return kept


def _check() -> None:
    from django.core.management import call_command  # noqa: PLC0415 - only once Django is set up
    from django.db import connection  # noqa: PLC0415 - the same

    call_command("check", "--deploy", "--fail-level", "ERROR", verbosity=0, stdout=io.StringIO())
    with connection.cursor() as cursor:
        for table in connection.introspection.django_table_names(only_existing=False):
            cursor.execute(f"SELECT COUNT(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608 - our own tables' names


def _put_back(folder: Path, kept: Path) -> None:
    from django.db import connections  # noqa: PLC0415 - only once Django is set up

    connections.close_all()
    place = folder / DATABASE
    for name in ("-wal", "-shm"):
        Path(f"{place}{name}").unlink(missing_ok=True)
    part = place.with_suffix(".part")
    shutil.copy2(kept, part)
    part.replace(place)


def _copy(source: Path, target: Path) -> None:
    with sqlite3.connect(f"file:{source}?mode=ro", uri=True) as old, sqlite3.connect(target) as new:
        old.backup(new)
    old.close()
    new.close()


def _thin(folder: Path) -> None:
    for old in sorted(folder.glob("*.sqlite3"))[:-KEPT]:
        old.unlink(missing_ok=True)
        old.with_suffix(".toml").unlink(missing_ok=True)
