"""One's own pages: who one is here, devices, sessions, and leaving. What they change is one's own account alone."""

from __future__ import annotations

import json
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from commonhold.house.core import ledger
from commonhold.house.core.access import for_accounts
from commonhold.house.core.links import propose_url
from commonhold.house.core.speech import language, language_of
from commonhold.house.members import accounts, asking, ceremonies, doors, invitations, services, visits
from commonhold.house.members.limits import QUESTIONS, address_of
from commonhold.house.members.models import Passkey, User, Visit
from commonhold.house.members.standing import APPLICANT, MEMBER
from commonhold.house.members.views import BUSY, REFUSED, private
from commonhold.house.members.words import failures, refusal
from commonhold.house.signing.services import hand_in
from commonhold.kernel.errors import CommonholdError, FormatError, ProofError
from commonhold.kernel.record.state import State
from commonhold.pages.language import CODES

MAX_LABEL: Final = 80
MAX_GIVEN: Final = 200_000


def me(request: HttpRequest) -> User:
    """Whose session this is.

    Raises:
        Http404: if it is nobody's; the middleware has sent such a browser to the door before.
    """
    if not isinstance(request.user, User):
        raise Http404
    return request.user


def visit_of(request: HttpRequest) -> Visit:
    """This very session."""
    found: Visit | None = getattr(request, "visit", None)
    if found is None:
        raise Http404
    return found


@for_accounts
@private
@require_http_methods(["GET", "HEAD"])
def welcome(request: HttpRequest) -> HttpResponse:
    """What somebody sees who is no member yet: how they stand, the six words of their passkey, and what happens next."""
    user, visit, state = me(request), visit_of(request), ledger.state()
    kind: str = request.user.standing  # type: ignore[union-attr] # set by the middleware
    if kind == MEMBER:
        return HttpResponseRedirect("/")
    passkey = user.passkeys.filter(key=visit.key).first()
    member = state.member(user.member)
    applies = kind == APPLICANT
    context = {
        "account": user,
        "applies": applies,
        "words": " ".join(services.words_of(passkey)) if passkey is not None else "",
        "is_first": passkey is not None and passkey == services.first_passkey(user),
        "has_kit": member is not None and bool(member.kit),
        "waiting": services.proposals_about(state, user.member, "admit", visit.key)[:3] if applies else [],
        "step": asking.enrolment_step(user, passkey) if passkey is not None and not applies else None,
        "trouble": request.session.pop("trouble", ""),
    }
    return render(request, "members/welcome.html", context)


