"""Inviting people by a link, and those who wait to be admitted: pages of the shell, for members."""

from __future__ import annotations

import datetime
import json
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from commonhold.house.core import ledger
from commonhold.house.core.links import decision_url, propose_url
from commonhold.house.core.speech import language_of
from commonhold.house.members import invitations, services
from commonhold.house.members.models import Invitation, User
from commonhold.house.members.own import code_of, me
from commonhold.house.members.views import REFUSED, private
from commonhold.house.members.words import refusal
from commonhold.kernel.errors import CommonholdError

SHOWN = 100


@private
@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: HttpRequest) -> HttpResponse:
    """Make a link; see one's own, and everybody who waits to be admitted."""
    user = me(request)
    if request.method != "POST":
        return _page(request, user, {"name": "", "member": request.GET.get("member", "")[:32], "days": str(invitations.DAYS)})
    given = {name: request.POST.get(name, "").strip()[:120] for name in ("name", "member", "days")}
    try:
        days = int(given["days"]) if given["days"].isascii() and given["days"].isdigit() else 0
        link = invitations.invite(user.member, member=given["member"], name=given["name"], days=days)
    except CommonholdError as error:
        return _page(request, user, given, error)
    return render(request, "members/link.html", {**_head(request), "link": link, "is_device": False, "code": code_of(link.url)})


@private
@require_POST
def withdraw(request: HttpRequest, number: int) -> HttpResponse:
    """Withdraw one of one's own links."""
    invitations.withdraw(me(request).member, number)
    return HttpResponseRedirect("/invite/#links")


def _page(request: HttpRequest, user: User, given: dict[str, str], error: CommonholdError | None = None) -> HttpResponse:
    own = Invitation.objects.filter(by=user.member).select_related("used_by").order_by("-pk")[:SHOWN]
    state = ledger.state()
    context = {
        **_head(request),
        "given": given,
        "said": refusal(language_of(request), error) if error else "",
        "links": [_row(one) for one in own],
        "applicants": [
            {
                "account": one,
                "proposals": services.proposals_about(state, one.member, "admit")[:3],
                "propose": propose_url("admit", payload=json.dumps(services.admission_payload(one), sort_keys=True)),
            }
            for one in services.applicants()[:SHOWN]
        ],
    }
    for row in context["applicants"]:
        row["open"] = next((decision_url(found.proposal) for found in row["proposals"] if found.status == "open"), "")
    return render(request, "members/invite.html", context, status=REFUSED if error else 200)


def _head(request: HttpRequest) -> dict[str, Any]:
    return {"page_title": language_of(request).plainly("Invite"), "page_icon": "group"}


def _row(invitation: Invitation) -> dict[str, Any]:
    return {
        "invitation": invitation,
        "what": invitations.standing_of(invitation),
        "ends": _posix(invitation.ends),
        "made": _posix(invitation.made),
    }


def _posix(moment: datetime.datetime) -> int:
    return int(moment.timestamp())
