"""Entries, proposals and verdicts in the words that people read at a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from commonhold.cli.describing import NO_OPENINGS, Openings
from commonhold.cli.output import printable

if TYPE_CHECKING:
    from commonhold.kernel.record.state import State


def short(digest: str) -> str:
    """The first twelve digits of an id, enough to type."""
    return digest[:12]


def moment(time: int) -> str:
    """A time of the record's clock, in UTC."""
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M UTC") if time < 253402300800 else "never"


MAX_PHRASE = 300
"""Characters of a proposal that a line shows: a refused one may hold anything, at any length."""


def payload_words(kind: str, payload: Mapping[str, Any], opening: str = "") -> str:
    """What a proposal would do, in a phrase; *opening* is how the text begins that it is about, where that is at hand."""
    try:
        said = printable(_payload_phrase(kind, payload, f' "{opening}"' if opening else ""))
    except (AttributeError, TypeError, ValueError):
        # A refused proposal stays in the log, and nobody has looked at the shape of what it carries.
        return printable(f"{kind}, with a payload of the wrong shape")
    return said if len(said) <= MAX_PHRASE else f"{said[:MAX_PHRASE]}..."


def _payload_phrase(kind: str, payload: Mapping[str, Any], begins: str) -> str:
    member, office = payload.get("member", ""), payload.get("office", "")
    phrases = {
        "admit": lambda: f"admit {member} as a member",
        "depart": lambda: f"{member} leaves",
        "expel": lambda: f"expel {member}",
        "appoint": lambda: f"appoint {member} as {office}",
        "dismiss": lambda: f"dismiss {member} as {office}",
        "amend": lambda: f"amend the charter in {_amended(payload)}",
        "rotate-key": lambda: f"change the keys of {member}",
        "recover-member": lambda: f"give {member} a new kit in place of a lost one",
        "suspend-origin": lambda: f"{'lift the suspension of' if payload.get('lift') else 'suspend passkeys of'} {payload.get('origin')}",
        "entrust": lambda: f"entrust {payload.get('resource')} to {', '.join(payload.get('holders', []))}",
        "publish": lambda: f"publish the work {short(payload.get('work', ''))}",
        "erase": lambda: f"erase for good the objects {', '.join(map(short, payload.get('objects', [])))}",
        "statement": lambda: f"publish the statement {short(payload.get('text', ''))}{begins} ({payload.get('language')})",
        "channel": lambda: _channel(payload),
        "partner": lambda: f"name the partners {', '.join(sorted(payload.get('witnesses', {})))}",
        "seal": lambda: (
            f"seal what opens {payload.get('resource')} (seal {payload.get('seal')}) for {', '.join(sorted(payload.get('shares', {})))}"
        ),
        "release": lambda: _release(payload, begins),
        "emergency-release": lambda: f"in an emergency, {_release(payload, begins)}",
        "succeed": lambda: f"go on in this epoch{', without a witness' if payload.get('unwitnessed') else ''}",
        "delegate": lambda: f"let {payload.get('to')} act under {payload.get('rule')}",
    }
    if kind in phrases:
        return phrases[kind]()
    money = f" {payload['amount']} {payload.get('currency', '')}".rstrip() if "amount" in payload else ""
    return f"{kind}{money}: the text {short(payload.get('text', ''))}{begins}"


def _release(payload: Mapping[str, Any], begins: str) -> str:
    return (
        f"open seal {payload.get('seal')} of {payload.get('resource')} for whoever has the key of {str(payload.get('recipient'))[:16]}..., "
        f"until {moment(payload.get('until', 0))}, because of the text {short(payload.get('purpose', ''))}{begins}"
    )


def _amended(payload: Mapping[str, Any]) -> str:
    articles = [f"article {change.get('number')}" for change in payload.get("articles", [])]
    rules = sorted({f"rule {'.'.join(map(str, change.get('path', [])[1:2]))}" for change in payload.get("rules", [])})
    return ", ".join([*articles, *rules]) or "nothing"


