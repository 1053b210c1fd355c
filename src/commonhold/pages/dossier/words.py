"""Decisions, times and people of a dossier in words: what was decided, never what somebody meant by it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from markupsafe import Markup

from commonhold.kernel.messages import N_
from commonhold.kernel.record.dossier import Address, Custodian, Decision, Dossier
from commonhold.pages.language import Language
from commonhold.pages.templates import spoken

_STATUS: Final = {
    "active": N_("member"),
    "departed": N_("has left the organisation"),
    "expelled": N_("is not a member any more, by a decision"),
    "invited": N_("has not joined yet"),
}
_ADDRESS: Final = {
    "stands": N_("The record names %(address)s as an official channel of the organisation."),
    "struck": N_("The record says that %(address)s is not an official channel any more."),
    "moved": N_("The record says that the official channel moved from %(address)s to %(to)s."),
    "unknown": N_("The record does not mention %(address)s. It was added to this dossier by whoever made it."),
}
MANY: Final = 30
"""Approvers from which on a table says how many they are; the proofs name them."""

_LATEST: Final = 253_402_300_800
"""The first second of the year 10000, which has no date here."""


def listed(names: Iterable[str], language: Language) -> Markup:
    """Names as a list in words."""
    return spoken(language.listed(names))


def shown(text: str) -> Markup:
    """A text of the record, or of whoever makes the dossier: isolated, and without characters that turn others around."""
    return Markup("<bdi>{}</bdi>").format(spoken(text))


def what(decision: Decision, language: Language) -> Markup:
    """What a decision came to, in a sentence or two."""
    said = _sentence(decision, language)
    if decision.ended == "ratified":
        return said + " " + language.html("An emergency power was used, and the decision was confirmed afterwards.")
    if decision.ended == "lapsed":
        return said + " " + language.html("An emergency power was used, the decision was not confirmed in time, and it was undone.")
    return said


def _sentence(decision: Decision, language: Language) -> Markup:
    say, payload, kind = language.html, decision.payload, decision.kind
    member, office = payload.get("member", ""), payload.get("office", "")
    if kind == "entrust":
        return say("“%(resource)s” was entrusted to %(names)s.", resource=payload["resource"], names=listed(payload["holders"], language))
    if kind == "channel":
        return _channel(decision, language)
    if kind == "statement":
        if not decision.opening:
            return say("An official statement was made that names it.")
        return say("An official statement was made that names it. It begins: “%(opening)s”", opening=shown(decision.opening))
    if kind == "suspend-origin":
        if payload.get("lift"):
            return say("The suspension of the web address %(origin)s was ended.", origin=payload["origin"])
        return say("The web address %(origin)s was suspended: what is signed there does not count.", origin=payload["origin"])
    if kind == "appoint":
        return say("%(member)s was appointed to the office “%(office)s”.", member=member, office=office)
    if kind == "dismiss":
        return say("%(member)s was dismissed from the office “%(office)s”.", member=member, office=office)
    if kind == "expel":
        return say("The membership of %(member)s was ended by a decision.", member=member)
    if kind == "depart":
        return say("%(member)s left the organisation.", member=member)
    return say("The organisation was founded, with its charter, its first members and officers, and the key of its record.")


def _channel(decision: Decision, language: Language) -> Markup:
    payload, address = decision.payload, decision.payload["address"]
    if payload["op"] == "add":
        return language.html("%(address)s was named as an official channel of the organisation.", address=address)
    if payload["op"] == "strike":
        return language.html("%(address)s was struck: it is not an official channel of the organisation any more.", address=address)
    return language.html(
        "The official channel moved from %(address)s to %(to)s. The old address is not official any more.",
        address=address,
        to=payload["to"],
    )


def approved(decision: Decision, language: Language) -> Markup:
    """How many approved a decision."""
    return language.html_count("approved by %(n)s member", "approved by %(n)s members", len(decision.approvers))


def approvers(decision: Decision, language: Language) -> Markup:
    """Who approved a decision, and the offices that they held then; where they are many, how many."""
    if not decision.approvers:
        return language.html("nobody had to approve it; by %(member)s", member=decision.by)
    if len(decision.approvers) > MANY:
        return approved(decision, language)
    return listed([_with_offices(name, decision.offices.get(name, ()), language) for name in decision.approvers], language)


def _with_offices(name: str, offices: tuple[str, ...], language: Language) -> str:
    return language.say("%(member)s (%(offices)s)", member=name, offices=language.listed(offices)) if offices else name


def standing(address: Address, language: Language) -> Markup:
    """What the record says of an address, in a sentence."""
    values = {"to": address.to} if address.to else {}
    return language.html(_ADDRESS[address.status], address=address.address, **values)


def status(custodian: Custodian, language: Language) -> str:
    """What a custodian is to the organisation now."""
    return language.say(_STATUS[custodian.status])


def moment(time: int, language: Language) -> Markup:
    """A time of the record's clock, in UTC; without one, that only the order is known."""
    if not 0 < time < _LATEST:
        return language.html("no clock: order only")
    at = datetime.fromtimestamp(time, UTC)
    return language.html("%(day)s, %(time)s UTC", day=language.date(at.date()), time=at.strftime("%H:%M"))


def paragraphs(text: str) -> list[str]:
    """The paragraphs and list items of an article, each on one line: its author's line ends are those of a text editor."""
    parts = (part for block in re.split(r"\n\n+", text) for part in re.split(r"\n(?=\s*(?:[-*+]|\(?\w{1,3}[.)])\s)", block))
    return [" ".join(part.split()) for part in parts if part.strip()]


def holders(dossier: Dossier) -> list[Custodian]:
    """To whom the resource is entrusted now, as far as they are members."""
    return [custodian for custodian in dossier.custodians if custodian.current and custodian.status == "active"]
