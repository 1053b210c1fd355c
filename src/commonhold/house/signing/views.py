"""From what a member wants to a signature: the form, the page that says it in words, the passkey or the signer, and what comes back."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Final, cast

import segno
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from commonhold.house.core import ledger
from commonhold.house.core.facts import fact_html
from commonhold.house.core.links import decision_url
from commonhold.house.core.speech import language_of
from commonhold.house.members.models import User
from commonhold.house.signing import services
from commonhold.house.signing.forms import ELSEWHERE, FORMS, WHOLE, Asked, form_for
from commonhold.house.signing.models import Draft
from commonhold.kernel import b64
from commonhold.kernel.charter.wording import rule_in_words
from commonhold.kernel.errors import CommonholdError, StoreError
from commonhold.kernel.messages import N_
from commonhold.kernel.record.queries import describe_proposal
from commonhold.kernel.record.request import Request, given_bytes, link_text, parse_given, target_of
from commonhold.kernel.record.state import State

View = Callable[..., HttpResponse]
MAX_CODE: Final = 2_900
"""Bytes that one code holds and a telephone still reads from a screen."""
MAX_LEAF: Final = 100_000
MAX_GIVEN: Final = 8 << 20
ACTS: Final = {
    "accept": N_("Accept"),
    "approve": N_("Approve"),
    "confirm": N_("Let it pass"),
    "object": N_("Object"),
    "withdraw-approval": N_("Take your approval back"),
    "withdraw-delegation": N_("End the delegation"),
    "withdraw-objection": N_("Take your objection back"),
    "withdraw-proposal": N_("Take the proposal back"),
    "withdraw-seat": N_("Leave the office"),
}
PROPOSED: Final = N_("Propose a decision of kind %(kind)s")


def _user(request: HttpRequest) -> User:
    return cast(User, request.user)


def _own(view: View) -> View:
    """The draft of whoever is signed in, and nobody else's."""

    @wraps(view)
    def checked(request: HttpRequest, pk: int) -> HttpResponse:
        return view(request, get_object_or_404(Draft, pk=pk, user=_user(request)))

    return checked


@require_GET
def kinds(request: HttpRequest) -> HttpResponse:
    """Every kind of decision that the charter has, and who decides it."""
    state = ledger.state()
    rows = [
        {
            "kind": kind,
            "rules": [(state.charter.rules[name].article, rule_in_words(state.charter.rules[name])) for name in names],
            "elsewhere": kind in ELSEWHERE,
            "whole": kind in WHOLE,
        }
        for kind, names in sorted(state.charter.by_kind.items())
    ]
    return render(
        request, "signing/kinds.html", {"page_title": language_of(request).plainly(N_("Propose")), "page_icon": "edit", "rows": rows}
    )


def propose(request: HttpRequest, kind: str) -> HttpResponse:
    """The form for a decision of one kind; what was typed stays, whatever is wrong with it."""
    state, spoken = ledger.state(), language_of(request)
    if kind not in state.charter.by_kind and kind not in {"depart", "succeed", "delegate"}:
        raise Http404
    title = spoken.plainly(PROPOSED, kind=kind)
    if kind in ELSEWHERE:
        return render(request, "signing/elsewhere.html", {"page_title": title, "kind": kind, "page_icon": "edit"})
    made = form_for(kind)
    if request.method == "POST":
        form = made(request.POST, kind=kind, state=state, spoken=spoken)
        if form.is_valid():
            try:
                payload, texts = form.made()
                body = services.proposal_body(kind, payload, int(time.time()))
                draft = services.make_draft(_user(request), "propose", body, texts)
            except CommonholdError as error:
                form.add_error(None, error.diagnostics())
            else:
                return redirect("draft", pk=draft.pk)
    else:
        form = made(kind=kind, state=state, spoken=spoken, initial=_initial(request, made))
    rules = [(state.charter.rules[name].article, rule_in_words(state.charter.rules[name])) for name in state.charter.by_kind.get(kind, ())]
    context = {
        "page_title": title,
        "page_icon": "edit",
        "form": form,
        "kind": kind,
        "rules": rules,
        "is_whole": made is FORMS.get(kind) or kind in WHOLE,
    }
    return render(request, "signing/propose.html", context)


def _initial(request: HttpRequest, made: type[Asked]) -> dict[str, Any]:
    found: dict[str, Any] = {name: request.GET[name][:20_000] for name in made.base_fields if name in request.GET}
    if "holders" in found:
        found["holders"] = request.GET.getlist("holders")
    return found


