"""Verdicts in the reader's own language: large words first, then why, then what they rest on (docs/formats/verdicts.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from markupsafe import Markup

from commonhold.kernel.messages import N_
from commonhold.kernel.record.verdict import (
    CANNOT_JUDGE,
    CONTRADICTORY,
    FRESHNESS_UNKNOWN,
    NOT_OFFICIAL,
    OFFICIAL,
    STALE,
    STRUCK,
    UNWITNESSED,
)
from commonhold.pages.check.facts import Alarm, Decision, Organisation, Told
from commonhold.pages.language import Language

LARGE: Final[Mapping[str, str]] = {
    OFFICIAL: N_("Official"),
    FRESHNESS_UNKNOWN: N_("Official as of %(time)s"),
    UNWITNESSED: N_("Official, unwitnessed"),
    NOT_OFFICIAL: N_("Not official"),
    STRUCK: N_("Struck"),
    STALE: N_("Stale"),
    CONTRADICTORY: N_("Contradictory"),
    CANNOT_JUDGE: N_("Cannot judge"),
    "rolled-back": N_("Rolled back"),
}
SIGNS: Final[Mapping[str, str]] = {
    OFFICIAL: "✓",
    FRESHNESS_UNKNOWN: "✓",
    UNWITNESSED: "✓",
    NOT_OFFICIAL: "✗",
    STRUCK: "✗",
    CONTRADICTORY: "✗",
    "rolled-back": "✗",
}
LOOKS: Final[Mapping[str, str]] = {OFFICIAL: "yes", FRESHNESS_UNKNOWN: "yes", UNWITNESSED: "yes", CANNOT_JUDGE: "open", STALE: "open"}
ALARMS: Final[Mapping[str, str]] = {
    "two-faces": N_("Its log signed two histories."),
    "rollback": N_("Its log's address served an older record than before."),
    "two-successions": N_("Its members have decided to go on in two logs that exclude each other."),
    "withheld": N_("Its log has left out an entry that the rules accept."),
    "unproved": N_("Somebody brought a signed state of its log without proof that it leads on; that accuses nobody."),
}
STATUS: Final[Mapping[str, str]] = {"stands": N_("stands"), "struck": N_("struck"), "moved": N_("moved")}


def large(language: Language, told: Told) -> Markup:
    """The verdict itself."""
    message = LARGE[told.code]
    return language.html(message, time=language.moment(told.time)) if told.code == FRESHNESS_UNKNOWN else language.html(message)


def reasons(language: Language, told: Told) -> Iterator[Markup]:
    """What a verdict says beyond its name."""
    say = language.html
    if told.code == STRUCK:
        if told.time:
            yield say(N_("Since %(time)s, entry %(entry)s of the record."), time=language.moment(told.time), entry=told.entry)
        else:
            yield say(N_("Since entry %(entry)s of the record."), entry=told.entry)
        if told.epoch >= 0:
            yield say(N_("The organisation is now in epoch %(epoch)s, at %(where)s."), epoch=told.epoch, where=told.where)
        elif told.where:
            yield say(N_("The organisation is now at %(where)s."), where=told.where)
    elif told.code == FRESHNESS_UNKNOWN:
        yield say(N_("Something newer may exist: not enough partners have signed within the last hour."))
    elif told.code == UNWITNESSED:
        yield say(N_("Only its own log vouches for how new this is: the organisation has no partners yet."))


def whole(language: Language, told: Told) -> Iterator[Markup]:
    """Why a whole record is not told as official."""
    say = language.html
    if told.code == STALE:
        yield say(N_("Partners have more of this record than this partner, or nobody has vouched for it for a week."))
    elif told.code == CONTRADICTORY:
        yield say(N_("Members or partners have signed for two histories that exclude each other."))
    elif told.code == CANNOT_JUDGE:
        yield say(N_("The record holds decisions of a kind that this version does not know."))
    elif told.code == NOT_OFFICIAL and told.names:
        yield say(N_("The founding is not complete. Still to accept it: %(names)s"), names=language.listed_html(told.names))
    elif told.code == NOT_OFFICIAL:
        yield say(N_("The members have not decided to go on in epoch %(epoch)s."), epoch=told.epoch)


def decided(language: Language, decision: Decision) -> Markup:
    """By how many, under which articles, when."""
    articles = language.listed_html(decision.articles)
    by = language.html_count("by %(n)s member", "by %(n)s members", len(decision.by))
    when = language.moment(decision.time) if decision.time else ""
    if when:
        return language.html(
            N_("%(by)s, under article %(articles)s of the charter, on %(time)s (entry %(entry)s)"),
            by=by,
            articles=articles,
            time=when,
            entry=decision.entry,
        )
    return language.html(
        N_("%(by)s, under article %(articles)s of the charter (entry %(entry)s)"), by=by, articles=articles, entry=decision.entry
    )


def rests_on(language: Language, one: Organisation) -> Iterator[Markup]:
    """What an answer rests on."""
    say = language.html
    yield say(N_("Replayed by this partner: all %(n)s entries of the record, every signature and every rule."), n=one.entries)
    if one.signed.names:
        yield language.html_count(
            "%(n)s partner signed it at %(time)s: %(names)s",
            "%(n)s partners signed it at %(time)s: %(names)s",
            len(one.signed.names),
            time=language.moment(one.signed.time),
            names=language.listed_html(one.signed.names),
        )
    elif one.told.code != UNWITNESSED:
        yield say(N_("No partner whom the record names has signed exactly this."))
    for epoch in one.line:
        if epoch.unwitnessed:
            yield say(N_("No partner witnessed how the organisation came to epoch %(epoch)s."), epoch=epoch.number)


def alarm(language: Language, one: Alarm) -> Markup:
    """What was noticed."""
    return language.html(ALARMS.get(one.kind, "%(kind)s"), **({} if one.kind in ALARMS else {"kind": one.kind}))
