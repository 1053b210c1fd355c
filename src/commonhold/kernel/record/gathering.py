"""Gathering a dossier out of a record: which decisions belong to a resource, and which articles to them.

Whoever gathers has replayed the record first; nothing here verifies anything. Every version of the charter is built up from the founding and its
amendments, so that an old decision is shown with the article as it stood then.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any, Final

from commonhold.kernel.charter import apply_amendment, charter_digest
from commonhold.kernel.charter.articles import number_key
from commonhold.kernel.charter.articles import parse_text as parse_article
from commonhold.kernel.errors import FormatError, RuleError
from commonhold.kernel.record.dossier import FOUNDING, OFFICE, RESOURCE, Address, Article, Custodian, Decision, Dossier, Officer, Subject
from commonhold.kernel.record.fold import Outcome
from commonhold.kernel.record.state import Decided, Proposal, State
from commonhold.kernel.texts import parse_text

GOVERNING: Final = ("entrust", "channel", "statement", "suspend-origin", "appoint", "dismiss", "expel")
"""The kinds of decision whose articles govern a resource and the officers who speak about it."""

MAX_OPENING: Final = 120
"""Characters of a statement's first line."""

_HOST: Final = re.compile(r"(?:[a-z][a-z0-9+.-]*://)?(?:[^/?#@]*@)?([^/?#:@]+)")


def subject_of(state: State, name: str, addresses: Iterable[str] = ()) -> Subject:
    """What *name* stands for: a resource that was entrusted, or a channel of record; with every address that one of them moved from or to.

    Args:
        addresses: of the resource, whether or not the record names them.

    Raises:
        RuleError: ``dossier/unknown`` if the record knows no such thing; it lists what there is.
    """
    resources, channels = state.part("resources"), state.part("channels")
    if name not in resources and name not in channels:
        known = [*sorted(resources), *sorted(channels)]
        there = ", ".join(known[:20]) + (f" and {len(known) - 20} more" if len(known) > 20 else "")
        raise RuleError(
            f"the record knows no resource and no channel {name[:100]!r}" + (f"; it knows {there}" if known else "; it knows none at all"),
            code="dossier/unknown",
            data={"resources": sorted(resources), "channels": sorted(channels)},
            next_step="Name one of these."
            if known
            else "The members entrust a resource with `commonhold propose entrust`, or name a channel.",
        )
    found = list(dict.fromkeys([*([name] if name in channels else []), *addresses]))
    moves = [
        (proposal.payload["address"], proposal.payload["to"])
        for proposal in state.part("proposals").values()
        if proposal.kind == "channel" and proposal.status == "enacted" and proposal.payload["op"] == "move"
    ]
    grown = set[str]()
    while len(grown) < len(set(found)):
        grown = set(found)
        found += sorted({address for move in moves if grown.intersection(move) for address in move} - grown)
    return Subject(name if name in resources else "", tuple(found))


def texts_wanted(state: State, outcomes: Iterable[Outcome]) -> frozenset[str]:
    """The digests of the objects that :func:`gather` can use: articles and titles of every version of the charter, and statements."""
    wanted = set(state.part("statements"))
    for value in _charters(state, outcomes).values():
        wanted |= {value["title"], *value["articles"].values()}
    return frozenset(wanted)