def act(request: HttpRequest, type: str, target: str) -> HttpResponse:
    """One act about something that is in the record: what it is, and the button that begins it."""
    state, spoken = ledger.state(), language_of(request)
    if type not in ACTS or not _is_there(state, type, target):
        raise Http404
    typed = request.POST.get("reason", "")
    if request.method == "POST":
        try:
            draft = _begin(_user(request), type, target, typed)
        except CommonholdError as error:
            messages.error(request, error.diagnostics())
        else:
            return redirect("draft", pk=draft.pk)
    proposal = describe_proposal(state, target) if state.proposal(target) is not None else None
    context = {
        "page_title": spoken.plainly(ACTS[type]),
        "page_icon": "check",
        "type": type,
        "proposal": proposal,
        "facts": _facts(request, state, Draft(type="approve", body={"proposal": target}, texts={})) if proposal else [],
        "typed": typed,
    }
    return render(request, "signing/act.html", context)


def _is_there(state: State, type: str, target: str) -> bool:
    if type in {"withdraw-seat", "withdraw-delegation"}:
        return len(target) <= 64
    return state.proposal(target) is not None or (type == "accept" and target == state.org)


def _begin(user: User, type: str, target: str, reason: str) -> Draft:
    if type == "accept":
        return services.make_draft(user, "accept", {"of": target})
    if type.startswith("withdraw-"):
        return services.make_draft(user, "withdraw", {"what": type.removeprefix("withdraw-"), "of": target})
    body: dict[str, Any] = {"proposal": target}
    texts: dict[str, bytes] = {}
    if type == "object" and reason.strip():
        digest, raw = services.new_text(reason)
        body["reason"] = digest
        texts[digest] = raw
    return services.make_draft(user, type, body, texts)


@require_GET
def drafts(request: HttpRequest) -> HttpResponse:
    """What one has begun and not signed yet, and what was recorded lately."""
    services.settle(_user(request))
    state, user = ledger.state(), _user(request)
    rows = [{"draft": draft, "title": _title(request, state, draft)} for draft in Draft.objects.filter(user=user)[:100]]
    context = {
        "page_title": language_of(request).plainly(N_("To sign")),
        "page_icon": "key",
        "waiting": [row for row in rows if not cast(Draft, row["draft"]).entry],
        "done": [row for row in rows if cast(Draft, row["draft"]).entry][:10],
    }
    return render(request, "signing/drafts.html", context)


@require_GET
@_own
def draft(request: HttpRequest, draft: Any) -> HttpResponse:
    """An act in words, whole, and how to sign it."""
    services.settle(_user(request))
    draft.refresh_from_db()
    state, user = ledger.state(), _user(request)
    try:
        told = services.tell(state, draft)
    except CommonholdError as error:
        return render(request, "signing/draft.html", {**_page(request, state, draft), "unsayable": error})
    rehearsed = services.rehearse(state, user, draft)
    target = target_of(draft.type, draft.body)
    context = {
        **_page(request, state, draft),
        "facts": [fact_html(language_of(request), fact) for fact in told.facts],
        "texts": [(fact_html(language_of(request), shown.heading), shown.text) for shown in told.texts],
        "articles": told.articles,
        "refusal": rehearsed.refusal,
        "compare": services.needs_comparison(state, draft),
        "about": target if state.proposal(target) is not None else "",
        "number": Request(state.org, state.epoch, draft.type, draft.body).number,
    }
    if not draft.entry and rehearsed.refusal is None and draft.leaf is None:
        context["everyday"] = services.everyday(state, user, draft)
        if context["everyday"] is None:
            context |= _request_context(state, user, draft)
    return render(request, "signing/draft.html", context)


def _page(request: HttpRequest, state: State, draft: Draft) -> dict[str, Any]:
    proposed = draft.entry if draft.type == "propose" else target_of(draft.type, draft.body)
    return {
        "page_title": _title(request, state, draft),
        "page_icon": "key",
        "draft": draft,
        "decision": decision_url(proposed) if state.proposal(proposed) is not None else "",
    }


def _request_context(state: State, user: User, draft: Draft) -> dict[str, Any]:
    try:
        raw = services.request_for(state, user, draft).to_bytes()
    except CommonholdError as error:
        return {"no_request": error}
    link = f"signer.html#{link_text(raw)}"
    return {"link": link, "is_small": len(link) < MAX_CODE, "bytes": len(raw)}


def _title(request: HttpRequest, state: State, draft: Draft) -> str:
    spoken = language_of(request)
    if draft.type == "propose":
        return spoken.plainly(PROPOSED, kind=draft.body["kind"])
    name = f"withdraw-{draft.body['what']}" if draft.type == "withdraw" else draft.type
    title = spoken.plainly(ACTS.get(name, N_("Sign")))
    proposal = state.proposal(target_of(draft.type, draft.body))
    return f"{title}: {proposal.kind}" if proposal is not None else title


def _facts(request: HttpRequest, state: State, draft: Draft) -> list[Any]:
    try:
        return [fact_html(language_of(request), fact) for fact in services.tell(state, draft).facts]
    except CommonholdError:
        return []


