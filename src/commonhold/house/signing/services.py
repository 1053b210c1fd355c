"""From what a member wants to an entry in the record: drafts, what a key may sign, rehearsal, requests for the signer, and handing in.

An everyday act is signed in the browser with a passkey that the record knows; every other one, and everybody's who has no such passkey, is asked of the member's
signer by a request (docs/formats/request.md). Either way the entry comes back signed, and the log judges it: nothing here decides anything.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from commonhold.house.core import ledger
from commonhold.house.members.models import Passkey, User
from commonhold.house.record.models import Entry
from commonhold.house.signing.models import Draft
from commonhold.kernel import b64
from commonhold.kernel.canonical import canonical_bytes
from commonhold.kernel.errors import CommonholdError, FormatError, RuleError, StoreError
from commonhold.kernel.record.acts import FINGERPRINT_KINDS, HANDLERS
from commonhold.kernel.record.entries import entry_id, parse_entry, unsigned_entry, with_signature
from commonhold.kernel.record.fact import Fact, Shown
from commonhold.kernel.record.request import Request, given_bytes, target_of
from commonhold.kernel.record.state import State
from commonhold.kernel.record.telling import payload_facts, payload_texts, reason_text
from commonhold.kernel.texts import MAX_TEXT_BYTES, SALT_BYTES, make_text, text_digest
from commonhold.store.handing import MAX_ACT_BYTES, pack, unpack
from commonhold.store.requesting import Source, make_request

DAY: Final = 86_400
OPEN_DAYS: Final = 30
"""How long a proposal made here may be decided, unless its author says otherwise."""
MOST_DRAFTS: Final = 200
"""Acts on their way that one member may have; more are nobody's work."""


@dataclass(frozen=True, slots=True)
class Told:
    """An act in words: what it is and does, the texts that it is about, and the articles that it falls under."""

    facts: tuple[Fact, ...]
    texts: tuple[Shown, ...]
    articles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What the rules would make of an act: whether it takes the kit, and why it would count for nothing, if so."""

    kit: bool
    refusal: CommonholdError | None = None


def make_draft(user: User, type: str, body: Mapping[str, Any], texts: Mapping[str, bytes] | None = None) -> Draft:
    """Keep what a member wants to sign. The same act that waits already is given instead of a second one.

    Raises:
        RuleError: ``draft/too-many`` over two hundred.
    """
    waiting = Draft.objects.filter(user=user, entry="")
    for draft in waiting.filter(type=type):
        if draft.body == body:
            return draft
    if waiting.count() >= MOST_DRAFTS:
        raise RuleError(
            f"{MOST_DRAFTS} acts of yours wait for a signature already",
            code="draft/too-many",
            next_step="Sign some of them, or throw some away.",
        )
    _, size, _ = ledger.log().head()
    kept = {digest: b64.encode(raw) for digest, raw in (texts or {}).items()}
    return Draft.objects.create(user=user, type=type, body=dict(body), texts=kept, size=size)


def new_text(words: str) -> tuple[str, bytes]:
    """The digest and the bytes of a new text object, under a fresh salt, so that it can be erased for good.

    Raises:
        FormatError: if it is too long, or holds what no text may.
    """
    raw = words.replace("\r\n", "\n").strip().encode("utf-8", "surrogatepass") + b"\n"
    if len(raw) > MAX_TEXT_BYTES:
        raise FormatError(f"the text has {len(raw)} bytes, and at most {MAX_TEXT_BYTES} are allowed", code="text/too-large")
    made = make_text(raw, secrets.token_bytes(SALT_BYTES))
    return text_digest(made), made


def proposal_body(kind: str, payload: Mapping[str, Any], now: int, days: int = OPEN_DAYS) -> dict[str, Any]:
    """The body of a proposal, open for some days from the record's clock, or from *now* where it has none."""
    return {"kind": kind, "payload": dict(payload), "not_after": (ledger.state().clock or now) + days * DAY}


def texts_of(draft: Draft) -> dict[str, bytes]:
    """The objects that a draft brings with it."""
    return {digest: b64.decode(text, what="text") for digest, text in draft.texts.items()}


def tell(state: State, draft: Draft) -> Told:
    """An act in words.

    Raises:
        RuleError, FormatError: if it cannot be said, and so must not be signed.
    """
    body, target = draft.body, target_of(draft.type, draft.body)
    objects = _Objects(texts_of(draft))
    proposal = state.proposal(target) if target else None
    facts: list[Fact] = []
    texts: list[Shown] = []
    articles: Sequence[str] = ()
    if draft.type == "propose":
        facts += payload_facts(body["kind"], body["payload"])
        texts += payload_texts(body["payload"], objects)
        articles = _articles(state, body["kind"])
    elif proposal is not None:
        facts += payload_facts(proposal.kind, proposal.payload)
        texts += payload_texts(proposal.payload, objects)
        articles = proposal.articles
    if isinstance(reason := body.get("reason"), str):
        texts.append(reason_text(reason, objects))
    return Told(tuple(facts), tuple(texts), tuple(articles))


