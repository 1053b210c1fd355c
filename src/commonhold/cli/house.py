"""``commonhold house``: serve an organisation's own record, and keep in touch with its partners (docs/guide/partners.md)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from commonhold.cli.housing import backup, doctor, init, invite, rebuild, upgrade
from commonhold.cli.housing import serve as serve_house
from commonhold.cli.options import folder_option, house_option, json_option, out_option
from commonhold.cli.output import emit, note, printable, table
from commonhold.cli.serving import clock, listen_option, say_ready


@click.group(name="house")
def command() -> None:
    """Serve an organisation's own record, and keep in touch with its partners."""


for verb in (init, serve_house, invite, doctor, backup, upgrade, rebuild):
    command.add_command(verb)


@command.group()
def log() -> None:
    """Serve the record, and take what members hand in."""


@log.command()
@folder_option
@listen_option("127.0.0.1:8400")
@click.option(
    "--partner", "partners", metavar="URL", multiple=True, help="Where a partner answers; it is remembered. Give it again for more."
)
@click.option("--url", "public", default="", help="The address at which others reach this, if it is another than where it listens.")
@json_option
def serve(house: Path, listen: str, partners: tuple[str, ...], public: str, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Serve the record, take entries, and ask the partners for their signatures.

    While this runs, act through its address: `commonhold approve --house http://...`. What partners sign after each entry goes into the record
    within seconds, and the organisation's clock moves.
    """
    from commonhold.mirror.houseapp import create_house_app  # noqa: PLC0415 - kept out of `--help`
    from commonhold.mirror.houselog import HouseLog  # noqa: PLC0415
    from commonhold.mirror.serve import parse_listen, serve_app  # noqa: PLC0415
    from commonhold.store.partnerfile import add_partners  # noqa: PLC0415

    host, port = parse_listen(listen)

    def say(text: str) -> None:
        note(f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime())} {text}")

    add_partners(house, partners)
    served = HouseLog(house, clock, say)

    def ready(url: str) -> None:
        served.address = (public or url).rstrip("/")
        lines = [f"listening    {url}", f"log key      {served.log_key}", *(f"partner      {partner}" for partner in served.partners)]
        lines.append(f"for partners commonhold partner serve --log '{served.log_key}={served.address}' ...")
        say_ready(as_json, {"url": url, "org": served.org, "log": str(served.log_key), "partners": list(served.partners)}, lines)

    try:
        serve_app(create_house_app(served), host, port, ready)
    finally:
        served.close()


@command.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@house_option
@json_option
def text(file: Path, house: Path | str, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Bring a text that a proposal names, and that the house lacks, to its log: FILE, as `commonhold` saved it.

    A proposal that was handed to a partner leaves its text with whoever made it, because partners keep none.
    """
    from commonhold.kernel.texts import HEADER, MAX_TEXT_BYTES, parse_text, text_digest  # noqa: PLC0415 - kept out of `--help`
    from commonhold.store.keyfile import read_small  # noqa: PLC0415
    from commonhold.store.objects.directory import ObjectDirectory  # noqa: PLC0415
    from commonhold.store.remote import deliver_text  # noqa: PLC0415

    raw = read_small(file, max_size=MAX_TEXT_BYTES + 64, what="a text")
    if raw.startswith(HEADER):
        parse_text(raw)
    digest = text_digest(raw)
    if isinstance(house, str):
        new = deliver_text(house, digest, raw)
    else:
        objects = ObjectDirectory(house)
        new = not objects.has(digest)
        objects.put(raw)
    emit(as_json, {"digest": digest, "new": new}, lambda: f"the text {digest[:12]} {'is there now' if new else 'was there already'}")


@command.group()
def partner() -> None:
    """Remember where partners answer, and ask them for their signatures."""


@partner.command()
@click.argument("url")
@folder_option
@json_option
def add(url: str, house: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Remember that a partner answers at URL, and show the keys that it names.

    Members name a partner by its mirror key, in a decision of kind 'partner'; an address alone gives it no voice.
    """
    from commonhold.mirror.fronts import read_front  # noqa: PLC0415 - kept out of `--help`
    from commonhold.store.partnerfile import add_partners  # noqa: PLC0415

    front = read_front(url.rstrip("/"))
    add_partners(house, [url])
    value = {"url": url.rstrip("/"), "name": front.name, "vkeys": dict(front.vkeys)}
    emit(
        as_json,
        value,
        lambda: "\n".join(
            [
                printable(f"partner      {front.name}"),
                *(printable(f"{role if role == 'validator' else f'{role} key':<12} {key}") for role, key in sorted(front.vkeys.items())),
            ]
        ),
    )


@partner.command()
@click.argument("url")
@folder_option
@json_option
def drop(url: str, house: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Forget the address URL. The record's policy stays as it is."""
    from commonhold.store.partnerfile import drop_partner  # noqa: PLC0415 - kept out of `--help`

    left = drop_partner(house, url)
    emit(as_json, {"urls": list(left)}, lambda: f"{len(left)} partners are remembered")


@partner.command(name="list")
@folder_option
@json_option
def list_(house: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """List the partners that are remembered, with the names that they give themselves."""
    from commonhold.kernel.errors import CommonholdError  # noqa: PLC0415 - kept out of `--help`
    from commonhold.mirror.fronts import read_front  # noqa: PLC0415
    from commonhold.store.partnerfile import read_partners  # noqa: PLC0415

    rows: list[Mapping[str, Any]] = []
    for url in read_partners(house):
        try:
            front = read_front(url)
        except CommonholdError as error:
            rows.append({"url": url, "name": "", "mirror": "", "trouble": str(error)})
        else:
            rows.append({"url": url, "name": front.name, "mirror": front.vkeys["mirror"], "trouble": ""})
    emit(
        as_json,
        {"partners": rows},
        lambda: (
            table(
                ["address", "name", "mirror key, or what is wrong"],
                [(row["url"], row["name"], row["mirror"] or row["trouble"]) for row in rows],
            )
            if rows
            else "no partner is remembered: commonhold house partner add URL"
        ),
    )


@partner.command()
@click.option("--at-least", type=click.IntRange(min=1), help="How many of them it takes; otherwise more than half.")
@out_option("Where to write the payload of the decision.", required=True)
@folder_option
@json_option
def policy(at_least: int | None, out: Path, house: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Write the payload of a 'partner' decision from the partners that are remembered, as they name themselves now.

    Members then decide it: commonhold propose partner --payload FILE. Compare the keys with what each partner says elsewhere.
    """
    from commonhold.kernel.canonical import canonical_bytes  # noqa: PLC0415 - kept out of `--help`
    from commonhold.mirror.fronts import policy_of_fronts, read_front  # noqa: PLC0415
    from commonhold.store.keyfile import MODE, write_new  # noqa: PLC0415
    from commonhold.store.partnerfile import read_partners  # noqa: PLC0415

    payload = policy_of_fronts([read_front(url) for url in read_partners(house)], at_least)
    write_new(out, canonical_bytes(payload) + b"\n", mode=MODE)
    lines = [f"{name:<12} {vkey}" for name, vkey in sorted(payload["witnesses"].items())]
    emit(
        as_json,
        {"file": str(out), "payload": payload},
        lambda: "\n".join(map(printable, [*lines, f"next         commonhold propose partner --payload {out}"])),
    )


@partner.command()
@folder_option
@json_option
@click.pass_context
def ask(context: click.Context, house: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Ask the partners for their signatures now, and put them into the record if they say something new.

    They fetch the record from its public address first, so it must be served. Exit code 0: those who signed are enough; 1: they are not.
    """
    from commonhold.cli.acting import open_record  # noqa: PLC0415 - kept out of `--help`
    from commonhold.cli.attested import ask_now, round_lines, round_value  # noqa: PLC0415

    with open_record(house) as record:
        done = ask_now(record)
        emit(as_json, {"ok": done.met, **round_value(done)}, lambda: "\n".join(round_lines(done, record.state)))
    if not done.met:
        context.exit(1)
