"""What is asked to be opened of an organisation's sealed secrets, as a counter that everybody can read (docs/guide/sealing.md): on the page and in the feed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from markupsafe import Markup

from commonhold.kernel.messages import N_
from commonhold.kernel.record.watching import CONFIRMING, DECIDED, Watched
from commonhold.pages.language import Language

WAYS: Final[Mapping[str, str]] = {
    "mail": N_("by mail"),
    "paper": N_("by letter"),
    "partner": N_("on a partner's page"),
    "person": N_("in person"),
    "phone": N_("by telephone"),
}
SHORT: Final = 12


def headline(language: Language, one: Watched) -> Markup:
    """What is going on, in one sentence."""
    if one.step == DECIDED:
        message = N_("Custodians are opening what is sealed of: %(resource)s")
    elif one.emergency:
        message = N_("EMERGENCY: somebody asks to open what is sealed of: %(resource)s")
    else:
        message = N_("Somebody asks to open what is sealed of: %(resource)s")
    return language.html(message, resource=one.resource)


def counter(language: Language, one: Watched) -> Iterator[Markup]:
    """The counter: since when, not before when, who was told and how, who objects, who has given a share."""
    say = language.html
    if one.step == DECIDED:
        given = language.listed_html(one.given) if one.given else say(N_("nobody yet"))
        yield say(
            N_("Asked for by %(by)s, and decided. Shares were given by: %(names)s. It ends on %(until)s."),
            by=one.by,
            names=given,
            until=language.moment(one.until),
        )
        return
    if one.asked_at and one.not_before:
        message = N_("Asked for by %(by)s on %(time)s. It cannot be opened before %(earliest)s.")
        yield say(message, by=one.by, time=language.moment(one.asked_at), earliest=language.moment(one.not_before))
    else:
        yield say(N_("Asked for by %(by)s. No waiting period holds it up."), by=one.by)
    if one.told is not None:
        ways = language.listed_html([language.say(WAYS[way]) for way in one.told.ways]) if one.told.ways else say(N_("none yet"))
        yield say(
            N_(
                "People whom word has reached: %(told)s of %(needed)s. Ways: %(ways)s (needed: %(count)s). The waiting period begins only then."
            ),
            told=len(one.told.people),
            needed=one.told.people_needed,
            ways=ways,
            count=one.told.ways_needed,
        )
    if one.step == CONFIRMING:
        confirmed = len(one.confirmed)
        yield say(N_("The waiting period is over. Confirmed by %(count)s of %(needed)s."), count=confirmed, needed=one.confirms_needed)
    if one.objections_needed:
        yield say(N_("Objections: %(count)s of %(needed)s that stop it."), count=len(one.objections), needed=one.objections_needed)
    if one.told is not None:
        message = N_("You may object, and did not know? Look at a second partner, then on your own device: %(object)s and %(notice)s")
        yield say(message, object=f"commonhold object {one.id[:SHORT]}", notice=f"commonhold custody notice {one.id[:SHORT]} --way partner")
