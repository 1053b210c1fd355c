"""``commonhold verify`` of what a partner keeps against a log or two (docs/formats: equivocation-proof, rollback, two-successions, suspicion)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from commonhold.cli.output import printable

if TYPE_CHECKING:
    from commonhold.kernel.notes import VerifierKey
    from commonhold.kernel.tlog.checkpoint import Checkpoint

Judged = tuple[dict[str, Any], list[str]]


def judge_evidence(raw: bytes) -> Judged | None:
    """What a file shows against a log, as data and as lines for people; None if the file is something else.

    Raises:
        FormatError, ProofError: if it says that it is such evidence, and is none.
    """
    from commonhold.kernel.canonical import parse_canonical  # noqa: PLC0415 - kept out of `--help`
    from commonhold.kernel.errors import CommonholdError  # noqa: PLC0415
    from commonhold.kernel.record.suspicion import is_suspicion  # noqa: PLC0415
    from commonhold.kernel.record.twosuccessions import MAX_FILE, is_two_successions  # noqa: PLC0415
    from commonhold.kernel.tlog.equivocation import is_equivocation  # noqa: PLC0415
    from commonhold.kernel.tlog.rollback import is_rollback  # noqa: PLC0415

    if len(raw) > MAX_FILE:
        return None
    try:
        value = parse_canonical(raw, max_size=MAX_FILE)
    except CommonholdError:
        return None
    for says, judge in (
        (is_equivocation, _two_faces),
        (is_rollback, _rollback),
        (is_two_successions, _two_successions),
        (is_suspicion, _suspicion),
    ):
        if says(value):
            return judge(raw)
    return None


def _two_faces(raw: bytes) -> Judged:
    from commonhold.kernel.tlog.equivocation import check_equivocation, parse_equivocation  # noqa: PLC0415

    file = parse_equivocation(raw)
    smaller, larger = check_equivocation(file)
    words = f"contradictory: the log signed two histories, of {smaller.size} and of {larger.size} entries"
    step = "Whoever holds this key shows different people different records. Ask the organisation's partners which one they hold."
    about = {"verdict": "contradictory", "words": words, "rests_on": "two signatures of the log's key, checked by you"}
    return _told(about, file.log, (smaller, larger), step)


def _rollback(raw: bytes) -> Judged:
    from commonhold.cli.words import moment  # noqa: PLC0415
    from commonhold.kernel.tlog.rollback import check_rollback, parse_rollback  # noqa: PLC0415

    file = parse_rollback(raw)
    smaller, larger = check_rollback(file)
    words = f"rolled back: the log signed {larger.size} entries, and then published {smaller.size} again"
    rests = (
        f"two signatures of the log's key, checked by you; which came last, at {moment(file.time)}, is the word of whoever kept this file"
    )
    step = "An old backup may have been restored. Ask the organisation's partners for the newest checkpoint, and read the record from them."
    about = {"verdict": "rolled-back", "words": words, "rests_on": rests, "time": file.time}
    return _told(about, file.log, (smaller, larger), step)


def _two_successions(raw: bytes) -> Judged:
    from commonhold.kernel.record.twosuccessions import check_two_successions, parse_two_successions  # noqa: PLC0415

    file = parse_two_successions(raw)
    voices = check_two_successions(file)
    twice = sorted(voices[0] & voices[1])
    who = f"{', '.join(twice)} signed for both" if twice else "nobody signed for both"
    about = {
        "verdict": "contradictory",
        "words": f"contradictory: members signed two successions that exclude each other; {who}",
        "rests_on": "the signatures of their kits and of both logs, checked by you; that they are members, and suffice, only the record tells",
        "official": False,
        "org": file.org,
        "twice": twice,
        "logs": [{"log": str(one.log), "signed_for": sorted(names)} for one, names in zip(file.successions, voices, strict=True)],
    }
    lines = [f"organisation {printable(file.org)}"]
    for one, names in zip(file.successions, voices, strict=True):
        lines += [f"succession   {printable(one.log.name)}", f"signed for   {', '.join(sorted(names)) or 'nobody'}"]
    step = "Members get out of it by one more succession, without those who signed twice. Until then nobody speaks for the organisation."
    return about, [*lines, f"what now     {step}"]


def _suspicion(raw: bytes) -> Judged:
    from commonhold.cli.words import moment  # noqa: PLC0415
    from commonhold.kernel.record.suspicion import Withheld, check_unproved, check_withheld, parse_suspicion  # noqa: PLC0415

    file = parse_suspicion(raw)
    if not isinstance(file, Withheld):
        about = {
            "verdict": "cannot-judge",
            "words": "cannot judge: the log signed both checkpoints, and whether one leads on from the other is not shown",
            "rests_on": "two signatures of the log's key, checked by you",
            "time": file.time,
        }
        return _told(
            about, file.log, check_unproved(file), "This accuses nobody. Ask the log, or a partner, for the newer one with its proof."
        )
    entry, checkpoint = check_withheld(file)
    about = {
        "verdict": "withheld",
        "words": f"left out: the log had not taken {'an attest' if not entry.by else f'a signed entry of {entry.by}'} after {(file.time - file.since) // 60} minutes",
        "rests_on": f"the signatures of the entry and of the log, checked by you; that the log was given it at {moment(file.since)}, and had not taken it "
        f"at {moment(file.time)}, is the word of whoever kept this file",
        "entry": entry.id,
        "by": entry.by,
        "type": entry.type,
        "time": file.time,
    }
    step = "Look for the entry in the record; if it is not there, hand it in again, and ask partners whether they were given it, too."
    value, lines = _told(about, file.log, (checkpoint,), step)
    return value, [f"entry        {entry.id}, {printable(entry.type)} of {printable(entry.by or 'nobody')}", *lines]


def _told(about: dict[str, Any], log: VerifierKey, signed: tuple[Checkpoint, ...], step: str) -> Judged:
    heads = [{"size": head.size, "root": head.root.hex()} for head in signed]
    lines = [
        f"log          {printable(log.name)}",
        f"log key      {printable(log)}",
        *(f"signed       size {head['size']}, root {head['root']}" for head in heads),
        f"what now     {step}",
    ]
    return {**about, "official": False, "log": str(log), "heads": heads}, lines
