"""``commonhold custody interview``: the custody check as a page on this machine, for somebody who has never seen a command line."""

from __future__ import annotations

import contextlib
import sys
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path

import click

from commonhold.cli.output import note


@click.command("interview")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), default="custody.json")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Use this port of this machine; otherwise a free one is taken.")
@click.option("--no-browser", is_flag=True, help="Only print the address.")
@click.option(
    "--idle", type=click.IntRange(1, 1440), default=240, show_default=True, metavar="MINUTES", help="End after so long without a visitor."
)
def command(file: Path, port: int, no_browser: bool, idle: int) -> None:  # noqa: FBT001 - click passes flags so
    """Ask who could take your page, channel, domain or mailbox: about twenty minutes, in your browser, in six languages.

    The answers are kept in FILE (custody.json where none is named), which `custody analyse`, `explain`, `fix` and `report` read as well. Nothing
    is uploaded, and the page works without internet. The address works once, in one browser.
    """
    from commonhold.local.guard import Guard  # noqa: PLC0415 - kept out of `--help`, like all of the web
    from commonhold.local.interview import Conversation, build  # noqa: PLC0415
    from commonhold.local.keeper import Keeper  # noqa: PLC0415
    from commonhold.local.serving import LOOPBACK, LocalServer, bind  # noqa: PLC0415

    keeper = Keeper(file)
    listening = bind(port)
    try:
        talk = Conversation(keeper)
        # Whoever answers is known only once the application is there.
        guard = Guard(build(talk), f"{LOOPBACK}:{listening.getsockname()[1]}")
        talk.token = guard.form_token
        server = LocalServer(guard, listening, lambda: talk.last_request, idle * 60)
        talk.finish = server.stop
        _tell(guard.new_address, browser=not no_browser)
        # Ctrl-C is how the program was told to end, and no fault.
        with contextlib.suppress(KeyboardInterrupt):
            server.run()
    finally:
        listening.close()
        keeper.close()
    note(f"saved in {file}" if file.exists() else "nothing was answered, so nothing was saved")


def _tell(new_address: Callable[[], str], *, browser: bool) -> None:
    address = new_address()
    click.echo(address)
    note("Open this address in your browser. It works once. Ctrl-C ends the program; every answer is saved as it is given.")
    if browser:
        webbrowser.open(address)
    if sys.stdin is not None and sys.stdin.isatty():
        note("Have you closed the browser? Press Enter here for a new address.")

        def again() -> None:
            for _ in sys.stdin:
                click.echo(new_address())

        threading.Thread(target=again, daemon=True).start()
