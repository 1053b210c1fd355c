"""Coming in and going out: sign in, join by an invitation, sign out, and what to do when everything is lost."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, Final, ParamSpec

from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_http_methods, require_POST

from commonhold.house.core import ledger
from commonhold.house.core.access import for_accounts, for_everybody
from commonhold.house.core.speech import DJANGO, language, language_of
from commonhold.house.members import accounts, ceremonies, doors, invitations
from commonhold.house.members.limits import LINKS, QUESTIONS, address_of
from commonhold.house.members.models import Ceremony, Invitation, Passkey, User
from commonhold.house.members.standing import MEMBER
from commonhold.house.members.words import ENDED, failures, refusal
from commonhold.kernel.charter.wording import rule_in_words
from commonhold.kernel.errors import CommonholdError, ProofError, RuleError
from commonhold.pages.language import CODES

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
REFUSED: Final = 403
BUSY: Final = 429
FIELDS: Final = ("name", "member", "language")
MAX_FIELD: Final = 200


def private(view: View[P]) -> View[P]:
    """A page that stays in no cache, and whose address no other page learns."""

    @wraps(view)
    def shown(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response.headers["Cache-Control"] = "no-store"
        # The address of a link holds a secret, and no request carries it on. (`no-referrer` would make browsers hide the form's origin, too.)
        response.headers["Referrer-Policy"] = "strict-origin"
        return response

    return shown


@for_everybody
@private
@ensure_csrf_cookie
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Ask for a passkey; take its answer. Nobody gives a name, and every refusal but of time reads the same."""
    target = doors.safe_next(request, request.POST.get("next") or request.GET.get("next"))
    if request.method != "POST":
        if request.user.is_authenticated:
            return HttpResponseRedirect(target)
        over = ENDED.get(request.GET.get("over", "") or getattr(request, "ended", ""), "")
        return _door(request, target, language_of(request).say(over) if over else "")
    if not QUESTIONS.takes(address_of(request)):
        return _door(request, target, refusal(language_of(request), "busy"), BUSY)
    try:
        if not request.POST.get("answer"):
            raise ProofError("no answer", code="passkey/absent")
        passkey = ceremonies.signed_in(request.POST.get("nonce", ""), request.POST["answer"])
    except CommonholdError as error:
        if request.user.is_authenticated:
            # A double click: the first answer was taken, and the second came too late for the same question.
            return HttpResponseRedirect(target)
        return _door(request, target, refusal(language_of(request), error, coming_in=True), REFUSED)
    found = doors.enter(request, passkey)
    if found.why:
        return _door(request, target, language_of(request).say(ENDED[found.why]), REFUSED)
    return HttpResponseRedirect(target if found.kind == MEMBER else "/welcome/")


@for_everybody
@private
@require_POST
def passkey_question(request: HttpRequest) -> HttpResponse:
    """A question for whoever wants to sign in."""
    return JsonResponse({"options": ceremonies.ask_sign_in()}) if QUESTIONS.takes(address_of(request)) else _busy(request)


