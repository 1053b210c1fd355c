"""``commonhold found``: make an organisation out of a charter and its founding members' cards (DESIGN 3.3)."""

from __future__ import annotations

import secrets
from pathlib import Path

import click

from commonhold.cli.inputs import read_card
from commonhold.cli.options import json_option, kit_option
from commonhold.cli.output import emit, printable


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--charter", type=click.Path(file_okay=False, path_type=Path), required=True, help="The folder with charter.md and charter.toml."
)
@click.option(
    "--member",
    "cards",
    type=click.Path(dir_okay=False, path_type=Path),
    multiple=True,
    required=True,
    help="A founding member's card; give one for each, your own included.",
)
@click.option("--seat", "seats", multiple=True, metavar="OFFICE=MEMBER", help="A first office-holder; may be given several times.")
@kit_option()
@json_option
def command(folder: Path, charter: Path, cards: tuple[Path, ...], seats: tuple[str, ...], kit: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Found an organisation in FOLDER.

    Nothing in it counts until every founding member has accepted with their own kit (`commonhold accept`). Compare the fingerprints on the
    cards with your fellow founders before you begin: a founding is never changed, a wrong one is founded again.
    """
    from commonhold.cli.charter import load_charter_folder  # noqa: PLC0415 - kept out of `--help`
    from commonhold.kernel import b64, ed25519  # noqa: PLC0415
    from commonhold.kernel.record.entries import signed_bytes, unsigned_entry, with_signature  # noqa: PLC0415
    from commonhold.store.keyfile import load_kit  # noqa: PLC0415
    from commonhold.store.record import Record  # noqa: PLC0415

    compiled = load_charter_folder(charter)
    name, secret = load_kit(kit)
    founders = [read_card(card) for card in cards]
    if name not in {card.member for card in founders}:
        raise click.UsageError(f"give your own card too: --member {kit.with_suffix('.card')}")
    for card in founders:
        if card.member == name:
            # A card may have been altered on its way: the record must not hold a foreign age recipient beside one's own key.
            secret.check_recorded(card.kit)
    log_seed = secrets.token_bytes(ed25519.SEED_BYTES)
    body = {
        "charter": dict(compiled.value),
        "log_key": b64.encode(ed25519.public_key(log_seed)),
        "members": [{"member": card.member, "kit": card.kit.to_value()} for card in founders],
        "seats": [_seat(text) for text in seats],
    }
    unsigned = unsigned_entry(
        type="found", org="", epoch=0, by=name, key=secret.key_id, seen=None, nonce=secrets.token_bytes(16), body=body
    )
    entry = with_signature(unsigned, secret.sign(signed_bytes(unsigned)))
    with Record.found(folder, entry, log_seed, compiled.texts) as record:
        state = record.state
    value = {
        "org": state.org,
        "origin": state.origin,
        "folder": str(folder),
        "charter": state.charter.digest.hex(),
        "members": {card.member: " ".join(card.fingerprint) for card in founders},
    }

    def render() -> str:
        lines = [
            f"organisation {state.org}",
            f"folder       {printable(folder)}",
            f"charter      {state.charter.digest.hex()} ({printable(state.charter.name)})",
            "members      and the six words of each, to be compared with them:",
            *(f"  {card.member:<12} {' '.join(card.fingerprint)}" for card in founders),
            f"next         each founding member runs: commonhold accept --house {printable(folder)} --kit THEIR.kit",
        ]
        return "\n".join(lines)

    emit(as_json, value, render)


def _seat(text: str) -> dict[str, str]:
    office, equals, member = text.partition("=")
    if not equals or not office or not member:
        raise click.UsageError(f"--seat takes OFFICE=MEMBER, such as chair=heron, and not {text!r}")
    return {"office": office, "member": member}
