"""Requests: an act that a member is asked to sign with their kit, as a file, a link or a QR code (docs/formats/request.md).

A request says what to sign and nothing of why to believe it: whoever signs takes from it only what their own kit, their pin and the
partners' signatures bear out (``review``). ``brief`` is what partners vouch for; ``claim`` stands in its place where an organisation has no
partners, and is only its sender's word, but for the entry in it, whose id is its own digest.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from commonhold.kernel import b64
from commonhold.kernel.canonical import canonical_bytes, parse_canonical
from commonhold.kernel.errors import FormatError, RuleError
from commonhold.kernel.record.bodies import BODIES
from commonhold.kernel.record.brief import MAX_VALUES
from commonhold.kernel.record.custodyrequest import PARTIAL, check_about
from commonhold.kernel.record.entries import FUTURE_TYPES, MAX_ENTRY_BYTES, MAX_EPOCH

FORM: Final = "commonhold/request/v1"
MAX_REQUEST_BYTES: Final = 8 << 20
MAX_NESTED: Final = 20_000
"""Objects, lists and commas in one request: more than any needs, and few enough for a phone."""
MAX_TEXTS: Final = 600
"""As many as a charter has articles to accept, and more than one seal has custodians."""
MAX_URLS: Final = 8
SIGNABLE: Final = frozenset({"accept", "acknowledge", "approve", "confirm", "contribute", "object", "propose", "withdraw"})
"""Acts that a request may ask for. `open` begins a log and is the command line's; partners, not members, make `attest`."""
UNSEAL: Final = "unseal"
"""What a request may ask for beside acts: to open what was released. Nothing is signed."""

_NUMBER_DOMAIN: Final = b"commonhold/request-number/v1\n"
_FIELDS: Final = frozenset({"form", "org", "epoch", "act", "texts", "urls"})
_MAYBE: Final = frozenset({"about", "brief", "claim"})
_HEX: Final = re.compile(r"[0-9a-f]{64}")
_URL: Final = re.compile(
    r"(?:https://[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|http://(?:localhost|127\.0\.0\.1))(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~/-]*)?"
)
MAX_URL: Final = 400
_LINK: Final = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Claim:
    """What the sender of a request says of the record, vouched for by nobody.

    Args:
        checkpoint: a checkpoint of the log as a signed note, verbatim.
        entry: the leaf that the act is about (a proposal, or the founding), or empty bytes.
        values: values of the state by part and key, None where it holds nothing.
    """

    checkpoint: bytes
    entry: bytes
    values: Mapping[tuple[str, str], Any]


@dataclass(frozen=True, slots=True)
class Request:
    """An act that a member is asked to sign. Nothing in it is believed.

    Args:
        brief: a ``commonhold/brief/v1`` as a plain object, or None.
        texts: digest to the bytes of the object; each has been held to its digest.
        urls: where the signed entry may be handed in, and where partners are asked.
        about: of which seal an act of custody is, so that it is known of what to ask (``custodyrequest``), or None.
    """

    org: str
    epoch: int
    type: str
    body: Mapping[str, Any]
    brief: Mapping[str, Any] | None = None
    claim: Claim | None = None
    texts: Mapping[str, bytes] = field(default_factory=dict)
    urls: Sequence[str] = ()
    about: Mapping[str, Any] | None = None

    def to_bytes(self) -> bytes:
        """The canonical bytes of the request.

        Raises:
            FormatError: if a part of it has no canonical form.
        """
        value: dict[str, Any] = {
            "form": FORM,
            "org": self.org,
            "epoch": self.epoch,
            "act": {"type": self.type, "body": dict(self.body)},
            "texts": {digest: b64.encode(raw) for digest, raw in self.texts.items()},
            "urls": list(self.urls),
        }
        if self.about is not None:
            value["about"] = dict(self.about)
        if self.brief is not None:
            value["brief"] = dict(self.brief)
        if self.claim is not None:
            value["claim"] = {
                "checkpoint": self.claim.checkpoint.decode(),
                "values": [
                    {"part": part, "key": key, **({} if found is None else {"value": found})}
                    for (part, key), found in sorted(self.claim.values.items())
                ],
                **({"entry": b64.encode(self.claim.entry)} if self.claim.entry else {}),
            }
        return canonical_bytes(value)

    @property
    def number(self) -> str:
        """The act's short number, 12 hexadecimal digits, by which two people can tell that they mean the same: of organisation, epoch and act."""
        act = {"org": self.org, "epoch": self.epoch, "act": {"type": self.type, "body": dict(self.body)}}
        return hashlib.sha256(_NUMBER_DOMAIN + canonical_bytes(act)).hexdigest()[:12]