class _Objects(dict[str, bytes]):
    """Texts by digest: those at hand, then the log's own."""

    def __contains__(self, digest: object) -> bool:
        return self._found(str(digest)) is not None

    def __getitem__(self, digest: str) -> bytes:
        found = self._found(digest)
        if found is None:
            raise KeyError(digest)
        return found

    def _found(self, digest: str) -> bytes | None:
        if super().__contains__(digest):
            return super().__getitem__(digest)
        return object_of(digest)


def object_of(digest: str) -> bytes | None:
    """An object of the house; None where it is not there."""
    try:
        return ledger.log().objects.get(digest)
    except CommonholdError:
        return None


def _articles(state: State, kind: str) -> list[str]:
    names = state.charter.by_kind.get(kind, ())
    return list(dict.fromkeys(state.charter.rules[name].article for name in names if state.charter.rules[name].article))


def keys_of(state: State, user: User) -> list[Passkey]:
    """The passkeys of an account that may sign for its member: enrolled in the record for them, and made for this house."""
    member = state.member(user.member)
    if member is None:
        return []
    return [passkey for passkey in user.passkeys.order_by("-used", "-pk") if passkey.key in member.keys]


def rehearse(state: State, user: User, draft: Draft) -> Rehearsed:
    """What the rules would make of the act, were it signed now with the key that it takes."""
    member = state.member(user.member)
    if member is None:
        return Rehearsed(kit=True, refusal=RuleError(f"{user.member} is not in the register", code="act/not-a-member"))
    key = member.kit or next(iter(member.keys), "")
    after = state.thaw()
    try:
        leaf = with_signature(unsigned(state, user.member, key, draft), bytes(64))
        entry = parse_entry(leaf)
        HANDLERS[draft.type](after, entry, member)
    except CommonholdError as refusal:
        # Without a kit, "this takes your kit" is the answer, not a fault of the act.
        return Rehearsed(kit=True, refusal=refusal)
    return Rehearsed(kit=_takes_kit(after, draft, entry.id, has_kit=bool(member.kit)))


def _takes_kit(state: State, draft: Draft, name: str, *, has_kit: bool) -> bool:
    if draft.type in {"propose", "approve"}:
        frozen = state.frozen.get(name if draft.type == "propose" else draft.body["proposal"])
        return frozen is None or frozen.kit
    return has_kit or draft.type not in {"object", "withdraw", "confirm"}


def unsigned(state: State, member: str, key: str, draft: Draft) -> dict[str, Any]:
    """The entry of a draft before it is signed, over the checkpoint of this moment."""
    _, size, root = ledger.log().head()
    return unsigned_entry(
        type=draft.type,
        org=state.org,
        epoch=state.epoch,
        by=member,
        key=key,
        seen=(size, root),
        nonce=secrets.token_bytes(16),
        body=draft.body,
    )


def everyday(state: State, user: User, draft: Draft) -> dict[str, Any] | None:
    """What ``signEntry`` of ``passkey.js`` takes, for an act that a passkey of this member may sign; None if it takes the signer."""
    passkeys = keys_of(state, user)
    if not passkeys or rehearse(state, user, draft).kit:
        return None
    used = passkeys[0]
    offered = unsigned(state, user.member, used.key, draft)
    return {
        "unsigned": offered,
        "id": entry_id(offered),
        "rp_id": used.rp_id,
        "credentials": [
            {
                "credential_id": b64.encode(bytes(used.credential)),
                "alg": used.alg,
                "spki": b64.encode(bytes(used.spki)),
                "transports": list(used.transports),
            }
        ],
    }


def request_for(state: State, user: User, draft: Draft) -> Request:
    """The request with which this member's signer is asked for the act; partners vouch for it where there are any.

    Raises:
        ProofError, StoreError, RuleError, FormatError: if partners do not answer alike just now, or it cannot be made.
    """
    log = ledger.log()
    source = Source(state, log.checkpoint(), _leaf_of, object_of)
    urls = [log.address] if log.address else []
    partners = log.partners if state.policy is not None else ()
    return make_request(source, draft.type, draft.body, texts_of(draft), members=[user.member], urls=urls, partners=partners)


def _leaf_of(target: str) -> bytes:
    """The leaf of an entry of this epoch's log."""
    log = ledger.log()
    state, size, _ = log.head()
    index = state.ids.get(target)
    if index is None or index < state.base:
        return b""
    return next(log.reader().entries(index - state.base, index - state.base + 1, size))