@require_POST
@_own
def sign(request: HttpRequest, draft: Any) -> HttpResponse:
    """Take what a passkey signed; the answer is for the page's script."""
    try:
        leaf = b64.decode(str(json.loads(request.body[:MAX_LEAF])["leaf"]), what="entry")
        if draft.entry:
            # A second press, or a second window: the first one counted.
            return JsonResponse({"ok": True, "next": _next(draft)})
        services.record(_user(request), draft, leaf)
    except (ValueError, KeyError, TypeError):
        return JsonResponse(
            {"ok": False, "words": language_of(request).plainly(N_("The page sent something else than a signature. Load it again."))},
            status=400,
        )
    except StoreError as error:
        return JsonResponse({"ok": False, "kept": True, "words": error.diagnostics(), "next": f"/drafts/{draft.pk}/"}, status=503)
    except CommonholdError as error:
        return JsonResponse({"ok": False, "code": error.code, "words": error.diagnostics()}, status=409)
    return JsonResponse({"ok": True, "next": _next(draft)})


def _next(draft: Draft) -> str:
    return f"/drafts/{draft.pk}/"


@require_POST
@_own
def retry(request: HttpRequest, draft: Any) -> HttpResponse:
    """Bring a signature again that could not be recorded."""
    try:
        services.retry(draft)
    except CommonholdError as error:
        messages.error(request, error.diagnostics())
    return redirect("draft", pk=draft.pk)


@require_POST
@_own
def delete(request: HttpRequest, draft: Any) -> HttpResponse:
    """Throw an act away that was not signed; what is in the record stays there."""
    draft.delete()
    messages.success(request, language_of(request).plainly(N_("Thrown away. Nothing was signed.")))
    return redirect("drafts")


@require_GET
@_own
def state_of(request: HttpRequest, draft: Any) -> HttpResponse:
    """Whether the record has the act by now; a page that waits for the signer asks."""
    services.settle(_user(request))
    draft.refresh_from_db()
    return JsonResponse({"entry": draft.entry})


@require_GET
@_own
def request_file(request: HttpRequest, draft: Any) -> HttpResponse:
    """The request for the signer, as a file."""
    try:
        raw = services.request_for(ledger.state(), _user(request), draft).to_bytes()
    except CommonholdError as error:
        messages.error(request, error.diagnostics())
        return redirect("draft", pk=draft.pk)
    answer = HttpResponse(raw + b"\n", content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="sign-{draft.pk}.request"'
    return answer


@require_GET
@_own
def request_code(request: HttpRequest, draft: Any) -> HttpResponse:
    """The request for the signer, as a code to be photographed."""
    try:
        raw = services.request_for(ledger.state(), _user(request), draft).to_bytes()
    except CommonholdError:
        raise Http404 from None
    link = f"signer.html#{link_text(raw)}"
    if len(link) >= MAX_CODE:
        raise Http404
    out = io.BytesIO()
    segno.make(link, error="l", micro=False).save(out, kind="svg", scale=4, border=4, dark="#000", light="#fff")
    return HttpResponse(out.getvalue(), content_type="image/svg+xml")


def hand_in(request: HttpRequest) -> HttpResponse:
    """Take an act that was signed in the signer and came back as a link, a text or a file."""
    typed = request.POST.get("text", "")[:MAX_GIVEN]
    trouble = ""
    if request.method == "POST":
        upload = request.FILES.get("file")
        try:
            if upload is not None and (upload.size or 0) > MAX_GIVEN:
                raise StoreError(language_of(request).plainly(N_("That file is far too large for an act.")), code="act/too-large")
            given: bytes | str = upload.read() if upload is not None else typed
            name, by, new = services.hand_in(_unwrapped(given))
        except CommonholdError as error:
            trouble = error.diagnostics()
        else:
            spoken = language_of(request)
            words = N_("%(name)s's act is in the record.") if new else N_("The record had %(name)s's act already.")
            messages.success(request, spoken.plainly(words, name=by))
            state = ledger.state()
            entry = state.ids.get(name)
            return redirect(decision_url(name) if state.proposal(name) is not None else f"/record/{entry}/")
    context = {
        "page_title": language_of(request).plainly(N_("Hand in what you signed")),
        "page_icon": "upload",
        "typed": typed,
        "trouble": trouble,
    }
    return render(request, "signing/hand_in.html", context, status=400 if trouble else 200)


def _unwrapped(given: bytes | str) -> bytes | str:
    """What was given, unless it is the request itself, which people mistake for what they signed.

    Raises:
        FormatError: ``hand-in/request`` for a request.
    """
    from commonhold.kernel.errors import FormatError  # noqa: PLC0415 - one use

    try:
        parse_given(given.decode() if isinstance(given, bytes) else given)
    except (CommonholdError, UnicodeDecodeError):
        return given_bytes(given) if isinstance(given, str) else given
    raise FormatError(
        "this is the request, and not what was signed",
        code="hand-in/request",
        next_step="Open it in your signer, sign it there, and bring what the signer gives you.",
    )
