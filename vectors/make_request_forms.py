"""Makes request-forms.json: what is no request, and every kind of decision in words (docs/formats/request.md).

Run it from the root of the checkout: ``python vectors/make_request_forms.py``. It uses no randomness, so making the file again changes nothing. A small
club in memory; each case is looked at by a member with their kit, at `now`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from commonhold.kernel import b64
from commonhold.kernel.kit import Kit
from commonhold.kernel.record.request import MAX_TEXTS, Request, link_text
from commonhold.kernel.texts import text_digest
from commonhold.testing.house import FAR, MemoryHouse, derive
from commonhold.testing.requests import ARTICLES, BIDI, CHARTER, DIGESTS, MEMBERS, PARTNERS, TEXT, Cases, Club, bent

OUT = Path(__file__).parent


def render() -> dict[str, str]:
    """Every file by its name."""
    cases = Cases()
    form_cases(cases, Club("lone", partnered=False))
    kind_cases(cases, Club("kinds", partnered=False))
    return {"request-forms.json": cases.to_json()}


def form_cases(cases: Cases, lone: Club) -> None:
    """What is no request, or a bent one."""
    text = text_digest(TEXT)
    body = {"kind": "statement", "payload": {"text": text, "language": "en"}, "not_after": FAR}
    good = lone.asks("tern", "propose", body, texts={text: TEXT})
    cases.add("a proposal that nobody vouches for", lone, "tern", good)
    cases.add("a newline after it", lone, "tern", link_text(good.to_bytes() + b"\n"))

    def refused(name: str, change: Callable[[dict[str, Any]], Any], code: str, why: str) -> None:
        cases.add(name, lone, "tern", bent(good, change), code, why=why)

    def raw(name: str, given: str, code: str, why: str) -> None:
        cases.add(name, lone, "tern", given, code, why=why)

    raw("nothing", "", "request/text", "neither a request nor a link")
    raw("a sentence", "please sign this", "request/text", "neither a request nor a link")
    raw("a link that was cut", link_text(good.to_bytes()[:-3]), "canonical/not-json", "it was cut on the way")
    raw("a link with a loose end", "AB", "request/text", "base64url has one spelling")
    raw("a link of an impossible length", "A", "request/text", "no bytes have this form")
    raw("a space in it", good.to_bytes().decode().replace('{"act"', '{ "act"'), "canonical/not-canonical", "one spelling")
    raw("a list", link_text(b"[]"), "request/form", "not an object")
    raw("ten thousand lists", '{"form":' + "[" * 20_001, "request/parts", "more parts than any needs")
    refused("another form", lambda value: value.update(form="commonhold/request/v2"), "request/form", "this version is not known")
    refused("a field too many", lambda value: value.update(more="x"), "request/shape", "unknown fields are refused")
    refused("no texts", lambda value: value.pop("texts"), "request/shape", "a field is missing")
    refused("a brief and a claim", lambda value: value.update(brief={}), "request/shape", "one or the other")
    refused("a brief that is none", lambda value: (value.pop("claim"), value.update(brief="x")), "request/shape", "not an object")
    refused("an organisation that is none", lambda value: value.update(org="A" * 64), "request/shape", "not an id")
    refused("an epoch below zero", lambda value: value.update(epoch=-1), "request/shape", "no epoch")
    refused("an act with a field too many", lambda value: value["act"].update(by="tern"), "request/shape", "unknown fields are refused")
    refused("an act of an unknown type", lambda value: value["act"].update(type="sell"), "request/type", "nobody knows what it is")
    refused("an attest", lambda value: value["act"].update(type="attest", body={"note": ""}), "request/type", "no member's act")
    refused("an opening", lambda value: value["act"].update(type="open"), "request/type", "the command line's")
    refused("a vote", lambda value: value["act"].update(type="vote"), "request/type", "not yet")
    refused(
        "a body with a field too many", lambda value: value["act"]["body"].update(by="tern"), "request/body", "unknown fields are refused"
    )
    refused(
        "an act that no entry has room for",
        lambda value: value["act"]["body"]["payload"].update(text="x" * 65_000),
        "request/body",
        "entries are bounded",
    )
    refused(
        "a text that is another",
        lambda value: value["texts"].update({text: b64.encode(BIDI)}),
        "request/text-altered",
        "its digest is another",
    )
    refused("a text that is no string", lambda value: value["texts"].update({text: 5}), "request/shape", "not base64")
    refused(
        "six hundred and one texts",
        lambda value: value.update(texts={f"{n:064x}": "" for n in range(MAX_TEXTS + 1)}),
        "request/shape",
        "more than any needs",
    )
    refused("addresses that are none", lambda value: value.update(urls=[5]), "request/shape", "not strings")
    for url in (
        "javascript:alert(1)",
        "http://knot.example/",
        "https://user@knot.example/",
        "https://knot.example/?q=1",
        "https://KNOT.example/",
        "data:text/html,x",
        "https://" + "k" * 400,
    ):
        refused(
            f"an address that begins with {url[:28]}",
            lambda value, url=url: value.update(urls=[url]),
            "request/url",
            "not one that a signer sends to",
        )
    refused("nine addresses", lambda value: value.update(urls=["https://knot.example"] * 9), "request/shape", "more than any needs")
    good_urls = ["https://knot.example", "https://knot.example:8443/mirror/" + "0" * 64, "http://127.0.0.1:8400", "http://localhost/"]
    cases.add("addresses of every kind", lone, "tern", bent(good, lambda value: value.update(urls=good_urls)))
    refused("a claim that is a list", lambda value: value.update(claim=[]), "request/shape", "not an object")
    refused("a claim without a checkpoint", lambda value: value["claim"].pop("checkpoint"), "request/shape", "a field is missing")
    refused("a claim of strange values", lambda value: value["claim"].update(values=[5]), "request/shape", "not rows")
    refused("a claim whose part is none", lambda value: value["claim"]["values"][0].update(part=5), "request/shape", "not a string")
    refused(
        "a claim that says a thing twice",
        lambda value: value["claim"]["values"].append(value["claim"]["values"][0]),
        "request/shape",
        "one of them would be believed",
    )


def kind_cases(cases: Cases, lone: Club) -> None:
    """Every kind of decision, in facts."""
    text = text_digest(TEXT)
    own, new = lone.kits["tern"], Kit(derive("gull"))
    passkey = {
        "alg": "es256",
        "kind": "passkey",
        "origins": ["https://saltmarsh.example"],
        "rp_id": "saltmarsh.example",
        "spki": "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==",
    }
    policy = MemoryHouse(CHARTER, MEMBERS, seed="partners").make_partners(*PARTNERS, k=2)
    payloads: list[tuple[str, str, Mapping[str, Any]]] = [
        ("admit", "admit", {"member": "gull", "keys": [new.keys.to_value()]}),
        ("depart", "depart", {"member": "tern"}),
        ("expel", "expel", {"member": "curlew"}),
        ("dismiss", "dismiss", {"office": "chair", "member": "heron"}),
        ("rotate-key", "rotate-key", {"member": "tern", "add": [new.keys.to_value()], "revoke": [own.key_id]}),
        ("rotate-key with a passkey", "rotate-key", {"member": "tern", "add": [passkey], "revoke": []}),
        ("recover-member", "recover-member", {"member": "plover", "kit": new.keys.to_value()}),
        ("suspend-origin", "suspend-origin", {"origin": "https://saltmarsh.example"}),
        ("suspend-origin is lifted", "suspend-origin", {"origin": "https://saltmarsh.example", "lift": True}),
        ("entrust", "entrust", {"resource": "mast", "holders": ["tern", "plover"]}),
        ("erase", "erase", {"objects": ["ab" * 32, "cd" * 32]}),
        ("publish", "publish", {"work": "ab" * 32}),
        ("channel added", "channel", {"op": "add", "address": "https://saltmarsh.example/"}),
        ("channel struck", "channel", {"op": "strike", "address": "https://saltmarsh.example/"}),
        ("channel moved", "channel", {"op": "move", "address": "https://saltmarsh.example/", "to": "https://saltmarsh.example/new"}),
        ("partner", "partner", policy),
        ("partner alone", "partner", {**policy, "groups": {}, "quorum": "knot"}),
        ("delegate", "delegate", {"rule": "spend", "to": "plover", "until": FAR}),
        ("a resolution", "outing", {"text": text}),
        ("money", "spend", {"text": text, "amount": 300, "currency": "EUR"}),
        ("money without a currency", "spend", {"text": text, "amount": 300}),
    ]
    for name, kind, payload in payloads:
        body = {"kind": kind, "payload": payload, "not_after": FAR}
        cases.add(f"proposing: {name}", lone, "tern", lone.asks("tern", "propose", body, texts={text: TEXT}))
    amendments = {
        "base": "1" * 64,
        "result": "2" * 64,
        "title": hashlib.sha256(b"The club").hexdigest(),
        "articles": [{"number": "1", "old": "3" * 64, "new": DIGESTS["1"]}, {"number": "2", "old": DIGESTS["2"], "new": ""}],
        "rules": [{"path": ["decisions", "spend", "limit", "amount"], "set": {"a": [1, True]}}, {"path": ["minority"], "unset": True}],
    }

    def amend(**changed: Any) -> Request:
        body = {"kind": "amend", "payload": {**amendments, **changed}, "not_after": FAR}
        return lone.asks("tern", "propose", body, texts={DIGESTS["1"]: ARTICLES["1"], hashlib.sha256(b"The club").hexdigest(): b"The club"})

    cases.add("proposing: amend", lone, "tern", amend())
    strange: list[tuple[str, str, list[Any]]] = [
        ("an article that says too little", "articles", [{"number": "1", "new": ""}]),
        ("an article that is no text", "articles", [{"number": 1, "old": "", "new": ""}]),
        ("a rule without a path", "rules", [{"set": 1}]),
        ("a rule with an empty path", "rules", [{"path": [], "set": 1}]),
        ("a rule with a strange path", "rules", [{"path": [1], "set": 1}]),
        ("a rule that is set and unset", "rules", [{"path": ["a"], "set": 1, "unset": True}]),
        ("a rule that is unset to nothing", "rules", [{"path": ["a"], "unset": False}]),
    ]
    for name, field, changes in strange:
        cases.add(f"an amendment with {name}", lone, "tern", amend(**{field: changes}), "payload/shape", why="another form")
    broken = hashlib.sha256(b"\xff").hexdigest()
    body = {"kind": "amend", "payload": {**amendments, "title": broken}, "not_after": FAR}
    cases.add(
        "a title that is no text",
        lone,
        "tern",
        lone.asks("tern", "propose", body, texts={broken: b"\xff", DIGESTS["1"]: ARTICLES["1"]}),
        "request/text-missing",
        why="it cannot be read",
    )
    for name, kind, payload, code in (
        ("a kind of a later version", "mandate", {"x": "y"}, "kind/not-yet"),
        ("a payload of another shape", "expel", {"member": "curlew", "why": "x"}, "payload/shape"),
        ("two kits", "admit", {"member": "gull", "keys": [new.keys.to_value(), own.keys.to_value()]}, "payload/two-kits"),
        ("somebody else's departure", "depart", {"member": "plover"}, "effect/not-yours"),
        ("a succession in the first epoch", "succeed", {"open": "0" * 64}, "epoch/other-open"),
    ):
        cases.add(
            f"proposing: {name}",
            lone,
            "tern",
            lone.asks("tern", "propose", {"kind": kind, "payload": payload, "not_after": FAR}),
            code,
            why="refused",
        )
    admitted = lone.propose("heron", "admit", {"member": "gull", "keys": [new.keys.to_value()]})
    key = new.key_id
    cases.add("an admission takes the six words", lone, "tern", lone.asks("tern", "approve", {"proposal": admitted, "key": key}))
    lone.approve(lone.propose("heron", "expel", {"member": "curlew"}), "heron", "tern", "plover")
    cases.add(
        "a former member", lone, "curlew", lone.asks("curlew", "approve", {"proposal": admitted}), "act/not-a-member", why="not any more"
    )


if __name__ == "__main__":
    for name, content in render().items():
        (OUT / name).write_text(content, "ascii")
        print(f"wrote {OUT / name}")
