"""What people can really do at their providers, as changes of answers: each can be answered in again, and the register computed anew.

A remedy is a proposal. Whether a provider offers it, the people who sign in there know; the sentence says what to do, not how.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from commonhold.kernel.custody.interview.answers import NONE, SIGNS, TOGETHER, UNKNOWN, YES, Interview, Thing
from commonhold.kernel.custody.interview.kinds import KINDS
from commonhold.kernel.custody.interview.questions import Question
from commonhold.kernel.messages import N_


@dataclass(frozen=True, slots=True)
class Remedy:
    """One thing to do.

    Args:
        text: the message; it may use ``%(thing)s``, ``%(people)s`` and ``%(other)s``.
        thing: the id of the thing that it is about.
        changes: the answers as they would be then: (thing, question, tokens).
        people: the ids of the people whom the message names.
        other: the id of another thing that it names.
        cost: how much it asks of people; 0 is to look something up.
        hoped: whether the result holds only if what is looked up turns out well.
    """

    text: str
    thing: str
    changes: tuple[tuple[str, str, tuple[str, ...]], ...]
    people: tuple[str, ...] = field(default=())
    other: str = ""
    cost: int = 1
    hoped: bool = False

    def done(self, interview: Interview) -> Interview:
        """The interview as it would be then."""
        for id_, question, tokens in self.changes:
            thing = interview.thing(id_)
            assert thing is not None, "a remedy is for a thing of this interview"  # noqa: S101 - it was made from it
            interview = interview.replacing(thing.answering(question, tokens))
        return interview


_SEAL = {
    "page": N_(
        "Keep one administrator account for %(thing)s, not a private one. Seal its password, so that two of %(people)s open it together. All others only post."
    ),
    "code": N_(
        "Keep one owner account for %(thing)s. Seal its password, so that two of %(people)s open it together. All others only change the code."
    ),
    "list": N_("Keep one administrator account for %(thing)s. Seal its password, so that two of %(people)s open it together."),
    "mailbox": N_(
        "Keep %(thing)s for password resets alone, and take another mailbox for daily mail. Change its password, and seal the new one, so that two of %(people)s open it together."
    ),
    "channel": N_(
        "Move %(thing)s to an account of the organisation as its primary owner. Seal its password, so that two of %(people)s open it together."
    ),
    "app": N_(
        "Make an account of the organisation the holder of %(thing)s. Seal its password, so that two of %(people)s open it together."
    ),
}
_SEAL_LOGIN = N_("Change the password of %(thing)s, and seal the new one, so that two of %(people)s open it together.")
_SEAL_BOTH = N_(
    "Change the password of %(thing)s, and seal the new one together with what the second step needs, so that two of %(people)s open it together."
)
_HAND_OVER = N_(
    "Ask those who have left to hand over %(thing)s. Then change its password, and seal the new one, so that two of %(people)s open it together."
)
_HAND_OVER_GROUP = N_(
    "Ask those who have left to make an account of the organisation administrator of %(thing)s. Seal its password, so that two of %(people)s open it together."
)
_SEAL_PORTFOLIO = N_("Seal the business account above %(thing)s, so that two of %(people)s open it together.")
_SEAL_ADMIN = N_("Seal the administrator's account above %(thing)s, so that two of %(people)s open it together.")
_SEAL_ROOT = N_("Seal the administrator's key of the machine %(thing)s, so that two of %(people)s open it together.")
_SEALS = {"portfolio": _SEAL_PORTFOLIO, "root": _SEAL_ROOT}
_LOOK_UP = {
    "reset_mail": N_("Look up to which mailbox the reset messages of %(thing)s go."),
    "reset_phone": N_("Look up which phone number can open %(thing)s."),
    "portfolio": N_("Look up whether %(thing)s belongs to a business account, and who controls that."),
    "domain": N_("Look up at which domain %(thing)s is, and who controls it."),
    "contract": N_("Look up in whose name %(thing)s is."),
    "holder": N_("Look up who has the phone or the SIM card of %(thing)s."),
    "admins": N_("Look up who the administrators of %(thing)s are."),
}
_LOOK_UP_SERVICE = N_("Look up who administers the mail service of %(thing)s, and could set a new password.")
_ASK_ADMINISTRATORS = N_(
    "Ask the administrators of %(thing)s whether anybody else reads the mailbox through which their password can be reset."
)
_NO_SHARED_RESET = N_("Let no account of an administrator of %(thing)s be reset through a mailbox that others read.")
_NO_RESET = {
    "reset_mail": N_("Take the reset mailbox out of the settings of %(thing)s, or let it go to a mailbox that nobody opens alone."),
    "reset_phone": N_("Take the phone number out of the settings of %(thing)s."),
}
# A registry lock costs money, and not every registry has one.
_CONFIRMED = {
    "lock": (N_("Order a registry lock for %(thing)s."), 5),
    "pin": (N_("Agree on a password or PIN with the phone company of %(thing)s."), 1),
}
_CHANGED = N_("Change the password of %(thing)s, and take away the access of everybody who has left or is not known.")
_TAKEN_AWAY = N_("Take away the access to %(thing)s of everybody who has left or is not known.")
MANY = 3
"""Of how many people two open what is sealed: one may be away."""


def remedies(interview: Interview, thing: Thing) -> Iterator[Remedy]:
    """Everything that could be done about one thing, whether it helps or not."""
    inside = tuple(person.id for person in interview.people if person.inside)
    for asked in KINDS[thing.kind].questions:
        tokens = thing.answers.get(asked.id)
        if asked.takes == "people":
            yield from _about_people(thing, asked, tokens, inside)
        if asked.id in _LOOK_UP:
            yield from _about_recovery(interview, thing, asked, tokens, inside)
        if asked.takes == "yesno" and tokens != (YES,):
            text, cost = _CONFIRMED[asked.id]
            yield Remedy(text, thing.id, ((thing.id, asked.id, (YES,)),), cost=cost)


def _about_people(thing: Thing, asked: Question, tokens: tuple[str, ...] | None, inside: tuple[str, ...]) -> Iterator[Remedy]:
    given = tokens or ()
    named = tuple(token for token in given if token not in SIGNS)
    ours = tuple(id_ for id_ in named if id_ in inside)
    others = tuple(id_ for id_ in inside if id_ not in named)
    strangers = tuple(id_ for id_ in named if id_ not in inside)
    if asked.id == "second_step":
        yield from _second_step(thing, named, inside)
    elif asked.id == "copy":
        if len(ours) < 2 and others:
            new = (*ours, *others)[:2]
            text = N_("Let %(people)s each keep a copy of what is in %(thing)s, somewhere else.")
            yield Remedy(text, thing.id, ((thing.id, "copy", new),), new)
    elif asked.id != "contract":
        # What may not be there at all is looked up first.
        if asked.together and (named or UNKNOWN in given or not asked.none):
            yield from _seal(thing, asked, given, (*ours, *others))
        if ours and (strangers or UNKNOWN in given):
            text = _CHANGED if asked.id in ("password", "owner", "root") else _TAKEN_AWAY
            kept = tuple(token for token in given if token in ours or token == TOGETHER)
            yield Remedy(text, thing.id, ((thing.id, asked.id, kept),), strangers)
        elif (strangers or UNKNOWN in given) and asked.none:
            yield Remedy(_TAKEN_AWAY, thing.id, ((thing.id, asked.id, (NONE,)),), strangers)
        if asked.id == "others" and ours:
            text = N_("End shared passwords and shared computers with which others sign in to %(thing)s.")
            yield Remedy(text, thing.id, ((thing.id, asked.id, (NONE,)),), named)
        if asked.id == "dns" and named:
            text = N_("Let nobody change where %(thing)s leads but through its account at the registrar.")
            yield Remedy(text, thing.id, ((thing.id, asked.id, (NONE,)),), named)
        if len(ours) == 1 and others and asked.id in ("password", "admins", "root", "portfolio") and TOGETHER not in given:
            text = N_("Give %(people)s access to %(thing)s as well, so that it does not hang on one person.")
            yield Remedy(text, thing.id, ((thing.id, asked.id, (*given, others[0])),), others[:1])


def _seal(thing: Thing, asked: Question, given: tuple[str, ...], pool: tuple[str, ...]) -> Iterator[Remedy]:
    """Two of up to three open it together; whoever could post before still can."""
    already = tuple(token for token in given if token in pool)
    if len(pool) < 2 or (TOGETHER in given and len(already) >= min(MANY, len(pool)) and UNKNOWN not in given):
        return
    trusted = pool[: max(MANY, len(already))] if TOGETHER in given else pool[:MANY]
    changes = [(thing.id, asked.id, (TOGETHER, *trusted))]
    if asked.id == "admins" and thing.kind != "mailbox":
        changes.append((thing.id, "others", (NONE,)))
        if writers := tuple(dict.fromkeys((*(t for t in thing.answers.get("editors", ()) if t not in SIGNS), *already))):
            changes.append((thing.id, "editors", writers))
    text = _SEAL_ADMIN if asked.id == "admins" and thing.kind == "mailbox" else _SEALS.get(asked.id) or _SEAL.get(thing.kind, _SEAL_LOGIN)
    if asked.id == "password" and set(thing.answers.get("second_step", ())) - SIGNS:
        # Otherwise what is sealed would still hang on one phone.
        changes.append((thing.id, "second_step", trusted))
        text = _SEAL_BOTH if thing.kind != "mailbox" else text
    if not already and set(given) - SIGNS:
        text = _HAND_OVER_GROUP if thing.kind in ("page", "code", "list") else _HAND_OVER
    yield Remedy(text, thing.id, tuple(changes), trusted, cost=2)


def _second_step(thing: Thing, named: tuple[str, ...], inside: tuple[str, ...]) -> Iterator[Remedy]:
    """On the devices of people who do not have the password, so that two are needed."""
    holders = thing.answers.get("password", ())
    if len(new := tuple(id_ for id_ in inside if id_ not in holders)[:2]) > 0 and TOGETHER not in holders and named != new:
        text = N_("Turn on the second step for %(thing)s, on the phones or keys of people who do not have the password: %(people)s.")
        yield Remedy(text, thing.id, ((thing.id, "second_step", new),), new, cost=2)


def _about_recovery(
    interview: Interview, thing: Thing, asked: Question, tokens: tuple[str, ...] | None, inside: tuple[str, ...]
) -> Iterator[Remedy]:
    shared = KINDS[thing.kind].family == "group"
    if tokens is None or UNKNOWN in tokens:
        # What the answer is hoped to be; who the administrators or holders are cannot turn out as "nobody".
        named = not asked.none or (asked.id == "contract" and len(inside) < 2)
        text = _ASK_ADMINISTRATORS if shared and asked.recovery else _LOOK_UP[asked.id]
        text = _LOOK_UP_SERVICE if asked.id == "admins" and not shared else text
        if best := inside[:1] if named else (NONE,):
            yield Remedy(text, thing.id, ((thing.id, asked.id, best),), cost=0, hoped=True)
    elif asked.id == "contract" and tokens != (NONE,) and len(inside) > 1:
        text = N_("Put %(thing)s in the organisation's own name.")
        yield Remedy(text, thing.id, ((thing.id, "contract", (NONE,)),), cost=3)
    elif asked.recovery and tokens and tokens != (NONE,):
        text = _NO_SHARED_RESET if shared else _NO_RESET[asked.id]
        yield Remedy(text, thing.id, ((thing.id, asked.id, (NONE,)),))
        for mailbox in interview.of_kind("mailbox") if asked.takes == "mailbox" else ():
            if mailbox.id not in (thing.id, *tokens) and TOGETHER in mailbox.answers.get("password", ()):
                text = N_("Let the reset messages of %(thing)s go to %(other)s, which nobody opens alone.")
                yield Remedy(text, thing.id, ((thing.id, asked.id, (mailbox.id,)),), other=mailbox.id)
