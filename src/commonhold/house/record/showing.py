"""One decision as a page shows it, in a row or whole: values for templates, all of them from the fold, the log and the store, and none from a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

from commonhold.house.core import ledger
from commonhold.house.core.links import decision_url
from commonhold.house.record import words
from commonhold.house.record.services import text_of
from commonhold.kernel.charter import Source, apply_amendment
from commonhold.kernel.charter.wording import Redline, redline
from commonhold.kernel.errors import CommonholdError
from commonhold.kernel.messages import N_
from commonhold.kernel.record.attention import may_approve, must_confirm, standings
from commonhold.kernel.record.entries import Entry, parse_entry
from commonhold.kernel.record.queries import describe_proposal
from commonhold.kernel.record.shortcode import short_code
from commonhold.kernel.record.state import Proposal, State
from commonhold.kernel.tlog.merkle import leaf_hash
from commonhold.pages.dossier.words import paragraphs
from commonhold.pages.language import Language

PIPS: Final = 12
"""Up to so many people are drawn one by one."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How one need stands: a number of people of how many, in words, and drawn."""

    place: Markup
    counted: int
    required: int
    names: tuple[str, ...]
    candidates: tuple[str, ...] = ()

    @property
    def met(self) -> bool:
        """Whether nobody is missing."""
        return self.counted >= self.required

    @property
    def pips(self) -> list[tuple[int, bool]]:
        """Where each person is drawn, and whether they are there; empty where they are too many."""
        if self.required > PIPS:
            return []
        return [(8 + 18 * place, place < self.counted) for place in range(self.required)]

    @property
    def width(self) -> int:
        """How wide the drawing is."""
        return 18 * self.required


@dataclass(frozen=True, slots=True)
class Row:
    """One decision in a list."""

    id: str
    url: str
    what: Markup
    kind: str
    by: Markup
    index: int
    time: int | None
    status: str
    named: Markup
    icon: str
    reason: Markup
    until: int
    needs: tuple[Progress, ...]
    asks: str
    emergency: bool


def row(spoken: Language, state: State, key: str, member: str) -> Row | None:
    """A decision for a list, as *member* sees it; None if the record has none with that id."""
    proposal = state.proposal(key)
    if proposal is None:
        return None
    needs: tuple[Progress, ...] = ()
    asks = ""
    if proposal.status == "open":
        needs = tuple(
            Progress(words.place(spoken, one.what), len(one.counted), one.required, one.counted) for one in standings(state, key, proposal)
        )
        asks = "approve" if may_approve(state, key, proposal, member) else "confirm" if must_confirm(state, key, proposal, member) else ""
    return Row(
        id=key,
        url=decision_url(key),
        what=words.what(spoken, proposal.kind, proposal.payload),
        kind=proposal.kind,
        by=words.person(proposal.by),
        index=proposal.index,
        time=ledger.past().time_of(proposal.index),
        status=proposal.status,
        named=spoken.html(words.STATUS[proposal.status]),
        icon=words.icon_of(proposal.status),
        reason=words.reason(spoken, proposal),
        until=proposal.not_after if proposal.status == "open" and state.clock is not None else 0,
        needs=needs,
        asks=asks,
        emergency=bool(proposal.emergency),
    )


@dataclass(frozen=True, slots=True)
class Said:
    """One entry about a decision: when, what, and what came of it."""

    index: int
    time: int | None
    icon: str
    what: Markup
    refused: str = ""
    next_step: str = ""
    text: str = ""


