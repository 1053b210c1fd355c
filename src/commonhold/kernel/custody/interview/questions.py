"""The questions of the custody interview, and the assumptions that it makes unless somebody knows better (facts of custody, sections 1, 2 and 6).

Every text is a message for the catalogues, with ``%(name)s`` for the thing's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from commonhold.kernel.messages import N_


@dataclass(frozen=True, slots=True)
class Question:
    """One question about a thing.

    Args:
        takes: ``people``; ``mailbox``, ``phone``, ``domain`` or ``server`` (things of that kind, and for the first two people's own); or ``yesno``.
        hint: a sentence that helps to answer.
        none: what "nobody" or "nothing" is called; empty where that is no answer.
        together: whether "two of them together, nobody alone" is an answer.
        optional: whether leaving it open means "nobody else" and not "we do not know".
        recovery: whether it asks for a way around the sign-in. Left open, each holder counts as able to take the thing alone.
    """

    id: str
    text: str
    takes: str
    hint: str = ""
    none: str = ""
    together: bool = False
    optional: bool = False
    recovery: bool = False


@dataclass(frozen=True, slots=True)
class Assumption:
    """How things usually are with a kind of thing; people can say that it is otherwise."""

    id: str
    text: str
    usual: bool = True


NOBODY: Final = N_("Nobody")
THE_ORGANISATION: Final = N_("The organisation itself")

PASSWORD: Final = Question(
    "password",
    N_("Who can sign in to %(name)s?"),
    "people",
    N_("Tick everybody who knows the password, or has a computer that stays signed in. Do not forget people who have left."),
    together=True,
)
SECOND_STEP: Final = Question(
    "second_step",
    N_("When somebody signs in, on whose phone or key does the second step arrive?"),
    "people",
    N_("A code by text message, a code from an app, or a security key."),
    none=N_("There is no second step"),
)
RESET_MAIL: Final = Question(
    "reset_mail",
    N_("If the password is forgotten, to which mailbox does the reset message go?"),
    "mailbox",
    N_("Look at the account's security settings. If you are not sure, say so: then we count the worst."),
    none=N_("It cannot be reset by mail"),
    recovery=True,
)
RESET_PHONE: Final = Question(
    "reset_phone",
    N_("Which phone number can be used to get back in?"),
    "phone",
    none=N_("No phone number"),
    recovery=True,
)
COPY: Final = Question(
    "copy",
    N_("Who keeps a copy of what is in it, somewhere else?"),
    "people",
    N_("A copy that would still be there tomorrow if the provider deleted everything today."),
    none=NOBODY,
)

PLATFORM: Final = Assumption("platform", N_("The provider can close it, or hand it to somebody else, by its own rules."))
RESET_ENOUGH: Final = Assumption("reset_enough", N_("Whoever reads the reset message gets in, also without the second step."))


def contract(text: str, hint: str = "") -> Question:
    """The question in whose name something is; the organisation itself is an answer."""
    return Question("contract", text, "people", hint, none=THE_ORGANISATION)


def by_id(questions: tuple[Question, ...]) -> Mapping[str, Question]:
    """Questions by their ids."""
    return {question.id: question for question in questions}
