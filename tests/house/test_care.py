"""Looking after a house: what doctor finds, what backup keeps, and what a failed upgrade leaves."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from commonhold.house import doctor
from commonhold.house.config import DATABASE, SECRET
from commonhold.house.doctor import Answered, Finding, examine
from commonhold.house.upgrading import KEPT, backup, upgrade
from commonhold.kernel.errors import RuleError, StoreError
from tests.house.sites import T0, Site

LOG = b'{"size": 6, "stopped": "", "trouble": "", "partners": []}'
HEADERS = {"content-security-policy": "x"}


def findings(site: Site, monkeypatch: pytest.MonkeyPatch, page: Answered | OSError, log: bytes = LOG) -> dict[str, list[Finding]]:
    """What doctor says when the house's address answers so."""

    def ask(url: str) -> Answered:
        if isinstance(page, OSError):
            raise page
        return page if url.endswith("/sign-in/") else Answered(200, {}, log)

    monkeypatch.setattr(doctor, "ask", ask)
    told: dict[str, list[Finding]] = {}
    for one in examine(site.folder, T0):
        told.setdefault(one.about, []).append(one)
        assert one.how == "well" or one.fix, f"no fix for {one}"
    return told


def hows(found: list[Finding]) -> set[str]:
    return {one.how for one in found}


def test_a_house_that_runs_is_well(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages, log, tables, keys and disk are well; that there are no partners is worth a look."""
    site.client("heron").get("/record/")
    told = findings(site, monkeypatch, Answered(200, HEADERS, b""))
    assert {name: hows(found) for name, found in told.items() if name in {"pages", "log", "tables", "keys"}} == {
        "pages": {"well"},
        "log": {"well"},
        "tables": {"well"},
        "keys": {"well"},
    }
    assert "6 entries" in told["tables"][0].words
    assert hows(told["partners"]) == {"look"}


@pytest.mark.parametrize(
    ("page", "log", "about", "words"),
    [
        (OSError("refused"), LOG, "pages", "nobody answers"),
        (Answered(400, {}, b""), LOG, "proxy", "host name"),
        (Answered(200, {}, b""), LOG, "proxy", "drops the page's security headers"),
        (Answered(502, {}, b""), LOG, "pages", "answers 502"),
        (Answered(200, HEADERS, b""), b"<html>", "log", "does not answer"),
        (Answered(200, HEADERS, b""), b'{"size": 1, "stopped": "older copy", "trouble": "", "partners": []}', "log", "older copy"),
        (Answered(200, HEADERS, b""), b'{"size": 1, "stopped": "", "trouble": "disk full", "partners": []}', "log", "disk full"),
        (
            Answered(200, HEADERS, b""),
            b'{"size": 1, "stopped": "", "trouble": "", "partners": [{"url": "https://gull.example", "trouble": "", "signed": {"size": 1, "time": %d}}]}'
            % (T0 + 500),
            "clock",
            "+500 seconds",
        ),
    ],
)
def test_what_is_wrong_outside_is_found_with_its_fix(
    site: Site, monkeypatch: pytest.MonkeyPatch, page: Answered | OSError, log: bytes, about: str, words: str
) -> None:
    """Nobody answers, a web server that mangles, a log that stopped, a clock that is off: each is named."""
    told = findings(site, monkeypatch, page, log)
    assert any(one.how == "wrong" and words in one.words for one in told[about]), told[about]


def test_what_is_wrong_in_the_folder_is_found(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys that others can read, and tables that are damaged."""
    (site.folder / SECRET).chmod(0o644)
    site.client("heron").get("/record/")
    with (site.folder / DATABASE).open("r+b") as tables:
        tables.seek(0)
        tables.write(b"not a database, not a bit of one")
    told = findings(site, monkeypatch, OSError("refused"))
    assert any("others on this machine can read" in one.words for one in told["keys"])
    assert hows(told["tables"]) == {"wrong"}
    (site.folder / SECRET).chmod(0o600)


def test_a_backup_is_whole_while_the_house_writes(site: Site) -> None:
    """A copy made between two writes of a running house can be opened, and holds what was there."""
    site.user("heron", "Hanna")
    place = backup(site.folder)
    with sqlite3.connect(place) as copied:
        assert copied.execute("SELECT name FROM members_user").fetchall() == [("Hanna",)]
    copied.close()
    assert place.stat().st_mode & 0o077 == 0
    for _ in range(KEPT + 3):
        place.with_name(f"2020{_:04}.sqlite3").write_bytes(b"")
    backup(site.folder)
    assert len(list(place.parent.glob("*.sqlite3"))) == KEPT


def test_a_failed_upgrade_leaves_the_tables_as_they_were(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The migration breaks half-way: the copy is put back, and nothing is missing."""
    from commonhold.house import starting
    from commonhold.house.members.models import User

    # What tests may do beside a browser, an upgrade finds and refuses.
    monkeypatch.delenv("DJANGO_ALLOW_ASYNC_UNSAFE")
    site.user("heron", "Hanna")
    site.close()

    def broken() -> None:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM members_user")
        raise RuntimeError("half-way")

    with monkeypatch.context() as breaking:
        breaking.setattr(starting, "prepare", broken)
        with pytest.raises(StoreError, match="the tables are as they were"):
            upgrade(site.folder, lambda _: None)
    said: list[str] = []
    assert User.objects.get(member="heron").name == "Hanna"
    upgrade(site.folder, said.append)
    assert said[-1] == "checking ..."
    assert User.objects.get(member="heron").name == "Hanna"


def test_postgresql_is_its_operators_to_copy(site: Site) -> None:
    """Neither backup nor upgrade pretends to have copied what it cannot copy."""
    config = site.folder / "web" / "house.toml"
    written: str = config.read_text()
    config.write_text(written.replace('database = ""', 'database = "postgresql://x@localhost/x"'))
    try:
        with pytest.raises(StoreError, match="PostgreSQL"):
            backup(site.folder)
        with pytest.raises(RuleError, match="does not copy"):
            upgrade(site.folder, lambda _: None)
    finally:
        config.write_text(written)


@pytest.mark.parametrize(
    "wrong", ["url = 7", 'url = "ftp://x"', 'url = "http://radio.example"', "nonsense = 1", "[", 'url = "https://10.0.0.1"']
)
def test_a_wrong_configuration_says_what_to_write(tmp_path: Path, wrong: str) -> None:
    """Each wrong line is answered with what would be right."""
    from commonhold.house.config import parse_config
    from commonhold.kernel.errors import FormatError

    with pytest.raises(FormatError) as refused:
        parse_config(wrong.encode(), tmp_path)
    assert refused.value.next_step
