"""docs/guide/commands.md: every verb of the command line with its own help text, so that no page can drift from the program.

    python -m tools.cli_docs write     render the page
    python -m tools.cli_docs check     the page is current

click's help text is taken as it is printed, 100 columns wide.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

PAGE: Final = Path(__file__).resolve().parents[1] / "docs" / "guide" / "commands.md"
HEAD: Final = """\
<!-- Written by `python -m tools.cli_docs write` from the program's own help. Do not edit. -->
# Commands

Every verb of `commonhold`, as `commonhold VERB --help` prints it. Exit codes: 0 yes, 1 no, 2 usage or unreadable.
"""


def program() -> click.Command:
    """The command line as click knows it, wherever in the module of the entry point it stands.

    Raises:
        SystemExit: if the module holds no click group.
    """
    from commonhold.cli import main as module  # noqa: PLC0415 - the tool's --help must work without the program

    groups = [value for value in vars(module).values() if isinstance(value, click.Group) and value.name]
    if not groups:
        sys.exit("cli_docs: commonhold.cli.main holds no click group")
    return max(groups, key=lambda group: len(group.list_commands(click.Context(group))))


def walk(command: click.Command, name: str = "commonhold", parent: click.Context | None = None) -> Iterator[click.Context]:
    """The context of each command that a person can see under *command*, depth first; it knows the command, its path and its help."""
    context = command.make_context(name, [], parent, resilient_parsing=True, terminal_width=100)
    yield context
    if isinstance(command, click.Group):
        for verb in command.list_commands(context):
            below = command.get_command(context, verb)
            if below is not None and not below.hidden:
                yield from walk(below, verb, context)


def render() -> str:
    """The page, as Markdown."""
    parts = [f"## {context.command_path}\n\n```text\n{context.get_help().rstrip()}\n```\n" for context in walk(program())]
    return "\n".join([HEAD, *parts])


def main() -> int:
    """Do what the command line says."""
    if sys.argv[1:] == ["write"]:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(render(), "utf-8")
        print("cli_docs: docs/guide/commands.md is written")
        return 0
    if sys.argv[1:] == ["check"]:
        if not PAGE.exists() or PAGE.read_text("utf-8") != render():
            print("cli_docs: docs/guide/commands.md is not current: run `python -m tools.cli_docs write`", file=sys.stderr)
            return 1
        print("cli_docs: the page of commands is current")
        return 0
    sys.exit(__doc__)


if __name__ == "__main__":
    sys.exit(main())
