"""``commonhold verify`` of a proof that a log showed two faces (docs/formats/equivocation-proof.md)."""

from __future__ import annotations

from typing import Any

from commonhold.cli.output import printable


def judge_equivocation(raw: bytes) -> tuple[dict[str, Any], list[str]] | None:
    """What a proof of equivocation shows, as data and as lines for people; None if the file is something else.

    Raises:
        FormatError, ProofError: if it says that it is such a proof, and is none.
    """
    from commonhold.kernel.canonical import parse_canonical  # noqa: PLC0415 - kept out of `--help`
    from commonhold.kernel.errors import CommonholdError  # noqa: PLC0415
    from commonhold.kernel.tlog.equivocation import (  # noqa: PLC0415
        MAX_EQUIVOCATION,
        check_equivocation,
        is_equivocation,
        parse_equivocation,
    )

    try:
        value = parse_canonical(raw, max_size=MAX_EQUIVOCATION)
    except CommonholdError:
        return None
    if not is_equivocation(value):
        return None
    file = parse_equivocation(raw)
    smaller, larger = check_equivocation(file)
    heads = [{"size": head.size, "root": head.root.hex()} for head in (smaller, larger)]
    words = f"contradictory: the log signed two histories, of {smaller.size} and of {larger.size} entries"
    lines = [
        f"log          {printable(file.log.name)}",
        f"log key      {printable(file.log)}",
        *(f"signed       size {head['size']}, root {head['root']}" for head in heads),
        "what now     Whoever holds this key shows different people different records. Ask the organisation's partners which one they hold.",
    ]
    about = {"verdict": "contradictory", "words": words, "rests_on": "two signatures of the log's key, checked by you", "official": False}
    return {**about, "log": str(file.log), "heads": heads}, lines