def gather(state: State, outcomes: Sequence[Outcome], subject: Subject, texts: Mapping[str, bytes]) -> Dossier:
    """The dossier of *subject*, out of a record that was replayed.

    Args:
        outcomes: of the whole record, in order.
        texts: objects by digest, as far as they are at hand; whoever gives them has compared each with its digest.
    """
    first = outcomes[0].entry
    assert first is not None, "a record that was replayed begins with a founding"  # noqa: S101 - for the types; nothing from outside decides it
    gathering = _Gathering(state, subject, texts, {seat.member for seat in first.body.seats})
    # The founding is the first decision: it names the charter, the log's key and the first officers.
    kept = [Decision(state.org, 0, 0, 0, "found", {}, first.by, (), "", (), FOUNDING, {})]
    for decision in _enacted(state, outcomes):
        about = gathering.about(decision)
        if about:
            kept.append(replace(decision, about=about, opening=gathering.opening(decision)))
    charters = _charters(state, outcomes)
    current: dict[str, Any] = charters[state.charter.digest.hex()]
    rules = [state.charter.rules[rule] for rule in state.charter.by_kind.get("statement", ())]
    return Dossier(
        org=state.org,
        name=state.charter.name,
        title=_article_text(texts, current["title"])[0],
        charter=state.charter.digest.hex(),
        size=state.size,
        clock=state.clock,
        subject=subject,
        addresses=tuple(_address(state, address) for address in subject.addresses),
        articles=_articles(state, charters, kept, texts),
        speakers=tuple(sorted({rule.article for rule in rules if rule.article}, key=number_key)),
        speaking=tuple(sorted({place for rule in rules for place in getattr(rule.need, "of", ()) if place in state.charter.offices})),
        officers=tuple(
            Officer(seat.member, seat.office, seat.by, seat.index, seat.since)
            for _, seat in sorted(state.part("seats").items())
            if seat.status == "held"
        ),
        custodians=_custodians(state, subject, kept),
        decisions=tuple(kept),
        unread=gathering.unread,
        refused=sum(1 for outcome in outcomes if not outcome.counts),
    )


class _Gathering:
    """Which decisions belong to a dossier, asked in the order in which they took effect."""

    def __init__(self, state: State, subject: Subject, texts: Mapping[str, bytes], founders: AbstractSet[str]) -> None:
        self._subject = subject
        self._texts = texts
        self._holders = set[str]()
        # Who held an office or was entrusted: the end of their membership matters here, that of others does not.
        self._people = {seat.member for seat in state.part("seats").values()} | founders
        self._seats = {seat.by for seat in state.part("seats").values() if seat.status == "held"}
        self._hosts = {host for address in subject.addresses if (host := _host(address))}
        names = [re.escape(name) for name in (subject.resource, *subject.addresses) if name]
        self._named = re.compile(rf"(?<!\w)(?:{'|'.join(names)})(?!\w)", re.IGNORECASE)
        self.unread = 0

    def about(self, decision: Decision) -> str:
        """Why *decision* belongs here: ``resource``, ``office``, or an empty string if it does not."""
        payload, kind = decision.payload, decision.kind
        member = payload.get("member", "")
        if kind == "entrust":
            if payload["resource"] != self._subject.resource:
                return ""
            self._holders |= set(payload["holders"])
            self._people |= set(payload["holders"])
            return RESOURCE
        if kind == "channel":
            return RESOURCE if {payload["address"], payload.get("to", "")} & set(self._subject.addresses) else ""
        if kind == "statement":
            return RESOURCE if self._is_named(payload["text"]) else ""
        if kind == "suspend-origin":
            # Of a resource without an address nobody can say which web addresses belong to it, so all are told.
            return RESOURCE if not self._hosts or _host(payload["origin"]) in self._hosts else ""
        if kind == "appoint":
            self._people.add(member)
            return OFFICE if decision.entry in self._seats else ""
        if kind == "dismiss":
            return RESOURCE if member in self._holders else OFFICE
        if kind in ("expel", "depart"):
            return RESOURCE if member in self._holders else OFFICE if member in self._people else ""
        return ""

    def opening(self, decision: Decision) -> str:
        """How the text of a statement begins; empty for anything else."""
        if decision.kind != "statement":
            return ""
        lines = (line.lstrip("\ufeff# \t").strip() for line in self._text(decision.payload["text"]).splitlines())
        line = next((line for line in lines if line), "")
        return line if len(line) <= MAX_OPENING else f"{line[: MAX_OPENING - 3].rstrip()}..."

    def _is_named(self, digest: str) -> bool:
        text = self._text(digest)
        self.unread += not text
        return self._named.search(text) is not None

    def _text(self, digest: str) -> str:
        try:
            return parse_text(self._texts[digest])[1].decode("utf-8")
        except (KeyError, FormatError):
            return ""


