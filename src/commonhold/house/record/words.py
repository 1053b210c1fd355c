"""Decisions and entries in the reader's words: what a decision would do, how it stands and why, what an entry did.

Everything comes from the fold and the log; sentences about what a decision does are the signer's own (:mod:`commonhold.house.core.facts`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from babel.lists import format_list
from markupsafe import Markup

from commonhold.house.core import ledger
from commonhold.house.core.facts import fact_html
from commonhold.house.core.links import decision_url, member_url
from commonhold.house.record.services import text_of
from commonhold.kernel.errors import CommonholdError
from commonhold.kernel.messages import N_
from commonhold.kernel.record.entries import Entry
from commonhold.kernel.record.notices import PEOPLE, WAYS
from commonhold.kernel.record.state import Proposal, State
from commonhold.kernel.record.telling import payload_facts
from commonhold.pages.language import Language

STATUS: Final[Mapping[str, str]] = {
    "open": N_("Open"),
    "enacted": N_("Carried"),
    "blocked": N_("Stopped by objections"),
    "failed": N_("Not carried"),
    "expired": N_("Ran out of time"),
    "withdrawn": N_("Withdrawn"),
    "void": N_("Void"),
    "refused": N_("Refused"),
    "lapsed": N_("Lapsed"),
}
"""What a decision's status is called; ``carried`` is what people say of one that was enacted."""
REASONS: Final[Mapping[str, str]] = {
    "blocked": N_("As many members objected as its rule asks for to stop it."),
    "failed": N_("So many objected that those who are left cannot carry it."),
    "expired": N_("It was not decided before its end."),
    "withdrawn": N_("Whoever proposed it took it back."),
    "void": N_("The rule that it was to be judged by was changed meanwhile."),
    "refused": N_("It met its rule, but could not take effect any more."),
    "lapsed": N_("It was an emergency act, and nobody ratified it in time: it was undone."),
}
ICONS: Final[Mapping[str, str]] = {
    "open": "time",
    "enacted": "circle-check",
    "blocked": "warning",
    "withdrawn": "minus",
    "refused": "circle-xmark",
    "found": "home",
    "propose": "edit",
    "approve": "check",
    "object": "openquote",
    "confirm": "tick-inverse",
    "withdraw": "rotate",
    "accept": "user",
    "acknowledge": "mail",
    "contribute": "key",
    "attest": "history",
}
TYPES: Final[Mapping[str, str]] = {
    "found": N_("Founding"),
    "open": N_("New epochs"),
    "propose": N_("Proposals"),
    "approve": N_("Approvals"),
    "object": N_("Objections"),
    "confirm": N_("Confirmations"),
    "withdraw": N_("Withdrawals"),
    "accept": N_("Acceptances"),
    "acknowledge": N_("Acknowledgements"),
    "contribute": N_("Contributions of shares"),
    "attest": N_("Partners' confirmations"),
}
_WITHDRAWN: Final[Mapping[str, str]] = {
    "proposal": N_("%(by)s took back the proposal: %(what)s"),
    "approval": N_("%(by)s took back their approval: %(what)s"),
    "objection": N_("%(by)s took back their objection: %(what)s"),
    "delegation": N_("%(by)s took back the leave to act in their place."),
    "seat": N_("%(by)s gave up an office: %(office)s"),
}
_ABOUT: Final[Mapping[str, str]] = {
    "propose": N_("%(by)s proposed: %(what)s"),
    "approve": N_("%(by)s approved: %(what)s"),
    "object": N_("%(by)s objected: %(what)s"),
    "confirm": N_("%(by)s confirmed after the waiting period: %(what)s"),
    "contribute": N_("%(by)s gave their share to the release: %(what)s"),
}
_ACKNOWLEDGED: Final[Mapping[str, str]] = {
    "share": N_("%(by)s showed that they have their share: %(what)s"),
    "changed": N_("%(by)s attested that the provider accepts nothing older: %(what)s"),
    "notice": N_("%(by)s said that word has reached them: %(what)s"),
}
_EVENTS: Final[Mapping[str, str]] = {
    "founded": N_("The founding is complete: the organisation exists."),
    "opened": N_("A new epoch has begun."),
    "enacted": N_("Carried: %(what)s"),
    "carried": N_("Its rule is met; the waiting period runs: %(what)s"),
    "waited": N_("Its waiting period is over; it must be confirmed: %(what)s"),
    "ratified": N_("The emergency act stands: %(what)s"),
    "lapsed": N_("The emergency act was not ratified in time and is undone: %(what)s"),
    "blocked": N_("Stopped by objections: %(what)s"),
    "failed": N_("Not carried: %(what)s"),
    "expired": N_("Ran out of time: %(what)s"),
    "withdrawn": N_("Withdrawn: %(what)s"),
    "void": N_("Void, because its rule was changed: %(what)s"),
    "refused": N_("It met its rule, but could not take effect: %(what)s"),
    "term-ended": N_("The term of %(member)s has ended: %(office)s"),
    "seat-refused": N_("%(member)s could not take the office: %(office)s"),
}
_SHORT: Final[Mapping[str, str]] = {
    "do-statement": N_("Official statement (%(language)s)"),
    "do-resolution": N_("Decision (%(kind)s)"),
    "do-money": N_("Decision (%(kind)s) about %(amount)s %(currency)s"),
}
LONGEST: Final = 90
"""Characters of a text that stand in a list."""


