"""``commonhold verify`` of what a partner keeps against a log: two faces, or a rollback (docs/formats/equivocation-proof.md, rollback.md)."""

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
    from commonhold.kernel.tlog.equivocation import MAX_EQUIVOCATION, is_equivocation  # noqa: PLC0415
    from commonhold.kernel.tlog.rollback import is_rollback  # noqa: PLC0415

    try:
        value = parse_canonical(raw, max_size=MAX_EQUIVOCATION)
    except CommonholdError:
        return None
    if is_equivocation(value):
        return _two_faces(raw)
    return _rollback(raw) if is_rollback(value) else None


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


def _told(about: dict[str, Any], log: VerifierKey, signed: tuple[Checkpoint, Checkpoint], step: str) -> Judged:
    heads = [{"size": head.size, "root": head.root.hex()} for head in signed]
    lines = [
        f"log          {printable(log.name)}",
        f"log key      {printable(log)}",
        *(f"signed       size {head['size']}, root {head['root']}" for head in heads),
        f"what now     {step}",
    ]
    return {**about, "official": False, "log": str(log), "heads": heads}, lines
