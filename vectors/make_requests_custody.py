"""Makes requests-custody.json: requests about seals, what a custodian is shown of them, and what is refused (docs/formats/request.md).

Run it from the root of the checkout: ``python vectors/make_requests_custody.py``. It uses no randomness, so making the file again changes nothing. A
club whose three officers keep its page; envelopes here are stand-ins, for nothing is opened.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from commonhold.kernel.kit import Kit
from commonhold.kernel.record.pin import make_pin
from commonhold.kernel.texts import text_digest
from commonhold.testing.custody import PAYLOAD, PURPOSE, SEALING, Keepers, ask_release, ask_seal, contribute, drill, unseal
from commonhold.testing.house import FAR, derive
from commonhold.testing.requests import Cases, bent

OUT = Path(__file__).parent
ONE_OFF = Kit(derive("one-off")).keys.age
OTHER = Kit(derive("other one-off")).keys.age


def render() -> dict[str, str]:
    """Every file by its name."""
    cases = Cases()
    club = Keepers("keepers")
    cases.pins = {"club": make_pin(club.state).to_bytes()}
    decided_cases(cases, club)
    proved_cases(cases, club)
    released_cases(cases, club)
    sealing_cases(cases, club)
    return {"requests-custody.json": cases.to_json()}


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
    cases.add("given already, and once more in case it was spoilt", club, "plover", contribute(club, "plover", seal, release), pin="club")
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
    urgent = {**ask_release(club, "plover", seal).body, "kind": "emergency-release"}
    texts = {text_digest(PURPOSE): PURPOSE}
    emergency = club.asks("plover", "propose", urgent, texts=texts, about=club.about(seal))
    cases.add("a release is asked for in an emergency", club, "plover", emergency, pin="club")
    asked = club.propose(
        "plover", "emergency-release", {**urgent["payload"], "recipient": Kit(derive("urgent")).keys.age, "until": club.now + 86_400}
    )
    club.tick()
    cases.add("and is approved by what it is", club, "tern", club.asks("tern", "approve", {"proposal": asked}, texts=texts), pin="club")
    notice_cases(cases, club, asked)
    late = ask_release(club, "plover", seal, until=club.now)
    cases.add("a release whose end is past", club, "plover", late, "request/expired", why="too late", pin="club")
    other = ask_release(club, "plover", seal, resource="domain")
    cases.add("a release that shows one seal and is of another", club, "plover", other, "act/no-seal", why="two resources", pin="club")
    club.do("curlew", "propose", kind="depart", payload={"member": "curlew"}, not_after=FAR)
    club.tick()
    cases.add(
        "its asker has left", club, "tern", contribute(club, "tern", seal, release), "contribute/asker-left", why="not a member", pin="club"
    )


def notice_cases(cases: Cases, club: Keepers, asked: str) -> None:
    """Word of a request: whom it has reached, and over which ways they have not said so yet; the request names none."""
    texts = {text_digest(PURPOSE): PURPOSE}

    def notice(name: str, member: str, code: str = "", why: str = "", **more: Any) -> None:
        asks = club.asks(member, "acknowledge", {"what": "notice", "of": asked}, texts=more.pop("texts", texts))
        cases.add(name, club, member, asks, code, why=why, pin="club", **more)

    notice("word has reached somebody", "heron")
    notice("and may be said without the purpose at hand", "heron", texts={})
    notice("by whoever asks", "plover", "acknowledge/not-told", "nobody is told for others")
    for way in ("mail", "phone"):
        club.do("curlew", "acknowledge", what="notice", of=asked, way=way)
    club.tick()
    notice("one way less", "curlew")
    for way in ("paper", "partner", "person"):
        club.do("curlew", "acknowledge", what="notice", of=asked, way=way)
    club.tick()
    notice("of every way it is said", "curlew", "acknowledge/told", "once for each way")
    club.approve(asked, "tern")
    club.tick()
    notice("by whoever has approved it", "tern", "acknowledge/not-told", "nobody is told for others")
    recipient = Kit(derive("soon")).keys.age
    soon = {**club.state.parts["proposals"][asked].payload, "recipient": recipient, "until": club.now + 3_600}
    short = club.do("plover", "propose", kind="emergency-release", payload=soon, not_after=club.now + 3_600)
    club.tick()
    asks = club.asks("heron", "acknowledge", {"what": "notice", "of": short}, texts=texts)
    cases.add(
        "once it cannot be decided any more", club, "heron", asks, "request/expired", why="too late", pin="club", now=club.now + 3_600
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


if __name__ == "__main__":
    for name, content in render().items():
        (OUT / name).write_text(content, "ascii")
        print(f"wrote {name}")
