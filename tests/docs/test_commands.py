"""Laws about the page of commands: every verb and option stands there as the program itself prints it."""

from __future__ import annotations

import re

import click

from tools import cli_docs


def test_every_verb_and_option_stands_on_the_page() -> None:
    """The page of commands is the program's own help, so no verb or option can be missing or misdescribed."""
    assert cli_docs.PAGE.read_text("utf-8") == cli_docs.render(), "run `make pages`"


def test_every_verb_and_option_has_help() -> None:
    """A verb or option that says nothing about itself is one that a member cannot use."""
    silent = []
    for context in cli_docs.walk(cli_docs.program()):
        if not context.command.help:
            silent.append(context.command_path)
        options = [option for option in context.command.params if isinstance(option, click.Option) and not option.hidden]
        silent += [f"{context.command_path} {option.opts[0]}" for option in options if not option.help]
    assert silent == []


def test_every_verb_is_named_once() -> None:
    """Two headings of one name would give a reader two answers."""
    headings = re.findall(r"^## (.+)$", cli_docs.render(), re.MULTILINE)
    assert headings[0] == "commonhold"
    assert len(headings) == len(set(headings))