def _channel(payload: Mapping[str, Any]) -> str:
    op, address = payload.get("op"), payload.get("address")
    if op == "move":
        return f"move the channel {address} to {payload.get('to')}"
    return f"make {address} a channel of record" if op == "add" else f"strike the channel {address}"


def articles_words(articles: Sequence[str]) -> str:
    """The articles that a decision rests on."""
    return f"article{'s' if len(articles) > 1 else ''} {', '.join(articles)}" if articles else "no article"


def places_words(what: str) -> str:
    """The offices or bodies that a need counts, as people say them: "the chair or the treasurer"."""
    if what == "notice":
        return "those who may object, that word has reached them"
    if what == "ways of notice":
        return "different ways of that word"
    places = [f"{'' if place.startswith('quorum') else 'the '}{place}" for place in what.split(" or ")]
    return printable(" or ".join([", ".join(places[:-1]), places[-1]] if places[1:] else places))


def proposal_words(found: Mapping[str, Any]) -> str:
    """One proposal: what it would do, who approved, who still can, what is missing, until when."""
    lines = [
        f"proposal  {found['id']}",
        f"what      {payload_words(found['kind'], found['payload'], found.get('opening', ''))}",
        f"under     {articles_words(found['articles'])}",
        f"by        {found['by']} (entry {found['index']})",
        f"status    {found['status']}{': ' + printable(found['why']) if found.get('why') else ''}",
        f"approved  {_approved_words(found)}",
    ]
    if "short_code" in found:
        lines.append(f"code      {found['short_code']}: print it under what was decided; any partner's /check leads from it to this")
    if found["objected"]:
        still = counted_approvers(found)
        lines.append(
            f"objected  {', '.join(f'{name} (whose approval still counts)' if name in still else name for name in found['objected'])}"
        )
    lines += _needs_lines(found)
    if "objection" in found:
        lines.append(f"stopped   if {found['objection']['needed']} object; can object: {', '.join(found['objection']['who_can'])}")
    if "waiting" in found:
        waiting = found["waiting"]
        if waiting["over"]:
            lines.append(f"waits     {_confirmation(waiting, found['confirmed'])}")
        else:
            lines.append(f"waits     until {moment(waiting['until'])}")
    if found["pending"]:
        lines.append(f"pending   not yet covered by an attest: {', '.join(found['pending'])}")
    if found["status"] == "open":
        end = moment(found["not_after"])
        lines.append(f"until     {end if found.get('ends', True) else f'decided or withdrawn ({end} counts once there is a clock)'}")
    return "\n".join(lines)


def _confirmation(waiting: Mapping[str, Any], confirmed: Sequence[str]) -> str:
    names = ", ".join(waiting["who_must_confirm"])
    missing = waiting["confirms_needed"] - len(confirmed)
    return f"for {missing} more to confirm it, of {names}" if missing > 0 else f"for confirmation by {names}"


def counted_approvers(found: Mapping[str, Any]) -> frozenset[str]:
    """Those who have approved an open proposal and whose approval still counts."""
    return frozenset(found["approved"]) - frozenset(found.get("no_longer_counts", ())) if found["status"] == "open" else frozenset()


def _approved_words(found: Mapping[str, Any]) -> str:
    if not found["approved"]:
        return "nobody else (leaving needs no one's leave)" if found["kind"] == "depart" else "nobody yet"
    lost = found.get("no_longer_counts", ())
    return ", ".join(f"{name} (no longer counts)" if name in lost else name for name in found["approved"])


