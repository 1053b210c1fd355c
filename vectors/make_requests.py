"""Makes requests.json: requests to sign an act, what a member is shown of them, and what is refused (docs/formats/request.md).

Run it from the root of the checkout: ``python vectors/make_requests.py``. It uses no randomness, so making the file again changes nothing. A small
club in memory; each case is looked at by a member with their kit, at `now`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from commonhold.kernel import b64
from commonhold.kernel.kit import Kit
from commonhold.kernel.record.pin import make_pin
from commonhold.kernel.record.request import link_text
from commonhold.kernel.texts import text_digest
from commonhold.testing.house import FAR, derive
from commonhold.testing.requests import ARTICLES, BIDI, DIGESTS, REASON, T0, TEXT, Cases, Club, bent

OUT = Path(__file__).parent


def render() -> dict[str, str]:
    """Every file by its name."""
    cases = Cases()
    club, lone = Club("club"), Club("lone", partnered=False)
    cases.pins = {
        "club": make_pin(club.state, ["https://avocet.example/mirror/" + "0" * 64]).to_bytes(),
        "other": make_pin(Club("other").state).to_bytes(),
    }
    partnered_cases(cases, club)
    unvouched_cases(cases, lone)
    later_cases(cases, club)
    return {"requests.json": cases.to_json()}


def partnered_cases(cases: Cases, club: Club) -> None:
    """A club with three partners, two of whom must vouch."""
    text, first = text_digest(TEXT), {"text": text_digest(TEXT), "language": "en"}
    statement = club.propose("heron", "statement", first, not_after=T0 + 86_400)
    club.approve(statement, "heron")
    club.tick()
    article = (("rules", "articles.1"),)
    body = {"proposal": statement}
    texts = {text: TEXT, DIGESTS["1"]: ARTICLES["1"]}
    asks = club.asks("tern", "approve", body, texts=texts, more=article, urls=("https://knot.example/mirror/" + "0" * 64,))
    cases.add("an approval that partners vouch for", club, "tern", asks, pin="club")
    cases.add("the same, as a link", club, "tern", f"https://house.example/signer.html#{link_text(asks.to_bytes())}", pin="club")
    cases.add("the same, two hours later", club, "tern", asks, pin="club", now=club.now + 7_200)
    cases.add("the same, on a clock that is behind", club, "tern", asks, pin="club", now=club.now - 3_600)
    cases.add(
        "eight days later", club, "tern", asks, "request/stale", why="what partners said is too old", pin="club", now=club.now + 8 * 86_400
    )
    cases.add("after its end", club, "tern", asks, "request/expired", why="its time is over", pin="club", now=T0 + 86_401)
    cases.add("under the pin of another organisation", club, "tern", asks, "brief/other-org", why="the pin decides", pin="other")
    cases.add(
        "one partner of two",
        club,
        "tern",
        club.asks("tern", "approve", body, texts=texts, time={"avocet": club.now}),
        "brief/validators",
        why="too few vouch",
        pin="club",
    )
    cases.add(
        "another member's kit", club, "tern", asks, "kit/not-recorded", why="the record has another", pin="club", kit=club.kits["plover"]
    )
    cases.add("made for another member", club, "plover", asks, "request/value", why="nothing is said of them", pin="club")
    stranger = Kit(derive("stranger"))
    cases.add(
        "a stranger",
        club,
        "gull",
        club.asks("gull", "approve", body, texts=texts),
        "act/not-a-member",
        why="not a member",
        pin="club",
        kit=stranger,
    )
    cases.add(
        "approved already",
        club,
        "heron",
        club.asks("heron", "approve", body, texts=texts),
        "act/approved",
        why="once is enough",
        pin="club",
    )
    cases.add(
        "without the text",
        club,
        "tern",
        club.asks("tern", "approve", body),
        "request/text-missing",
        why="nobody signs what they cannot read",
        pin="club",
    )
    cases.add(
        "no such proposal",
        club,
        "tern",
        club.asks("tern", "approve", {"proposal": "0" * 64}),
        "act/no-proposal",
        why="it is proved to be absent",
        pin="club",
    )
    cases.add(
        "another organisation in the request",
        club,
        "tern",
        bent(asks, lambda value: value.update(org="0" * 64)),
        "request/other-org",
        why="the checkpoint says whose it is",
        pin="club",
    )
    cases.add(
        "another epoch",
        club,
        "tern",
        bent(asks, lambda value: value.update(epoch=1)),
        "request/other-epoch",
        why="the checkpoint says which",
        pin="club",
    )
    cases.add("an objection", club, "plover", club.asks("plover", "object", {"proposal": statement}), pin="club")
    reason = {"proposal": statement, "reason": text_digest(REASON)}
    cases.add(
        "an objection with its reason",
        club,
        "plover",
        club.asks("plover", "object", reason, texts={text_digest(REASON): REASON, text: TEXT}),
        pin="club",
    )
    club.do("curlew", "object", proposal=statement)
    club.tick()
    cases.add("objected already", club, "curlew", club.asks("curlew", "object", body), "act/objected", why="once is enough", pin="club")
    cases.add(
        "an objection is taken back", club, "curlew", club.asks("curlew", "withdraw", {"what": "objection", "of": statement}), pin="club"
    )
    cases.add(
        "no objection to take back",
        club,
        "tern",
        club.asks("tern", "withdraw", {"what": "objection", "of": statement}),
        "act/nothing-to-withdraw",
        why="there is none",
        pin="club",
    )
    cases.add("an approval is taken back", club, "heron", club.asks("heron", "withdraw", {"what": "approval", "of": statement}), pin="club")
    cases.add("a proposal is taken back", club, "heron", club.asks("heron", "withdraw", {"what": "proposal", "of": statement}), pin="club")
    cases.add(
        "somebody else's proposal",
        club,
        "tern",
        club.asks("tern", "withdraw", {"what": "proposal", "of": statement}),
        "act/not-yours",
        why="it is heron's",
        pin="club",
    )
    end = {"kind": "statement", "payload": first, "not_after": club.now + 900}
    cases.add("a proposal that partners vouch for", club, "tern", club.asks("tern", "propose", end, texts=texts, more=article), pin="club")
    late = {**end, "not_after": club.now}
    cases.add(
        "a proposal whose end is past",
        club,
        "tern",
        club.asks("tern", "propose", late, texts=texts),
        "request/expired",
        why="its time is over",
        pin="club",
    )
    storm = {"kind": "outing", "payload": {"text": text}, "not_after": FAR, "emergency": "storm"}
    cases.add("an emergency", club, "heron", club.asks("heron", "propose", storm, texts=texts), pin="club")
    outing = club.propose("heron", "outing", {"text": text}, emergency="storm")
    club.approve(outing, "heron")
    club.tick()
    cases.add("an emergency act is ratified", club, "tern", club.asks("tern", "approve", {"proposal": outing}, texts=texts), pin="club")
    feast = club.propose("heron", "feast", {"text": text})
    club.approve(feast, "heron", "tern", "plover")
    club.tick()
    cases.add(
        "confirmed too early",
        club,
        "curlew",
        club.asks("curlew", "confirm", {"proposal": feast}, texts=texts),
        "act/still-waiting",
        why="the wait is not over",
        pin="club",
    )
    club.tick(90_000)
    cases.add("a confirmation", club, "curlew", club.asks("curlew", "confirm", {"proposal": feast}, texts=texts), pin="club")
    club.do("curlew", "confirm", proposal=feast)
    cases.add(
        "enacted by now",
        club,
        "curlew",
        club.asks("curlew", "confirm", {"proposal": statement}, texts=texts),
        "act/closed",
        why="it is over",
        pin="club",
    )


def unvouched_cases(cases: Cases, lone: Club) -> None:
    """A club without partners: the word of whoever sends the request, and what is known by its digest."""
    text = text_digest(TEXT)
    new = Club("new", partnered=False, accepted=False)
    founding = new.asks("tern", "accept", {"of": new.org}, texts={DIGESTS["2"]: ARTICLES["2"]})
    cases.add("the founding is accepted", new, "tern", founding)
    cases.add("the founding lists another kit", new, "tern", founding, "kit/not-recorded", why="not this one", kit=new.kits["plover"])
    cases.add(
        "the founding does not list a stranger",
        new,
        "gull",
        founding,
        "act/not-a-member",
        why="not among the founders",
        kit=new.kits["plover"],
    )
    cases.add(
        "the founding of another organisation",
        new,
        "tern",
        bent(founding, lambda value: value["claim"].update(entry=b64.encode(lone.leaves[0]))),
        "request/entry",
        why="its id is its digest",
    )
    cases.add("no founding", new, "tern", bent(founding, lambda value: value["claim"].pop("entry")), "request/entry", why="it is not there")
    statement = lone.propose("heron", "statement", {"text": text, "language": "en"}, not_after=T0)
    asks = lone.asks("tern", "approve", {"proposal": statement}, texts={text: TEXT})
    cases.add("an approval that nobody vouches for", lone, "tern", asks)
    other = lone.propose("plover", "statement", {"text": text_digest(BIDI), "language": "en"})
    wrong = lone.asks("tern", "approve", {"proposal": other}, texts={text_digest(BIDI): BIDI})
    cases.add("a text with a control that turns it around", lone, "tern", wrong)
    swap = json.loads(wrong.to_bytes())["claim"]["entry"]
    cases.add(
        "another proposal's words",
        lone,
        "tern",
        bent(asks, lambda value: value["claim"].update(entry=swap)),
        "request/entry",
        why="the id is the digest of the entry",
    )
    cases.add(
        "no proposal's words", lone, "tern", bent(asks, lambda value: value["claim"].pop("entry")), "request/entry", why="it is not there"
    )

    def values(value: dict[str, Any], part: str) -> dict[str, Any]:
        return next(row for row in value["claim"]["values"] if row["part"] == part)

    cases.add(
        "a claim about nobody",
        lone,
        "tern",
        bent(asks, lambda value: values(value, "members").pop("value")),
        "act/not-a-member",
        why="the sender says so",
    )
    cases.add(
        "a claim with a foreign age recipient",
        lone,
        "tern",
        bent(
            asks, lambda value: values(value, "members")["value"]["keys"][lone.kits["tern"].key_id].update(age=lone.kits["plover"].keys.age)
        ),
        "kit/foreign-recipient",
        why="shares would be readable by others",
    )
    cases.add(
        "a claim without keys",
        lone,
        "tern",
        bent(asks, lambda value: values(value, "members")["value"].update(keys="")),
        "kit/foreign-recipient",
        why="the kit is not proved whole",
    )
    cases.add(
        "a claim of nothing about the proposal",
        lone,
        "tern",
        bent(asks, lambda value: values(value, "proposals").update(value={})),
        "act/no-proposal",
        why="it is not said",
    )
    cases.add(
        "a claim that is younger than its checkpoint",
        lone,
        "tern",
        bent(asks, lambda value: values(value, "proposals")["value"].update(index=99)),
        "act/seen-too-little",
        why="seen does not reach it",
    )
    cases.add(
        "a claim with an index that is none",
        lone,
        "tern",
        bent(asks, lambda value: values(value, "proposals")["value"].update(index="5")),
        "act/seen-too-little",
        why="it is no number",
    )
    cases.add(
        "a claim with strange lists",
        lone,
        "tern",
        bent(asks, lambda value: values(value, "proposals")["value"].update(approvals="x", articles=["1", 2])),
    )
    cases.add(
        "a claim with strange acts",
        lone,
        "tern",
        bent(asks, lambda value: values(value, "proposals")["value"].update(approvals={"tern": "x"})),
    )
    cases.add(
        "a claim with a checkpoint of some other log",
        lone,
        "tern",
        bent(asks, lambda value: value["claim"].update(checkpoint=value["claim"]["checkpoint"].replace("commonhold/", "example/"))),
        "id/origin",
        why="no record's",
    )
    cases.add(
        "nothing is said", lone, "tern", bent(asks, lambda value: value.pop("claim")), "request/nothing", why="neither proof nor claim"
    )
    cases.add(
        "confirmed already",
        lone,
        "tern",
        bent(
            lone.asks("tern", "confirm", {"proposal": statement}, texts={text: TEXT}),
            lambda value: values(value, "proposals")["value"].update(
                waited_at=5, confirms={"tern": {"index": 6, "key": lone.kits["tern"].key_id}}
            ),
        ),
        "act/confirmed",
        why="once is enough",
    )
    offer = lone.propose("heron", "appoint", {"office": "scout", "member": "plover"})
    lone.approve(offer, "heron", "tern", "plover")
    cases.add("a seat is accepted", lone, "plover", lone.asks("plover", "accept", {"of": offer}))
    cases.add("a seat that is another's", lone, "tern", lone.asks("tern", "accept", {"of": offer}), "act/no-offer", why="it is plover's")
    cases.add("an office is given up", lone, "heron", lone.asks("heron", "withdraw", {"what": "seat", "of": "chair"}))
    cases.add(
        "an office that is not held",
        lone,
        "tern",
        lone.asks("tern", "withdraw", {"what": "seat", "of": "chair"}),
        "act/no-seat",
        why="it is heron's",
    )
    lent = lone.asks("tern", "withdraw", {"what": "delegation", "of": "spend"})
    cases.add("nothing was lent", lone, "tern", lent, "act/nothing-to-withdraw", why="there is none")
    cases.add("what was lent ends", lone, "tern", bent(lent, lambda value: values(value, "delegations").update(value={"office": "chair"})))


def later_cases(cases: Cases, club: Club) -> None:
    """A second epoch, which the members have not decided yet, and then have."""
    after = club.after("after", "tern")
    epoch = after.state.part("epochs")["1"]
    payload = {"open": epoch.open}
    end = {"kind": "succeed", "payload": payload, "not_after": after.now + 86_400}
    asks = after.asks("tern", "propose", end)
    cases.add("a succession is proposed", after, "tern", asks, pin="club")
    other = {**end, "payload": {"open": "0" * 64}}
    cases.add(
        "a succession to some other log",
        after,
        "tern",
        after.asks("tern", "propose", other),
        "epoch/other-open",
        why="not this one",
        pin="club",
    )
    outing = {**end, "kind": "outing", "payload": {"text": text_digest(TEXT)}}
    early = after.asks("tern", "propose", outing, texts={text_digest(TEXT): TEXT})
    cases.add("something else before the succession", after, "tern", early, "epoch/waiting", why="it is not decided", pin="club")
    seat = after.asks("heron", "withdraw", {"what": "seat", "of": "chair"})
    cases.add("an office before the succession", after, "heron", seat, "epoch/waiting", why="it is not decided", pin="club")
    succession = after.propose("tern", "succeed", payload)
    approves = after.asks("plover", "approve", {"proposal": succession})
    cases.add("a succession is approved", after, "plover", approves, pin="club")
    twisted = bent(approves, lambda value: value.update(epoch=17))
    cases.add("an epoch that is far away", after, "plover", twisted, "request/other-epoch", why="the checkpoint says which", pin="club")
    after.approve(succession, "heron", "tern", "plover")
    after.tick()
    decided = after.asks("plover", "propose", {**outing, "not_after": FAR}, texts={text_digest(TEXT): TEXT})
    cases.add("something else after the succession", after, "plover", decided, pin="club")


if __name__ == "__main__":
    for name, content in render().items():
        (OUT / name).write_text(content, "ascii")
        print(f"wrote {OUT / name}")
