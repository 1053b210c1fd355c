"""*Charter*: the articles as the record has them, what was changed and when, a change to propose, and who could bring about what."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final, cast

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from commonhold.house.charter import services
from commonhold.house.charter.taking import takings
from commonhold.house.core import ledger
from commonhold.house.core.pages import page
from commonhold.house.members.models import User
from commonhold.house.signing.services import make_draft, proposal_body
from commonhold.kernel.charter.articles import is_article_number
from commonhold.kernel.errors import CommonholdError
from commonhold.kernel.messages import N_

MAX_NUMBER: Final = 60


def charter(request: HttpRequest) -> HttpResponse:
    """The charter in force, article by article."""
    state, log = ledger.state(), ledger.log()
    title, preamble = services.heading(log, state.charter.value)
    found = services.articles(log, state.charter)
    return page(
        request,
        "charter/charter.html",
        N_("Charter"),
        "doc-full",
        title=title,
        preamble=preamble,
        articles=found,
        loose=services.loose_rules(state.charter),
        digest=state.charter.digest.hex(),
        missing=[one.number for one in found if one.missing],
    )


def history(request: HttpRequest) -> HttpResponse:
    """Every version of the charter, the newest first."""
    found = services.versions(ledger.state())
    rows = [{"one": one, "before": found[place - 1].digest if place else "", "place": place} for place, one in enumerate(found)]
    return page(request, "charter/history.html", N_("The charter's history"), "history", rows=rows[::-1], several=len(rows) > 1)


def compare(request: HttpRequest) -> HttpResponse:
    """What changed between any two versions."""
    log, found = ledger.log(), services.versions(ledger.state())
    known = {one.digest: one for one in found}
    old, new = known.get(request.GET.get("from", "")), known.get(request.GET.get("to", ""))
    changes, refused, same = None, None, False
    if old and new:
        try:
            changes = services.compared(log, old.value, new.value)
        except CommonholdError as error:
            same, refused = error.code == "amend/nothing", error
    return page(
        request,
        "charter/compare.html",
        N_("Compare two versions of the charter"),
        "history",
        versions=list(enumerate(found)),
        old=old,
        new=new,
        redline=changes,
        refused=refused,
        same=same,
        unknown=bool(request.GET) and not (old and new),
    )


def taking(request: HttpRequest) -> HttpResponse:
    """How few people each kind of decision takes."""
    state = ledger.state()
    found = takings(state)
    return page(
        request,
        "charter/taking.html",
        N_("Who could bring about what"),
        "warning",
        cheaper=[one for one in found if one.cheaper],
        others=found,
        clocked=state.clock is not None,
        unusable=[rule.name for rule in state.charter.rules.values() if rule.unusable],
    )


def change(request: HttpRequest, number: str) -> HttpResponse:
    """One article in a form: other words, what that changes, and on to the signature. What was typed stays, whatever is wrong with it."""
    if len(number) > MAX_NUMBER or not is_article_number(number):
        raise Http404
    state, log = ledger.state(), ledger.log()
    article = next((one for one in services.articles(log, state.charter) if one.number == number), None)
    heading, body = (article.heading, article.body) if article else ("", "")
    context: dict[str, Any] = {}
    status = HTTPStatus.OK
    if request.method == "POST":
        heading, body = request.POST.get("heading", ""), request.POST.get("body", "")
        strike = request.POST.get("do") == "strike"
        try:
            words = "" if strike else f"{' '.join(heading.split())}\n{body[: services.MAX_CHANGE]}"
            if not strike and not (heading.strip() or body.strip()):
                context["empty"] = True
            elif len(body) > services.MAX_CHANGE or len(heading) > services.MAX_CHANGE:
                context["long"], status = services.MAX_CHANGE, HTTPStatus.BAD_REQUEST
            else:
                payload, texts = services.draft_change(state, log, number, words)
                context |= {"redline": services.preview(state, log, payload, texts), "struck": strike}
                if request.POST.get("next") == "propose":
                    made = make_draft(cast(User, request.user), "propose", proposal_body("amend", payload, ledger.now()), texts)
                    return redirect("draft", pk=made.pk)
        except CommonholdError as error:
            context["refused"], status = error, HTTPStatus.BAD_REQUEST
    return page(
        request,
        "charter/change.html",
        N_("Propose a change to article %(number)s"),
        "edit",
        status=status,
        named={"number": number},
        number=number,
        article=article,
        heading=heading,
        body=body,
        **context,
    )
