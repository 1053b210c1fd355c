"""*Custody*: what we depend on and who could take it, what would help, and what the record says of seals."""

from __future__ import annotations

import datetime
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from commonhold.house.core import ledger
from commonhold.house.core.links import propose_url
from commonhold.house.core.pages import page
from commonhold.house.core.speech import language_of
from commonhold.house.custody import seals, services
from commonhold.kernel.errors import CommonholdError, FormatError
from commonhold.kernel.messages import N_
from commonhold.kernel.record.state import State
from commonhold.pages.custody.words import Words
from commonhold.pages.language import Language
from commonhold.pages.templates import spoken as spoken_html

PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


def custody(request: HttpRequest) -> HttpResponse:
    """The check, the three things to do, and the seals."""
    return _shown(request)


def picture(request: HttpRequest) -> HttpResponse:
    """The graph, drawn: an image of its own, so that its colours need no leave in any page."""
    language = language_of(request)
    try:
        raw = services.load(ledger.log().house)
        found = services.checked(raw, language, _today()) if raw is not None else None
    except CommonholdError:
        found = None
    if found is None:
        raise Http404
    headers = {"Content-Security-Policy": PICTURE_POLICY, "Cache-Control": "no-store"}
    return HttpResponse(found.picture, content_type="image/svg+xml; charset=utf-8", headers=headers)


@require_POST
def upload(request: HttpRequest) -> HttpResponse:
    """Take a register or an interview's answers in place of what is there; what is refused changes nothing."""
    language, given = language_of(request), request.FILES.get("register")
    try:
        if given is None:
            raise FormatError("no file came", code="custody/no-file", next_step="Choose the file first.")
        services.save(ledger.log().house, given.read(services.MAX_BYTES + 1), language)
    except CommonholdError as error:
        return _shown(request, refused=error)
    messages.success(request, language.plainly(N_("The file is kept here, and nowhere else.")))
    return redirect("custody")


@require_POST
def remove(request: HttpRequest) -> HttpResponse:
    """Keep the file no longer."""
    services.delete(ledger.log().house)
    messages.success(request, language_of(request).plainly(N_("The file is deleted.")))
    return redirect("custody")


def _today() -> datetime.date:
    return datetime.datetime.fromtimestamp(ledger.now(), datetime.UTC).date()


def _shown(request: HttpRequest, refused: CommonholdError | None = None) -> HttpResponse:
    language, state = language_of(request), ledger.state()
    context: dict[str, Any] = {"check": None, "damaged": None}
    try:
        raw = services.load(ledger.log().house)
        if raw is not None:
            context |= _checked(services.checked(raw, language, _today()), language, state)
    except CommonholdError as error:
        context["damaged"] = error
    return page(
        request,
        "custody/custody.html",
        N_("Custody"),
        "key",
        status=HTTPStatus.BAD_REQUEST if refused else HTTPStatus.OK,
        refused=refused,
        entrusted=[{"one": one, "propose": propose_url("entrust", resource=one.resource)} for one in seals.entrusted(state)],
        sealed=[_seal(one, language) for one in seals.sealed(state)],
        can_entrust="entrust" in state.charter.by_kind,
        **context,
    )


def _checked(check: services.Checked, language: Language, state: State) -> dict[str, Any]:
    words = Words(check.register, language)
    rows = [
        {
            "name": found.resource.name,
            "badge": words.badge(found.takers)[1],
            "takers": words.takers(found.takers),
            "lockout": words.lockout(found.lockout),
            "soon": words.soon(found.soon),
            "one_takes": found.one_takes,
        }
        for found in sorted(check.facts, key=lambda found: not found.one_takes)
    ]
    actions = [
        {
            "text": spoken_html(action.text),
            "effect": spoken_html(action.effect),
            "propose": propose_url("ordinary", text=action.text) if "ordinary" in state.charter.by_kind else "",
        }
        for action in check.actions
    ]
    return {
        "check": check,
        "risks": rows,
        "actions": actions,
        "one_takes": sum(found.one_takes for found in check.facts),
        "one_locks_out": sum(found.one_locks_out for found in check.facts),
    }


def _seal(one: seals.Sealed, language: Language) -> dict[str, Any]:
    lost = [language.html(seals.LOST[why], name=name) for name, why in one.live.lost] if one.live else []
    reasons = [language.html(seals.REASONS[what], who=who) for what, who in one.rotating.reasons] if one.rotating else []
    return {"one": one, "lost": lost, "reasons": reasons}
