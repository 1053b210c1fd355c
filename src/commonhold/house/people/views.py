"""*People and offices*: who holds what until when, who the members are, and who is in which body."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse

from commonhold.house.core import ledger
from commonhold.house.core.links import propose_url
from commonhold.house.core.pages import page
from commonhold.house.people import services
from commonhold.kernel.messages import N_


def people(request: HttpRequest) -> HttpResponse:
    """Offices first, then members, then bodies; those who left stand apart."""
    state = ledger.state()
    names = services.names_of(state)
    found = services.members(state, names)
    offices = [{"one": one, "appoint": propose_url("appoint", office=one.name)} for one in services.offices(state, names)]
    return page(
        request,
        "people/people.html",
        N_("People and offices"),
        "group",
        offices=offices,
        members=[one for one in found if one.here],
        departed=[one for one in found if not one.here],
        bodies=services.bodies(state, names),
        clocked=state.clock is not None,
        can_appoint="appoint" in state.charter.by_kind,
    )


def person(request: HttpRequest, member: str) -> HttpResponse:
    """One member: offices, keys, and where their acts stand."""
    state = ledger.state()
    names = services.names_of(state)
    found = services.person(state, member, names)
    if found is None:
        return page(request, "people/nobody.html", N_("Not here"), "warning", status=HTTPStatus.NOT_FOUND)
    return page(
        request,
        "people/person.html",
        N_("%(name)s"),
        "user",
        named={"name": found.name or found.member},
        person=found,
        seats=services.seats_of(state, member, names),
        keys=services.keys(state, member),
        clocked=state.clock is not None,
    )
