"""The command ``commonhold``: finds the verb, runs it, and turns every way of failing into words and an exit code.

Each verb is a module of its own, loaded when it is called and not before: ``commonhold --help`` reads the table below and nothing else, so
it answers in a tenth of a second. A verb whose module is not there yet is not shown.

Exit codes: 0 yes, 1 no (a proof or a rule says so), 2 wrong usage or something unreadable, 70 a fault of the program, 130 interrupted,
141 nobody reads the output any more.
"""

from __future__ import annotations

import importlib
import io
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final, NamedTuple

import click

from commonhold.cli.options import Session
from commonhold.cli.output import json_text, printable
from commonhold.kernel.errors import CommonholdError, ProofError, RuleError

NO: Final = 1
UNREADABLE: Final = 2
FAULT: Final = 70
INTERRUPTED: Final = 130
NOBODY_READS: Final = 141
TRACEBACK_VARIABLE: Final = "COMMONHOLD_TRACEBACK"


class Verb(NamedTuple):
    """Where a verb's command is (``module:attribute``) and what ``--help`` says of it."""

    target: str
    help: str


VERBS: Final[Mapping[str, Verb]] = {
    "found": Verb("commonhold.cli.found:command", "Found an organisation: charter, members, first seats."),
    "key": Verb("commonhold.cli.key:command", "Make, show, print and restore a member's kit."),
    "propose": Verb("commonhold.cli.propose:command", "Propose a decision of one of the charter's kinds."),
    "approve": Verb("commonhold.cli.approve:command", "Approve an open proposal."),
    "object": Verb("commonhold.cli.object:command", "Object to an open proposal."),
    "confirm": Verb("commonhold.cli.confirm:command", "Let an act pass after its waiting period."),
    "withdraw": Verb("commonhold.cli.withdraw:command", "Take back a proposal, an approval, an objection or a seat."),
    "accept": Verb("commonhold.cli.accept:command", "Accept the founding, or a seat that was offered to you."),
    "status": Verb("commonhold.cli.status:command", "Show what is open, who still can act, and what is missing."),
    "log": Verb("commonhold.cli.log:command", "List the record's entries and what each one did."),
    "state": Verb("commonhold.cli.state:command", "Show what the record amounts to now."),
    "charter": Verb("commonhold.cli.charter:command", "Show, compare and check charters."),
    "statement": Verb("commonhold.cli.statement:command", "Publish an official statement by the charter's rule."),
    "prove": Verb("commonhold.cli.prove:command", "Write a proof of one entry that anybody can check offline."),
    "pin": Verb("commonhold.cli.pin:command", "Keep whose word counts about an organisation, to check small proofs by."),
    "verify": Verb("commonhold.cli.verify:command", "Check a file, a folder or an address: who decided what, and is it so."),
    "check": Verb("commonhold.cli.check:command", "Ask partners whether an address, a text, a code or a file is official."),
    "epoch": Verb("commonhold.cli.epoch:command", "Go on in another log when the server is taken, and see which stands."),
    "request": Verb("commonhold.cli.request:command", "Ask members to sign an act, by link, file or code."),
    "sign": Verb("commonhold.cli.sign:command", "Look at a request, and sign it with your kit."),
    "submit": Verb("commonhold.cli.submit:command", "Hand in an entry that was signed elsewhere."),
    "signer": Verb("commonhold.cli.signer:command", "Write the page with which members sign in a browser."),
    "verifier": Verb("commonhold.cli.verifier:command", "Write the page with which anybody checks a proof in a browser."),
    "custody": Verb("commonhold.cli.custody:command", "Find out who could take what you depend on, and what helps."),
    "store": Verb("commonhold.cli.store:command", "Keep files by their digest, find out whether they are whole, heal them."),
    "work": Verb("commonhold.cli.work:command", "Make works of files and texts, with rights and origin, and show them."),
    "mirror": Verb("commonhold.cli.mirror:command", "Keep an organisation as a folder that any web server serves."),
    "restore": Verb("commonhold.cli.restore:command", "Make a new house out of any mirror."),
    "snapshot": Verb("commonhold.cli.snapshot:command", "Keep drafts encrypted, for the custodians to open together."),
    "export": Verb("commonhold.cli.export:command", "Write everything by and about one member, for that member."),
    "house": Verb("commonhold.cli.house:command", "Serve an organisation's own record, and ask its partners."),
    "partner": Verb("commonhold.cli.partner:command", "Serve as other organisations' partner: mirror and witness their records."),
    "witness": Verb("commonhold.cli.witness:command", "Serve as a bare C2SP witness for any transparency log."),
    "note": Verb("commonhold.cli.note:command", "Verify a signed note against keys you trust."),
    "proof": Verb("commonhold.cli.proof:command", "Verify an offline proof against keys and a policy you trust."),
}


