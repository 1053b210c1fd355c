"""What *Home* says: what needs its reader, what is at risk, how partners and the record are. Values for a template; the facts are the kernel's and the log's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

from commonhold.house.core import ledger
from commonhold.house.core.links import decision_url, member_url, propose_url
from commonhold.house.record import words
from commonhold.house.record.showing import Row, row
from commonhold.kernel.messages import N_
from commonhold.kernel.record.attention import Need, Risk, needs_of, risks_of, waiting_of
from commonhold.kernel.record.state import State
from commonhold.pages.language import Language

MOST: Final = 20
"""How many of a kind stand on the page; a link leads to all."""
LATE: Final = 600
"""Seconds without a partner's signature after which it is told as silent: it is asked every minute."""
NEEDS: Final[Mapping[str, tuple[str, str]]] = {
    "found": (N_("The founding waits for you: accept it with your kit."), N_("See the founding")),
    "approve": (N_("You can approve: %(what)s"), N_("Read and decide")),
    "ratify": (N_("An emergency power was used, and it stands only if it is ratified: %(what)s"), N_("Read and decide")),
    "confirm": (N_("Its waiting period is over, and silence is no consent. Confirm it or object: %(what)s"), N_("Read and decide")),
    "notice": (N_("Say that word of it has reached you: %(what)s"), N_("Read and say so")),
    "seat": (N_("You are offered the office of %(name)s. It is yours once you accept."), N_("See the offer")),
    "share": (N_("You keep a share of the secrets of %(name)s. Show that you have it."), N_("See the seal")),
    "contribute": (N_("A release of the secrets of %(name)s was decided. It needs your share."), N_("See the release")),
}
RISKS: Final[Mapping[str, tuple[str, str]]] = {
    "founding": (N_("The founding is not complete. Still to accept it: %(people)s"), N_("See the members")),
    "no-partners": (N_("No partner keeps or confirms the record yet: whoever has this server has the only copy."), N_("Find partners")),
    "no-clock": (N_("Partners are named and have not confirmed the record yet, so it has no clock."), N_("See the partners")),
    "rotation": (N_("The secrets of %(name)s must be changed."), N_("See what to do")),
    "office-empty": (N_("Nobody holds the office of %(name)s."), N_("Propose somebody")),
    "term-ends": (N_("The term of %(people)s in the office of %(name)s ends soon."), N_("Propose a next term")),
    "no-kit": (N_("Without a kit, and without a voice in acts of authority: %(people)s"), N_("See the members")),
    "expires": (N_("It runs out before it is decided: %(what)s"), N_("See what is missing")),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a list: an icon, a sentence, until when, and the one link that leads on."""

    icon: str
    said: Markup
    url: str
    link: Markup
    until: int = 0


@dataclass(frozen=True, slots=True)
class Partner:
    """How one partner stands, in words."""

    name: str
    well: bool
    said: Markup
    time: int = 0
    size: int = 0


def needs(spoken: Language, state: State, member: str) -> list[Line]:
    """What needs a member."""
    return [_need(spoken, state, need) for need in needs_of(state, member)]


def _need(spoken: Language, state: State, need: Need) -> Line:
    said, link = NEEDS[need.what]
    values: dict[str, object] = {}
    if "%(what)s" in said:
        proposal = state.parts["proposals"][need.proposal]
        values["what"] = words.what(spoken, proposal.kind, proposal.payload)
    if "%(name)s" in said:
        values["name"] = need.name
    url = decision_url(need.proposal) if need.proposal else f"/record/{state.base}/"
    return Line(_NEED_ICONS.get(need.what, "check"), spoken.html(said, **values), url, spoken.html(link), need.until)


_NEED_ICONS: Final[Mapping[str, str]] = {
    "found": "home",
    "seat": "user",
    "share": "key",
    "contribute": "key",
    "notice": "mail",
    "ratify": "warning",
}


def waiting(spoken: Language, state: State, member: str) -> list[Row]:
    """The member's own proposals, and how far they are."""
    rows = [row(spoken, state, key, member) for key in waiting_of(state, member)]
    return [one for one in rows if one is not None]


def risks(spoken: Language, state: State) -> list[Line]:
    """What is at risk, with what would help."""
    return [_risk(spoken, state, risk) for risk in risks_of(state)]


def _risk(spoken: Language, state: State, risk: Risk) -> Line:
    said, link = RISKS[risk.what]
    values: dict[str, object] = {}
    if "%(what)s" in said:
        proposal = state.parts["proposals"][risk.name]
        values["what"] = words.what(spoken, proposal.kind, proposal.payload)
    if "%(name)s" in said:
        values["name"] = risk.name
    if "%(people)s" in said:
        values["people"] = _people(spoken, risk.members)
    return Line("warning", spoken.html(said, **values), _way(risk), spoken.html(link), risk.until)


def _people(spoken: Language, names: tuple[str, ...]) -> Markup:
    """Some names, and how many more there are."""
    if len(names) <= MOST:
        return words.people(spoken, names)
    more = spoken.html_count("%(n)s more", "%(n)s more", len(names) - MOST)
    return words.listing(spoken, [*(words.person(name) for name in names[:MOST]), more])


def _way(risk: Risk) -> str:
    if risk.what == "office-empty":
        return propose_url("appoint", office=risk.name)
    if risk.what == "term-ends":
        return propose_url("appoint", office=risk.name, member=risk.members[0])
    if risk.what == "expires":
        return decision_url(risk.name)
    if risk.what in {"no-partners", "no-clock"}:
        return "/partners/"
    if risk.what == "rotation":
        return "/custody/"
    return member_url(risk.members[0]) if len(risk.members) == 1 else "/people/"


def partners(spoken: Language, told: Mapping[str, Any], now: int) -> list[Partner]:
    """How the partners stand; *told* is what the log says of itself."""
    return [_partner(spoken, one, now) for one in told["partners"]]


def _partner(spoken: Language, one: Mapping[str, Any], now: int) -> Partner:
    name, signed = one["name"] or one["url"], one["signed"]
    if one["trouble"]:
        return Partner(
            name, well=False, said=spoken.html(N_("It does not confirm the record: %(why)s"), why=words.inert(one["trouble"][:300]))
        )
    if signed is None:
        return Partner(name, well=False, said=spoken.html(N_("It has not answered since the house was started.")))
    if now - signed["time"] > LATE:
        return Partner(name, well=False, said=spoken.html(N_("It has fallen silent.")), time=signed["time"], size=signed["size"])
    return Partner(name, well=True, said=spoken.html(N_("It confirms the record.")), time=signed["time"], size=signed["size"])


def troubles(spoken: Language, told: Mapping[str, Any], state: State) -> list[Line]:
    """What the log itself has to say: that it stopped, that its disk refuses, that no other place is known to keep a copy."""
    found = []
    if told["stopped"]:
        found.append(_trouble(spoken, spoken.html(N_("The log has stopped, and takes nothing more: %(why)s"), why=told["stopped"])))
    if told["trouble"]:
        found.append(_trouble(spoken, spoken.html(N_("The log is in trouble: %(why)s"), why=words.inert(told["trouble"][:600]))))
    if state.policy is not None and not told["partners"]:
        found.append(
            _trouble(
                spoken,
                spoken.html(N_("The record names partners, and this house was told the address of none: nobody is asked for a copy.")),
            )
        )
    return found


def _trouble(spoken: Language, said: Markup) -> Line:
    return Line("warning", said, "/partners/", spoken.html(N_("See the partners")))


def log_told() -> Mapping[str, Any]:
    """What the log says of itself, its partners included."""
    return ledger.log().describe()
