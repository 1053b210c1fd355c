"""*Home*, *Decisions* and *Record*: what needs whom, what was decided and is being decided, and everything that was signed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from wagtail.admin.auth import require_admin_access

from commonhold.house.core import ledger
from commonhold.house.core.links import decision_url
from commonhold.house.core.speech import language_of
from commonhold.house.record import home as homes
from commonhold.house.record import lists, proofs, showing, words
from commonhold.house.record.models import Decision
from commonhold.kernel.errors import CommonholdError, FormatError
from commonhold.kernel.messages import N_
from commonhold.kernel.record.entries import parse_entry
from commonhold.kernel.record.state import Seat, State

LATELY: Final = 5
PROOF: Final = "application/json"
TLOG_PROOF: Final = "text/plain; charset=utf-8"


@require_admin_access
def home(request: HttpRequest) -> HttpResponse:
    """What needs the reader, what is at risk, and how everything is."""
    spoken, state, member = language_of(request), ledger.state(), request.user.member  # type: ignore[union-attr] # whoever is let in has an account
    told = homes.log_told()
    lately = Decision.objects.exclude(status="open").order_by("-closed", "-index").values_list("proposal", flat=True)[:LATELY]
    needs = homes.needs(spoken, state, member)
    risks = [*homes.troubles(spoken, told, state), *homes.risks(spoken, state)]
    return _page(
        request,
        "record/home.html",
        N_("Home"),
        "home",
        needs=needs[: homes.MOST],
        more_needs=len(needs) - homes.MOST,
        waiting=homes.waiting(spoken, state, member),
        risks=risks[: homes.MOST],
        more_risks=len(risks) - homes.MOST,
        partners=homes.partners(spoken, told, ledger.now()),
        size=state.size,
        clock=state.clock,
        named=state.policy is not None,
        lately=[one for key in lately if (one := showing.row(spoken, state, key, member)) is not None],
        running=state.phase == "running",
    )


def decisions(request: HttpRequest) -> HttpResponse:
    """Every decision, newest first, by status, kind, proposer and words."""
    spoken, state = language_of(request), ledger.state()
    found = lists.decisions(request, spoken, state, request.user.member)  # type: ignore[union-attr] # as above
    return _page(
        request,
        "record/decisions.html",
        N_("Decisions"),
        "check",
        listed=found,
        statuses=[(name, spoken.plainly(said), found.counts.get(name, 0)) for name, said in words.STATUS.items()],
        kinds=lists.kinds(state),
        members=sorted(name for name, _ in state.active_members()),
        ends=state.clock is not None,
    )


def decision(request: HttpRequest, proposal: str) -> HttpResponse:
    """One decision, whole."""
    spoken, state = language_of(request), ledger.state()
    if state.proposal(proposal) is None:
        return _absent(request, N_("The record has no such decision."), "/decisions/", N_("All decisions"))
    own: str = request.user.member  # type: ignore[union-attr] # as above
    detail = showing.detail(spoken, state, proposal)
    return _page(
        request,
        "record/decision.html",
        N_("Decision"),
        "check",
        provable=proofs.is_provable(state),
        own=own,
        can_approve=any(own in need["who_still_can"] for need in detail["found"]["needs"]),
        can_accept=_is_offered(state, own, proposal),
        clocked=state.clock is not None,
        **detail,
    )


def _is_offered(state: State, member: str, proposal: str) -> bool:
    """Whether this decision offers the member a seat, or another term, that they have not accepted yet."""
    seats: Iterable[Seat] = state.part("seats").values()
    return any(seat.member == member and proposal in (seat.by if seat.status == "offered" else "", seat.renewal) for seat in seats)


def timeline(request: HttpRequest) -> HttpResponse:
    """Everything that was signed, newest first, by day."""
    spoken, state = language_of(request), ledger.state()
    return _page(
        request,
        "record/timeline.html",
        N_("Record"),
        "history",
        listed=lists.entries(request, spoken, state),
        types=[(name, spoken.plainly(said)) for name, said in words.TYPES.items()],
        members=sorted(state.part("members")),
    )


def entry(request: HttpRequest, index: int) -> HttpResponse:
    """One entry: what it did, as it was signed, and its proof."""
    spoken, state = language_of(request), ledger.state()
    try:
        raw = proofs.raw_entry(index)
    except FormatError:
        return _absent(request, N_("The record has no such entry."), "/record/", N_("The whole record"))
    past = ledger.past()
    try:
        parsed = parse_entry(raw)
    except CommonholdError:
        parsed = None
    about = showing.about(state, parsed) if parsed is not None else ""
    return _page(
        request,
        "record/entry.html",
        N_("Entry"),
        "history",
        index=index,
        said=words.act(spoken, state, parsed) if parsed is not None else None,
        sign=words.icon_of(parsed.type) if parsed is not None else "warning",
        id=parsed.id if parsed is not None else "",
        leaf=showing.leaf_of(raw),
        pretty=_pretty(raw),
        time=past.time_of(index),
        clocked=state.clock is not None,
        refused=past.refused.get(index),
        about=decision_url(about) if about else "",
        before=index - 1 if index > state.base else None,
        after=index + 1 if index + 1 < state.size else None,
        provable=proofs.is_provable(state) and parsed is not None,
    )


def entry_file(request: HttpRequest, index: int, form: str) -> HttpResponse:
    """What one takes away of an entry: its proof file, its inclusion proof, or its bytes as they were signed."""
    try:
        if form == "proof":
            return _file(proofs.proof_file(index), PROOF, f"entry-{index}.proof.json")
        if form == "inclusion":
            proofs.raw_entry(index)
            return _file(proofs.inclusion(index), TLOG_PROOF, f"entry-{index}.tlog-proof")
        return _file(proofs.raw_entry(index), PROOF, f"entry-{index}.json")
    except FormatError:
        return _absent(
            request, N_("The record has no such entry, or none that can be proved this way."), "/record/", N_("The whole record")
        )


def _file(raw: bytes, content_type: str, name: str) -> HttpResponse:
    return HttpResponse(raw, content_type=content_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _pretty(raw: bytes) -> str:
    """An entry's JSON over many lines, to be read."""
    try:
        return words.inert(json.dumps(json.loads(raw), indent=2, ensure_ascii=False))
    except (ValueError, RecursionError):
        return words.inert(raw.decode("utf-8", "replace"))


def _absent(request: HttpRequest, said: str, url: str, link: str) -> HttpResponse:
    spoken, status = language_of(request), HTTPStatus.NOT_FOUND
    return _page(
        request, "record/absent.html", N_("Not here"), "warning", status=status, said=spoken.html(said), url=url, link=spoken.html(link)
    )


def _page(request: HttpRequest, template: str, title: str, icon: str, /, *, status: int = 200, **values: Any) -> HttpResponse:
    return render(request, template, {"page_title": language_of(request).plainly(title), "page_icon": icon, **values}, status=status)
