"""``commonhold house init|serve|invite|doctor|backup|upgrade|rebuild``: the web application in which members work (docs/guide/house.md)."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commonhold.cli.options import folder_option, json_option
from commonhold.cli.output import emit, note, printable
from commonhold.cli.serving import listen_option, say_ready

if TYPE_CHECKING:
    from commonhold.mirror.houselog import HouseLog


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, exists=True, path_type=Path))
@click.option("--url", default="", help="How members reach it, such as https://house.example; asked for if it is not given.")
@click.option("--database", default="", help="A postgresql:// address; SQLite in the folder otherwise.")
@click.option("--force", is_flag=True, help="Write the file again, where there is one.")
@json_option
def init(folder: Path, url: str, database: str, force: bool, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Make the web application of the organisation in FOLDER, which has been founded before.

    It writes web/house.toml, which explains itself, makes the tables, and says what to do next.
    """
    from commonhold.house.config import FILE, HouseConfig, config_text, parse_config, parse_url  # noqa: PLC0415 - kept out of `--help`
    from commonhold.house.starting import prepare, start  # noqa: PLC0415
    from commonhold.kernel.errors import StoreError  # noqa: PLC0415
    from commonhold.store.record import RECORD, no_house  # noqa: PLC0415

    if not (folder / RECORD).is_dir():
        raise no_house(folder)
    place = folder / FILE
    if place.exists() and not force:
        raise StoreError(
            f"{place} is there already",
            code="store/exists",
            next_step="Serve the house with `commonhold house serve`, or write the file again with --force.",
        )
    if not url:
        url = click.prompt("How do members reach the house", default="http://localhost:8000", err=True)
    text = config_text(HouseConfig(folder, parse_url(url), database))
    config = parse_config(text.encode(), folder)
    place.parent.mkdir(mode=0o700, exist_ok=True)
    place.write_text(text, encoding="utf-8")
    start(folder)
    note("making the tables (some seconds) ...")
    prepare()
    value = {"folder": str(folder), "url": config.url, "file": str(place)}
    emit(as_json, value, lambda: f"house        {printable(place)}\nnext         commonhold house serve --house {printable(folder)}")


@click.command()
@folder_option
@listen_option("127.0.0.1:8000")
@json_option
def serve(house: Path, listen: str, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Serve the house: its pages, and its log under /log, whose partners it asks for their signatures."""
    from commonhold.house.serving import LOG, serve_house  # noqa: PLC0415 - kept out of `--help`
    from commonhold.mirror.serve import parse_listen  # noqa: PLC0415

    host, port = parse_listen(listen)

    def say(text: str) -> None:
        note(f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime())} {text}")

    def ready(log: HouseLog, public: str, url: str) -> None:
        log.address = f"{public}{LOG}"
        lines = [f"listening    {url}", f"members at   {public}", f"log          {log.address}", f"log key      {log.log_key}"]
        say_ready(
            as_json,
            {
                "url": url,
                "public": public,
                "log_url": f"{url}{LOG}",
                "org": log.org,
                "log": str(log.log_key),
                "partners": list(log.partners),
            },
            lines,
        )

    serve_house(house, host, port, say, ready)


@click.command()
@folder_option
@json_option
def rebuild(house: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Drop the tables that mirror the record, and replay it into them.

    Nothing is lost: what the pages show of the record comes from there, and drafts stand in other tables. The house must not be running.
    """
    from commonhold.house.serving import rebuild_house  # noqa: PLC0415 - kept out of `--help`

    count = rebuild_house(house, note)
    emit(as_json, {"entries": count}, lambda: f"rebuilt      {count} entries")


@click.command()
@click.argument("member")
@click.option("--days", type=click.IntRange(1, 30), default=7, show_default=True, help="How long the link stands.")
@folder_option
@json_option
def invite(member: str, days: int, house: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Print a link by which MEMBER, who is in the record, makes their account. Members invite others in the house itself.

    The link makes nobody a member: what they sign there counts once the record has their passkey, which their own kit brings in.
    """
    from commonhold.house.serving import invite_member  # noqa: PLC0415 - kept out of `--help`

    url = invite_member(house, member, days)
    emit(
        as_json,
        {"member": member, "url": url},
        lambda: f"invitation   {url}\nnext         give it to {printable(member)} alone; it works once",
    )


MARKS = {"well": "ok  ", "look": "look", "wrong": "BAD "}


@click.command()
@folder_option
@json_option
def doctor(house: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Say what is wrong with the house, and what to do about it. Exit code 1 if anything is."""
    from commonhold.house.doctor import examine  # noqa: PLC0415 - kept out of `--help`

    found = list(examine(house, int(time.time())))
    value = [{"about": one.about, "how": one.how, "words": one.words, "fix": one.fix} for one in found]

    def render() -> str:
        lines = []
        for one in found:
            lines.append(f"{MARKS[one.how]}  {one.about:<9} {printable(one.words)}")
            if one.fix:
                lines.append(f"{'':>16}{printable(one.fix)}")
        return "\n".join(lines)

    emit(as_json, {"findings": value}, render)
    if any(one.how == "wrong" for one in found):
        raise click.exceptions.Exit(1)


@click.command()
@folder_option
@json_option
def backup(house: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Copy the tables (accounts, passkeys, drafts), whole, while the house may be running.

    The record needs no such copy: mirrors and partners have it. The copy lies on the same machine; `commonhold snapshot make` takes it away, encrypted.
    """
    from commonhold.house.upgrading import backup as copy_tables  # noqa: PLC0415 - kept out of `--help`

    place = copy_tables(house)
    emit(as_json, {"file": str(place)}, lambda: f"copied       {printable(place)}")


@click.command()
@folder_option
@click.option("--copied", is_flag=True, help="For PostgreSQL: the database has been copied.")
def upgrade(house: Path, copied: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Bring the tables to the form of this version: copy, migrate, check; put the copy back if anything fails. The house must not be running."""
    from commonhold.house.upgrading import upgrade as bring_up  # noqa: PLC0415 - kept out of `--help`

    bring_up(house, note, copied=copied)
    click.echo("upgraded     the house can be served")
