"""What people read when something about an account is refused or over: by its code, with the next step."""

from __future__ import annotations

from typing import Final

from commonhold.kernel.errors import CommonholdError
from commonhold.kernel.messages import N_
from commonhold.pages.language import Language

ENDED: Final = {
    "elsewhere": N_("This session was ended from another device. If that was not you, sign in and look at your passkeys."),
    "old": N_("Sessions last twelve hours, and this one is over. Sign in again."),
    "out": N_("You have signed out."),
    "removed": N_("The passkey of this session was removed from its account. Sign in with another one."),
    "revoked": N_("The record does not know the passkey of this session any more, so it is over. Sign in with another one."),
    "suspended": N_(
        "Members have suspended this address, because it may be in the wrong hands: nothing signed here counts, and nobody is signed in. "
        "Ask a member outside the house where to go."
    ),
    "left": N_("This membership is over. The account and all that the house kept of it are deleted; what was signed stays in the record."),
    "deleted": N_("The account and all that the house kept of it are deleted."),
}
"""Why a session is over."""

_REFUSED: Final = {
    "id/member": N_(
        "A pseudonym has 2 to 32 small letters (a to z), digits and single hyphens, and starts with a letter, such as heron or sea-holly."
    ),
    "member/taken": N_("This pseudonym is somebody's, or was: each is used once. Choose another."),
    "member/name": N_("Write a name that others see, on one line and with at most 80 characters."),
    "member/email": N_("This is no address for e-mail. Correct it, or leave it empty."),
    "passkey/expired": N_("That took longer than five minutes. Try again."),
    "passkey/question": N_("This page was answered already, or is too old. Try again."),
    "passkey/known": N_("This passkey is known already. Try again: your device makes a new one."),
    "passkey/many": N_("An account has at most 16 passkeys. Remove one that you do not use any more."),
    "passkey/last": N_("This is your only passkey. Add another one first, so that you can still come in."),
    "passkey/absent": N_("The browser has sent no passkey. Switch JavaScript on for this page, then try again."),
    "webauthn/origin": N_("The passkey answered for another address. Look at your browser's address line before you go on."),
    "webauthn/origin-suspended": ENDED["suspended"],
    "webauthn/user-verified": N_("The device did not ask for your PIN, finger or face. Set one up there, then try again."),
    "invite/used": N_("This invitation has been used meanwhile. If that was not you, tell the member who invited you."),
    "invite/nobody": N_("Nobody of that name is in the register. For somebody new, leave the pseudonym empty: they choose it themselves."),
    "invite/many": N_("You have 50 open invitations. Withdraw some that nobody will use."),
    "invite/days": N_("An invitation stands for 1 to 30 days."),
    "busy": N_("Too many people have tried here in the last minutes. Wait ten minutes, then try again."),
    "kit/none": N_("The record has no kit of yours, so there is nothing to sign this with. Read what to do if everything is lost."),
}
_SIGN_IN: Final = N_("This passkey opens nothing here. Use the one that you made for this house, or ask a member for an invitation.")
_ENROL: Final = N_("The passkey could not be made. Try again, in another browser or with another device if need be.")

FAILURES: Final = {
    "passkey/algorithm": N_("This device makes no kind of passkey that counts here. Use a phone, or another browser."),
    "passkey/domain": N_("This page's address is not the one that its passkeys are for. Open the house at the address that you know."),
    "passkey/exists": N_("This device holds a passkey for this account already. Sign in with it, or use another device."),
    "passkey/failed": N_("The browser or the device failed. Try again, in another browser if need be."),
    "passkey/insecure": N_("Passkeys work on https alone. Open the house at the address that you know."),
    "passkey/refused": N_(
        "It was cancelled, took too long, or this device has no passkey for this house. Try again, or use the device that has it."
    ),
    "passkey/stopped": N_("The page stopped asking. Try again."),
    "passkey/timeout": N_("Nobody used a passkey in time. Try again."),
    "passkey/unsupported": N_("This browser knows no passkeys. Use a current Firefox, Chrome, Edge or Safari, or a phone."),
    "passkey/verification": N_("This device cannot ask for your PIN, finger or face. Set one up in its settings, or use a phone."),
    "offline": N_("The house does not answer. Look at your connection, then try again; nothing you wrote is lost."),
}
"""What the browser itself can refuse, in the words of the page (`members.js` shows them)."""


def refusal(spoken: Language, error: CommonholdError | str, *, coming_in: bool = False) -> str:
    """Why something was refused, and what to do.

    Args:
        coming_in: at the door everybody reads the same, whatever the house knows of a passkey.
    """
    code = error if isinstance(error, str) else error.code
    return spoken.say(_REFUSED.get(code, _SIGN_IN if coming_in else _ENROL))


def failures(spoken: Language) -> list[tuple[str, str]]:
    """The browser's own refusals, by code."""
    return [(code, spoken.say(words)) for code, words in FAILURES.items()]
