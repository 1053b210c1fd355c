"""Making requests: an act, with everything that whoever signs it has to see beside it (docs/formats/request.md).

The record is read and replayed first, so nobody is asked to sign what its rules would refuse. What the signer needs is taken from there as the
sender's word, or from partners, who vouch for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from commonhold.cli.options import house_option, json_option, out_option
from commonhold.cli.output import emit, printable
from commonhold.cli.reading import read_place

if TYPE_CHECKING:
    from commonhold.kernel.notes import VerifierKey
    from commonhold.kernel.record.brief import Brief
    from commonhold.kernel.record.pin import Pin
    from commonhold.kernel.record.request import Request
    from commonhold.kernel.record.state import State
    from commonhold.store.record import ReadRecord

F = TypeVar("F", bound=Callable[..., Any])
PAGE = "signer.html"
SPARE = 32
"""Values of a proof that are left for what partners add to it: who they are, the epochs, what a proposal decided."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How a request is to be made: from which record, for whom, and what becomes of it."""

    house: Path | str
    members: tuple[str, ...]
    urls: tuple[str, ...]
    partners: tuple[str, ...]
    pin: Path | None
    out: Path | None
    qr: bool
    as_json: bool


def request_options(function: F) -> F:
    """The options that every request takes; the verb gets them as keywords and hands them to :func:`asked_of`."""
    for option in reversed(
        (
            click.option("--for", "members", multiple=True, help="A member who is asked, any number of times; otherwise everybody."),
            click.option(
                "--url", "urls", multiple=True, help="Where the signed entry can be handed in, any number of times: a log or a mirror."
            ),
            click.option(
                "--partner",
                "partners",
                multiple=True,
                help="A partner who is asked to vouch for it, any number of times; as many as the pin demands.",
            ),
            click.option(
                "--pin", type=click.Path(dir_okay=False, path_type=Path), help="The pin to hold the partners' word to; otherwise theirs."
            ),
            out_option("Write the request to this file, and not as a link."),
            click.option("--qr", is_flag=True, help="Show it as a code, too."),
            house_option,
            json_option,
        )
    ):
        function = option(function)
    return function


def asked_of(options: Mapping[str, Any]) -> tuple[Asked, ReadRecord]:
    """What was asked for, and the record, replayed."""
    asked = Asked(
        options["house"],
        tuple(options["members"]),
        tuple(options["urls"]),
        tuple(options["partners"]),
        options["pin"],
        options["out"],
        options["qr"],
        options["as_json"],
    )
    return asked, read_place(asked.house, whole=True)


def hand_out(
    asked: Asked,
    read: ReadRecord,
    type: str,
    body: Mapping[str, Any],
    texts: Mapping[str, bytes] | None = None,
    *,
    about: Mapping[str, Any] | None = None,
) -> None:
    """Make the request, and write, print or show it; *about* for one about a seal.

    Raises:
        RuleError, FormatError: if it cannot be made.
    """
    from commonhold.kernel.record.request import link_text, parse_request  # noqa: PLC0415 - kept out of `--help`
    from commonhold.store.keyfile import write_new  # noqa: PLC0415

    request = make_request(asked, read, type, body, texts or {}, about)
    raw = request.to_bytes()
    # What is handed out must be readable, or its reader learns of a mistake that was made here.
    parse_request(raw)
    link = f"{PAGE}#{link_text(raw)}"
    if asked.out is not None:
        write_new(asked.out, raw + b"\n")
    value = {"number": request.number, "bytes": len(raw), "link": link, **({"file": str(asked.out)} if asked.out else {})}

    def render() -> str:
        first = f"wrote the request to {printable(asked.out)} ({len(raw)} bytes)" if asked.out else link
        lines = [first, f"number    {request.number}  (whoever signs sees the same)"]
        if asked.qr:
            lines.append(code(link if len(link) < MAX_CODE else ""))
        handed = "the file" if asked.out else "the whole link"
        lines.append(f"next      send it; members paste or choose {handed} in their own {PAGE}, or give it to `commonhold sign`")
        return "\n".join(lines)

    emit(asked.as_json, value, render)