class LazyGroup(click.Group):
    """A group whose verbs are loaded from *table* when they are called."""

    def __init__(self, *args: object, table: Mapping[str, Verb], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type] # click's own arguments, passed on
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs whose modules are there, in the order of the table."""
        del ctx
        return [name for name, verb in self.table.items() if find_spec(verb.target.partition(":")[0]) is not None]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb's command, imported now; None for a verb that does not exist."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module, _, attribute = self.table[cmd_name].target.partition(":")
        found = getattr(importlib.import_module(module), attribute)
        assert isinstance(found, click.Command)  # noqa: S101 - the table is ours
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The verbs and their sentences, without importing any of them."""
        if rows := [(name, self.table[name].help) for name in self.list_commands(ctx)]:
            with formatter.section("Commands"):
                formatter.write_dl(rows)


@click.group(
    cls=LazyGroup,
    table=VERBS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 yes, 1 no, 2 wrong usage or unreadable. Every verb explains itself: commonhold VERB --help",
)
@click.version_option(package_name="commonhold", message="%(prog)s %(version)s")
def commonhold() -> None:
    """An organisation's authority as a signed public record that its members hold in common."""


def main() -> None:
    """Run the command line and leave with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A name that the terminal's encoding lacks is shown escaped, and is no fault.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; every error has been told on stderr (or as JSON on stdout) by then."""
    session = Session()
    try:
        code = _run(arguments, session)
        sys.stdout.flush()
    except BrokenPipeError:
        # The interpreter flushes once more at its end and would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NOBODY_READS
    return code


def _run(arguments: Sequence[str], session: Session) -> int:
    try:
        # Not `commonhold.main()`: click turns a closed pipe into exit code 1 there, which would read as "no".
        with commonhold.make_context("commonhold", list(arguments), obj=session) as context:
            commonhold.invoke(context)
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except CommonholdError as error:
        code = NO if isinstance(error, ProofError | RuleError) else UNREADABLE
        return _tell(session, code, name=error.code, message=str(error), next_step=error.next_step, data=error.data)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return UNREADABLE
    except click.UsageError as error:
        # The flag may stand behind the mistake, where nobody has read it yet.
        session.as_json = session.as_json or "--json" in arguments
        hint = f"Try `{error.ctx.command_path} --help`." if error.ctx else "Try `commonhold --help`."
        return _tell(session, UNREADABLE, name="usage", message=_sentence(error.format_message()), next_step=hint)
    except click.ClickException as error:
        return _tell(session, UNREADABLE, name="usage", message=_sentence(error.format_message()))
    except (click.Abort, KeyboardInterrupt):
        return _tell(session, INTERRUPTED, name="interrupted", message="interrupted")
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - the outermost frame: nobody above could do better
        return _tell_fault(session, error)
    return 0


def _tell(session: Session, code: int, *, name: str, message: str, next_step: str = "", data: Mapping[str, object] | None = None) -> int:
    if session.as_json:
        click.echo(json_text({"ok": False, "code": name, "message": message, "next_step": next_step, "data": dict(data or {})}))
    else:
        click.echo(f"error: {printable(message)}", err=True)
        if next_step:
            click.echo(printable(next_step, multiline=True), err=True)
    return code


def _tell_fault(session: Session, error: Exception) -> int:
    """Name the kind of fault and its place, never its text: that could hold a secret, and reports are posted in public."""
    if os.environ.get(TRACEBACK_VARIABLE) == "1":
        if session.secret:
            # The words of a fault may quote what it stumbled over, and those of the faults behind it, too.
            traceback.print_tb(error.__traceback__)
        else:
            traceback.print_exception(error)
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(frame.filename).name}:{frame.lineno}"
    return _tell(
        session,
        FAULT,
        name="fault",
        message=f"a fault of this program, not of yours: {type(error).__name__} at {place}",
        next_step=f"Please report it with the command you typed and this line; {TRACEBACK_VARIABLE}=1 shows more (read it before you post it).",
    )


def _sentence(message: str) -> str:
    # click lists choices one a line; a message is one line.
    message = message.replace("\n\t", " ")
    return message[:1].lower() + message[1:].rstrip(".")
