"""What a decision would do, as facts for people: the key of a sentence and its values (DESIGN 3.7: the act is shown in words).

The sentences are the signer's (``reader/strings/signer``), in six languages; the command line says the English ones. A payload is held to its
shape first, so what cannot be said in words is refused and not signed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from commonhold.kernel.canonical import canonical_bytes
from commonhold.kernel.errors import CommonholdError, FormatError, RuleError
from commonhold.kernel.keys import fingerprint, parse_key_value
from commonhold.kernel.record.fact import Fact, Shown
from commonhold.kernel.record.payloads import parse_payload
from commonhold.kernel.record.sealfacts import emergency_facts, release_facts, seal_facts
from commonhold.kernel.texts import parse_text

SHORT: Final = 12
"""Digits of a digest that are shown to people."""


def payload_facts(kind: str, payload: Mapping[str, Any]) -> list[Fact]:
    """What a decision of *kind* with this *payload* would do.

    Raises:
        RuleError: ``kind/not-yet`` for a kind that this version cannot judge.
        FormatError: ``payload/shape`` if the payload has another form than its kind, or as a key in it is refused.
    """
    parse_payload(kind, payload)
    told = _KINDS.get(kind)
    if told is not None:
        return told(payload)
    if "amount" in payload:
        return [Fact("do-money", {"kind": kind, "amount": payload["amount"], "currency": payload.get("currency", "")})]
    return [Fact("do-resolution", {"kind": kind})]


def payload_texts(payload: Mapping[str, Any], texts: Mapping[str, bytes]) -> list[Shown]:
    """The texts that a payload names, each whole; *texts* are objects by digest, held to it before.

    Raises:
        RuleError: ``request/text-missing`` if one is not there.
        FormatError: if one is no text.
    """
    shown = []
    if isinstance(payload.get("text"), str):
        shown.append(Shown(Fact("the-text"), _object(payload["text"], texts)))
    if isinstance(payload.get("purpose"), str):
        shown.append(Shown(Fact("the-purpose"), _object(payload["purpose"], texts)))
    if isinstance(payload.get("title"), str):
        shown.append(Shown(Fact("the-title"), article_text(payload["title"], texts)))
    shown += [
        Shown(Fact("the-article", {"number": change["number"]}), article_text(change["new"], texts))
        for change in payload.get("articles", [])
        if change["new"]
    ]
    return shown


def reason_text(digest: str, texts: Mapping[str, bytes]) -> Shown:
    """The text of an objection's reason; refused as :func:`payload_texts` does."""
    return Shown(Fact("the-reason"), _object(digest, texts))


def article_text(digest: str, texts: Mapping[str, bytes]) -> str:
    """A text of the charter, which has no salt; refused as :func:`payload_texts` does."""
    try:
        return _there(digest, texts).decode("utf-8")
    except UnicodeDecodeError:
        raise _missing(digest) from None


def _object(digest: str, texts: Mapping[str, bytes]) -> str:
    return parse_text(_there(digest, texts))[1].decode("utf-8")


def _there(digest: str, texts: Mapping[str, bytes]) -> bytes:
    if digest not in texts:
        raise _missing(digest)
    return texts[digest]


def _missing(digest: str) -> CommonholdError:
    return RuleError(
        f"the text {digest[:SHORT]} that this is about is not in the request",
        code="request/text-missing",
        next_step="Ask for the request again, with the text in it: nobody should sign what they cannot read.",
        data={"digest": digest},
    )


def _one(say: str, *fields: str) -> Callable[[Mapping[str, Any]], list[Fact]]:
    return lambda payload: [Fact(say, {name: payload[name] for name in fields})]


