"""The form of a charter's rules: every table and key that ``charter.toml`` may hold (docs/formats/charter.md, "The rules").

A key that is not listed is refused, naming the table: a rule that is silently ignored is worse than none. Whether the rules can work
together is asked in ``laws.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from commonhold.kernel.charter.rules import WAYS
from commonhold.kernel.charter.shape import (
    Problem,
    article,
    article_or_all,
    count_or_fraction,
    duration,
    flag,
    fraction,
    integer,
    list_of,
    matches,
    name,
    named,
    one_of,
    phrase,
    share_above,
    shown,
    table,
    text_or,
    word,
)
from commonhold.kernel.custody.sealing.structure import MAX_MEMBERS

_SEATS: Final = integer(1, 10_000)
_COUNTED: Final = one_of("for", "against", "abstain", "present", "ballots")
_LIMIT: Final = table(
    ("amount", "currency"), amount=integer(0), currency=matches("[A-Z]{3}", "a currency of three capitals"), window=duration
)
_COUNT_OF: Final = table(("at_least",), at_least=count_or_fraction, of=word)


def _majority(value: object, where: str) -> Iterator[Problem]:
    base = one_of("register", "seats", "present", "cast", "cast_all", "cast_for_against")
    yield from table(("base",), body=name, base=base, more_than=share_above, at_least=fraction)(value, where)
    if isinstance(value, Mapping) and ("more_than" in value) == ("at_least" in value):
        step = 'Write exactly one: more_than = "1/2" or at_least = "2/3"; the two differ.'
        yield Problem(where, "must say either more_than or at_least", step, "charter/majority")


def _pass(value: object, where: str) -> Iterator[Problem]:
    if isinstance(value, Mapping) and "all_of" in value:
        yield from table(all_of=list_of(_majority))(value, where)
    else:
        yield from _majority(value, where)


_SIGNATURES: Final = table(("of", "m"), of=list_of(name), m=integer(1, 10_000))


def _by_table(value: object, where: str) -> Iterator[Problem]:
    yield from table(office=name, body=name, signatures=_SIGNATURES, all_of=list_of(text_or(_by_table), at_least=2))(value, where)
    if isinstance(value, Mapping) and len(value) != 1:
        step = 'Write one of: "body", {office = "x"}, {body = "x"}, {signatures = {of = [...], m = 2}}, {all_of = [...]}.'
        yield Problem(where, f"has {len(value)} keys and must have one", step)


_BY: Final = text_or(_by_table)


def _seats(value: object, where: str) -> Iterator[Problem]:
    per_unit = table(("per", "of"), per=integer(1), of=phrase, round=one_of("up", "down"), min=integer(0))
    yield from (_SEATS if isinstance(value, int) else per_unit)(value, where)


def _term(value: object, where: str) -> Iterator[Problem]:
    if not (isinstance(value, str) and value.startswith("until_next_")):
        yield from duration(value, where)
    else:
        yield from word(value, where)


_BODY: Final = table(
    ("members",),
    article=article,
    kind=one_of("body"),
    instances=integer(1),
    members=phrase,
    weight=one_of("one"),
    register_frozen_at=one_of("proposal", "notice", "call", "credentials_report"),
    votes_as=one_of("unit"),
    proxies=table(max_held=integer(0, 1000), counts_for_quorum=flag),
    substitutes=table(named_before=duration),
)
_OFFICE: Final = table(
    ("seats",),
    article=article,
    elected_by=name,
    seats=_seats,
    term=_term,
    max_consecutive=integer(0, 1000),
    handover=duration,
    method=word,
    ballot=word,
    reopen_nominations=flag,
    recall=table(("by",), by=_BY, **{"pass": _pass}),
    vacancy=table(method=word, else_=word),
)
_DECISION: Final = table(
    ("by",),
    article=article,
    by=_BY,
    enacts=list_of(name),
    everyday=flag,
    notice=duration,
    quorum=table(("of", "at_least"), of=word, at_least=count_or_fraction, count=list_of(_COUNTED), floor=integer(1)),
    **{"pass": _pass},
    objection=table(
        ("of", "at_least", "within"), of=text_or(list_of(name)), at_least=count_or_fraction, within=duration, confirm=count_or_fraction
    ),
    notices=table(("people", "ways"), people=integer(1, 64), ways=integer(1, len(WAYS))),
    time_lock=duration,
    effect_after=duration,
    limit=_LIMIT,
    above=name,
    applies_to=list_of(article_or_all),
    subject_votes=flag,
    redline_required=flag,
    ballot=word,
    tie=word,
    hearing=duration,
    appeal=table(("to", "within"), to=name, within=duration, suspends=flag),
    amendments_close=duration,
    effect=word,
    petition=table(("at_least", "of"), at_least=count_or_fraction, of=word, within=duration),
)
_MINORITY: Final = table(
    dissent_recorded=one_of("always", "on_request", "never"),
    place_on_agenda=table(at_least=count_or_fraction, of=word, regions=integer(1)),
    demand_secret=_COUNT_OF,
    demand_roll_call=_COUNT_OF,
    minority_report=_COUNT_OF,
    suspensive_veto=table(
        ("of", "at_least"), of=name, at_least=count_or_fraction, within=duration, against=list_of(name), until=word, article=article
    ),
    orderly_exit=table(unit=word, by=name, notice=duration, **{"pass": _pass}, receives=word, article=article),
)
_EMERGENCY: Final = table(
    ("holder", "may", "expires"),
    article=article,
    holder=_BY,
    may=list_of(name),
    never=list_of(name),
    expires=duration,
    renewals=integer(0, 100),
    renewal_by=name,
    ratify_within=duration,
    report_to=name,
    **{"pass": _pass},
    limit=_LIMIT,
)


def _member_or_name(value: object, where: str) -> Iterator[Problem]:
    if value != "member":
        yield from name(value, where)


_DELEGATION: Final = table(
    ("from", "to", "max"),
    article=article,
    **{"from": name},
    to=_member_or_name,
    max=duration,
    revocable=flag,
    redelegate=flag,
    never=list_of(name),
)


def _custodians(value: object, where: str) -> Iterator[Problem]:
    yield from table(("m", "of"), m=integer(1, MAX_MEMBERS), of=list_of(text_or(_custodians)))(value, where)
    if (
        isinstance(value, Mapping)
        and isinstance(value.get("of"), (list, tuple))
        and len({isinstance(part, str) for part in value["of"]}) > 1
    ):
        step = 'Put the offices into a group of their own: {m = 1, of = ["chair"]}.'
        yield Problem(where, "names offices beside groups", step)


_CUSTODY: Final = table(("resources", "open"), article=article, resources=list_of(name), open=_custodians, drill=duration)


def _citation(value: object, where: str) -> Iterator[Problem]:
    if not isinstance(value, Mapping):
        yield Problem(where, f"is {shown(value)} and must be a table", 'Write [from_article] and under it "decision.amend" = "2.1".')
        return
    for key in sorted(value):
        yield from article(value[key], f'{where}."{key[:60]}"')


_RULES: Final = table(
    ("charter", "bodies", "decisions"),
    charter=table(
        ("id",),
        id=name,
        version=integer(1),
        in_force_from=matches("[0-9]{4}-[0-9]{2}-[0-9]{2}", 'a date in quotes, such as "2026-01-31"'),
        language=matches("[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}", "a language tag, such as en"),
        clock=one_of("UTC"),
        units=table(duration=one_of("ISO8601"), fraction=one_of("p/q"), rounding=one_of("exact")),
    ),
    bodies=named(_BODY),
    offices=named(_OFFICE),
    incompatible=list_of(
        table(("name", "offices"), name=name, offices=list_of(name, at_least=2), cooling_off=duration, article=article), at_least=0
    ),
    constraints=list_of(
        table(("name", "office", "at_most", "per"), name=name, office=name, at_most=integer(1), per=word, article=article), at_least=0
    ),
    decisions=named(_DECISION),
    minority=_MINORITY,
    emergency=named(_EMERGENCY),
    delegation=named(_DELEGATION),
    custody=named(_CUSTODY),
    from_article=_citation,
)


def check_shape(rules: Mapping[str, Any]) -> Iterator[Problem]:
    """Everything in *rules* that is not of the form of a charter's rules, with the place of each."""
    yield from _RULES(rules, "")
