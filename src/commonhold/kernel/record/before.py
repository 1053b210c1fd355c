"""What is known of a record before somebody signs: on the word of partners, or on nobody's (DESIGN 3.5, 3.7).

The organisation, the epoch and what the signer has seen come from a checkpoint; values of the state come with it. Partners vouch for both in a
brief proof, under the signer's own pin. An organisation without partners has nobody who could: then its log's checkpoint and the values are the
word of whoever sent the request, and are shown as that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from commonhold.kernel.errors import ProofError, RuleError
from commonhold.kernel.ids import parse_origin
from commonhold.kernel.notes import parse_note
from commonhold.kernel.record.brief import CheckedBrief
from commonhold.kernel.record.fact import Fact
from commonhold.kernel.record.request import Request
from commonhold.kernel.tlog.checkpoint import parse_checkpoint

AHEAD_SECONDS: Final = 300
OLD_SECONDS: Final = 3_600
STALE_SECONDS: Final = 7 * 86_400
"""As for verdicts (docs/formats/epochs.md): what partners said so long ago is not signed on."""


@dataclass(frozen=True, slots=True)
class Before:
    """What is known of the record before somebody signs.

    Args:
        root: 32 bytes.
        time: when the partners vouched, POSIX seconds; None if nobody does.
        values: what the state holds by part and key, None for what is proved absent; whatever was not asked for is not there.
        entry: the leaf that the act is about, or empty.
        by: who vouches, by name.
    """

    org: str
    epoch: int
    size: int
    root: bytes
    time: int | None
    values: Mapping[tuple[str, str], Any]
    entry: bytes = b""
    by: tuple[str, ...] = ()


def before_claim(request: Request) -> Before:
    """What the request's sender says of the record, vouched for by nobody.

    Raises:
        RuleError: ``request/nothing`` if it says nothing.
        FormatError: if its checkpoint is none, or none of an organisation's log.
    """
    claim = request.claim
    if claim is None:
        raise RuleError(
            "the request does not say what the record holds",
            code="request/nothing",
            next_step="Ask for one with a proof from partners in it, or connect to the network.",
        )
    checkpoint = parse_checkpoint(parse_note(claim.checkpoint).text)
    org, epoch, _ = parse_origin(checkpoint.origin)
    return Before(org, epoch, checkpoint.size, checkpoint.root, None, claim.values, claim.entry)


def before_brief(checked: CheckedBrief) -> Before:
    """What partners vouch for, of a brief proof that was checked under a pin."""
    org, epoch, _ = parse_origin(checked.origin)
    leaf = checked.entry.leaf if checked.entry is not None else b""
    return Before(org, epoch, checked.size, checked.root, checked.time, checked.values, leaf, checked.validators)


def vouched_facts(before: Before, now: int) -> list[Fact]:
    """Who vouches, and when.

    Raises:
        ProofError: ``request/stale`` if they did too long ago.
    """
    if before.time is None:
        return [Fact("unvouched")]
    if now - before.time > STALE_SECONDS:
        raise ProofError(
            "what partners say of the record here is more than 7 days old, by this device's clock",
            code="request/stale",
            next_step="Ask for a new request, or connect to the network. If this device's clock is wrong, set it first.",
        )
    facts = [Fact("vouched", {"names": ", ".join(before.by), "time": before.time})]
    if now - before.time > OLD_SECONDS:
        facts.append(Fact("old-proof"))
    if before.time - now > AHEAD_SECONDS:
        facts.append(Fact("clock-behind"))
    return facts
