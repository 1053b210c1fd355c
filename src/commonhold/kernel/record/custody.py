"""Acts of custody in the record: seals, the proofs of their custodians, releases and contributions (DESIGN 3.3, 5; docs/formats/seal.md).

They count at their own entry, with a clock too: nothing in them is judged by time but a release's end, and what a server leaves out only makes the
answer worse. Who keeps what, and what must be changed, is ``keeping``'s business.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import Final

from msgspec.structs import replace

from commonhold.kernel import b64
from commonhold.kernel.charter.rules import Charter
from commonhold.kernel.custody.sealing.shares import check_proof
from commonhold.kernel.errors import CustodyError, FormatError, RuleError
from commonhold.kernel.kinds import EMERGENCY_SECONDS, RELEASES
from commonhold.kernel.record import payloads
from commonhold.kernel.record.entries import Entry
from commonhold.kernel.record.keeping import check_structure, live_seal, manifest, openable_seal, seals_of
from commonhold.kernel.record.state import Decided, Draft, Member, Proposal, Proved, Release, Seal

AGE_HEADER: Final = b"age-encryption.org/v1\n-> X25519 "
_STANZA, _END = b"\n-> X25519 ", b"\n---"

_SUCCEEDED: Final = {"live": "replaced", "offered": "retired"}
"""What becomes of earlier seals when a later one is live. Whether that one opens nobody can see from outside, so the one before it stays openable."""


def seal(draft: Draft, payload: payloads.Seal, proposal: Proposal, decided: Decided) -> None:
    """Take a decided seal into the record; it counts once every custodian has acknowledged their share.

    Raises:
        RuleError: if it is not as the charter has it, not the next number, or for a kit that is not the custodian's now.
    """
    del proposal
    earlier = seals_of(draft, payload.resource)
    number = (earlier[0].number if earlier else 0) + 1
    if payload.seal != number:
        raise RuleError(
            f"this is seal {payload.seal} of {payload.resource}, and the next one is {number}",
            code="seal/number",
            data={"expected": number, "found": payload.seal},
            next_step="Make the seal again from the record as it is now.",
        )
    public = payload.manifest(draft.org)
    check_structure(draft, payload.resource, public.structure)
    for name, share in payload.shares.items():
        member = draft.member(name)
        if member is None or member.kit != share.kit:
            raise RuleError(
                f"the share of {name} is encrypted to a kit that is not theirs now",
                code="seal/kit",
                data={"member": name},
                next_step="Make the seal again from the record as it is now.",
            )
    draft.put("seals", _key(payload.resource, number), Seal(payload.resource, number, decided.proposal, decided.index, "offered", {}, {}))


def release(draft: Draft, payload: payloads.Release, proposal: Proposal, decided: Decided) -> None:
    """Let the custodians contribute to a release that was decided.

    Raises:
        RuleError: if the seal is not the live one, the recipient is not a new one, or the time is over.
    """
    if openable_seal(draft, payload.resource, payload.seal) is None:
        live = live_seal(draft, payload.resource)
        there = f"seal {live.number} is" if live else "none is"
        raise RuleError(
            f"seal {payload.seal} of {payload.resource} is not live: {there}",
            code="release/not-live",
            data={"live": live.number if live else 0},
            next_step="Ask for the release of the live seal; `commonhold custody status` names it.",
        )
    if draft.clock is not None and payload.until <= draft.clock:
        raise RuleError("the release's time is over by the record's clock", code="release/too-late", next_step="Ask for it again.")
    emergency = proposal.kind == "emergency-release"
    if emergency and draft.clock is None:
        raise RuleError(
            "an emergency release waits by the record's clock, and this house has none yet",
            code="release/needs-clock",
            next_step="Use the ordinary rule; a clock comes with partners who attest.",
        )
    if emergency and payload.until > (proposal.frozen_at or 0) + EMERGENCY_SECONDS:
        raise RuleError(
            f"an emergency release ends at most {EMERGENCY_SECONDS // 86_400} days after it was asked for",
            code="release/too-long",
            next_step="Ask for it with an earlier end.",
        )
    others = {one.recipient for key, one in draft.parts["releases"].items() if key != decided.proposal}
    others |= {draft.frozen[other].payload.recipient for other in draft.opened if _is_release(draft, other) and other != decided.proposal}
    if payload.recipient in draft.keyring or payload.recipient in others:
        raise RuleError(
            "the recipient of this release was used before, and a release takes a key of its own",
            code="release/recipient-used",
            next_step="Ask again with `commonhold custody release`, which makes a new key each time.",
        )
    draft.put(
        "releases",
        decided.proposal,
        Release(payload.resource, payload.seal, proposal.by, payload.recipient, payload.until, decided.index, {}, emergency=emergency),
    )


def void_releases(draft: Draft) -> None:
    """End every release: the organisation goes on in another epoch, where what was released here must be asked for again."""
    _void(draft, draft.parts["releases"])


def void_amended(draft: Draft, old: Charter, changed: Set[str]) -> None:
    """End the releases whose rule, or whose custodians, an amendment has changed.

    So nobody who has a release decided before a split, or before a vote that they fear, goes on collecting shares after it.

    Args:
        old: the charter before the amendment; the draft has the new one.
        changed: the names of the rules that it changed.
    """
    before, after = old.custody, draft.charter.custody
    moved = {name for name, clause in before.items() if name not in after or after[name].open != clause.open}
    releases, proposals = draft.parts["releases"], draft.parts["proposals"]
    _void(draft, [key for key, found in releases.items() if found.resource in moved or not changed.isdisjoint(proposals[key].rules)])


def _void(draft: Draft, keys: Iterable[str]) -> None:
    for key in list(keys):
        found = draft.parts["releases"][key]
        if not found.void:
            draft.put("releases", key, replace(found, void=True))


def acknowledge(draft: Draft, entry: Entry, member: Member) -> str:
    """Record that a custodian has their share, or that a member has seen the provider's credential changed."""
    del member
    found = _seal_of(draft, entry.body.of)
    if entry.body.what == "changed":
        if found.status != "live":
            raise RuleError(
                f"seal {found.number} of {found.resource} is {found.status}, and a change is attested of the live one",
                code="acknowledge/not-live",
                next_step="Let every custodian acknowledge their share first.",
            )
        if entry.by in found.changed:
            raise RuleError(
                f"{entry.by} has attested this already", code="acknowledge/again", next_step="Somebody else must attest it, too."
            )
        draft.put("seals", _key(found.resource, found.number), replace(found, changed={**found.changed, entry.by: draft.size}))
        return ""
    public = manifest(draft, found)
    holding = public.holdings.get(entry.by)
    if holding is None:
        raise RuleError(f"{entry.by} has no share of seal {found.number} of {found.resource}", code="acknowledge/not-custodian")
    if found.status in ("replaced", "retired"):
        raise RuleError(
            f"seal {found.number} of {found.resource} is {found.status}, and its shares are proved no more",
            code=f"acknowledge/{found.status}",
            next_step="Destroy what you have of that share: it still opens the old content."
            if found.status == "retired"
            else "Prove the share of the later seal; keep this one until two members have attested the change.",
        )
    last = found.proved[entry.by].link if entry.by in found.proved else holding.chain
    try:
        check_proof(entry.body.proof, last)
    except (CustodyError, ValueError):
        raise RuleError(
            f"this does not prove that {entry.by} has the share: it is not the next link of its chain",
            code="acknowledge/proof",
            next_step="Fetch the record again and prove the share from your kit or your sheet.",
        ) from None
    proved = {**found.proved, entry.by: Proved(draft.size, draft.clock or 0, entry.body.proof)}
    found = replace(found, proved=proved)
    if found.status == "offered" and proved.keys() == public.holdings.keys():
        for other in seals_of(draft, found.resource):
            if other.number < found.number and other.status in _SUCCEEDED:
                draft.put("seals", _key(other.resource, other.number), replace(other, status=_SUCCEEDED[other.status]))
        found = replace(found, status="live", live=draft.size, live_at=draft.clock or 0)
    draft.put("seals", _key(found.resource, found.number), found)
    return ""