def icon_of(name: str) -> str:
    """The icon of a type of entry or of a status; a word always stands beside it."""
    return ICONS.get(name, "circle-xmark" if name in STATUS else "doc-full")


def what(spoken: Language, kind: str, payload: Mapping[str, Any]) -> Markup:
    """What a decision would do, in the first sentence about it, and how its text begins."""
    try:
        fact = payload_facts(kind, payload)[0]
        # The signer's sentences about texts point to the text below them, and in a list there is none.
        short = _SHORT.get(fact.say)
        said = spoken.html(short, **fact.values) if short else Markup(fact_html(spoken, fact))  # noqa: S704 - sentence and values have been escaped
    except CommonholdError:
        # A kind that this version cannot judge, or a refused payload of another shape.
        said = spoken.html(N_("A decision of the kind %(kind)s"), kind=kind)
    begins = opening(payload)
    return said + Markup(" <q><bdi>{}</bdi></q>").format(begins) if begins else said


def whole(spoken: Language, kind: str, payload: Mapping[str, Any]) -> list[Markup]:
    """Everything that a decision would do, a sentence each."""
    try:
        return [Markup(fact_html(spoken, fact)) for fact in payload_facts(kind, payload)]  # noqa: S704 - as above
    except CommonholdError:
        return [spoken.html(N_("A decision of the kind %(kind)s, which this version cannot put into words"), kind=kind)]


def opening(payload: Mapping[str, Any]) -> str:
    """The first line of the text that a decision is about, shortened; empty where there is none, or it is not kept."""
    digest = payload.get("text") or payload.get("purpose")
    if not isinstance(digest, str):
        return ""
    lines = (line.lstrip("\ufeff# \t").strip() for line in inert(text_of(ledger.log(), digest)[:2_000]).splitlines())
    line = next((line for line in lines if line), "")
    return line if len(line) <= LONGEST else f"{line[:LONGEST].rstrip()}…"


def inert(text: str) -> str:
    """A text without what a browser or an eye could be led astray by: controls, and characters that turn the direction of others."""
    return "".join(_shown(c) for c in text)


def _shown(character: str) -> str:
    code = ord(character)
    if character in "\n\t":
        return character
    # The plain marks of direction stay: Arabic needs them, and inside an isolate they turn nobody else's words.
    turns = 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069
    return "\ufffd" if turns or code < 32 or 127 <= code < 160 else character


