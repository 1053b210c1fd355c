"""Makes request-custody-forms.json: requests about seals that nobody vouches for, bent in every way, and what is no such request (docs/formats/request.md).

Run it from the root of the checkout: ``python vectors/make_request_custody_forms.py``. It uses no randomness, so making the file again changes nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from commonhold.kernel.custody.sealing.structure import MAX_PEOPLE
from commonhold.kernel.kit import Kit
from commonhold.testing.custody import PAYLOAD, SEALING, Keepers, contribute, drill
from commonhold.testing.house import FAR, derive
from commonhold.testing.requests import Cases, bent

OUT = Path(__file__).parent
ONE_OFF = Kit(derive("one-off")).keys.age
OTHER = Kit(derive("other one-off")).keys.age
GROUPS = {
    "article": "1",
    "resources": ["page"],
    "open": {"m": 2, "of": [{"m": 1, "of": ["assembly"]}, {"m": 1, "of": ["chair", "treasurer"]}]},
}


def render() -> dict[str, str]:
    """Every file by its name."""
    cases, lone = Cases(), Keepers("lone keepers", partnered=False)
    unvouched_cases(cases, lone)
    shape_cases(cases, lone)
    return {"request-custody-forms.json": cases.to_json()}


def unvouched_cases(cases: Cases, lone: Keepers) -> None:
    """A club without partners: what is known by its own entry, and what is only said."""
    seal = lone.seal_up()
    release = lone.release_it("curlew", ONE_OFF)
    cases.add("a drill that nobody vouches for", lone, "tern", drill(lone, "tern", seal))
    asks = contribute(lone, "tern", seal, release)
    cases.add("a contribution that nobody vouches for", lone, "tern", asks)
    body = {"kind": "seal", "payload": PAYLOAD, "not_after": 1}
    cases.add("a seal that nobody vouches for shows everybody's six words", lone, "tern", lone.asks("tern", "propose", body, about=SEALING))

    def said(value: dict[str, Any], part: str, key: str = "") -> dict[str, Any]:
        found = next(row for row in value["claim"]["values"] if row["part"] == part and key in row["key"])
        content: dict[str, Any] = found.setdefault("value", {})
        return content

    def claim(name: str, member: str, text: str, code: str, why: str) -> None:
        cases.add(name, lone, member, text, code, why=why)

    claim(
        "the recipient is another than was decided",
        "tern",
        bent(asks, lambda v: said(v, "releases").update(recipient=OTHER)),
        "request/entry",
        "the proposal says another",
    )
    claim("the release was ended", "tern", bent(asks, lambda v: said(v, "releases").update(void=True)), "contribute/no-release", "void")
    claim(
        "the release is younger than the checkpoint",
        "tern",
        bent(asks, lambda v: said(v, "releases").update(index=999)),
        "act/seen-too-little",
        "seen does not reach it",
    )
    claim(
        "the release has an index that is none",
        "tern",
        bent(asks, lambda v: said(v, "releases").update(index="9")),
        "act/seen-too-little",
        "no number",
    )
    claim(
        "the seal is said to be of another proposal",
        "tern",
        bent(asks, lambda v: said(v, "seals").update(proposal=release)),
        "act/no-seal",
        "contradicts itself",
    )
    claim(
        "the seal's proposal is of another kind",
        "tern",
        bent(asks, lambda v: said(v, "proposals", seal).update(kind="release")),
        "act/no-seal",
        "no seal",
    )
    claim(
        "the seal's proposal is of another number",
        "tern",
        bent(asks, lambda v: said(v, "proposals", seal)["payload"].update(seal=7)),
        "act/no-seal",
        "contradicts itself",
    )
    claim(
        "the seal's proposal has a resource that only looks like it",
        "tern",
        bent(asks, lambda v: said(v, "proposals", seal)["payload"].update(resource="p\u0430ge")),
        "payload/shape",
        "a Cyrillic letter",
    )
    claim(
        "the seal's proposal has shares of others",
        "tern",
        bent(asks, lambda v: said(v, "proposals", seal)["payload"]["shares"].pop("tern")),
        "payload/shares",
        "not its structure's",
    )
    claim(
        "the asker is said to be nobody",
        "tern",
        bent(asks, lambda v: said(v, "members", "curlew").update(status="departed")),
        "contribute/asker-left",
        "left",
    )
    proved = drill(lone, "tern", seal)
    cases.add(
        "a claim with strange proofs", lone, "tern", bent(proved, lambda v: said(v, "seals").update(proved={"tern": "x"}, changed="x"))
    )
    sealing = lone.asks("tern", "propose", body, about=SEALING)
    claim(
        "a custodian without a kit",
        "tern",
        bent(sealing, lambda v: said(v, "members", "plover").update(kit="")),
        "seal/no-kit",
        "nothing to encrypt to",
    )
    claim(
        "a custodian with a kit that is none",
        "tern",
        bent(sealing, lambda v: said(v, "members", "plover").update(keys="x")),
        "seal/no-kit",
        "nothing to encrypt to",
    )
    claim(
        "a clause of another form",
        "tern",
        bent(sealing, lambda v: said(v, "rules", "custody").update(open=[])),
        "seal/not-the-charters",
        "no table",
    )
    claim(
        "a clause without its places",
        "tern",
        bent(sealing, lambda v: said(v, "rules", "custody").update(open={"m": 2, "of": "x"})),
        "seal/not-the-charters",
        "no places",
    )
    claim(
        "a clause without resources",
        "tern",
        bent(sealing, lambda v: said(v, "rules", "custody").update(resources="page")),
        "seal/no-clause",
        "no list",
    )
    claim(
        "an office that is only offered",
        "tern",
        bent(sealing, lambda v: said(v, "seats", "plover").update(status="offered")),
        "seal/not-the-charters",
        "not held",
    )
    cases.add("without a word of the rule", lone, "tern", bent(sealing, lambda v: said(v, "rules", "decisions").pop("article")))
    groups = Keepers("groups of keepers", partnered=False, clause=GROUPS)
    structure = {"need": 2, "of": [{"need": 1, "of": ["curlew", "plover"]}, {"need": 1, "of": ["heron", "tern"]}]}
    payload = {"resource": "page", "seal": 1, "structure": structure}
    about = {"clause": "keys", "bodies": ["assembly"], "seats": ["chair/heron", "treasurer/tern"]}
    nested = groups.asks("tern", "propose", {**body, "payload": payload}, about=about)
    cases.add("groups, of a body and of offices", groups, "tern", nested)
    flat = {**payload, "structure": {"need": 2, "of": ["curlew", "heron"]}}
    cases.add(
        "people where the charter has groups",
        groups,
        "tern",
        groups.asks("tern", "propose", {**body, "payload": flat}, about=about),
        "seal/not-the-charters",
        why="no groups",
    )
    odd = bent(nested, lambda v: said(v, "rules", "bodies").update(members=7))
    cases.add("a body of another form", groups, "tern", odd, "seal/not-the-charters", why="nobody is in it")


def shape_cases(cases: Cases, lone: Keepers) -> None:
    """What is no request about a seal."""
    seal = next(iter(lone.made))
    asks = drill(lone, "tern", seal)

    def shape(name: str, text: str, code: str = "request/shape") -> None:
        cases.add(name, lone, "tern", text, code, why="another form")

    shape("without its seal", bent(asks, lambda v: v.pop("about")))
    shape("with a seal of another form", bent(asks, lambda v: v["about"].update(more=1)))
    shape("a seal whose resource only looks like a name", bent(asks, lambda v: v["about"].update(resource="p\u0430ge")))
    shape("a number below one", bent(asks, lambda v: v["about"].update(seal=0)))
    shape("with the proof in it", bent(asks, lambda v: v["act"]["body"].update(proof="0" * 64)), "request/body")
    shape("of something else than a share", bent(asks, lambda v: v["act"]["body"].update(what="secret")), "request/body")
    shape("an acceptance that is about a seal", bent(asks, lambda v: v["act"].update(type="accept", body={"of": seal})))
    shape(
        "a contribution with its envelope in it",
        bent(asks, lambda v: v["act"].update(type="contribute", body={"release": seal, "envelope": "x" * 40})),
        "request/body",
    )
    notice = lone.asks("tern", "acknowledge", {"what": "notice", "of": seal})
    shape("word of something, with the way in it", bent(notice, lambda v: v["act"]["body"].update(way="mail")), "request/body")
    shape("word of something, about a seal", bent(notice, lambda v: v.update(about=lone.about(seal))))
    body = {"kind": "seal", "payload": PAYLOAD, "not_after": FAR}
    sealing = lone.asks("tern", "propose", body, about=SEALING)
    shape("a seal that somebody else has made", bent(sealing, lambda v: v["act"]["body"]["payload"].update(key="0" * 64)), "payload/shape")
    shape("a place without a member", bent(sealing, lambda v: v["about"].update(seats=["chair"])))
    keepers = [f"chair/m{number}" for number in range(MAX_PEOPLE)]
    most = bent(sealing, lambda v: v["about"].update(seats=keepers, bodies=[f"b{number}" for number in range(MAX_PEOPLE)]))
    shape("as many places as a seal has people, most of them beside the matter", most, "")
    shape("a place more than a seal has people", bent(sealing, lambda v: v["about"].update(seats=[*keepers, "chair/heron"])))
    shape("a body more than a seal has people", bent(sealing, lambda v: v["about"].update(bodies=["board"] * (MAX_PEOPLE + 1))))
    release = lone.asks(
        "tern",
        "propose",
        {**body, "kind": "release", "payload": {"resource": "page", "seal": 1, "purpose": "0" * 64, "until": 1}},
        about=lone.about(seal),
    )
    shape(
        "a release that brings its own key", bent(release, lambda v: v["act"]["body"]["payload"].update(recipient=ONE_OFF)), "payload/shape"
    )


if __name__ == "__main__":
    for name, content in render().items():
        (OUT / name).write_text(content, "ascii")
        print(f"wrote {name}")