@for_accounts
@private
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End this session."""
    doors.leave(request)
    return HttpResponseRedirect("/sign-in/?over=out")


@for_everybody
@private
@ensure_csrf_cookie
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, secret: str) -> HttpResponse:
    """Make an account by an invitation, or another passkey for one: name, pseudonym, language, passkey, done."""
    if not LINKS.takes(address_of(request)):
        return render(request, "members/no_invitation.html", {"what": "busy"}, status=BUSY)
    invitation = invitations.find(secret)
    what = invitations.standing_of(invitation)
    if invitation is None or what != invitations.OPEN:
        if invitation is not None and invitation.used_by_id is not None and invitation.used_by_id == request.user.pk:
            # Back, or a second click: it is done.
            return HttpResponseRedirect("/welcome/")
        return render(request, "members/no_invitation.html", {"what": what}, status=404)
    if request.user.is_authenticated and request.method != "POST":
        return render(request, "members/no_invitation.html", {"what": "signed-in"})
    if request.method != "POST":
        return _form(request, invitation, secret, _first_words(request, invitation))
    given = _given(request, invitation)
    try:
        passkey = _joined(request, invitation, given)
    except CommonholdError as error:
        return _form(request, invitation, secret, given, error, REFUSED)
    doors.enter(request, passkey)
    return HttpResponseRedirect("/welcome/")


@for_everybody
@private
@require_POST
def join_question(request: HttpRequest, secret: str) -> HttpResponse:
    """A question for the passkey of a new account, once its names may be what they are."""
    if not LINKS.takes(address_of(request)):
        return _busy(request)
    invitation = invitations.find(secret)
    if invitation is None or invitations.standing_of(invitation) != invitations.OPEN:
        return JsonResponse({"again": True})
    given = _given(request, invitation)
    try:
        _check(invitation, given)
    except CommonholdError:
        # The form is sent as it is, and comes back with the reason beside the words that were written.
        return JsonResponse({"again": True})
    own = User.objects.filter(member=invitation.member).first() if invitation.member and invitation.by == invitation.member else None
    held = list(own.passkeys.all()) if own is not None else []
    data = {**given, "invitation": invitation.pk}
    return JsonResponse({"options": ceremonies.ask_enrolment(given["member"], given["name"] or given["member"], data, held)})


@for_everybody
@private
@require_http_methods(["GET", "HEAD"])
def lost(request: HttpRequest) -> HttpResponse:
    """What somebody does who has neither passkey nor kit any more, by this charter. It says nothing of anybody."""
    charter = ledger.state().charter
    rules = [charter.rules[name] for name in charter.by_kind.get("recover-member", ())]
    context = {"rules": [(rule.article, rule_in_words(rule)) for rule in rules]}
    return render(request, "members/lost.html", context)


def _busy(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"said": refusal(language_of(request), "busy")}, status=BUSY)


def _door(request: HttpRequest, target: str, said: str, status: int = 200) -> HttpResponse:
    context = {"next": target, "said": said, "failures": failures(language_of(request))}
    return render(request, "members/sign_in.html", context, status=status)


def _first_words(request: HttpRequest, invitation: Invitation) -> dict[str, str]:
    used = accounts.taken(ledger.state(), invitation.pk)
    return {"name": invitation.name, "member": invitation.member or accounts.suggestion(used), "language": language_of(request).code}


def _given(request: HttpRequest, invitation: Invitation) -> dict[str, str]:
    """What was written, as it was written; whoever is invited under a pseudonym that the record has keeps it."""
    given = {name: request.POST.get(name, "")[:MAX_FIELD].strip() for name in FIELDS}
    return {**given, "member": invitation.member or given["member"]}


def _check(invitation: Invitation, given: dict[str, str]) -> None:
    """Pass in silence if an account may be made of this."""
    if given["language"] not in CODES:
        given["language"] = "en"
    if invitation.member:
        if not User.objects.filter(member=invitation.member).exists():
            given["name"] = accounts.check_name(given["name"])
        return
    accounts.check_pseudonym(given["member"], accounts.taken(ledger.state(), invitation.pk))
    given["name"] = accounts.check_name(given["name"])


def _joined(request: HttpRequest, invitation: Invitation, given: dict[str, str]) -> Passkey:
    """The passkey of a new account, or a further one; all of it, or nothing.

    Raises:
        CommonholdError: for names that may not be, a passkey that was not made for this, or an invitation that somebody used meanwhile.
    """
    if not request.POST.get("answer"):
        _check(invitation, given)
        raise ProofError("no answer", code="passkey/absent")
    question, asked = ceremonies.take(request.POST.get("nonce", ""), "enrol")
    _check(invitation, given)
    _check_asked(asked, invitation, given)
    try:
        with transaction.atomic():
            user = User.objects.filter(member=given["member"]).first() if invitation.member else None
            user = user or accounts.make(given["member"], given["name"], given["language"])
            invitations.use(invitation, user)
            return ceremonies.enrolled(question, request.POST["answer"], user)
    except IntegrityError:
        raise RuleError("somebody took this pseudonym in the same moment", code="member/taken") from None


def _check_asked(asked: Ceremony, invitation: Invitation, given: dict[str, str]) -> None:
    if asked.data.get("invitation") != invitation.pk or asked.data.get("member") != given["member"]:
        raise ProofError("this question was asked for another account", code="passkey/question")


def _form(
    request: HttpRequest,
    invitation: Invitation,
    secret: str,
    given: dict[str, str],
    error: CommonholdError | None = None,
    status: int = 200,
) -> HttpResponse:
    spoken = language_of(request)
    field = {"id/member": "member", "member/taken": "member", "member/name": "name"}.get(error.code, "passkey") if error else ""
    context = {
        "secret": secret,
        "invitation": invitation,
        "given": given,
        "is_device": bool(invitation.member) and invitation.by == invitation.member,
        "has_account": bool(invitation.member) and User.objects.filter(member=invitation.member).exists(),
        "languages": [(code, language(code).name, DJANGO.get(code, code)) for code in settings.CONFIG.languages],
        "wrong": field,
        "said": refusal(spoken, error) if error else "",
        "failures": failures(spoken),
    }
    return render(request, "members/join.html", context, status=status)
