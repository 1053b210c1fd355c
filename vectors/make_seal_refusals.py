"""Makes seal-refusals.json: what of a seal is refused, with which code, for every program that makes or opens seals (docs/formats/seal.md).

Run it from the root of the checkout: ``python vectors/make_seal_refusals.py``. Everything follows from the seals of ``seal.json``, so making the file again changes
nothing. A case names what is asked (``op``) and the ``code``; ``data`` is given where a page needs it. In ``secrets`` a value
stands ``times`` times, where that is given.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from shamir_mnemonic.share import Share  # type: ignore[import-untyped] # it has no stubs

from commonhold.kernel.canonical import canonical_bytes
from commonhold.kernel.custody.sealing.shares import About, commitment

OUT = Path(__file__).with_name("seal-refusals.json")
SEALS: dict[str, Any] = {seal["name"]: seal for seal in json.loads(Path(__file__).with_name("seal.json").read_text("ascii"))["seals"]}
TWO, OTHER, SMALL = SEALS["two of three"], SEALS["two of three and three of five"], SEALS["one person alone"]
RELEASE = "ab" * 32
BLOCK = 1024
Case = dict[str, Any]


def case(op: str, name: str, code: str, **given: Any) -> Case:
    """One refusal."""
    return {"op": op, "name": name, "code": code, **given}


def structures() -> list[Case]:
    """Groups that are none, or that could never be met."""
    nested: Any = "heron"
    for _ in range(5):
        nested = {"need": 1, "of": [nested]}
    sixteen = [{"need": 1, "of": [f"p{group:02}-{place:02}" for place in range(16)]} for group in range(5)]
    many = {"need": 4, "of": [{"need": 8, "of": [f"p{group}-{place:02}" for place in range(16)]} for group in range(4)]}
    bad = (
        ("no object", "seal/structure", ["heron"]),
        ("a field more", "seal/structure", {"need": 1, "of": ["heron"], "name": "x"}),
        ("a person for a list", "seal/structure", {"need": 1, "of": "heron"}),
        ("a number for a person", "seal/structure", {"need": 1, "of": [7]}),
        ("nobody", "seal/too-large", {"need": 0, "of": []}),
        ("seventeen in a group", "seal/too-large", {"need": 1, "of": [f"p-{place:02}" for place in range(17)]}),
        ("five levels", "seal/too-large", nested),
        ("eighty people", "seal/too-large", {"need": 1, "of": sixteen}),
        ("more than there are", "seal/threshold", {"need": 3, "of": ["heron", "tern"]}),
        ("none of them", "seal/threshold", {"need": 0, "of": ["heron"]}),
        ("fewer than none", "seal/threshold", {"need": -1, "of": ["heron"]}),
        ("true of them", "seal/threshold", {"need": True, "of": ["heron"]}),
        ("text of them", "seal/threshold", {"need": "1", "of": ["heron"]}),
        ("no member id", "id/member", {"need": 1, "of": ["Heron"]}),
        ("twice in one group", "seal/person-twice", {"need": 1, "of": ["heron", "heron"]}),
        ("in two groups", "seal/person-twice", {"need": 2, "of": [{"need": 1, "of": ["tern", "heron"]}, "heron"]}),
    )
    return [
        *(case("structure", name, code, value=value) for name, code, value in bad),
        case("sets", "too many", "seal/too-many-sets", value=many),
    ]


def contents() -> list[Case]:
    """Secrets that cannot be sealed, and bytes that are no bundle."""
    note = {"kind": "note", "name": "a", "value": "x"}
    bad = (
        ("none", "secret/count", []),
        ("101", "secret/count", [{**note, "name": f"n{number:03}"} for number in range(101)]),
        ("another kind", "secret/kind", [{**note, "kind": "riddle"}]),
        ("two of one name", "secret/name-twice", [note, {**note, "value": "y"}]),
        ("no name", "secret/name", [{**note, "name": " "}]),
        ("a name of two lines", "secret/name", [{**note, "name": "a\nb"}]),
        ("a long name", "secret/name", [{**note, "name": "n" * 101}]),
        ("a hidden letter", "secret/character", [{**note, "value": "a\u202eb"}]),
        ("a tabulator in the name", "secret/character", [{**note, "name": "a\tb"}]),
        ("an empty one", "secret/empty", [{**note, "value": ""}]),
        ("the six digits", "secret/totp", [{**note, "kind": "totp", "value": "123456"}]),
        ("no base64", "secret/file", [{**note, "kind": "file", "value": "eA="}]),
        ("another spelling of base64", "secret/file", [{**note, "kind": "file", "value": "eB=="}]),
        ("too much", "secret/too-large", [{**note, "times": 98_304}]),
    )
    good = canonical_bytes({"form": "commonhold/secrets/v1", "secrets": [note]})
    forms: tuple[tuple[str, str, bytes], ...] = (
        ("nothing", "secret/form", b""),
        ("half a block", "secret/padding", padded(good)[:512]),
        ("a block more", "secret/padding", padded(good) + bytes(BLOCK)),
        ("a length beyond the end", "secret/padding", (4096).to_bytes(4, "big") + padded(good)[4:]),
        ("bytes in the padding", "secret/padding", padded(good)[:-1] + b"x"),
        ("no JSON", "secret/form", padded(b"curlew")),
        ("a list", "secret/form", padded(b"[]")),
        ("another form", "secret/form", padded(good.replace(b"/v1", b"/v2"))),
        ("a field more", "secret/form", padded(canonical_bytes({"form": "commonhold/secrets/v1", "secrets": [{**note, "hint": "h"}]}))),
        (
            "a number for a value",
            "secret/form",
            padded(canonical_bytes({"form": "commonhold/secrets/v1", "secrets": [{**note, "value": 7}]})),
        ),
        ("no secrets", "secret/form", padded(canonical_bytes({"form": "commonhold/secrets/v1", "secrets": []}))),
    )
    return [
        *(case("secrets", name, code, secrets=secrets) for name, code, secrets in bad),
        *(case("bundle", name, code, bundle=raw.hex()) for name, code, raw in forms),
    ]


def padded(raw: bytes) -> bytes:
    """As a bundle is."""
    whole = len(raw).to_bytes(4, "big") + raw
    return whole + bytes(-len(whole) % BLOCK)


def typed() -> list[Case]:
    """What people type from a sheet."""
    words = TWO["shares"][0]["words"].split()
    bent = [words[0][:4] + "zz", *words[1:]]
    tail = [*words[:32], "xqxqxq"]
    exchanged = [*words[:4], words[5], words[4], *words[6:]]
    # One word that looks like the right one: the hint finds its place.
    alike = [*words[:5], "ruin" if words[5] != "ruin" else "rain", *words[6:]]
    return [
        case("words", "a bent word", "share/word", typed=" ".join(bent), data={"place": 1, "suggestions": [words[0], "clogs"]}),
        case("words", "a word of no list", "share/word", typed="\n".join(tail), data={"place": 33, "suggestions": []}),
        case("words", "half a sheet", "share/word-count", typed=" ".join(words[:16]), data={"expected": 33, "found": 16}),
        case("words", "two sheets", "share/word-count", typed=" ".join([*words, *words]), data={"expected": 33, "found": 66}),
        case("words", "nothing", "share/word-count", typed=" 1. 2. ", data={"expected": 33, "found": 0}),
        case("words", "two words exchanged", "share/checksum", typed=" ".join(exchanged)),
        case("words", "another word of the list", "share/checksum", typed=" ".join(alike)),
        case("words", "a book", "share/too-long", typed="a" * 4097),
    ]


def envelopes() -> list[Case]:
    """What stands in an envelope, and who may contribute it."""
    share = json.loads(TWO["shares"][0]["envelope"])
    bad = (
        b"", b"[]", b"7", canonical_bytes({**share, "more": 1}), canonical_bytes({**share, "form": "x"}), canonical_bytes({**share, "seal": "1"}),
        canonical_bytes({**share, "words": 7}), canonical_bytes({**share, "index": True}), canonical_bytes({**share, "words": "w" * 2048}),
        canonical_bytes({**share, "release": RELEASE}), canonical_bytes({**share, "form": "commonhold/contribution/v1"}),
        json.dumps(share, indent=1).encode(), canonical_bytes({**share, "form": "commonhold/contribution/v1", "release": 7}),
    )  # fmt: skip
    given = canonical_bytes({**share, "form": "commonhold/contribution/v1", "release": RELEASE}).decode()
    own = TWO["shares"][0]["envelope"]
    return [
        *(case("envelope", f"no share, {at}", "share/envelope", envelope=raw.decode()) for at, raw in enumerate(bad, 1)),
        case("contribution", "for no release", "share/other-release", envelope=own, by="heron", release=RELEASE),
        case("contribution", "for another release", "share/other-release", envelope=given, by="heron", release="cd" * 32),
        case("contribution", "somebody else's", "share/other-member", envelope=given, by="tern", release=RELEASE),
    ]


def chains() -> list[Case]:
    """Proofs of a share."""
    share = TWO["shares"][0]
    value = {**TWO["about"], "index": 0, "member": "heron", "words": share["words"]}
    first = hashlib.sha256(b"commonhold/share-chain/v1\n" + canonical_bytes(value)).hexdigest()
    asked = {"about": TWO["about"], "index": 0, "member": "heron", "words": share["words"]}
    return [
        case("proof", "the last link again", "share/proof", proof=share["chain"], last=share["chain"]),
        case("proof", "somebody else's link", "share/proof", proof=TWO["shares"][1]["proof"], last=share["chain"]),
        case("next", "of another share", "share/wrong", **asked, last=TWO["shares"][1]["chain"]),
        case("next", "after the last one", "share/used-up", **asked, last=first),
    ]


def sheets() -> list[Case]:
    """Words on paper that are not the share of whoever has them: of somebody else, and of another seal."""
    public = {name: OTHER[name] for name in ("about", "structure", "key", "digest")}
    public["shares"] = [{"member": share["member"], "commitment": share["commitment"]} for share in OTHER["shares"]]
    words = {share["member"]: share["words"] for share in OTHER["shares"]}
    two = {share["member"]: share["words"] for share in TWO["shares"]}
    return [
        case("sheet", "of one of the same group", "share/other-owner", **public, member="heron", words=words["tern"], data={"member": "tern"}),
        case("sheet", "of one of another group", "share/other-owner", **public, member="heron", words=words["coast"], data={"member": "coast"}),
        case("sheet", "of the same person in another seal", "share/other-seal", **public, member="heron", words=two["heron"]),
    ]  # fmt: skip


def openings() -> list[Case]:
    """Contributions that are refused, set aside or not enough, and seals whose maker is to blame."""
    own = {share["member"]: share["envelope"] for share in TWO["shares"]}
    heron = json.loads(own["heron"])
    public = {"about": TWO["about"], "structure": TWO["structure"], "shares": TWO["shares"], "key": TWO["key"], "digest": TWO["digest"]}
    public["shares"] = [{"member": share["member"], "commitment": share["commitment"]} for share in TWO["shares"]]
    foreign = OTHER["shares"][0]["words"]
    sealed = TWO["sealed"]
    wrong = (
        ("of another organisation", "share/other-org", {"org": "00" * 32}),
        ("of another resource", "share/other-resource", {"resource": "domain"}),
        ("of an earlier seal", "share/stale", {"seal": 9}),
        ("of nobody's", "share/not-custodian", {"member": "gannet"}),
        ("under another number", "share/wrong", {"index": 1}),
        ("of other words", "share/wrong", {"words": foreign}),
    )
    refused = [
        (name, code, canonical_bytes({**heron, **bent}).decode(), bent.get("member", "heron")) for name, code, bent in wrong
    ]  # fmt: skip
    slow = {share["member"]: replace(Share.from_mnemonic(share["words"]), iteration_exponent=15).mnemonic() for share in TWO["shares"]}
    mixed = {**{share["member"]: share["words"] for share in TWO["shares"]}, "tern": foreign}
    shouted = {share["member"]: share["words"].upper() for share in TWO["shares"]}
    return [
        *(case("share", name, code, **public, envelope=envelope) for name, code, envelope, _ in refused),
        *(
            case("open", f"with a share {name}", "seal/not-enough", **public, sealed=sealed, envelopes=[envelope, own["tern"]], refused={member: code})
            for name, code, envelope, member in refused
        ),
        case("open", "by one", "seal/not-enough", **public, sealed=sealed, envelopes=[own["heron"]], refused={}),
        case("open", "by one, twice", "seal/not-enough", **public, sealed=sealed, envelopes=[own["heron"]] * 2, refused={"heron": "share/duplicate"}),
        case("open", "an object cut off", "seal/object", **public, sealed=sealed[:-2], envelopes=[own["heron"], own["tern"]]),
        case("open", "no object", "seal/object", **public, sealed="", envelopes=[own["heron"], own["tern"]]),
        case("open", "another key than was promised", "seal/other-content", **{**public, "key": "00" * 32}, sealed=sealed, envelopes=[own["heron"], own["tern"]]),
        case("open", "an altered object", "seal/other-content", **altered(public, sealed), envelopes=[own["heron"], own["tern"]]),
        *(
            case("open", name, "seal/inconsistent", **made(public, words), sealed=sealed, envelopes=enveloped(words, "heron", "tern"))
            for name, words in (("shares of two keys", mixed), ("shares that ask for days", slow), ("shares in capitals", shouted))
        ),
    ]  # fmt: skip


def altered(public: Case, sealed: str) -> Case:
    """The public half of a seal whose object its maker changed after the key was cut."""
    raw = bytearray.fromhex(sealed)
    raw[-1] ^= 1
    return {**public, "sealed": raw.hex(), "digest": hashlib.sha256(raw).hexdigest()}


def made(public: Case, words: dict[str, str]) -> Case:
    """The public half of a seal whose maker gave these shares."""
    about = About(**public["about"])
    shares = [{"member": member, "commitment": commitment(about, index, member, words[member])} for index, member in enumerate(words)]
    return {**public, "shares": shares}


def enveloped(words: dict[str, str], *members: str) -> list[str]:
    """What those members contribute."""
    form = "commonhold/share/v1"
    index = {member: at for at, member in enumerate(words)}
    return [
        canonical_bytes({**TWO["about"], "form": form, "index": index[one], "member": one, "words": words[one]}).decode() for one in members
    ]


def verdicts() -> list[Case]:
    """What becomes of right contributions: [member, code] each, in their order; the seal opens."""
    own = {share["member"]: share["envelope"] for share in OTHER["shares"]}
    asked = {name: OTHER[name] for name in ("about", "structure", "key", "digest", "sealed")}
    asked["shares"] = [{"member": share["member"], "commitment": share["commitment"]} for share in OTHER["shares"]]
    orders = (
        ["heron", "plover", "coast", "north", "east"],
        ["tern", "coast", "tern", "north", "heron", "plover", "south", "east"],
        ["north", "east", "south", "west", "heron", "heron", "tern"],
    )
    fates = (
        ["used"] * 5,
        ["used", "used", "share/duplicate", "used", "used", "surplus", "used", "surplus"],
        ["used", "used", "used", "surplus", "used", "share/duplicate", "used"],
    )
    return [
        {
            "name": " ".join(order),
            **asked,
            "envelopes": [own[name] for name in order],
            "verdicts": [list(pair) for pair in zip(order, fate, strict=True)],
        }
        for order, fate in zip(orders, fates, strict=True)
    ]


def render() -> str:
    """The file."""
    refusals = [*structures(), *contents(), *typed(), *envelopes(), *chains(), *sheets(), *openings()]
    return json.dumps({"refusals": refusals, "verdicts": verdicts()}, indent=1, ensure_ascii=True) + "\n"


if __name__ == "__main__":
    OUT.write_text(render(), "ascii")
    print(f"{OUT.name}: made")