MAX_CODE = 2_900
"""Bytes that one code holds."""


def code(text: str) -> str:
    """A code for the terminal; or why there is none."""
    import io  # noqa: PLC0415

    import segno  # noqa: PLC0415

    if not text:
        return "It is too large for one code: send the link or the file."
    out = io.StringIO()
    segno.make(text, error="l", micro=False).terminal(out, compact=True)
    return out.getvalue()


def make_request(
    asked: Asked,
    read: ReadRecord,
    type: str,
    body: Mapping[str, Any],
    texts: Mapping[str, bytes],
    about: Mapping[str, Any] | None = None,
) -> Request:
    """The request for an act on the record that was read.

    Raises:
        RuleError: ``request/nobody`` for a member who is not one; ``request/too-many`` where so many are named that the request would have no room.
    """
    from commonhold.kernel.record.request import MAX_URLS, Claim, Request, check_url, target_of  # noqa: PLC0415
    from commonhold.kernel.record.review import needed  # noqa: PLC0415

    state, target = read.state, target_of(type, body)
    mirrors = _mirrors(asked, state.org)
    urls = tuple(dict.fromkeys([*asked.urls, *([asked.house] if isinstance(asked.house, str) else []), *mirrors]))[:MAX_URLS]
    for url in urls:
        check_url(url)
    articles = [("rules", f"articles.{number}") for number in _articles(state, type, body, target)]
    keys = _values(
        state,
        asked.members,
        lambda member: [*needed(type, body, org=state.org, epoch=state.epoch, member=member, about=about), *articles],
    )
    values = {(part, key): _value(state, part, key) for part, key in keys}
    found = dict(texts)
    for digest in _named(values, state, type, "" if about is not None else target, read):
        if digest not in found and (raw := _object(asked.house, digest)) is not None:
            found[digest] = raw
    if mirrors:
        return Request(state.org, state.epoch, type, dict(body), _vouched(asked, mirrors, keys), None, found, urls, about)
    claim = Claim(read.checkpoint_raw, _leaf(read, target), values)
    return Request(state.org, state.epoch, type, dict(body), None, claim, found, urls, about)


def _mirrors(asked: Asked, org: str) -> list[str]:
    from commonhold.store.asking import mirror_of  # noqa: PLC0415

    return [mirror_of(partner, org) for partner in asked.partners]


def _vouched(asked: Asked, mirrors: Iterable[str], keys: Iterable[tuple[str, str]]) -> Mapping[str, Any]:
    """What partners vouch for together, as a brief proof; held to a pin here, so that whoever signs finds no surprise.

    Raises:
        ProofError, RuleError, FormatError, StoreError: as they refuse, or too few agree.
    """
    from commonhold.cli.briefs import read_pin  # noqa: PLC0415
    from commonhold.kernel.errors import RuleError  # noqa: PLC0415
    from commonhold.kernel.record.brief import PAIRS  # noqa: PLC0415
    from commonhold.store.asking import ask_pin, ask_together  # noqa: PLC0415

    told = []
    for mirror in mirrors:
        try:
            told.append(ask_pin(mirror))
        except RuleError:
            # In a log in which the members have not decided to live yet, partners name nobody; a pin of one's own is believed all the same.
            if asked.pin is None:
                raise
    pin = told[0] if asked.pin is None else read_pin(asked.pin)
    later = {party.key for other in told for party in other.policy.witnesses.values()}
    every = [*keys, ("partners", "policy")]
    if len(every) <= PAIRS:
        return ask_together(mirrors, "", every, pin, later)[0].to_value()
    return _in_parts(mirrors, every, pin, later).to_value()


TURNS = 4


