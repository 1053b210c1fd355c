"""*Partners*: who keeps and confirms the record, how to find two, and what they must be told."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from commonhold.house.core import ledger
from commonhold.house.core.naming import organisation
from commonhold.house.core.pages import page
from commonhold.house.core.speech import language_of
from commonhold.house.partners import services
from commonhold.house.record import home, words
from commonhold.kernel.errors import CommonholdError
from commonhold.kernel.messages import N_
from commonhold.store.partnerfile import read_partners

ENOUGH = 2
MAX_URL = 500


def partners(request: HttpRequest) -> HttpResponse:
    """Each partner in words, the policy, and the forms."""
    return _shown(request)


@require_POST
def add(request: HttpRequest) -> HttpResponse:
    """Remember an address, once a partner has answered there; what was typed stays if none has."""
    url = request.POST.get("url", "").strip()
    try:
        front = services.remember(ledger.log(), url[: MAX_URL + 1])
    except CommonholdError as error:
        return _shown(request, refused=error, typed=url)
    messages.success(request, language_of(request).plainly(N_("%(name)s answers there, and is remembered."), name=words.inert(front.name)))
    return redirect("partners")


@require_POST
def forget(request: HttpRequest) -> HttpResponse:
    """Forget an address; the record's policy stays as it is."""
    try:
        services.forget(ledger.log(), request.POST.get("url", "")[:MAX_URL])
    except CommonholdError as error:
        return _shown(request, refused=error)
    messages.success(request, language_of(request).plainly(N_("The address is forgotten. What the members decided about partners stays.")))
    return redirect("partners")


@require_POST
def decide(request: HttpRequest) -> HttpResponse:
    """Ask the partners for their keys, and go on to the decision that names them."""
    try:
        return redirect(services.decision(read_partners(ledger.log().house)))
    except CommonholdError as error:
        return _shown(request, refused=error)


def invite(request: HttpRequest) -> HttpResponse:
    """What to send to another organisation, so that it keeps this record."""
    told = home.log_told()
    address = ledger.log().address or str(settings.WAGTAILADMIN_BASE_URL)
    return page(
        request,
        "partners/invite.html",
        N_("Invite a partner"),
        "mail",
        name=organisation(),
        vkey=told["vkey"],
        address=address,
        command=services.command(told["vkey"], address),
    )


def _shown(request: HttpRequest, refused: CommonholdError | None = None, typed: str = "") -> HttpResponse:
    spoken, state, told = language_of(request), ledger.state(), home.log_told()
    stand = services.rows(told, read_partners(ledger.log().house))
    rows: list[dict[str, Any]] = [
        {"one": one, "url": row["url"]} for one, row in zip(home.partners(spoken, {"partners": stand}, ledger.now()), stand, strict=True)
    ]
    return page(
        request,
        "partners/partners.html",
        N_("Partners"),
        "site",
        status=HTTPStatus.BAD_REQUEST if refused else HTTPStatus.OK,
        rows=rows,
        wanted=max(ENOUGH - len(rows), 0),
        policy=services.policy(state),
        agreements=[(one, spoken.plainly(words.STATUS[one.status])) for one in services.agreements(state)],
        troubles=home.troubles(spoken, told, state),
        clock=state.clock,
        refused=refused,
        typed=typed[:MAX_URL],
    )