def _enacted(state: State, outcomes: Iterable[Outcome]) -> Iterator[Decision]:
    """Every decision that took effect, in that order; those of an emergency power that were undone since, too."""
    for outcome in outcomes:
        for event in outcome.events:
            if event.name == "enacted":
                entry = event.data["proposal"]
                proposal: Proposal = state.part("proposals")[entry]
                ended = "lapsed" if proposal.status == "lapsed" else proposal.why
                approvers = tuple(event.data["approvers"])
                offices = {name: act.offices for name in approvers if (act := proposal.approvals[name]).offices}
                yield Decision(
                    entry, proposal.index, outcome.index, proposal.closed_at, proposal.kind, proposal.payload, proposal.by,
                    proposal.articles, proposal.charter, approvers, "", offices, ended,
                )  # fmt: skip


def _charters(state: State, outcomes: Iterable[Outcome]) -> dict[str, dict[str, Any]]:
    """Every charter that was ever in force, by digest, oldest first."""
    found: dict[str, dict[str, Any]] = {}
    value: Any = None
    for outcome in outcomes:
        for event in outcome.events:
            if event.name == "found":
                assert outcome.entry is not None, "a founding was parsed"  # noqa: S101 - for the types; nothing from outside decides it
                value = outcome.entry.body.charter
                found[charter_digest(value)] = value
            elif event.name == "enacted" and event.data["kind"] == "amend":
                payload = state.part("proposals")[event.data["proposal"]].payload
                value = apply_amendment(value, payload)
                found[payload["result"]] = value
    return found


def _articles(state: State, charters: Mapping[str, Any], decisions: Iterable[Decision], texts: Mapping[str, bytes]) -> tuple[Article, ...]:
    """The articles that govern the resource and its officers now, and those by which each decision was judged, as they stood then."""
    charter = state.charter
    now = {charter.rules[rule].article for kind in GOVERNING for rule in charter.by_kind.get(kind, ())}
    now |= {office.article for office in charter.offices.values()}
    cited = {(number, charter.articles[number].hex()) for number in now if number}
    cited |= {(number, charters[decision.charter]["articles"][number]) for decision in decisions for number in decision.articles}
    found = []
    for number, digest in sorted(cited, key=lambda item: (number_key(item[0]), item[1])):
        title, text = _article_text(texts, digest)
        current = charter.articles.get(number, b"").hex() == digest
        found.append(Article(number, digest, title, text, bool(title or text), current))
    return tuple(found)


def _article_text(texts: Mapping[str, bytes], digest: str) -> tuple[str, str]:
    try:
        title, text = parse_article(texts[digest])
    except (KeyError, FormatError):
        return "", ""
    return title, text.strip("\n")


def _custodians(state: State, subject: Subject, decisions: Iterable[Decision]) -> tuple[Custodian, ...]:
    """Everybody to whom the resource was ever entrusted, those to whom it is entrusted now first."""
    current: Decided | None = state.part("resources").get(subject.resource)
    stood = [decision for decision in decisions if decision.kind == "entrust" and decision.ended != "lapsed"]
    by = {name: decision.entry for decision in stood for name in decision.payload["holders"]}
    holders = set(current.value["holders"]) if current is not None else set()
    members = state.part("members")
    found = [Custodian(name, entry, members[name].status, name in holders) for name, entry in by.items()]
    return tuple(sorted(found, key=lambda custodian: (not custodian.current, custodian.member)))


def _address(state: State, address: str) -> Address:
    decided: Decided | None = state.part("channels").get(address)
    if decided is None:
        return Address(address, "unknown")
    return Address(address, decided.status, decided.value["to"] if decided.status == "moved" else "")


def _host(address: str) -> str:
    """The host of a web or mail address, without port; of anything else its first words."""
    found = _HOST.match(address.lower())
    return found[1] if found else ""
