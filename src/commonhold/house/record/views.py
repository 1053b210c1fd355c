"""Decisions and the record, as lists and one by one."""

from __future__ import annotations

from typing import Final

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from commonhold.house.core import ledger
from commonhold.house.core.speech import language_of
from commonhold.house.record.models import Decision, Entry
from commonhold.kernel.record.queries import describe_proposal

PAGE: Final = 25


def decisions(request: HttpRequest) -> HttpResponse:
    """Every decision, newest first, by status and by words."""
    found = Decision.objects.all()
    status, words = request.GET.get("status", ""), request.GET.get("q", "").strip()[:200]
    if status:
        found = found.filter(status=status)
    for word in words.casefold().split()[:8]:
        found = found.filter(text__contains=word)
    page = Paginator(found, PAGE).get_page(request.GET.get("p"))
    return render(
        request,
        "record/decisions.html",
        {"page_title": language_of(request).plainly("Decisions"), "page": page, "status": status, "words": words},
    )


def decision(request: HttpRequest, proposal: str) -> HttpResponse:
    """One decision, whole."""
    state = ledger.state()
    if state.proposal(proposal) is None:
        raise Http404
    return render(request, "record/decision.html", {"found": describe_proposal(state, proposal)})


def timeline(request: HttpRequest) -> HttpResponse:
    """Every entry, newest first."""
    page = Paginator(Entry.objects.all(), PAGE).get_page(request.GET.get("p"))
    return render(request, "record/timeline.html", {"page_title": language_of(request).plainly("Record"), "page": page})


def entry(request: HttpRequest, index: int) -> HttpResponse:
    """One entry."""
    found = Entry.objects.filter(index=index).first()
    if found is None:
        raise Http404
    return render(request, "record/entry.html", {"entry": found})
