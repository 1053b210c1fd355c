"""What partners make of an act: asked after it, waited for where the house's own server asks, and said in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commonhold.cli.output import printable

if TYPE_CHECKING:
    from commonhold.cli.acting import Author
    from commonhold.kernel.record.decide import Event
    from commonhold.kernel.record.fold import Outcome
    from commonhold.kernel.record.state import State
    from commonhold.mirror.attesting import Round
    from commonhold.store.record import Record
    from commonhold.store.remote import RemoteRecord

HEAD_SECONDS = 3.0
"""How long partners have to show that a folder is an older copy, before every act in it."""
ATTEST_SECONDS = 15.0
"""How long a house's server is given to bring an act's attest into the record before the verb ends."""


@dataclass(frozen=True)
class Settled:
    """What came after an act: for the JSON report, in lines for people, and as events."""

    value: Mapping[str, Any] = field(default_factory=dict)
    lines: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()


def settle(actor: Author, outcome: Outcome) -> Settled:
    """Let partners attest what was just recorded, and say what that brought about.

    In a folder the partners that it remembers are asked; at an address the server does that, and is waited for a few seconds.
    """
    from commonhold.store.remote import RemoteRecord  # noqa: PLC0415 - kept out of `--help`

    record = actor.record
    if isinstance(record, RemoteRecord):
        return _wait(record, outcome)
    if record.state.policy is None:
        return Settled()
    return _ask(record, outcome)


def check_not_older(record: Record | RemoteRecord) -> None:
    """Pass in silence unless a partner that a house's folder remembers shows that the folder is an older copy of its log.

    Partners who do not answer in three seconds are not waited for.

    Raises:
        FatalStoreError: ``log/older-copy``. FormatError, StoreError: if the file of partners is damaged.
    """
    from commonhold.store.remote import RemoteRecord  # noqa: PLC0415

    if isinstance(record, RemoteRecord) or record.state.policy is None:
        return
    from commonhold.mirror.attesting import check_newest  # noqa: PLC0415
    from commonhold.mirror.heads import read_heads  # noqa: PLC0415
    from commonhold.store.partnerfile import read_partners  # noqa: PLC0415

    heads = read_heads(read_partners(record.path), record.state.origin, seconds=HEAD_SECONDS)
    check_newest(record, [head.note for head in heads if head.note])


def ask_now(record: Record) -> Round:
    """One round with the partners that a house's folder remembers.

    Raises:
        RuleError: ``partner/nobody`` if it remembers none, or the record names none.
        StoreError, FormatError: if the disk refuses, or the file of partners is damaged.
    """
    from commonhold.cli.serving import clock  # noqa: PLC0415
    from commonhold.kernel.errors import RuleError  # noqa: PLC0415
    from commonhold.mirror.asking import Asker  # noqa: PLC0415
    from commonhold.mirror.attesting import attest_round  # noqa: PLC0415
    from commonhold.store.partnerfile import read_partners  # noqa: PLC0415

    urls = read_partners(record.path)
    if record.state.policy is None:
        raise RuleError(
            "the record names no partners, so nobody's signature would count",
            code="partner/nobody",
            next_step="Decide a proposal of kind 'partner' first: docs/guide/partners.md.",
        )
    if not urls:
        raise RuleError(
            "no partner's address is remembered here",
            code="partner/nobody",
            next_step="Say where they answer: commonhold house partner add URL",
        )
    return attest_round(record, Asker(), urls, clock)


def round_value(done: Round) -> dict[str, Any]:
    """A round as plain data."""
    return {
        "attests": [outcome.index for outcome in done.outcomes],
        "events": [{"name": event.name, **event.data} for outcome in done.outcomes for event in outcome.events],
        "partners": [
            {"url": reply.url, "signed": {"size": reply.size, "time": reply.time} if reply.line else None, "trouble": reply.trouble}
            for reply in done.replies
        ],
    }


def round_lines(done: Round, state: State) -> list[str]:
    """A round in words."""
    from commonhold.cli.words import event_words, moment  # noqa: PLC0415

    lines = [printable(f"{reply.url}: {reply.trouble or 'has signed'}") for reply in done.replies]
    for outcome in done.outcomes:
        lines.append(f"attested at entry {outcome.index}, {moment(state.clock or 0)}")
        lines += [f"  {event_words(event.name, event.data)}" for event in outcome.events]
    if done.older:
        lines.append("stop: a partner holds entries that this log has signed and that are not here; this folder is an older copy")
    elif done.met and not done.outcomes:
        lines.append("enough have signed; there was nothing new to attest, so no entry was added")
    elif not done.outcomes:
        lines.append("not enough have signed: what was done waits for an attest")
    return lines


def _ask(record: Record, outcome: Outcome) -> Settled:
    from commonhold.kernel.errors import CommonholdError, RuleError  # noqa: PLC0415

    try:
        done = ask_now(record)
    except RuleError as error:
        return Settled({"attested": False}, (f"waits for an attest: {error}",))
    except CommonholdError as error:
        # The act stands, whatever became of asking.
        return Settled({"attested": False}, (printable(f"waits for an attest: {error}"),))
    events = tuple(event for each in done.outcomes for event in each.events)
    value = {"attested": record.state.covered > outcome.index, **round_value(done)}
    value["attest_events"] = value.pop("events")
    return Settled(value, tuple(round_lines(done, record.state)), events)


def _save(digest: str, raw: bytes) -> str:
    """Keep a text object that no server has taken in a file of the current folder, and give its name."""
    from commonhold.store.keyfile import MODE, write_new  # noqa: PLC0415

    path = Path(f"{digest[:16]}.text")
    write_new(path, raw, mode=MODE)
    return str(path)


def _wait(record: RemoteRecord, outcome: Outcome) -> Settled:
    from commonhold.cli.words import event_words, moment  # noqa: PLC0415

    entry = outcome.entry
    assert entry is not None, "what was handed in was parsed"  # noqa: S101 - for the types
    value: dict[str, Any] = {}
    lines: list[str] = []
    if record.missing:
        saved = {digest: _save(digest, raw) for digest, raw in record.missing.items()}
        value["texts_missing"] = saved
        lines += [
            f"partners keep no texts, so it is saved here; bring it to the log: commonhold house text {path} --house URL"
            for path in saved.values()
        ]
    if entry.id not in record.state.ids:
        value["in_record"] = False
        lines.append(
            "taken, and not seen in the record yet: it counts once it is there, and partners sign nothing more for a log that leaves it out"
        )
        return Settled(value, tuple(lines))
    value["in_record"] = True
    if record.state.policy is None:
        return Settled(value, tuple(lines))
    before, vain = record.state.ids[entry.id], list[str]()

    def settled() -> bool:
        if record.state.covered > before:
            return True
        found = record.in_vain(before - record.state.base + 1)
        vain.extend(found or ())
        return found is not None

    record.wait(settled, ATTEST_SECONDS)
    if record.state.covered <= before:
        value |= {"attested": False, "partners": vain}
        lines += ["waits for an attest: too few partners have signed it yet", *(f"  {printable(line)}" for line in vain)]
        return Settled(value, tuple(lines))
    events = tuple(event for each in record.attests(before) for event in each.events)
    value |= {"attested": True, "attest_events": [{"name": event.name, **event.data} for event in events]}
    lines.append(f"attested at {moment(record.state.clock or 0)}")
    lines += [f"  {event_words(event.name, event.data)}" for event in events]
    return Settled(value, tuple(lines), events)