def linked(spoken: Language, state: State, proposal: str) -> Markup:
    """A decision in words, as a link to it."""
    found = state.proposal(proposal)
    if found is None:
        return Markup('<span class="mono">{}</span>').format(proposal[:12])
    return Markup('<a href="{}">{}</a>').format(decision_url(proposal), what(spoken, found.kind, found.payload))


def person(name: str) -> Markup:
    """A member, as a link to them."""
    return Markup('<a href="{}"><bdi>{}</bdi></a>').format(member_url(name), name)


def people(spoken: Language, names: Iterable[str]) -> Markup:
    """Members as a list in words, each a link."""
    return listing(spoken, [person(name) for name in names])


def listing(spoken: Language, items: list[Markup]) -> Markup:
    """Pieces of HTML as a list in words."""
    return Markup(format_list([str(item) for item in items], locale=spoken.locale))  # noqa: S704 - each is HTML already


def reason(spoken: Language, proposal: Proposal) -> Markup:
    """Why a decision that ended did not take effect."""
    return spoken.html(REASONS[proposal.status]) if proposal.status in REASONS else Markup("")


def place(spoken: Language, need: str) -> Markup:
    """Whose voices a need counts."""
    if need == PEOPLE:
        return spoken.html(N_("those who may object, that word has reached them"))
    if need == WAYS:
        return spoken.html(N_("different ways of that word"))
    if need.startswith("quorum"):
        return spoken.html(N_("taking part: %(body)s"), body=need.removeprefix("quorum of "))
    return spoken.listed_html(need.split(" or "), either=True)


def act(spoken: Language, state: State, entry: Entry) -> Markup:
    """What an entry says that its signer did."""
    by, body = person(entry.by) if entry.by else Markup(""), entry.body
    if entry.type == "propose":
        return spoken.html(_ABOUT["propose"], by=by, what=_proposed(spoken, state, entry))
    if entry.type in _ABOUT:
        about = body.release if entry.type == "contribute" else body.proposal
        return spoken.html(_ABOUT[entry.type], by=by, what=linked(spoken, state, about))
    if entry.type == "acknowledge":
        return spoken.html(_ACKNOWLEDGED[body.what], by=by, what=linked(spoken, state, body.of))
    if entry.type == "accept":
        if body.of == state.org:
            return spoken.html(N_("%(by)s accepted the founding."), by=by)
        return spoken.html(N_("%(by)s accepted an office: %(what)s"), by=by, what=linked(spoken, state, body.of))
    if entry.type == "withdraw":
        values = (
            {"office": body.of} if body.what == "seat" else {"what": linked(spoken, state, body.of)} if body.what != "delegation" else {}
        )
        return spoken.html(_WITHDRAWN[body.what], by=by, **values)
    if entry.type == "attest":
        return spoken.html(N_("Partners confirmed the record."))
    if entry.type == "open":
        return spoken.html(N_("%(by)s opened this epoch."), by=by)
    return spoken.html(N_("%(by)s founded the organisation."), by=by)


def _proposed(spoken: Language, state: State, entry: Entry) -> Markup:
    if state.proposal(entry.id) is not None:
        return linked(spoken, state, entry.id)
    return what(spoken, entry.body.kind, entry.body.payload)


def event(spoken: Language, state: State, told: Mapping[str, Any]) -> Markup:
    """What an entry brought about; nothing for what goes without saying."""
    name = str(told.get("name", ""))
    if name not in _EVENTS:
        return Markup("")
    values: dict[str, object] = {}
    if "%(what)s" in _EVENTS[name]:
        values["what"] = linked(spoken, state, str(told.get("proposal", "")))
    if "%(member)s" in _EVENTS[name]:
        values |= {"member": person(str(told.get("member", ""))), "office": str(told.get("office", ""))}
    return spoken.html(_EVENTS[name], **values)
