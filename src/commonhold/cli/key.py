"""``commonhold key``: make, show, print, restore and check kits (DESIGN 3.7, docs/formats/keys.md).

Everything here happens on the member's own machine. What leaves it is the card: the member id and the public halves.
"""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

import click

from commonhold.cli.inputs import read_card
from commonhold.cli.options import json_option, kit_option, out_option
from commonhold.cli.output import emit, note, printable
from commonhold.kernel.card import Card
from commonhold.kernel.errors import FormatError, StoreError
from commonhold.kernel.ids import parse_member_id
from commonhold.kernel.keys import match_fingerprint
from commonhold.kernel.kit import MAX_TYPED, SECRET_BYTES, Kit, kit_from_text, kit_from_words
from commonhold.store.keyfile import MODE, load_kit, read_small, save_kit, write_new


@click.group()
def command() -> None:
    """Make, show, print and restore a member's kit.

    The kit is 32 random bytes that sign for you and open what is entrusted to you. It is made and used on your own machine only.
    """


@command.command(short_help="Make a kit and its public card.")
@click.argument("member")
@out_option("Where to write the kit; MEMBER.kit where it is not given.")
@json_option
def new(member: str, out: Path | None, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Make a kit for MEMBER, a pseudonym such as heron, and its public card."""
    _write_kit_and_card(parse_member_id(member), Kit(secrets.token_bytes(SECRET_BYTES)), out, as_json=as_json)


@command.command(short_help="Show the public card of a kit.")
@kit_option()
@out_option("Write the card to this file, to hand it on.")
@json_option
def show(kit: Path, out: Path | None, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Show the public card of a kit: nothing in it is secret.

    With --json it prints the card itself, as --out writes it.
    """
    card = _card(kit)
    if out is not None:
        write_new(out, card.to_bytes() + b"\n")
    if as_json:
        click.echo(card.to_bytes())
    else:
        click.echo(_describe(card) + (f"\ncard         {printable(out)}" if out else ""))


@command.command("kit", short_help="Write a sheet to print, with the 24 words.")
@kit_option()
@out_option("Where to write the sheet, an HTML page.", required=True)
@json_option
def print_kit(kit: Path, out: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Write a sheet to print: 24 words, a QR code, and what to do with them.

    The sheet is as secret as the kit. Open it in a browser, print it, and delete it.
    """
    # segno is only for this verb.
    from commonhold.cli.sheet import render_sheet  # noqa: PLC0415

    member, secret = load_kit(kit)
    write_new(out, render_sheet(member, secret).encode(), mode=MODE)
    note("This page is a secret: open it in your browser, print it twice, then delete the file.")
    emit(as_json, {"member": member, "key": secret.key_id, "sheet": str(out)}, lambda: f"sheet        {printable(out)}")


@command.command(short_help="Make a kit file again from its 24 words.")
@click.argument("member")
@click.option(
    "--words-file",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    default=Path("-"),
    help="A file with the 24 words, or - to type them.",
)
@out_option("Where to write the kit; MEMBER.kit where it is not given.")
@json_option
def restore(member: str, words_file: Path, out: Path | None, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Make MEMBER's kit file again from the 24 words of the sheet, or from the text of its QR code.

    The words are read from a file or typed, never given on the command line, where other users of the machine could see them.
    """
    member = parse_member_id(member)
    typed = _typed(words_file)
    kit = kit_from_text(typed) if typed.strip().lower().startswith("commonhold-kit-") else kit_from_words(typed)
    _write_kit_and_card(member, kit, out, as_json=as_json)
    note("Compare the fingerprint with the one on the sheet: words of another sheet make another kit, not an error.")


@command.command(short_help="Check a card that somebody gave you.")
@click.argument("card", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--fingerprint", "said", help="The six words that the member read to you, in quotes; the answer is yes or no.")
@json_option
def check(card: Path, said: str | None, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Check a card that somebody gave you: its form, the strength of its keys, and that its words are those of its key.

    A card proves nothing about who made it. Ask the member for the six words, by voice or face to face, and give them with --fingerprint.
    """
    found = read_card(card)
    if said is not None:
        match_fingerprint(found.kit, said)
    compared = (
        "The words match this key." if said else "Not compared yet: ask the member for the six words, and give them with --fingerprint."
    )
    emit(as_json, {**found.to_value(), "compared": said is not None}, lambda: f"{_describe(found)}\n{compared}")


def _card(kit: Path) -> Card:
    member, secret = load_kit(kit)
    return Card(member, secret.keys)


def _write_kit_and_card(member: str, kit: Kit, out: Path | None, *, as_json: bool) -> None:
    out = out or Path(f"{member}.kit")
    card, card_path = Card(member, kit.keys), out.with_suffix(".card")
    if card_path == out:
        raise StoreError(f"{out} is the card's name, not the kit's", code="keyfile/name", next_step="Choose a name such as heron.kit.")
    save_kit(out, member, kit)
    # The kit is whole by now, and an old card is no reason to lose it: `key show --out` writes the card again.
    old = card_path.exists()
    if not old:
        write_new(card_path, card.to_bytes() + b"\n")
    lines = [
        _describe(card),
        f"kit          {printable(out)} (secret: print it with `commonhold key kit`, and keep it)",
        f"card         {printable(card_path)} ({'an older file of that name, left as it is' if old else 'public: hand it to those who admit you'})",
    ]
    value = {**card.to_value(), "kit_file": str(out), "card_file": "" if old else str(card_path)}
    emit(as_json, value, lambda: "\n".join(lines))


def _describe(card: Card) -> str:
    return f"member       {card.member}\nkey          {card.key_id}\nage          {card.kit.age}\nfingerprint  {' '.join(card.fingerprint)}"


def _typed(words_file: Path) -> str:
    if words_file != Path("-"):
        raw = read_small(words_file, max_size=MAX_TYPED, what="the words")
    else:
        if sys.stdin.isatty():
            note("Type the 24 words of the sheet, then Enter and Ctrl-D.")
        raw = sys.stdin.buffer.read(MAX_TYPED + 1)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise FormatError("the words are not text in UTF-8", code="kit/not-text", next_step="Type the words of the sheet.") from None