def _in_parts(mirrors: Iterable[str], keys: Sequence[tuple[str, str]], pin: Pin, later: Iterable[VerifierKey]) -> Brief:
    """What partners vouch for in several answers each, put together where they speak of one and the same size.

    Raises:
        ProofError: ``brief/validators`` if they never do; or as the answers are refused.
    """
    from commonhold.kernel.errors import ProofError  # noqa: PLC0415
    from commonhold.kernel.record.brief import PAIRS, check_brief  # noqa: PLC0415
    from commonhold.kernel.record.briefing import merge_briefs  # noqa: PLC0415
    from commonhold.store.asking import ask_brief  # noqa: PLC0415

    places, known = list(mirrors), [key for key in later if all(key != party.key for party in pin.policy.witnesses.values())]
    problem = ProofError(
        "the partners do not speak of one size of the record",
        code="brief/validators",
        next_step="Try again in a minute, or ask for fewer members with --for.",
    )
    for _ in range(TURNS):
        briefs = [ask_brief(mirror, "", keys[at : at + PAIRS]) for mirror in places for at in range(0, len(keys), PAIRS)]
        for brief in merge_briefs(briefs, pin, known):
            try:
                if all(key in check_brief(brief, pin).values for key in keys):
                    return brief
            except ProofError as error:
                problem = error
    raise problem


def _values(state: State, named: tuple[str, ...], of: Callable[[str], list[tuple[str, str]]]) -> list[tuple[str, str]]:
    """The values of the state that a request shows: those that the members whom it speaks to need, each once.

    Where nobody is named, it speaks to as many as there is room for, and who is left out is said: they would be told that it shows too little.
    """
    from commonhold.cli.output import note  # noqa: PLC0415 - kept out of `--help`
    from commonhold.kernel.errors import RuleError  # noqa: PLC0415
    from commonhold.kernel.record.brief import MAX_VALUES  # noqa: PLC0415

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
            note(f"note: the request speaks to the first {at} of {len(members)} members; make another with --for for the rest")
            break
        keys |= more
    return list(keys)


def _members(state: State, named: tuple[str, ...]) -> list[str]:
    from commonhold.kernel.errors import RuleError  # noqa: PLC0415

    members = state.part("members")
    for name in named:
        if name not in members:
            raise RuleError(f"{printable(name)} is not a member", code="request/nobody", next_step="`commonhold state` lists the members.")
    everybody = sorted(name for name, member in members.items() if member.status in ("active", "invited"))
    return list(named) or everybody


def _value(state: State, part: str, key: str) -> Any:
    from commonhold.kernel.record.state import value_of  # noqa: PLC0415

    found = state.part(part).get(key)
    return None if found is None else value_of(found)


def _articles(state: State, type: str, body: Mapping[str, Any], target: str) -> Iterable[str]:
    """The articles that the act falls under, as far as that is known before it is made."""
    if type == "propose":
        rule = state.part("rules").get(f"decisions.{body['kind']}")
        return [rule["article"]] if isinstance(rule, Mapping) and isinstance(rule.get("article"), str) else []
    proposal = state.proposal(target) if target else None
    return proposal.articles if proposal is not None else []


def _named(values: Mapping[tuple[str, str], Any], state: State, type: str, target: str, read: ReadRecord) -> list[str]:
    """The digests of the texts that whoever signs should read."""
    from commonhold.store.handing import digests_in  # noqa: PLC0415

    named = [value for (part, key), value in values.items() if part == "rules" and key.startswith("articles.") and value]
    proposal = state.proposal(target) if target else None
    if proposal is not None:
        named += list(digests_in(proposal.payload))
    if type == "accept" and target == state.org:
        named += list(digests_in(read.state.charter.value["articles"]))
    return named


def _leaf(read: ReadRecord, target: str) -> bytes:
    """The entry that the act is about, as its leaf; nothing if it stands in an earlier epoch."""
    for outcome, leaf in zip(read.outcomes, read.leaves, strict=True):
        if outcome.entry is not None and outcome.entry.id == target:
            return leaf
    return b""


def _object(house: Path | str, digest: str) -> bytes | None:
    from commonhold.kernel.errors import CommonholdError  # noqa: PLC0415
    from commonhold.store.objects.remote import objects_at  # noqa: PLC0415

    try:
        return objects_at(house).get(digest)
    except CommonholdError:
        # A text that is not here cannot be sent; whoever needs it is told so when they look.
        return None
