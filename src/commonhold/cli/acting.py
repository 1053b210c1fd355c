"""Signing an act with a kit and putting it into the record: what all the verbs that act have in common.

The act is shown in words before it counts, the kit is held against what the record says of it, and the record is replayed first, so that
nobody signs on top of something they have not checked.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commonhold.cli.output import emit, printable, progress

if TYPE_CHECKING:
    from commonhold.kernel.kit import Kit
    from commonhold.kernel.record.state import State
    from commonhold.kernel.tlog.merkle import Tree
    from commonhold.store.record import Record
    from commonhold.store.remote import RemoteRecord


@dataclass(frozen=True, slots=True)
class Author:
    """A member whose entry is about to be recorded, wherever it was signed."""

    record: Record | RemoteRecord
    member: str

    @property
    def state(self) -> State:
        """The record's state, as this run has replayed it."""
        return self.record.state


@dataclass(frozen=True, slots=True)
class Actor(Author):
    """A member at the keyboard, with the record open before them."""

    kit: Kit


def open_record(house: Path) -> Record:
    """The record of a house, open for writing, with progress if it is long.

    Raises:
        StoreError: ``store/locked``, saying what to do, if another process has it open; and as ``Record.open``.
    """
    from commonhold.kernel.errors import CommonholdError, StoreError  # noqa: PLC0415 - kept out of `--help`
    from commonhold.store.reader import StaticReader  # noqa: PLC0415
    from commonhold.store.record import RECORD, Record, record_size  # noqa: PLC0415

    try:
        size = record_size(StaticReader.from_directory(house / RECORD))
    except CommonholdError:
        # Opening it says what is wrong, or brings a torn checkpoint back.
        size = 0
    try:
        if size < LONG:
            return Record.open(house)
        with progress(size, "checking the record") as bar:
            return Record.open(house, bar.update)
    except StoreError as error:
        if error.code == "store/locked":
            error.next_step = (
                "If `commonhold house log serve` serves it, act through its address, such as --house http://127.0.0.1:8400. Otherwise wait until "
                "the other command has ended."
            )
        raise


LONG = 2_000
"""Entries from which on a replay takes long enough to show progress."""


def open_remote(url: str) -> RemoteRecord:
    """The record at an address, replayed, with progress if it is long.

    Raises:
        ProofError, FormatError, StoreError: as reading it does.
    """
    from commonhold.cli.reading import read_place  # noqa: PLC0415 - kept out of `--help`
    from commonhold.store.remote import RemoteRecord  # noqa: PLC0415

    return RemoteRecord(url, read_place(url))


def open_actor(house: Path | str, kit: Path) -> Actor:
    """A member with their kit and the record, in a folder or at an address, after checking that the record holds exactly this kit for them.

    Raises:
        CustodyError: if the record holds another kit, or this one with a foreign age recipient.
        RuleError: if the member is not in the record.
    """
    from commonhold.cli.attested import check_not_older  # noqa: PLC0415
    from commonhold.kernel.errors import RuleError  # noqa: PLC0415
    from commonhold.kernel.keys import KitKeys  # noqa: PLC0415
    from commonhold.store.keyfile import load_kit  # noqa: PLC0415

    name, secret = load_kit(kit)
    record = open_remote(house) if isinstance(house, str) else open_record(house)
    member = record.state.member(name)
    recorded = record.state.public.get(member.kit) if member is not None else None
    try:
        if member is None:
            raise RuleError(
                f"{name} is not in this organisation's record",
                code="act/not-a-member",
                next_step="Check --house and --kit; a new member is admitted by a decision of kind 'admit'.",
            )
        if isinstance(recorded, KitKeys):
            secret.check_recorded(recorded)
        check_not_older(record)
    except BaseException:
        record.close()
        raise
    return Actor(record, name, secret)


def submit(actor: Actor, type: str, body: Mapping[str, Any], *, texts: Mapping[str, bytes] | None = None) -> Any:
    """Sign one act and append it; gives the fold's outcome.

    Raises:
        RuleError, ProofError, FormatError: if the record refuses it, which then is as it was.
    """
    return actor.record.submit(sign(actor, type, body), texts)


def sign(actor: Actor, type: str, body: Mapping[str, Any], tree: Tree | None = None) -> bytes:
    """One act of the member at the keyboard, signed and not yet in the record; *tree* is what they have seen, if not the whole record."""
    from commonhold.kernel.record.entries import signed_bytes, unsigned_entry, with_signature  # noqa: PLC0415

    record = actor.record
    seen = record.tree if tree is None else tree
    unsigned = unsigned_entry(
        type=type,
        org=record.state.org,
        epoch=record.state.epoch,
        by=actor.member,
        key=actor.kit.key_id,
        seen=(seen.size, seen.root()),
        nonce=secrets.token_bytes(16),
        body=body,
    )
    return with_signature(unsigned, actor.kit.sign(signed_bytes(unsigned)))


def report(actor: Author, outcome: Any, proposal_id: str, *, as_json: bool, extra: Mapping[str, Any] | None = None) -> None:
    """Say what an act brought about, and where its proposal stands now."""
    from commonhold.cli.attested import settle  # noqa: PLC0415
    from commonhold.cli.describing import Openings, describe  # noqa: PLC0415
    from commonhold.cli.words import entry_words, event_words, proposal_words  # noqa: PLC0415
    from commonhold.kernel.record.state import value_of  # noqa: PLC0415

    settled = settle(actor, outcome)
    openings = Openings(actor.record.path)
    found = describe(actor.state, proposal_id, openings) if actor.state.proposal(proposal_id) else None
    value = {
        "entry": outcome.entry.id,
        "index": outcome.index,
        "events": [{"name": event.name, **event.data} for event in outcome.events],
        **({"proposal": found} if found else {}),
        **settled.value,
        **(extra or {}),
    }

    def render() -> str:
        words = entry_words(outcome.entry.type, actor.member, value_of(outcome.entry.body), actor.state, openings)
        lines = [f"entry {outcome.index}  {words}"]
        lines += [f"          {event_words(event.name, event.data)}" for event in outcome.events]
        lines += [f"          {line}" for line in settled.lines]
        enacted = [event for event in (*outcome.events, *settled.events) if event.name == "enacted"]
        if found is not None and found["kind"] == "appoint" and enacted:
            lines.append(
                printable(f"          {found['payload']['member']} holds the office once they run `commonhold accept` with their kit")
            )
        lines += [printable(f"{key:9} {text}") for key, text in (extra or {}).items()]
        if found is not None:
            lines += ["", proposal_words(found)]
        return "\n".join(lines)

    emit(as_json, value, render)


def find_proposal(state: State, typed: str) -> str:
    """The proposal whose id begins with what was typed.

    Raises:
        RuleError: if there is none.
        click.UsageError: if there are several, or too few digits were given.
    """
    from commonhold.kernel.errors import RuleError  # noqa: PLC0415

    if len(typed) < 4:
        raise click.UsageError("give at least four digits of the proposal's id")
    found = [proposal for proposal in state.part("proposals") if proposal.startswith(typed.lower())]
    if not found:
        raise RuleError(
            f"the record has no proposal {printable(typed)}", code="act/no-proposal", next_step="`commonhold status` lists the open ones."
        )
    if len(found) > 1:
        raise click.UsageError(f"{len(found)} proposals begin with {typed}: give more digits")
    return found[0]
