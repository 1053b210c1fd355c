"""What a proposal is about, in full: its text, or the redline of the charter; so that people look before they sign.

The record holds digests; the texts stand beside it, in the house's ``objects``, and may have been erased there. A text is shown only if it is
the one that its digest names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commonhold.cli.output import printable
from commonhold.cli.words import short
from commonhold.kernel.errors import CommonholdError

if TYPE_CHECKING:
    from commonhold.kernel.record.state import State


def proposal_content(state: State, found: Mapping[str, Any], house: Path | str) -> tuple[dict[str, Any], str]:
    """What the proposal *found* is about, as data and as text; both empty where its payload says it all.

    Args:
        found: the proposal as ``describe_proposal`` gives it.
        house: the folder whose ``objects`` hold the texts, or the address of its log.
    """
    payload = found["payload"]
    if found["kind"] == "amend":
        # Once it is decided, or another amendment was, there is no charter any more to hold it against.
        return _redline(state, payload, house) if payload["base"] == state.charter.digest.hex() else ({}, "")
    digest = payload.get("text")
    return _text(digest, house) if isinstance(digest, str) else ({}, "")


def _text(digest: str, house: Path | str) -> tuple[dict[str, Any], str]:
    from commonhold.kernel.texts import parse_text  # noqa: PLC0415 - kept out of `--help`

    try:
        body = parse_text(_objects(house, [digest])[digest])[1].decode("utf-8")
    except (CommonholdError, KeyError, UnicodeDecodeError):
        return {}, f"The text {short(digest)} is not here, or not readable: look for it in another copy before you sign."
    return {"text": body}, printable(body, multiline=True).rstrip()


def _redline(state: State, payload: Mapping[str, Any], house: Path | str) -> tuple[dict[str, Any], str]:
    from commonhold.kernel.charter import Source, apply_amendment  # noqa: PLC0415
    from commonhold.kernel.charter.wording import redline, render_redline  # noqa: PLC0415

    try:
        old: Mapping[str, Any] = state.charter.value
        new: Mapping[str, Any] = apply_amendment(old, payload)
        named = {value["title"] for value in (old, new)} | {digest for value in (old, new) for digest in value["articles"].values()}
        texts = _objects(house, named)
        changes = redline(Source(old, texts), Source(new, texts))
    except CommonholdError as error:
        return {}, f"The change cannot be shown: {printable(error)}. Look at it in another copy before you sign."
    return {"redline": changes.as_json()}, printable(render_redline(changes), multiline=True).rstrip()


def _objects(house: Path | str, digests: Iterable[str]) -> dict[str, bytes]:
    from commonhold.store.objects.remote import objects_at  # noqa: PLC0415

    objects, texts = objects_at(house), {}
    for digest in digests:
        try:
            texts[digest] = objects.get(digest)
        except CommonholdError:
            # What is not needed may be absent; what is needed is missed by name.
            continue
    return texts
