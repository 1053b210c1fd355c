"""What the verbs of ``commonhold request`` share: their options, and handing a request out (docs/formats/request.md).

The record is read and replayed first, so nobody is asked to sign what its rules would refuse; ``store/requesting`` makes the request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from commonhold.cli.options import house_option, json_option, out_option
from commonhold.cli.output import emit, note, printable
from commonhold.cli.reading import read_place

if TYPE_CHECKING:
    from commonhold.kernel.record.request import Request
    from commonhold.store.record import ReadRecord

F = TypeVar("F", bound=Callable[..., Any])
PAGE = "signer.html"


@dataclass(frozen=True, slots=True)
class Asked:
    """How a request is to be made: from which record, for whom, and what becomes of it."""

    house: Path | str
    members: tuple[str, ...]
    urls: tuple[str, ...]
    partners: tuple[str, ...]
    pin: Path | None
    out: Path | None
    qr: bool
    as_json: bool


def request_options(function: F) -> F:
    """The options that every request takes; the verb gets them as keywords and hands them to :func:`asked_of`."""
    for option in reversed(
        (
            click.option("--for", "members", multiple=True, help="A member who is asked, any number of times; otherwise everybody."),
            click.option(
                "--url", "urls", multiple=True, help="Where the signed entry can be handed in, any number of times: a log or a mirror."
            ),
            click.option(
                "--partner",
                "partners",
                multiple=True,
                help="A partner who is asked to vouch for it, any number of times; as many as the pin demands.",
            ),
            click.option(
                "--pin", type=click.Path(dir_okay=False, path_type=Path), help="The pin to hold the partners' word to; otherwise theirs."
            ),
            out_option("Write the request to this file, and not as a link."),
            click.option("--qr", is_flag=True, help="Show it as a code, too."),
            house_option,
            json_option,
        )
    ):
        function = option(function)
    return function


def asked_of(options: Mapping[str, Any]) -> tuple[Asked, ReadRecord]:
    """What was asked for, and the record, replayed."""
    asked = Asked(
        options["house"],
        tuple(options["members"]),
        tuple(options["urls"]),
        tuple(options["partners"]),
        options["pin"],
        options["out"],
        options["qr"],
        options["as_json"],
    )
    return asked, read_place(asked.house, whole=True)


def hand_out(
    asked: Asked,
    read: ReadRecord,
    type: str,
    body: Mapping[str, Any],
    texts: Mapping[str, bytes] | None = None,
    *,
    about: Mapping[str, Any] | None = None,
) -> None:
    """Make the request, and write, print or show it; *about* for one about a seal.

    Raises:
        RuleError, FormatError: if it cannot be made.
    """
    from commonhold.kernel.record.request import link_text, parse_request  # noqa: PLC0415 - kept out of `--help`
    from commonhold.store.keyfile import write_new  # noqa: PLC0415

    request = make_request(asked, read, type, body, texts or {}, about)
    raw = request.to_bytes()
    # What is handed out must be readable, or its reader learns of a mistake that was made here.
    parse_request(raw)
    link = f"{PAGE}#{link_text(raw)}"
    if asked.out is not None:
        write_new(asked.out, raw + b"\n")
    value = {"number": request.number, "bytes": len(raw), "link": link, **({"file": str(asked.out)} if asked.out else {})}

    def render() -> str:
        first = f"wrote the request to {printable(asked.out)} ({len(raw)} bytes)" if asked.out else link
        lines = [first, f"number    {request.number}  (whoever signs sees the same)"]
        if asked.qr:
            lines.append(code(link if len(link) < MAX_CODE else ""))
        handed = "the file" if asked.out else "the whole link"
        lines.append(f"next      send it; members paste or choose {handed} in their own {PAGE}, or give it to `commonhold sign`")
        return "\n".join(lines)

    emit(asked.as_json, value, render)


MAX_CODE = 2_900
"""Bytes that one code holds."""


def code(text: str) -> str:
    """A code for the terminal; or why there is none."""
    import io  # noqa: PLC0415

    import segno  # noqa: PLC0415

    if not text:
        return "It is too large for one code: send the link or the file."
    out = io.StringIO()
    segno.make(text, error="l", micro=False).terminal(out, compact=True)
    return out.getvalue()


def make_request(
    asked: Asked,
    read: ReadRecord,
    type: str,
    body: Mapping[str, Any],
    texts: Mapping[str, bytes],
    about: Mapping[str, Any] | None = None,
) -> Request:
    """The request for an act on the record that was read; raises as :func:`.store.requesting.make_request`."""
    from commonhold.cli.briefs import read_pin  # noqa: PLC0415 - kept out of `--help`
    from commonhold.store import requesting  # noqa: PLC0415

    source = requesting.Source(
        read.state, read.checkpoint_raw, lambda target: _leaf(read, target), lambda digest: _object(asked.house, digest)
    )
    return requesting.make_request(
        source,
        type,
        body,
        texts,
        members=asked.members,
        urls=[*asked.urls, *([asked.house] if isinstance(asked.house, str) else [])],
        partners=asked.partners,
        pin=read_pin(asked.pin) if asked.pin is not None else None,
        about=about,
        say=note,
    )


def _leaf(read: ReadRecord, target: str) -> bytes:
    """The entry that the act is about, as its leaf; nothing if it stands in an earlier epoch."""
    for outcome, leaf in zip(read.outcomes, read.leaves, strict=True):
        if outcome.entry is not None and outcome.entry.id == target:
            return leaf
    return b""


def _object(house: Path | str, digest: str) -> bytes | None:
    from commonhold.kernel.errors import CommonholdError  # noqa: PLC0415
    from commonhold.store.objects.remote import objects_at  # noqa: PLC0415

    try:
        return objects_at(house).get(digest)
    except CommonholdError:
        # A text that is not here cannot be sent; whoever needs it is told so when they look.
        return None
