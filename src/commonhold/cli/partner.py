"""``commonhold partner``: a partner node, which mirrors and witnesses the records of other organisations (docs/guide/partners.md)."""

from __future__ import annotations

from pathlib import Path

import click

from commonhold.cli.options import json_option
from commonhold.cli.serving import clock, listen_option, log_option, name_option, parse_size, say_ready, sources_of, state_option


@click.group()
def command() -> None:
    """Serve as other organisations' partner.

    A partner holds their records, says when it saw what, and takes entries that a log does not want. An organisation names it in a decision
    of kind 'partner', by its mirror key and, so that it can vouch for what was decided, its validating key.
    """


@command.command()
@state_option
@name_option
@log_option
@click.option(
    "--partner", "partners", metavar="URL", multiple=True, help="Another partner of these organisations, to ask for its signatures."
)
@listen_option("127.0.0.1:8420")
@click.option("--allow-private", is_flag=True, help="Read later epochs also at addresses on this machine or in a private network.")
@click.option(
    "--capacity",
    metavar="SIZE",
    default="0",
    show_default=True,
    help="Room for the published works of each organisation, such as 500G; 0: none are kept. What is held is never given up for another.",
)
@json_option
def serve(
    state: Path,
    name: str,
    logs: tuple[str, ...],
    partners: tuple[str, ...],
    listen: str,
    allow_private: bool,  # noqa: FBT001 - click passes flags so
    capacity: str,
    as_json: bool,  # noqa: FBT001
) -> None:
    """Follow each log, keep its entries, cosign what is held, and serve it all.

    The logs of later epochs are followed by themselves once somebody names their address (`commonhold epoch announce`), and a log is
    signed no more once its members have decided to go on in another.

    The keys are made on the first start and stay in --state (mode 0600). Never start a second node from a copy of that folder. A log whose
    address is not given is only witnessed.
    """
    from commonhold.mirror.app import create_app  # noqa: PLC0415 - kept out of `--help`
    from commonhold.mirror.check.routes import check_routes  # noqa: PLC0415
    from commonhold.mirror.node import Node  # noqa: PLC0415
    from commonhold.mirror.serve import parse_listen, serve_app  # noqa: PLC0415

    host, port = parse_listen(listen)
    node = Node(
        state, name, sources_of(logs), clock, follow=True, partners=partners, allow_private=allow_private, capacity=parse_size(capacity)
    )
    vkeys = {role: str(key) for role, key in node.keys.vkeys.items()}

    def ready(url: str) -> None:
        lines = [
            f"listening    {url}",
            f"for people   {url}/check",
            f"mirror key   {vkeys['mirror']}",
            f"validator    {vkeys['validator']}",
            f"witness key  {vkeys['witness']}",
            f"following    {len(node.followers)} of {len(node.sources)} logs",
        ]
        say_ready(as_json, {"url": url, "vkeys": vkeys}, lines)

    try:
        serve_app(create_app(node, more=check_routes(node)), host, port, ready)
    finally:
        node.close()