def _amend(payload: Mapping[str, Any]) -> list[Fact]:
    articles, rules = payload["articles"], payload["rules"]
    if not all(map(_is_article_change, articles)) or not all(map(_is_rule_change, rules)):
        raise FormatError("the payload of 'amend' is wrong: a change has another form", code="payload/shape")
    facts = [Fact("do-amend")]
    facts += [Fact("amend-article" if change["new"] else "amend-strike", {"number": change["number"]}) for change in articles]
    for change in rules:
        path = ".".join(change["path"])
        if "set" in change:
            facts.append(Fact("amend-rule", {"path": path, "value": canonical_bytes(change["set"]).decode()}))
        else:
            facts.append(Fact("amend-rule-gone", {"path": path}))
    return facts


def _is_article_change(change: Mapping[str, Any]) -> bool:
    return change.keys() == {"number", "old", "new"} and all(isinstance(part, str) for part in change.values())


def _is_rule_change(change: Mapping[str, Any]) -> bool:
    path = change.get("path")
    named = isinstance(path, list) and bool(path) and all(isinstance(part, str) for part in path)
    return named and (change.keys() == {"path", "set"} or (change.keys() == {"path", "unset"} and change["unset"] is True))


def _rotate(payload: Mapping[str, Any]) -> list[Fact]:
    # One signature may be all that this takes, so whoever is asked for it by a stranger must see whose key it brings in.
    words = [" ".join(fingerprint(parse_key_value(value))) for value in payload["add"]]
    counts = {"member": payload["member"], "added": len(payload["add"]), "revoked": len(payload["revoke"])}
    return [Fact("do-rotate-key", counts), *(Fact("key-added", {"words": six}) for six in words)]


def _suspend(payload: Mapping[str, Any]) -> list[Fact]:
    return [Fact("do-lift" if payload.get("lift") else "do-suspend", {"origin": payload["origin"]})]


def _channel(payload: Mapping[str, Any]) -> list[Fact]:
    if payload["op"] == "move":
        return [Fact("do-channel-move", {"address": payload["address"], "to": payload.get("to", "")})]
    return [Fact(f"do-channel-{payload['op']}", {"address": payload["address"]})]


def _partner(payload: Mapping[str, Any]) -> list[Fact]:
    facts = [Fact("do-partner", {"names": ", ".join(sorted(payload["witnesses"]))})]
    group = payload["groups"].get(payload["quorum"])
    if group is not None:
        facts.append(Fact("partner-group", {"k": group["k"], "names": ", ".join(group["of"])}))
    facts += [Fact("partner-key", {"name": name, "key": key}) for name, key in sorted(payload["witnesses"].items())]
    return facts


def _succeed(payload: Mapping[str, Any]) -> list[Fact]:
    return [Fact("do-succeed"), *([Fact("do-unwitnessed")] if payload.get("unwitnessed") else [])]


_KINDS: Final[Mapping[str, Callable[[Mapping[str, Any]], list[Fact]]]] = {
    "admit": _one("do-admit", "member"),
    "amend": _amend,
    "appoint": _one("do-appoint", "member", "office"),
    "channel": _channel,
    "delegate": lambda payload: [Fact("do-delegate", {"to": payload["to"], "rule": payload["rule"], "time": payload["until"]})],
    "depart": _one("do-depart", "member"),
    "dismiss": _one("do-dismiss", "member", "office"),
    "entrust": lambda payload: [Fact("do-entrust", {"resource": payload["resource"], "names": ", ".join(payload["holders"])})],
    "erase": lambda payload: [Fact("do-erase", {"objects": ", ".join(payload["objects"])})],
    "expel": _one("do-expel", "member"),
    "partner": _partner,
    "publish": lambda payload: [Fact("do-publish", {"work": payload["work"]})],
    "recover-member": _one("do-recover", "member"),
    "release": release_facts,
    "emergency-release": lambda payload: [*emergency_facts("emergency-release"), *release_facts(payload)],
    "rotate-key": _rotate,
    "seal": seal_facts,
    "statement": _one("do-statement", "language"),
    "succeed": _succeed,
    "suspend-origin": _suspend,
}
