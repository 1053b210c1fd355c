"""Making requests: an act, with everything that whoever signs it has to see beside it (docs/formats/request.md).

What the signer needs is taken from the record as the sender's word, or from partners, who vouch for it together. Whether the rules would let the act pass is
the caller's business; the record was replayed before anybody comes here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from commonhold.kernel.errors import ProofError, RuleError
from commonhold.kernel.notes import VerifierKey
from commonhold.kernel.record.brief import MAX_VALUES, PAIRS, Brief, check_brief
from commonhold.kernel.record.briefing import merge_briefs
from commonhold.kernel.record.pin import Pin
from commonhold.kernel.record.request import MAX_URLS, Claim, Request, check_url, target_of
from commonhold.kernel.record.review import needed
from commonhold.kernel.record.state import State, value_of
from commonhold.store.asking import ask_brief, ask_pin, ask_together, mirror_of
from commonhold.store.handing import digests_in

SPARE: Final = 32
"""Values of a proof that are left for what partners add to it: who they are, the epochs, what a proposal decided."""
TURNS: Final = 4


def nothing_said(words: str) -> None:
    """What becomes of a word that nobody waits for."""
    del words


@dataclass(frozen=True, slots=True)
class Source:
    """Where a request is made from.

    Args:
        state: what the record amounts to.
        checkpoint: its newest checkpoint, as the log signed it.
        leaf_of: the leaf of an entry by its id; empty where it stands in an earlier epoch.
        object_of: an object by its digest; None where it is not at hand.
    """

    state: State
    checkpoint: bytes
    leaf_of: Callable[[str], bytes]
    object_of: Callable[[str], bytes | None]


def make_request(
    source: Source,
    type: str,
    body: Mapping[str, Any],
    texts: Mapping[str, bytes],
    *,
    members: Sequence[str] = (),
    urls: Iterable[str] = (),
    partners: Iterable[str] = (),
    pin: Pin | None = None,
    about: Mapping[str, Any] | None = None,
    say: Callable[[str], None] = nothing_said,
) -> Request:
    """The request for an act.

    Args:
        members: who is asked; everybody if nobody is named.
        urls: where the signed entry can be handed in; the partners' mirrors are added.
        partners: who is asked to vouch for it. Without any, it is the sender's word.
        pin: what the partners' word is held to; their own if there is none.
        about: for an act about a seal.
        say: told who is left out, where nobody was named and there is not room for all.

    Raises:
        RuleError: ``request/nobody`` for a member who is not one; ``request/too-many`` where so many are named that the request would have no room.
        ProofError, FormatError, StoreError: as the partners refuse, or too few agree; or for an address that no signer sends to.
    """
    state, target = source.state, target_of(type, body)
    mirrors = [mirror_of(partner, state.org) for partner in partners]
    places = tuple(dict.fromkeys([*urls, *mirrors]))[:MAX_URLS]
    for url in places:
        check_url(url)
    articles = [("rules", f"articles.{number}") for number in _articles(state, type, body, target)]
    keys = _values(
        state,
        members,
        lambda member: [*needed(type, body, org=state.org, epoch=state.epoch, member=member, about=about), *articles],
        say,
    )
    values = {(part, key): _value(state, part, key) for part, key in keys}
    found = dict(texts)
    for digest in _named(values, state, type, "" if about is not None else target):
        if digest not in found and (raw := source.object_of(digest)) is not None:
            found[digest] = raw
    if mirrors:
        return Request(state.org, state.epoch, type, dict(body), _vouched(mirrors, keys, pin), None, found, places, about)
    claim = Claim(source.checkpoint, source.leaf_of(target) if target else b"", values)
    return Request(state.org, state.epoch, type, dict(body), None, claim, found, places, about)


def _vouched(mirrors: Sequence[str], keys: Iterable[tuple[str, str]], pin: Pin | None) -> Mapping[str, Any]:
    """What partners vouch for together, as a brief proof; held to a pin here, so that whoever signs finds no surprise."""
    told = []
    for mirror in mirrors:
        try:
            told.append(ask_pin(mirror))
        except RuleError:
            # In a log in which the members have not decided to live yet, partners name nobody; a pin of one's own is believed all the same.
            if pin is None:
                raise
    held = told[0] if pin is None else pin
    later = {party.key for other in told for party in other.policy.witnesses.values()}
    every = [*keys, ("partners", "policy")]
    if len(every) <= PAIRS:
        return ask_together(mirrors, "", every, held, later)[0].to_value()
    return _in_parts(mirrors, every, held, later).to_value()


def _in_parts(mirrors: Sequence[str], keys: Sequence[tuple[str, str]], pin: Pin, later: Iterable[VerifierKey]) -> Brief:
    """What partners vouch for in several answers each, put together where they speak of one and the same size.

    Raises:
        ProofError: ``brief/validators`` if they never do; or as the answers are refused.
    """
    known = [key for key in later if all(key != party.key for party in pin.policy.witnesses.values())]
    problem = ProofError(
        "the partners do not speak of one size of the record",
        code="brief/validators",
        next_step="Try again in a minute, or ask for fewer members with --for.",
    )
    for _ in range(TURNS):
        briefs = [ask_brief(mirror, "", keys[at : at + PAIRS]) for mirror in mirrors for at in range(0, len(keys), PAIRS)]
        for brief in merge_briefs(briefs, pin, known):
            try:
                if all(key in check_brief(brief, pin).values for key in keys):
                    return brief
            except ProofError as error:
                problem = error
    raise problem


def _values(
    state: State, named: Sequence[str], of: Callable[[str], list[tuple[str, str]]], say: Callable[[str], None]
) -> list[tuple[str, str]]:
    """The values of the state that a request shows: those that the members whom it speaks to need, each once.

    Where nobody is named, it speaks to as many as there is room for, and who is left out is said: they would be told that it shows too little.
    """
    keys: dict[tuple[str, str], None] = {}
    members = _members(state, named)
    for at, member in enumerate(members):
        more = dict.fromkeys(of(member))
        if len(keys | more) > MAX_VALUES - SPARE:
            if named or not at:
                raise RuleError(
                    f"{len(members)} members are asked, and one request has room for {at}",
                    code="request/too-many",
                    next_step="Make one for some of them with --for, and another for the rest.",
                )
            say(f"note: the request speaks to the first {at} of {len(members)} members; make another with --for for the rest")
            break
        keys |= more
    return list(keys)


def _members(state: State, named: Sequence[str]) -> list[str]:
    members = state.part("members")
    for name in named:
        if name not in members:
            raise RuleError(
                f"{ascii(name)[1:-1]} is not a member", code="request/nobody", next_step="`commonhold state` lists the members."
            )
    everybody = sorted(name for name, member in members.items() if member.status in ("active", "invited"))
    return list(named) or everybody


def _value(state: State, part: str, key: str) -> Any:
    found = state.part(part).get(key)
    return None if found is None else value_of(found)


def _articles(state: State, type: str, body: Mapping[str, Any], target: str) -> Iterable[str]:
    """The articles that the act falls under, as far as that is known before it is made."""
    if type == "propose":
        rule = state.part("rules").get(f"decisions.{body['kind']}")
        return [rule["article"]] if isinstance(rule, Mapping) and isinstance(rule.get("article"), str) else []
    proposal = state.proposal(target) if target else None
    return proposal.articles if proposal is not None else []


def _named(values: Mapping[tuple[str, str], Any], state: State, type: str, target: str) -> list[str]:
    """The digests of the texts that whoever signs should read."""
    named = [value for (part, key), value in values.items() if part == "rules" and key.startswith("articles.") and value]
    proposal = state.proposal(target) if target else None
    if proposal is not None:
        named += list(digests_in(proposal.payload))
    if type == "accept" and target == state.org:
        named += list(digests_in(state.charter.value["articles"]))
    return named
