"""What ``commonhold sign`` adds to a request about a seal: the proof of a share, or a share for a release (docs/formats/request.md)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from commonhold.kernel.custody.sealing.shares import Envelope, Manifest
    from commonhold.kernel.kit import Kit
    from commonhold.kernel.record.request import Request
    from commonhold.kernel.record.review import Review


def refuse_what_the_page_makes(asked: Request) -> None:
    """Pass in silence unless the request leaves secrets or a key to be made, for which the command line has verbs of its own.

    Raises:
        RuleError: ``sign/custody``, naming the verb.
    """
    from commonhold.kernel.errors import RuleError  # noqa: PLC0415 - kept out of `--help`
    from commonhold.kernel.record.custodyrequest import custody_of  # noqa: PLC0415

    verb = custody_of(asked.type, asked.body)
    if verb not in ("seal", "release", "unseal"):
        return
    resource = asked.body["release"][:12] if verb == "unseal" else asked.body["payload"]["resource"]
    raise RuleError(
        "this is for signer.html, which makes what is secret in it on a device without the record",
        code="sign/custody",
        next_step=f"Here, where the record is: `commonhold custody {verb} {resource}`.",
    )


def completed(found: Review, member: str, kit: Kit) -> dict[str, Any]:
    """The body of an act of custody, with what only the kit can add.

    Raises:
        CustodyError, FormatError: if the share is not in the request, or is not this member's.
    """
    from commonhold.cli.custody.discipline import keep_in_memory  # noqa: PLC0415
    from commonhold.kernel import b64  # noqa: PLC0415
    from commonhold.kernel.custody.sealing.shares import envelope_bytes, next_proof  # noqa: PLC0415
    from commonhold.store.sealedfile import seal_to  # noqa: PLC0415

    body, task = dict(found.request.body), found.task
    if task is None or task.manifest is None or body.get("what") == "changed":
        return body
    keep_in_memory()
    share = _share(found.request, task.manifest, member, kit)
    if found.request.type == "acknowledge":
        return {**body, "proof": next_proof(share.about, share.index, share.member, share.words, task.last)}
    given = envelope_bytes(replace(share, release=body["release"]))
    return {**body, "envelope": b64.encode(seal_to(given, [task.recipient]))}


def _share(asked: Request, public: Manifest, member: str, kit: Kit) -> Envelope:
    """The member's own share, from the envelope that the record names for them."""
    from commonhold.kernel.errors import CustodyError  # noqa: PLC0415
    from commonhold.store.envelopes import own_share  # noqa: PLC0415

    raw = asked.texts.get(public.holdings[member].envelope)
    if raw is None:
        raise CustodyError(
            "your envelope is not in the request",
            code="share/no-envelope",
            next_step="Ask for it again, or take the share from its sheet: `commonhold custody drill --sheet`, in signer.html the 33 words.",
        )
    return own_share(raw, public, member, kit.age_identity)