def record(user: User, draft: Draft, leaf: bytes) -> str:
    """Hand in what a member's passkey signed for their draft; gives the entry's id. What the disk refuses stays with the draft.

    Raises:
        RuleError: ``draft/other`` if it is another act than the draft; or as the log refuses it. FormatError: if it is no entry.
        StoreError: if the log cannot write just now; the signature is kept, and :func:`retry` brings it again.
    """
    entry = parse_entry(leaf)
    value = {"type": draft.type, "body": draft.body}
    signed = parse_canonical_act(leaf)
    if entry.by != user.member or canonical_bytes(signed) != canonical_bytes(value):
        raise RuleError(
            "what was signed is not what this page showed",
            code="draft/other",
            next_step="Load the page again, and sign what it shows then.",
        )
    return _bring(draft, leaf)


def retry(draft: Draft) -> str:
    """Bring again what was signed and could not be recorded; raises as :func:`record`."""
    if draft.leaf is None:
        raise RuleError("nothing was signed for this yet", code="draft/unsigned", next_step="Sign it first.")
    return _bring(draft, bytes(draft.leaf))


def parse_canonical_act(leaf: bytes) -> dict[str, Any]:
    """Type and body of an entry, as plain data."""
    from commonhold.kernel.canonical import parse_canonical  # noqa: PLC0415 - one use

    value = parse_canonical(leaf, max_size=1 << 16, what="the entry")
    return {"type": value["type"], "body": value["body"]}


def _bring(draft: Draft, leaf: bytes) -> str:
    texts = texts_of(draft)
    try:
        if draft.type != "propose":
            # An entry brings the texts of a proposal alone; the reason of an objection is kept first, as every text is.
            for raw in texts.values():
                ledger.log().objects.put(raw)
            texts = {}
        name, _, _ = ledger.log().take(pack(leaf, texts))
    except StoreError as error:
        draft.leaf, draft.trouble = leaf, str(error)
        draft.save(update_fields=["leaf", "trouble"])
        raise
    draft.entry, draft.leaf, draft.trouble = name, None, ""
    draft.save(update_fields=["entry", "leaf", "trouble"])
    return name


def hand_in(given: bytes | str) -> tuple[str, str, bool]:
    """Take an act that was signed elsewhere: its file, or a link or text that holds it. Gives its id, its author, and whether it is new.

    Raises:
        FormatError: if it is none. RuleError, ProofError: as the log refuses it. StoreError: if it cannot write.
    """
    raw = given_bytes(given) if isinstance(given, str) else given
    if len(raw) > MAX_ACT_BYTES:
        raise FormatError(f"the act has {len(raw)} bytes, and at most {MAX_ACT_BYTES} are taken", code="act/too-large")
    raw = raw.removesuffix(b"\n")
    leaf, entry, texts = unpack(raw)
    # A proposal of this house leaves its texts here when it goes to a signer; what comes back may lack them.
    if entry.type == "propose":
        for draft in Draft.objects.filter(user__member=entry.by, type="propose", entry=""):
            if canonical_bytes(draft.body) == canonical_bytes(parse_canonical_act(leaf)["body"]):
                texts = {**texts_of(draft), **texts}
    name, _, new = ledger.log().take(pack(leaf, texts))
    return name, entry.by, new


def settle(user: User) -> None:
    """Mark the drafts of a member that the record has by now: those that were signed elsewhere came by another way."""
    waiting = Draft.objects.filter(user=user, entry="")
    state = ledger.state()
    for draft in waiting:
        found = _in_record(state, user.member, draft)
        if found:
            draft.entry, draft.leaf, draft.trouble = found, None, ""
            draft.save(update_fields=["entry", "leaf", "trouble"])


def _in_record(state: State, member: str, draft: Draft) -> str:
    rows = Entry.objects.filter(by=member, type=draft.type, index__gte=state.base + draft.size, code="")
    if draft.type == "propose":
        for name in rows.filter(kind=draft.body["kind"]).values_list("entry", flat=True):
            proposal = state.proposal(name)
            if proposal is not None and proposal.payload == draft.body["payload"]:
                return str(name)
        return ""
    target = target_of(draft.type, draft.body)
    return str(rows.filter(subject=target).values_list("entry", flat=True).first() or "") if target else ""


def needs_comparison(state: State, draft: Draft) -> bool:
    """Whether the signer will ask for six words that were compared outside the house."""
    proposal = state.proposal(draft.body.get("proposal", "")) if draft.type == "approve" else None
    return proposal is not None and proposal.kind in FINGERPRINT_KINDS
