"""Makes requests-custody.json: requests about seals, what a custodian is shown of them, and what is refused (docs/formats/request.md).

Run it from the root of the checkout: ``python vectors/make_requests_custody.py``. It uses no randomness, so making the file again changes nothing. A
club whose three officers keep its page; envelopes here are stand-ins, for nothing is opened.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from commonhold.kernel.kit import Kit
from commonhold.kernel.record.pin import make_pin
from commonhold.kernel.record.request import Request
from commonhold.kernel.texts import text_digest
from commonhold.testing.custody import PURPOSE, Keepers
from commonhold.testing.house import FAR, derive
from commonhold.testing.requests import ARTICLES, DIGESTS, Cases, bent

OUT = Path(__file__).parent
ONE_OFF = Kit(derive("one-off")).keys.age
OTHER = Kit(derive("other one-off")).keys.age
PAYLOAD = {"resource": "page", "seal": 2, "structure": {"need": 2, "of": ["heron", "plover", "tern"]}}
SEALING = {"clause": "keys", "bodies": [], "seats": ["chair/heron", "editor/plover", "treasurer/tern"]}
GROUPS = {
    "article": "1",
    "resources": ["page"],
    "open": {"m": 2, "of": [{"m": 1, "of": ["assembly"]}, {"m": 1, "of": ["chair", "treasurer"]}]},
}


def render() -> dict[str, str]:
    """Every file by its name."""
    cases = Cases()
    club, lone = Keepers("keepers"), Keepers("lone keepers", partnered=False)
    cases.pins = {"club": make_pin(club.state).to_bytes()}
    decided_cases(cases, club)
    proved_cases(cases, club)
    released_cases(cases, club)
    sealing_cases(cases, club)
    unvouched_cases(cases, lone)
    shape_cases(cases, lone)
    return {"requests-custody.json": cases.to_json()}


def drill(house: Keepers, name: str, seal: str, what: str = "share", **more: Any) -> Request:
    """A request to prove a share, or to attest a change."""
    return house.asks(name, "acknowledge", {"what": what, "of": seal}, about={**house.about(seal), **more})


def contribute(house: Keepers, name: str, seal: str, release: str, **more: Any) -> Request:
    """A request to give a share."""
    about = {**house.about(seal, by=house.state.parts["proposals"][release].by), **more}
    return house.asks(name, "contribute", {"release": release}, texts={text_digest(PURPOSE): PURPOSE}, about=about)


def unseal(house: Keepers, name: str, seal: str, release: str, *given: str) -> Request:
    """A request to open what was given."""
    sealed = house.state.parts["proposals"][seal].payload["sealed"]
    return house.asks(
        name, "unseal", {"release": release}, texts={sealed: house.objects[sealed]}, about=house.about(seal, given=list(given))
    )


def ask_release(house: Keepers, name: str, seal: str, **change: Any) -> Request:
    """A request to ask for a release."""
    payload = {"resource": "page", "seal": house.seal_of(seal).number, "purpose": text_digest(PURPOSE), "until": FAR, **change}
    body = {"kind": "release", "payload": payload, "not_after": FAR}
    more = (("rules", "articles.2"),)
    return house.asks(
        name, "propose", body, texts={text_digest(PURPOSE): PURPOSE, DIGESTS["2"]: ARTICLES["2"]}, more=more, about=house.about(seal)
    )


def ask_seal(house: Keepers, name: str, about: dict[str, Any] | None = None, **change: Any) -> Request:
    """A request to seal."""
    body = {"kind": "seal", "payload": {**PAYLOAD, **change}, "not_after": FAR}
    return house.asks(name, "propose", body, about={**SEALING, **(about or {})})


def decided_cases(cases: Cases, club: Keepers) -> None:
    """A seal and a release as others approve them."""
    seal = club.seal_up(live=False)
    for name in ("heron", "tern"):
        club.prove(seal, name)
    club.tick()
    cases.add("a new seal waits for one custodian", club, "plover", drill(club, "plover", seal), pin="club")
    cases.add(
        "a change is attested of a seal that is not live",
        club,
        "curlew",
        drill(club, "curlew", seal, "changed"),
        "acknowledge/not-live",
        why="not live",
        pin="club",
    )
    cases.add(
        "a release of a seal that is not live",
        club,
        "curlew",
        ask_release(club, "curlew", seal),
        "release/not-live",
        why="not live",
        pin="club",
    )
    club.prove(seal, "plover")
    release = club.release_it("curlew", ONE_OFF, decided=False)
    approve = club.asks("tern", "approve", {"proposal": release}, texts={text_digest(PURPOSE): PURPOSE})
    cases.add("a release is approved by what it is for and to whom", club, "tern", approve, pin="club")
    cases.add(
        "without its purpose",
        club,
        "tern",
        club.asks("tern", "approve", {"proposal": release}),
        "request/text-missing",
        why="nobody approves what they cannot read",
        pin="club",
    )
    cases.add(
        "a contribution to what is not decided",
        club,
        "tern",
        contribute(club, "tern", seal, release),
        "contribute/no-release",
        why="it is open",
        pin="club",
    )


def proved_cases(cases: Cases, club: Keepers) -> None:
    """Drills of a live seal, and who may not."""
    seal = next(iter(club.made))
    cases.add("a drill", club, "tern", drill(club, "tern", seal), pin="club")
    cases.add(
        "a drill by somebody without a share",
        club,
        "curlew",
        drill(club, "curlew", seal),
        "acknowledge/not-custodian",
        why="no custodian",
        pin="club",
    )
    cases.add("a change is attested", club, "curlew", drill(club, "curlew", seal, "changed"), pin="club")
    club.do("curlew", "acknowledge", what="changed", of=seal)
    club.tick()
    cases.add(
        "and again by the same member",
        club,
        "curlew",
        drill(club, "curlew", seal, "changed"),
        "acknowledge/again",
        why="once is enough",
        pin="club",
    )
    cases.add("and by another", club, "tern", drill(club, "tern", seal, "changed"), pin="club")
    asks = drill(club, "tern", seal)
    cases.add(
        "of a seal that there is not",
        club,
        "tern",
        bent(asks, lambda value: value["about"].update(seal=2)),
        "request/value",
        why="nothing is proved of it",
        pin="club",
    )
    release = next(key for key, found in club.state.parts["proposals"].items() if found.kind == "release")
    foreign = club.asks("tern", "acknowledge", {"what": "share", "of": release}, about={**club.about(seal), "of": release})
    cases.add("of a proposal that is no seal's", club, "tern", foreign, "act/no-seal", why="it is a release's", pin="club")


def released_cases(cases: Cases, club: Keepers) -> None:
    """Contributions, and what their asker opens."""
    seal = next(iter(club.made))
    release = club.release_it("curlew", OTHER, until=club.now + 7 * 86_400)
    asks = contribute(club, "tern", seal, release)
    cases.add("a contribution that partners vouch for", club, "tern", asks, pin="club")
    cases.add(
        "by somebody without a share",
        club,
        "curlew",
        contribute(club, "curlew", seal, release),
        "contribute/not-custodian",
        why="no custodian",
        pin="club",
    )
    cases.add(
        "without the purpose",
        club,
        "tern",
        bent(asks, lambda value: value.update(texts={})),
        "request/text-missing",
        why="nobody gives for what they cannot read",
        pin="club",
    )
    named = contribute(club, "tern", seal, release, by="heron")
    cases.add("somebody else is named as the asker", club, "tern", named, "request/entry", why="curlew asked", pin="club")
    cases.add(
        "to another kind of proposal",
        club,
        "tern",
        club.asks("tern", "contribute", {"release": seal}, about=club.about(seal, by="heron")),
        "contribute/no-release",
        why="a seal's",
        pin="club",
    )
    cases.add("nothing given yet", club, "curlew", unseal(club, "curlew", seal, release), pin="club")
    club.give("plover", seal, release)
    club.tick()
    cases.add("one share is given", club, "tern", contribute(club, "tern", seal, release), pin="club")
    cases.add(
        "given already", club, "plover", contribute(club, "plover", seal, release), "contribute/again", why="once is enough", pin="club"
    )
    opening = unseal(club, "curlew", seal, release, "plover")
    cases.add("what was given is opened", club, "curlew", opening, pin="club")
    cases.add(
        "by somebody else", club, "tern", unseal(club, "tern", seal, release, "plover"), "act/not-yours", why="curlew asked", pin="club"
    )
    cases.add(
        "without the sealed object",
        club,
        "curlew",
        bent(opening, lambda value: value.update(texts={})),
        "request/text-missing",
        why="there is nothing to open",
        pin="club",
    )
    cases.add(
        "after its end",
        club,
        "tern",
        contribute(club, "tern", seal, release),
        "contribute/expired",
        why="too late",
        pin="club",
        now=club.now + 7 * 86_400 - 60,
    )
    cases.add("a release is asked for", club, "plover", ask_release(club, "plover", seal), pin="club")
    late = ask_release(club, "plover", seal, until=club.now)
    cases.add("a release whose end is past", club, "plover", late, "request/expired", why="too late", pin="club")
    other = ask_release(club, "plover", seal, resource="domain")
    cases.add("a release that shows one seal and is of another", club, "plover", other, "act/no-seal", why="two resources", pin="club")
    club.do("curlew", "propose", kind="depart", payload={"member": "curlew"}, not_after=FAR)
    club.tick()
    cases.add(
        "its asker has left", club, "tern", contribute(club, "tern", seal, release), "contribute/asker-left", why="not a member", pin="club"
    )


def sealing_cases(cases: Cases, club: Keepers) -> None:
    """New seals, and those that would be sealed for others than the charter says."""
    first = next(iter(club.made))
    cases.add("the next seal", club, "tern", ask_seal(club, "tern"), pin="club")
    domain = ask_seal(club, "tern", resource="domain", seal=1)
    cases.add("the first seal of another resource", club, "tern", domain, pin="club")
    cases.add("a seal that is there", club, "tern", ask_seal(club, "tern", seal=1), "seal/number", why="the next is 2", pin="club")
    cases.add("a seal that leaves one out", club, "tern", ask_seal(club, "tern", seal=3), "seal/number", why="the next is 2", pin="club")
    cases.add(
        "a resource of no clause",
        club,
        "tern",
        ask_seal(club, "tern", resource="cellar", seal=1),
        "seal/no-clause",
        why="not in it",
        pin="club",
    )
    one = {"need": 1, "of": ["heron", "plover", "tern"]}
    cases.add(
        "for any one of them",
        club,
        "tern",
        ask_seal(club, "tern", structure=one),
        "seal/not-the-charters",
        why="two are needed",
        pin="club",
    )
    over = club.asks("tern", "propose", {"kind": "seal", "payload": PAYLOAD, "not_after": club.now}, about=SEALING)
    cases.add("a seal whose end is past", club, "tern", over, "request/expired", why="too late", pin="club")
    friend = {"need": 2, "of": ["avocet", "heron", "tern"]}
    cases.add(
        "for somebody in no office",
        club,
        "tern",
        ask_seal(club, "tern", structure=friend),
        "seal/not-the-charters",
        why="no office",
        pin="club",
    )
    nested = {"need": 2, "of": [{"need": 1, "of": ["heron"]}, "tern", "plover"]}
    cases.add(
        "in groups of its own", club, "tern", ask_seal(club, "tern", structure=nested), "seal/not-the-charters", why="no groups", pin="club"
    )
    twice = {"need": 2, "of": ["tern", "heron", "tern"]}
    cases.add(
        "one person twice", club, "tern", ask_seal(club, "tern", structure=twice), "seal/person-twice", why="one share each", pin="club"
    )
    above = {"need": 4, "of": ["heron", "plover", "tern"]}
    cases.add("m above n", club, "tern", ask_seal(club, "tern", structure=above), "seal/threshold", why="it can never be", pin="club")
    second = club.seal_up()
    cases.add(
        "a share of a seal that was replaced",
        club,
        "tern",
        drill(club, "tern", first),
        "acknowledge/replaced",
        why="seal 2 counts",
        pin="club",
    )
    cases.add("a release of a seal that was replaced", club, "plover", ask_release(club, "plover", first), pin="club")
    for name in ("heron", "plover"):
        club.do(name, "acknowledge", what="changed", of=second)
    club.tick()
    cases.add("a share of a retired seal", club, "tern", drill(club, "tern", first), "acknowledge/retired", why="it is over", pin="club")
    cases.add(
        "a release of a retired seal", club, "plover", ask_release(club, "plover", first), "release/not-live", why="it is over", pin="club"
    )
    release = next(iter(club.state.parts["releases"]))
    cases.add(
        "a contribution of a retired seal",
        club,
        "tern",
        contribute(club, "tern", first, release),
        "contribute/stale",
        why="seal 2 is live",
        pin="club",
    )
    mixed = contribute(club, "tern", second, release)
    cases.add("a release of one seal with the shares of another", club, "tern", mixed, "act/no-seal", why="two seals", pin="club")


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
    body = {"kind": "seal", "payload": PAYLOAD, "not_after": FAR}
    sealing = lone.asks("tern", "propose", body, about=SEALING)
    shape("a seal that somebody else has made", bent(sealing, lambda v: v["act"]["body"]["payload"].update(key="0" * 64)), "payload/shape")
    shape("a place without a member", bent(sealing, lambda v: v["about"].update(seats=["chair"])))
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