def contribute(draft: Draft, entry: Entry, member: Member) -> str:
    """Record a custodian's share for a release, encrypted to its recipient.

    Nobody but the recipient can see whether it is the right one. So it may be given again, or one spoilt contribution would cost a whole new release, its
    waiting period included; whoever opens uses the first right one of each person.
    """
    del member
    found: Release | None = draft.parts["releases"].get(entry.body.release)
    if found is None or found.void:
        raise RuleError(
            f"there is no release {entry.body.release[:12]} to contribute to",
            code="contribute/no-release",
            next_step="A release must be decided first; `commonhold custody status` lists those that wait for contributions.",
        )
    if draft.base + entry.seen_size <= found.index:
        raise RuleError(
            "the contribution was signed by somebody who had not seen the release decided",
            code="act/seen-too-little",
            next_step="Fetch the record again and sign what it says now.",
        )
    current = openable_seal(draft, found.resource, found.number)
    if current is None:
        live = live_seal(draft, found.resource)
        raise RuleError(
            f"the release is of seal {found.number} of {found.resource}, and seal {live.number if live else 'none'} is live",
            code="contribute/stale",
            next_step="Ask for a release of the live seal.",
        )
    if draft.clock is not None and draft.clock > found.until:
        raise RuleError(
            "the release has ended by the record's clock", code="contribute/expired", next_step="It must be asked for and decided again."
        )
    asker = draft.member(found.by)
    if asker is None or asker.status != "active":
        raise RuleError(
            f"{found.by}, who asked for this release, is not a member any more",
            code="contribute/asker-left",
            next_step="Somebody who is a member asks for it again.",
        )
    if entry.by not in manifest(draft, current).holdings:
        raise RuleError(f"{entry.by} has no share of seal {found.number} of {found.resource}", code="contribute/not-custodian")
    try:
        sealed = b64.decode(entry.body.envelope, what="envelope")
    except FormatError:
        sealed = b""
    if not is_to_one(sealed):
        raise RuleError("the contribution is not an age file to one X25519 recipient", code="contribute/envelope")
    contributions = {**found.contributions, entry.by: draft.size}
    draft.put("releases", entry.body.release, replace(found, contributions=contributions))
    return ""


def is_to_one(raw: bytes) -> bool:
    """Whether bytes begin as an age file to one X25519 recipient; stanzas of other types, of which age programs add some without a meaning, do not count."""
    return raw.startswith(AGE_HEADER) and raw.partition(_END)[0].count(_STANZA) == 1


def _seal_of(draft: Draft, proposal: str) -> Seal:
    frozen = draft.frozen.get(proposal)
    if frozen is not None and isinstance(frozen.payload, payloads.Seal):
        found: Seal | None = draft.parts["seals"].get(_key(frozen.payload.resource, frozen.payload.seal))
        # Several proposals may have had one number in mind; one of them got it.
        if found is not None and found.proposal == proposal:
            return found
    raise RuleError(f"the record has no seal {proposal[:12]}", code="act/no-seal", next_step="`commonhold custody status` lists the seals.")


def _is_release(draft: Draft, proposal: str) -> bool:
    kind: str = draft.parts["proposals"][proposal].kind
    return kind in RELEASES


def _key(resource: str, number: int) -> str:
    return f"{resource}/{number}"
