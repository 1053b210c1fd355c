"""``commonhold witness``: a bare C2SP witness (tlog-witness v1.0.0), for the records of organisations and any other transparency log."""

from __future__ import annotations

from pathlib import Path

import click

from commonhold.cli.options import json_option
from commonhold.cli.serving import clock, listen_option, log_option, name_option, say_ready, sources_of, state_option


@click.group()
def command() -> None:
    """Serve as a bare C2SP witness.

    A witness cosigns that a log only ever grew. It holds no entries, so its signature alone does not count for an organisation's clock: a
    partner's does (commonhold partner serve).
    """


@command.command()
@state_option
@name_option
@log_option
@listen_option("127.0.0.1:8421")
@json_option
def serve(state: Path, name: str, logs: tuple[str, ...], listen: str, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Answer add-checkpoint, and serve the newest cosigned checkpoint of each log.

    The keys are made on the first start and stay in --state (mode 0600). Never start a second witness from a copy of that folder.
    """
    from commonhold.mirror.app import create_app  # noqa: PLC0415 - kept out of `--help`
    from commonhold.mirror.node import Node  # noqa: PLC0415
    from commonhold.mirror.serve import parse_listen, serve_app  # noqa: PLC0415

    host, port = parse_listen(listen)
    node = Node(state, name, sources_of(logs), clock)
    vkey = str(node.keys.vkeys["witness"])

    def ready(url: str) -> None:
        say_ready(as_json, {"url": url, "vkeys": {"witness": vkey}}, [f"listening    {url}", f"witness key  {vkey}"])

    try:
        serve_app(create_app(node), host, port, ready)
    finally:
        node.close()
