"""The two ceremonies with passkeys, as the house keeps them: a question is offered, taken out of the table, and only then is the answer looked at.

``kernel.passkeys`` says what an answer must be. Here: which passkeys there are, and that a question is answered once, within five minutes, for what it
was asked for. A house that was restored from a mirror has no table of passkeys; the record has their keys, so whoever is enrolled there signs in as before.
"""

from __future__ import annotations

import datetime
import json
import secrets
from typing import Any, Final

from django.conf import settings
from django.db import IntegrityError, transaction

from commonhold.house.core import ledger
from commonhold.house.core.naming import organisation
from commonhold.house.members.models import Ceremony, Passkey, User
from commonhold.kernel import b64, keys
from commonhold.kernel.errors import FormatError, ProofError, RuleError
from commonhold.kernel.passkeys import (
    ANSWER_SECONDS,
    ENROL,
    NONCE_BYTES,
    SIGN_IN,
    Answer,
    Question,
    Site,
    enrolment_options,
    parse_answer,
    parse_enrolment,
    sign_in_options,
    user_id,
    verify_enrolment,
    verify_sign_in,
)
from commonhold.kernel.record.state import State

PURPOSES: Final = {"sign-in": SIGN_IN, "enrol": ENROL}
MAX_OPEN: Final = 2_000
"""Questions that wait for an answer; the oldest go first. More than any house has people, and soon through."""
MAX_ANSWER: Final = 40_000
MAX_PASSKEYS: Final = 16


def site() -> Site:
    """Where this house's passkeys work."""
    return Site(settings.CONFIG.host, (settings.CONFIG.url,))


def ask_sign_in() -> dict[str, Any]:
    """A question for whoever comes, as ``passkey.js`` takes it."""
    return sign_in_options(_ask("sign-in"), site())


def ask_enrolment(
    member: str, label: str, data: dict[str, Any], held: list[Passkey] | None = None, user: User | None = None
) -> dict[str, Any]:
    """A question for a new passkey, as ``passkey.js`` takes it.

    Args:
        label: what the device will call it.
        data: what the answer is held to.
        held: the passkeys beside which it is to stand: a device that holds one of them makes no second, which would take the first one's place.
    """
    state = ledger.state()
    return enrolment_options(
        _ask("enrol", data, user),
        site(),
        site_name=organisation() or "Commonhold",
        user=user_id(state.org, member),
        user_name=label,
        held=[(bytes(passkey.credential), passkey.transports) for passkey in held or ()],
    )


def take(nonce: str, what: str) -> tuple[Question, Ceremony]:
    """The question that somebody answers, out of the table for good, whatever the answer is.

    Raises:
        ProofError: ``passkey/question`` if it was never asked, or was answered; ``passkey/expired`` after five minutes.
    """
    try:
        raw = b64.decode(nonce[:64], length=NONCE_BYTES, what="question")
    except FormatError:
        raw = b""
    found = Ceremony.objects.filter(challenge=raw, what=what).first() if raw else None
    # Two answers at once: one of them deletes it, and only that one goes on.
    if found is None or not Ceremony.objects.filter(pk=found.pk).delete()[0]:
        raise ProofError("this question was answered before, or never asked", code="passkey/question", next_step="Try again.")
    asked = Question(PURPOSES[what], raw, int(found.ends.timestamp()) - ANSWER_SECONDS)
    asked.check(PURPOSES[what], ledger.now())
    return asked, found


def signed_in(nonce: str, answer: str) -> Passkey:
    """The passkey with which somebody has just signed in.

    Raises:
        ProofError, FormatError: if they have not. Nothing tells an unknown passkey from a wrong signature.
    """
    question, _ = take(nonce, "sign-in")
    sent, state = parse_answer(_json(answer)), ledger.state()
    if settings.CONFIG.url in state.part("origins"):
        raise ProofError("this house's own origin is suspended", code="webauthn/origin-suspended", next_step="Ask a member where to go.")
    found = Passkey.objects.select_related("user").filter(credential=sent.credential_id).first()
    if found is None:
        return _from_record(state, question, sent)
    public = keys.Passkey(found.alg, bytes(found.spki), found.rp_id, (found.origin,))
    verify_sign_in(question, sent, public, user_id(state.org, found.user.member), ledger.now(), frozenset(state.part("origins")))
    if public.key_id != found.key:
        raise _unknown()
    found.used, found.backed_up = _moment(ledger.now()), sent.backup[1]
    found.save(update_fields=["used", "backed_up"])
    return found