def _needs_lines(found: Mapping[str, Any]) -> list[str]:
    """What is missing, each need once: two rules of a charter may ask for the same people."""
    needs = found["needs"]
    stands_in = None
    if found.get("note") == "no-clock-majority":
        # The majority is the last need but for the quorums, which count who took part.
        stands_in = max(i for i, need in enumerate(needs) if not need["what"].startswith("quorum of "))
    lines, said = [], []
    for i, need in enumerate(needs):
        if need not in said:
            said.append(need)
            label = "needs (in place of waiting)" if i == stands_in else "needs    "
            lines.append(
                f"{label} {need['required']} of {places_words(need['what'])}: {len(need['counted'])} so far, {_missing(need, found)}"
            )
    if stands_in is not None:
        lines.append("          (a majority stands in for the waiting period: this organisation has no partners, so no clock)")
    return lines


def _missing(need: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    if not need["missing"]:
        return "met"
    words = f"{need['missing']} missing"
    if need["who_still_can"]:
        return f"{words}; still can: {', '.join(need['who_still_can'])}"
    if not need.get("nobody_left") or found["status"] != "open":
        return words
    against = [name for name in found["objected"] if name not in found["approved"]]
    still = [f"{' or '.join(against)} approves after all"] * bool(against) + ["somebody new takes office"] * need["if_appointed"]
    return f"{words}; nobody is left who could: it can only be withdrawn or end{', unless ' + ' or '.join(still) if still else ''}"


def event_words(name: str, data: Mapping[str, Any]) -> str:
    """What an entry brought about, in a sentence."""
    if name == "enacted":
        return f"enacted under {articles_words(data['articles'])}, approved by {', '.join(data['approvers']) or 'its own author'}"
    if name == "found":
        return f"organisation {data['org']}"
    if name == "opened":
        return f"epoch {data['epoch']} is open, and waits for its succession"
    if name == "founded":
        return f"the founding is complete: all {data['members']} members have accepted"
    if name == "carried":
        return f"carried; it waits until {moment(data['until'])}"
    if name == "waited":
        return "the waiting period is over; it waits for confirmation"
    if name == "term-ended":
        return f"the term of {data['member']} as {data['office']} has ended"
    return printable(f"{name}{': ' + data['why'] if data.get('why') else ''}")


def entry_words(kind: str, by: str, body: Mapping[str, Any], state: State, openings: Openings = NO_OPENINGS) -> str:
    """One entry, in a phrase; *state* says what the ids in it stand for, *openings* how the texts begin."""
    if kind == "propose":
        payload = body["payload"]
        return f"{by} proposes: {payload_words(body['kind'], payload, openings(payload.get('text')))}"
    if kind == "attest":
        return "partners attest the record"
    if kind == "found":
        return f"{by} founds the organisation"
    if kind == "open":
        return printable(f"{by} opens this epoch, after entry {body['parent']['size'] - 1} of {body['parent']['origin']}")
    if kind == "contribute":
        return printable(f"{by} gives their share to {_target(kind, body['release'], state, openings)}")
    if kind == "acknowledge" and body["what"] == "notice":
        return printable(f"{by} says that word came by {body['way']} of {_target(kind, body['of'], state, openings)}")
    if kind == "acknowledge":
        proves = (
            "has and can open their share"
            if body["what"] == "share"
            else "attests that the provider accepts what is in the seal, and nothing older"
        )
        return printable(f"{by} {proves}: {_target(kind, body['of'], state, openings)}")
    of, what = body.get("proposal") or body.get("of") or "", body.get("what")
    if what == "seat":
        return printable(f"{by} gives up the office of {of}")
    verbs = {"approve": "approves", "object": "objects to", "confirm": "confirms", "accept": "accepts"}
    verb = f"takes back the {what}" if kind == "withdraw" else verbs.get(kind, kind)
    return printable(f"{by} {verb} {_target(kind, of, state, openings)}")


def _target(kind: str, of: str, state: State, openings: Openings) -> str:
    if of == state.org:
        return "the founding"
    proposal = state.proposal(of)
    if proposal is None:
        return short(of)
    if kind == "accept" and proposal.kind == "appoint":
        return f"the office of {proposal.payload.get('office')}"
    return f"{short(of)}: {payload_words(proposal.kind, proposal.payload, openings(proposal.payload.get('text')))}"
