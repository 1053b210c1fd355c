"""``commonhold custody notify``: tell everybody whom a request to open a seal concerns, by mail; partners show it by themselves (DESIGN 5).

The mail holds what stands in the record, which is public, and nothing else: no secret, nothing to click that asks for anything. Whoever gets it looks at two partners.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import click

from commonhold.cli.acting import find_proposal
from commonhold.cli.options import house_option, json_option
from commonhold.cli.output import emit, printable
from commonhold.cli.reading import read_place
from commonhold.kernel.errors import RuleError
from commonhold.kernel.record import tally
from commonhold.kernel.record.keeping import manifest, openable_seal
from commonhold.kernel.record.state import State
from commonhold.kernel.record.watching import Watched, watched
from commonhold.store.keyfile import read_with_mode
from commonhold.store.mailing import PORTS, Attached, MailServer, Security, check_address, deliver, read_addresses
from commonhold.store.partnerfile import read_partners

_SEVERAL = 2
MOST_ATTACHED = 1 << 20
"""Bytes of a request that comes with a mail: what every mail server takes."""


@click.command("notify")
@click.argument("release")
@click.option(
    "--addresses",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Your file of mail addresses, MEMBER ADDRESS a line. It goes nowhere.",
)
@click.option("--smtp", required=True, metavar="HOST[:PORT]", help="The mail server that takes your mail.")
@click.option("--from", "sender", required=True, metavar="ADDRESS", help="Your own mail address.")
@click.option(
    "--security", type=click.Choice(get_args(Security)), default="starttls", show_default=True, help="How the connection is encrypted."
)
@click.option("--user", default="", help="Your name at the mail server.")
@click.option(
    "--password-file", type=click.Path(dir_okay=False, path_type=Path), help="The file with your password there, on its first line."
)
@click.option(
    "--ca", type=click.Path(dir_okay=False, exists=True, path_type=Path), help="Believe these certificates in place of the system's."
)
@click.option(
    "--partner",
    "partners",
    multiple=True,
    metavar="URL",
    help="Where the mail says to look; otherwise the partners that the house remembers.",
)
@click.option(
    "--request",
    "asked",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file that `commonhold request notice -o FILE` made: it comes with each mail, for those who have a phone.",
)
@click.option(
    "--language",
    "code",
    type=click.Choice(("en", "ru", "ko", "zh", "es", "ar")),
    default="en",
    show_default=True,
    help="The mail's language.",
)
@house_option
@json_option
def notify_command(
    release: str,
    addresses: Path,
    smtp: str,
    sender: str,
    security: Security,
    user: str,
    password_file: Path | None,
    ca: Path | None,
    partners: tuple[str, ...],
    asked: Path | None,
    code: str,
    house: Path | str,
    as_json: bool,  # noqa: FBT001 - click passes flags so
) -> None:
    """Tell custodians, officers and whoever may object that RELEASE (its id, or at least four digits of it) is asked for, by mail.

    Every partner of the organisation shows the same on its page and in its feed, without anybody's doing. Neither proves that somebody has read it: each says so with
    `commonhold custody notice`, or on a phone, for which --request is sent along. Those without an address are named; tell them by telephone.
    """
    check_address(sender, "--from")
    server = _server(smtp, security, user, password_file, ca)
    state = read_place(house).state
    found = find_proposal(state, release)
    one = next((each for each in watched(state) if each.id == found), None)
    if one is None:
        raise RuleError(
            f"nothing is asked for by {found[:12]} that anybody could still object to or give a share for",
            code="notify/nothing",
            next_step="`commonhold custody status` lists what is.",
        )
    where = partners or (read_partners(house) if isinstance(house, Path) else ())
    known, wanted = read_addresses(addresses), concerned(state, one)
    file = None if asked is None else _request(asked, state.org, found)
    mail = written(state, one, where, code, attached=file is not None)
    answers = deliver(server, sender, {known[name]: mail for name in wanted if name in known}, file)
    refused = {name: answers[known[name]] for name in wanted if name in known and answers[known[name]]}
    sent = [name for name in wanted if name in known and name not in refused]
    without = [name for name in wanted if name not in known]

    def render() -> str:
        lines = [
            f"mail for {', '.join(sent) or 'nobody'} was taken by {server.host}; that they read it they say with `commonhold custody notice`"
        ]
        lines += [f"refused: {name}: {why}" for name, why in refused.items()]
        if without:
            lines.append(f"no address: {', '.join(without)}: tell them by telephone")
        if len(where) < _SEVERAL:
            lines.append("the mail names fewer than two partners at which it can be checked: give --partner")
        return printable("\n".join(lines), multiline=True)

    emit(as_json, {"release": found, "sent": sent, "refused": refused, "no_address": without, "partners": list(where)}, render)


def concerned(state: State, one: Watched) -> list[str]:
    """Everybody who should know: whoever holds an office, has a share, or may object; sorted."""
    people = {name for holders in state.holders.values() for name in holders}
    seal = openable_seal(state, one.resource, one.seal)
    people |= set(manifest(state, seal).holdings) if seal is not None else set()
    people |= tally.objection_holders(state, state.parts["proposals"][one.id], state.frozen[one.id])
    return sorted(name for name in people if (member := state.member(name)) is not None and member.status == "active")


def written(state: State, one: Watched, partners: Sequence[str], code: str, *, attached: bool) -> tuple[str, str]:
    """The mail's subject and text, in a language; *attached* if a request for a phone comes with it."""
    from commonhold.pages.check.mail import notice_text  # noqa: PLC0415 - languages cost what --help should not
    from commonhold.pages.language import language  # noqa: PLC0415 - as above

    return notice_text(language(code), state.charter.name, state.org, one, partners, attached=attached)


def _request(place: Path, org: str, release: str) -> Attached:
    """The request for a notice of *release* in a file, to go with the mail: whoever gets it must not be sent another one.

    Raises:
        RuleError: ``notify/request``; FormatError if it is no request.
    """
    from commonhold.cli.inputs import read_input  # noqa: PLC0415 - kept out of `--help`
    from commonhold.kernel.record.request import parse_request  # noqa: PLC0415
    from commonhold.pages.check.mail import REQUEST  # noqa: PLC0415

    raw = read_input(str(place), max_size=MOST_ATTACHED, what="a request")
    asked = parse_request(raw)
    if (asked.org, asked.type, dict(asked.body)) != (org, "acknowledge", {"what": "notice", "of": release}):
        raise RuleError(
            f"{place} does not ask whether word of {release[:12]} has reached anybody",
            code="notify/request",
            next_step=f"Make it with `commonhold request notice {release[:12]} -o FILE`.",
        )
    return Attached(REQUEST, raw)


def _server(smtp: str, security: Security, user: str, password_file: Path | None, ca: Path | None) -> MailServer:
    host, colon, port = smtp.rpartition(":") if not smtp.endswith("]") else (smtp, "", "")
    if colon and not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 1 << 16):
        raise click.UsageError(f"--smtp takes HOST or HOST:PORT, and not {printable(smtp[:80])!r}")
    name, number = (host, int(port)) if colon else (smtp, PORTS[security])
    password = ""
    if password_file is not None:
        raw, _ = read_with_mode(password_file, max_size=4096, what="a password file")
        password = raw.decode("utf-8", "replace").split("\n", 1)[0].rstrip("\r")
    return MailServer(name.strip("[]"), number, security, user, password, ca)
