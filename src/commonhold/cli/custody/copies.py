"""Whether partners keep what the seals need to be opened: whoever takes the organisation's server can delete one copy of it (docs/guide/sealing.md)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from commonhold.cli.output import printable
from commonhold.kernel.errors import CommonholdError
from commonhold.kernel.record import payloads
from commonhold.kernel.record.keeping import seals_of
from commonhold.kernel.record.state import State


def copies(state: State, resource: str, partners: Iterable[str]) -> list[dict[str, Any]]:
    """For each partner's address, how many of the files that the seals of *resource* need it has, each compared with its digest.

    ``trouble`` says why a partner could not be asked, and is empty otherwise.
    """
    needed = _needed(state, resource)
    return [_asked(partner.rstrip("/"), state.origin, needed) for partner in partners] if needed else []


def copy_lines(rows: Iterable[dict[str, Any]]) -> list[str]:
    """The same in words."""
    lines = []
    for row in rows:
        name = printable(row["partner"])
        if row["trouble"]:
            lines.append(f"     kept by {name}? It cannot be asked: {printable(row['trouble'])}")
        elif row["missing"]:
            lines.append(
                f"     NOT kept by {name}: {row['missing']} of {row['files']} files are missing there; it fetches them within minutes, or its operator looks why"
            )
        else:
            lines.append(f"     kept by {name}: all {row['files']} files")
    return lines


def _needed(state: State, resource: str) -> list[str]:
    found: list[str] = []
    for seal in seals_of(state, resource):
        if seal.status != "retired":
            payload: payloads.Seal = state.frozen[seal.proposal].payload
            found += [payload.sealed, *(share.envelope for share in payload.shares.values())]
    return found


def _asked(partner: str, origin: str, needed: list[str]) -> dict[str, Any]:
    from commonhold.mirror.witness import origin_hash  # noqa: PLC0415 - kept out of `--help`
    from commonhold.store.objects.remote import RemoteObjects  # noqa: PLC0415

    row: dict[str, Any] = {"partner": partner, "files": len(needed), "missing": 0, "trouble": ""}
    try:
        objects = RemoteObjects(f"{partner}/mirror/{origin_hash(origin)}", fetches=len(needed))
        for digest in needed:
            try:
                objects.get(digest)
            except CommonholdError as error:
                if error.code not in ("store/absent", "object/altered"):
                    raise
                row["missing"] += 1
    except CommonholdError as error:
        row["trouble"] = str(error)
    return row