def link_text(raw: bytes) -> str:
    """A request, or an entry, as it stands behind the ``#`` of a link: base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def given_bytes(text: str) -> bytes:
    """The bytes that somebody pasted or scanned: the JSON itself, a link with it behind the ``#``, or that part of a link alone.

    Where the link leads is not looked at: what counts is behind the ``#``, and it goes through every check.

    Raises:
        FormatError: ``request/text`` if it is none of these.
    """
    text = text.strip()
    if text.startswith("{"):
        return text.encode("utf-8", "surrogatepass")
    found = text.rpartition("#")[2]
    try:
        raw = base64.urlsafe_b64decode(found + "=" * (-len(found) % 4)) if _LINK.fullmatch(found) else b""
    except ValueError:
        raw = b""
    if link_text(raw) != found or not raw:
        raise FormatError(
            "this is neither a request nor a link that holds one", code="request/text", next_step="Copy it again, whole, or ask for a file."
        )
    return raw


def parse_request(raw: bytes) -> Request:
    """Read a request; one newline after it is forgiven. Texts are held to their digests.

    Raises:
        FormatError: if it is not of the documented form, or too large.
        RuleError: for an act that no request may ask for, ``request/type``.
    """
    raw = raw.removesuffix(b"\n")
    if len(raw) > MAX_REQUEST_BYTES:
        raise FormatError(f"the request has {len(raw)} bytes, and at most {MAX_REQUEST_BYTES} are allowed", code="request/too-large")
    if sum(map(raw.count, (b"{", b"[", b","))) > MAX_NESTED:
        raise FormatError("the request has more parts than any needs", code="request/parts")
    value = parse_canonical(raw, max_size=MAX_REQUEST_BYTES, what="the request")
    if not isinstance(value, dict) or value.get("form") != FORM:
        raise FormatError(
            "this is not a request", code="request/form", next_step="Paste what you were sent to sign: a link, or the whole file."
        )
    _require(value.keys() - _MAYBE == _FIELDS and not {"brief", "claim"} <= value.keys())
    org, epoch, act = value["org"], value["epoch"], value["act"]
    _require(isinstance(org, str) and _HEX.fullmatch(org) is not None)
    _require(type(epoch) is int and 0 <= epoch < MAX_EPOCH)
    _require(isinstance(act, dict) and act.keys() == {"type", "body"} and isinstance(act["type"], str) and isinstance(act["body"], dict))
    brief = value.get("brief")
    _require(brief is None or isinstance(brief, dict))
    kind, body = _act(act)
    claim = _claim(value["claim"]) if "claim" in value else None
    about = value.get("about")
    check_about(kind, body, about)
    return Request(org, epoch, kind, body, brief, claim, _texts(value["texts"]), _urls(value["urls"]), about)


def _act(act: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    kind = act["type"]
    if kind not in SIGNABLE and kind != UNSEAL:
        known = kind in BODIES or kind in FUTURE_TYPES
        raise RuleError(
            f"a request cannot ask for {'an act of type ' + kind if known else 'an act that this version does not know'}",
            code="request/type",
            next_step="Do not sign it. Ask whoever sent it what it is for.",
        )
    try:
        msgspec.convert(act["body"], (PARTIAL if kind in PARTIAL else BODIES)[kind], strict=True)
    except msgspec.ValidationError as error:
        raise FormatError(
            f"the body of the {kind} act is wrong: {error}",
            code="request/body",
            next_step="Do not sign it. Ask for another one, made with `commonhold request`.",
        ) from None
    if len(canonical_bytes(act)) > MAX_ENTRY_BYTES - 1_000:
        raise FormatError("the act is too large for an entry", code="request/body")
    return kind, act["body"]


def _claim(value: Any) -> Claim:
    _require(isinstance(value, dict) and value.keys() - {"entry"} == {"checkpoint", "values"})
    note, entry, rows = value["checkpoint"], value.get("entry", ""), value["values"]
    _require(isinstance(note, str) and isinstance(entry, str) and isinstance(rows, list) and len(rows) <= MAX_VALUES)
    values: dict[tuple[str, str], Any] = {}
    for row in rows:
        _require(isinstance(row, dict) and row.keys() - {"value"} == {"part", "key"})
        _require(isinstance(row["part"], str) and isinstance(row["key"], str) and (row["part"], row["key"]) not in values)
        values[row["part"], row["key"]] = row.get("value")
    return Claim(note.encode(), b64.decode(entry, what="entry"), values)


def _texts(value: Any) -> dict[str, bytes]:
    _require(isinstance(value, dict) and len(value) <= MAX_TEXTS and all(isinstance(text, str) for text in value.values()))
    texts = {digest: b64.decode(text, what="text") for digest, text in value.items()}
    for digest, raw in texts.items():
        if hashlib.sha256(raw).hexdigest() != digest:
            raise FormatError(
                "a text in the request is not the one that its digest names",
                code="request/text-altered",
                next_step="Do not sign it: what you would read is not what you would sign. Tell whoever sent it.",
            )
    return texts


def _urls(value: Any) -> tuple[str, ...]:
    _require(isinstance(value, list) and len(value) <= MAX_URLS and all(isinstance(url, str) for url in value))
    for url in value:
        check_url(url)
    return tuple(value)


def check_url(url: str) -> None:
    """Pass in silence if a signer may send to *url*: https, or http on this very machine; without user, query or fragment.

    Raises:
        FormatError: ``request/url`` if it is anything else.
    """
    if len(url) > MAX_URL or not _URL.fullmatch(url):
        raise FormatError(
            f"{url[:80]!a} is no address that a signer sends to",
            code="request/url",
            next_step="An address begins with https:// (or http://127.0.0.1 on this very machine), in small letters, and has no ? and no #.",
        )


def entry_url(url: str) -> str:
    """Where an entry for the log that is served at *url* is handed in: its own ``/entry``, or that of the partner whose mirror it is."""
    base = url.rstrip("/")
    return re.sub(r"/mirror/[0-9a-f]{64}\Z", "", base) + "/entry"


def target_of(type: str, body: Mapping[str, Any]) -> str:
    """The id of the entry that an act is about, or nothing."""
    return str(
        body.get("proposal") or body.get("release") or body.get("of", "")
        if type != "propose" and body.get("what") not in ("seat", "delegation")
        else ""
    )


def parse_given(text: str) -> Request:
    """The request in a pasted text; :func:`given_bytes` and :func:`parse_request` in one.

    Raises:
        FormatError, RuleError: as these do.
    """
    if len(text) > 2 * MAX_REQUEST_BYTES:
        raise FormatError(f"the text has {len(text)} characters, too many for a request", code="request/too-large")
    return parse_request(given_bytes(text))


def _require(holds: bool) -> None:  # noqa: FBT001 - a condition
    if not holds:
        raise FormatError("the request has a part of the wrong shape", code="request/shape", next_step="Ask for it again, as a file.")