def history(spoken: Language, state: State, key: str) -> list[Said]:
    """Everything that was signed about a decision, in its order; what was refused, and the reasons of those who objected."""
    past = ledger.past()
    indexes = [index for index in past.about(key) if index >= state.base]
    found = []
    for index, raw in zip(indexes, ledger.leaves(indexes), strict=True):
        try:
            entry = parse_entry(raw)
        except CommonholdError:
            continue
        refused = past.refused.get(index)
        text = getattr(entry.body, "reason", "")
        found.append(
            Said(
                index,
                past.time_of(index),
                words.icon_of(entry.type),
                words.act(spoken, state, entry),
                refused.words if refused else "",
                refused.next_step if refused else "",
                words.inert(text_of(ledger.log(), text)) if text else "",
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class Text:
    """A text that a decision is about, whole: what it is called, its words, and whether they are kept."""

    heading: Markup
    text: str
    digest: str


def texts(spoken: Language, proposal: Proposal) -> list[Text]:
    """The texts that a decision names, as far as they are kept here."""
    found = []
    for name, heading in (("text", N_("The text")), ("purpose", N_("What it is for"))):
        digest = proposal.payload.get(name)
        if isinstance(digest, str):
            found.append(Text(spoken.html(heading), words.inert(text_of(ledger.log(), digest)), digest))
    return found


@dataclass(frozen=True, slots=True)
class Article:
    """An article of the charter that a decision rests on: its number, heading and words as they stand now; empty where they are not kept."""

    number: str
    heading: str
    text: str

    @property
    def paragraphs(self) -> list[str]:
        """Its paragraphs and list items, each on one line: its author's line ends are those of a text editor."""
        return paragraphs(self.text)

    @property
    def url(self) -> str:
        """Where the charter's page has it."""
        return f"/charter/#article-{self.number}"


def articles(state: State, proposal: Proposal) -> list[Article]:
    """The articles that a decision rests on."""
    return [Article(number, *_article(state, number)) for number in proposal.articles]


def _article(state: State, number: str) -> tuple[str, str]:
    digest = state.charter.articles.get(number)
    if digest is None:
        return "", ""
    try:
        heading, body = Source(state.charter.value, {digest.hex(): ledger.log().objects.get(digest.hex())}).article(number)
    except CommonholdError:
        return "", ""
    return words.inert(heading), words.inert(body)


def redlined(state: State, proposal: Proposal) -> Redline | None:
    """What an amendment changes, word by word; None where it is none, or there is no charter any more to hold it against."""
    if proposal.kind != "amend" or proposal.payload.get("base") != state.charter.digest.hex():
        return None
    try:
        old: Mapping[str, Any] = state.charter.value
        new = apply_amendment(old, proposal.payload)
        named = {value["title"] for value in (old, new)} | {digest for value in (old, new) for digest in value["articles"].values()}
        kept = dict(_kept(named))
        return redline(Source(old, kept), Source(new, kept))
    except CommonholdError:
        return None


def _kept(digests: set[str]) -> Iterator[tuple[str, bytes]]:
    for digest in digests:
        try:
            yield digest, ledger.log().objects.get(digest)
        except CommonholdError:
            # What is not needed may be absent; what is needed is missed by name.
            continue


def detail(spoken: Language, state: State, key: str) -> dict[str, Any]:
    """Everything that the page of one decision shows.

    Raises:
        RuleError: if the record has no such decision.
    """
    found = describe_proposal(state, key)
    proposal = state.parts["proposals"][key]
    needs = [
        Progress(
            words.place(spoken, need["what"]), len(need["counted"]), need["required"], tuple(need["counted"]), tuple(need["who_still_can"])
        )
        for need in found["needs"]
    ]
    return {
        "key": key,
        "proposal": proposal,
        "found": found,
        "acts": words.whole(spoken, proposal.kind, proposal.payload),
        "texts": texts(spoken, proposal),
        "redline": redlined(state, proposal),
        "articles": articles(state, proposal),
        "amended": proposal.charter != state.charter.digest.hex(),
        "named": spoken.html(words.STATUS[proposal.status]),
        "sign": words.icon_of(proposal.status),
        "reason": words.reason(spoken, proposal),
        "why": state.reasons.get(key, ""),
        "needs": needs,
        "approved": [_signed(name, act.index) for name, act in _in_order(proposal.approvals)],
        "objected": [_signed(name, act.index) for name, act in _in_order(proposal.objections)],
        "confirmed": [_signed(name, act.index) for name, act in _in_order(proposal.confirms)],
        "history": history(spoken, state, key),
        "time": ledger.past().time_of(proposal.index),
        "closed": ledger.past().time_of(proposal.closed) if proposal.closed >= 0 else None,
        "code": short_code(key),
    }


def _in_order(acts: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return sorted(acts.items(), key=lambda item: item[1].index)


@dataclass(frozen=True, slots=True)
class Signed:
    """Somebody who signed: who, at which entry, and when."""

    name: str
    link: Markup
    index: int
    time: int | None


def _signed(name: str, index: int) -> Signed:
    return Signed(name, words.person(name), index, ledger.past().time_of(index))


def about(state: State, entry: Entry) -> str:
    """The decision that an entry is about; empty where the record has none."""
    found = entry.id if entry.type == "propose" else next((value for name in _ABOUT if (value := getattr(entry.body, name, ""))), "")
    return found if isinstance(found, str) and state.proposal(found) is not None else ""


_ABOUT: Final = ("proposal", "release", "of")


def leaf_of(raw: bytes) -> str:
    """The hash by which an entry stands in the log's tree."""
    return leaf_hash(raw).hex()