@for_accounts
@private
@require_http_methods(["GET", "HEAD"])
def own_request(request: HttpRequest) -> HttpResponse:
    """The request for the signer, as a file."""
    user, visit = me(request), visit_of(request)
    passkey = user.passkeys.filter(key=visit.key).first()
    step = asking.enrolment_step(user, passkey) if passkey is not None else None
    if step is None or not step.raw:
        return HttpResponseRedirect("/welcome/")
    response = HttpResponse(step.raw + b"\n", content_type="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="{step.what}-{step.number}.request"'
    return response


@for_accounts
@private
@require_POST
def own_hand_in(request: HttpRequest) -> HttpResponse:
    """Take what the signer gave back as a text; the log judges it, as it judges what anybody brings."""
    try:
        hand_in(request.POST.get("text", "")[:MAX_GIVEN])
    except CommonholdError as error:
        request.session["trouble"] = error.diagnostics()
    return HttpResponseRedirect("/welcome/")


@private
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """Name, address for notices, language, passkeys and sessions of one's own account."""
    user = me(request)
    given = {"name": user.name, "email": user.email, "language": user.language}
    if request.method != "POST":
        return _account(request, user, given)
    given = {name: request.POST.get(name, "")[:254].strip() for name in given}
    try:
        user.name = accounts.check_name(given["name"])
        if given["email"]:
            validate_email(given["email"])
        user.email, user.language = given["email"], given["language"] if given["language"] in CODES else ""
    except ValidationError:
        return _account(request, user, given, FormatError("no address", code="member/email"))
    except CommonholdError as error:
        return _account(request, user, given, error)
    user.save(update_fields=["name", "email", "language"])
    return HttpResponseRedirect("/account/")


@private
@require_POST
def add_question(request: HttpRequest) -> HttpResponse:
    """A question for a further passkey of one's own account."""
    user = me(request)
    if not QUESTIONS.takes(address_of(request)):
        return JsonResponse({"said": refusal(language_of(request), "busy")}, status=BUSY)
    data = {"member": user.member, "user": user.pk}
    return JsonResponse({"options": ceremonies.ask_enrolment(user.member, user.name or user.member, data, list(user.passkeys.all()), user)})


@private
@require_POST
def add_passkey(request: HttpRequest) -> HttpResponse:
    """Take a further passkey into one's own account. To the organisation it is nobody's until the record has it."""
    user = me(request)
    given = {"name": user.name, "email": user.email, "language": user.language}
    try:
        if not request.POST.get("answer"):
            raise ProofError("no answer", code="passkey/absent")
        question, asked = ceremonies.take(request.POST.get("nonce", ""), "enrol")
        if asked.user_id != user.pk:
            raise ProofError("this question was asked for another account", code="passkey/question")
        made = ceremonies.enrolled(question, request.POST["answer"], user)
    except CommonholdError as error:
        return _account(request, user, given, error, "passkey")
    made.name = " ".join(request.POST.get("label", "").split())[:MAX_LABEL]
    made.save(update_fields=["name"])
    return HttpResponseRedirect("/account/#passkeys")


@private
@require_POST
def add_link(request: HttpRequest) -> HttpResponse:
    """A link by which another device of one's own makes a passkey for this account."""
    user = me(request)
    try:
        link = invitations.invite(user.member, member=user.member, name=user.name, days=1)
    except CommonholdError as error:
        return _account(request, user, {"name": user.name, "email": user.email, "language": user.language}, error, "passkey")
    return render(request, "members/link.html", {"link": link, "is_device": True, "code": code_of(link.url)})


@private
@require_POST
def remove_passkey(request: HttpRequest, number: int) -> HttpResponse:
    """Take a passkey out of one's own account at once, and end its sessions."""
    user = me(request)
    found = user.passkeys.filter(pk=number).first()
    if found is not None:
        try:
            accounts.remove_passkey(user, found)
        except CommonholdError as error:
            return _account(request, user, {"name": user.name, "email": user.email, "language": user.language}, error, "passkey")
    return HttpResponseRedirect("/account/#passkeys")


@private
@require_POST
def end_session(request: HttpRequest) -> HttpResponse:
    """End one of one's own sessions, or all but this."""
    user, visit = me(request), visit_of(request)
    if mark := request.POST.get("mark", ""):
        visits.end(user, mark)
    else:
        visits.end_others(user, visit.mark)
    return HttpResponseRedirect("/account/#sessions")


@private
@require_http_methods(["GET", "HEAD"])
def leave(request: HttpRequest) -> HttpResponse:
    """What leaving means, and where it is signed."""
    user = me(request)
    member = ledger.state().member(user.member)
    context = {
        "page_title": language_of(request).plainly("Leave"),
        "page_icon": "user",
        "offices": ledger.state().offices_of(user.member),
        "has_kit": member is not None and bool(member.kit),
        "propose": propose_url("depart", member=user.member),
    }
    return render(request, "members/leave.html", context)


@for_accounts
@private
@require_http_methods(["GET", "HEAD"])
def own_data(request: HttpRequest) -> HttpResponse:
    """All that the house keeps of oneself, as a file."""
    user = me(request)
    value = accounts.own_data(user)
    if getattr(request.user, "standing", "") != MEMBER:
        # Somebody else's passkey may be in this account: it sees itself, and nothing of the others.
        key = visit_of(request).key
        value = {"member": user.member, "passkeys": [row for row in value["passkeys"] if row["key"] == key]}
        if request.user.standing == APPLICANT:  # type: ignore[union-attr] # as above
            value |= {"name": user.name, "email": user.email, "language": user.language}
    response = HttpResponse(json.dumps(value, indent=1, ensure_ascii=False) + "\n", content_type="application/json")
    response.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return response


@for_accounts
@private
@require_POST
def give_up(request: HttpRequest) -> HttpResponse:
    """Whoever is no member yet takes back what they brought: an applicant their account, another only the passkey of this session."""
    user, visit = me(request), visit_of(request)
    kind: str = request.user.standing  # type: ignore[union-attr] # as above
    if kind == MEMBER:
        return HttpResponseRedirect("/account/leave/")
    doors.leave(request)
    if kind == APPLICANT or user.passkeys.count() == 1:
        user.delete()
    else:
        user.passkeys.filter(key=visit.key).delete()
        user.visits.filter(key=visit.key).update(ended="removed")
    return HttpResponseRedirect("/sign-in/?over=deleted")


def code_of(text: str) -> str:
    """A QR code as the address of a picture, for a page without inline styles."""
    import segno  # noqa: PLC0415 - one page alone draws one

    return str(segno.make(text, error="m", micro=False).svg_data_uri(scale=4, border=4, dark="#000", light="#fff"))


def _account(
    request: HttpRequest, user: User, given: dict[str, str], error: CommonholdError | None = None, place: str = ""
) -> HttpResponse:
    spoken, state, visit = language_of(request), ledger.state(), visit_of(request)
    field = place or {"member/name": "name", "member/email": "email"}.get(error.code, "") if error else ""
    context: dict[str, Any] = {
        "page_title": spoken.plainly("Your account"),
        "page_icon": "user",
        "account": user,
        "given": given,
        "wrong": field,
        "said": refusal(spoken, error) if error else "",
        "languages": [(code, language(code).name) for code in settings.CONFIG.languages],
        "passkeys": [_row(user, passkey, visit, state) for passkey in user.passkeys.order_by("pk")],
        "lost": _lost(user, state),
        "visits": visits.live(user),
        "visit": visit,
        "failures": failures(spoken),
    }
    return render(request, "members/account.html", context, status=REFUSED if error else 200)


def _row(user: User, passkey: Passkey, visit: Visit, state: State) -> dict[str, Any]:
    enrolled = state.keyring.get(passkey.key)
    what = "new" if enrolled is None else "revoked" if enrolled.revoked >= 0 else "enrolled"
    payload = services.enrolment_payload(user, passkey) if what == "new" else services.revocation_payload(user, passkey.key)
    propose = propose_url("rotate-key", payload=json.dumps(payload, sort_keys=True)) if what != "revoked" else ""
    words = " ".join(services.words_of(passkey))
    return {"passkey": passkey, "what": what, "is_this": passkey.key == visit.key, "words": words, "propose": propose}


def _lost(user: User, state: State) -> list[dict[str, str]]:
    """The passkeys that the record has of a member and their account has not: still to be revoked, if their device is lost."""
    member, held = state.member(user.member), set(user.passkeys.values_list("key", flat=True))
    keys = [key for key, value in member.keys.items() if value.get("kind") == "passkey" and key not in held] if member is not None else []
    payloads = [(key, services.revocation_payload(user, key)) for key in sorted(keys)]
    return [
        {"key": key[:12], "propose": propose_url("rotate-key", payload=json.dumps(payload, sort_keys=True))} for key, payload in payloads
    ]