def enrolled(question: Question, answer: str, user: User) -> Passkey:
    """A new passkey of an account.

    Raises:
        ProofError, FormatError: if no authenticator made it for this question. RuleError: ``passkey/known`` if it is somebody's, or was ever in the
            record; ``passkey/many`` for a seventeenth.
    """
    sent, place = parse_enrolment(_json(answer)), site()
    verify_enrolment(question, sent, place, ledger.now())
    public = sent.passkey(place)
    if public.key_id in ledger.state().keyring:
        raise _known()
    if user.passkeys.count() >= MAX_PASSKEYS:
        raise RuleError(
            f"an account has at most {MAX_PASSKEYS} passkeys", code="passkey/many", next_step="Remove one that you do not use any more."
        )
    try:
        with transaction.atomic():
            return _keep(user, sent.credential_id, public, list(sent.transports), backed_up=sent.backup[1])
    except IntegrityError:
        raise _known() from None


def _from_record(state: State, question: Question, sent: Answer) -> Passkey:
    """A passkey that the record has and the tables have not: whoever holds it gets their account again."""
    member = next((name for name in state.part("members") if user_id(state.org, name) == sent.user_id), "")
    found = state.member(member) if member else None
    for key in found.keys if found is not None else ():
        public = state.public[key]
        if not isinstance(public, keys.Passkey) or public.rp_id != site().rp_id:
            continue
        try:
            verify_sign_in(question, sent, public, sent.user_id, ledger.now(), frozenset(state.part("origins")))
        except ProofError:
            continue
        if Passkey.objects.filter(key=key).exists():
            break
        with transaction.atomic():
            user, _ = User.objects.get_or_create(member=member, defaults={"handle": sent.user_id})
            return _keep(user, sent.credential_id, public, [], backed_up=sent.backup[1])
    raise _unknown()


def _keep(user: User, credential: bytes, public: keys.Passkey, transports: list[str], *, backed_up: bool) -> Passkey:
    return Passkey.objects.create(
        user=user,
        credential=credential,
        key=public.key_id,
        alg=public.alg,
        spki=public.spki,
        rp_id=public.rp_id,
        origin=settings.CONFIG.url,
        transports=transports,
        backed_up=backed_up,
    )


def _ask(what: str, data: dict[str, Any] | None = None, user: User | None = None) -> Question:
    now = ledger.now()
    Ceremony.objects.filter(ends__lt=_moment(now)).delete()
    surplus = Ceremony.objects.order_by("-pk").values_list("pk", flat=True)[MAX_OPEN:]
    if over := list(surplus):
        Ceremony.objects.filter(pk__in=over).delete()
    nonce = secrets.token_bytes(NONCE_BYTES)
    Ceremony.objects.create(challenge=nonce, what=what, user=user, data=data or {}, ends=_moment(now + ANSWER_SECONDS))
    return Question(PURPOSES[what], nonce, now)


def _json(text: str) -> object:
    try:
        if len(text) > MAX_ANSWER:
            raise ValueError("too long")
        return json.loads(text)
    except (ValueError, RecursionError):
        raise FormatError("the browser's answer cannot be read", code="passkey/fields", next_step="Load the page again.") from None


def _moment(time: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(time, datetime.UTC)


def _unknown() -> ProofError:
    return ProofError("the passkey is not one that this house knows", code="passkey/unknown")


def _known() -> RuleError:
    return RuleError("this passkey is known already", code="passkey/known", next_step="Begin again; your device makes a new one.")
