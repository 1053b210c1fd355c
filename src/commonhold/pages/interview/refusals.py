"""What is said where a screen cannot be kept, in the reader's language: by the refusal's code, and in English where no words were prepared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from commonhold.kernel.errors import CommonholdError
from commonhold.kernel.messages import N_
from commonhold.pages.language import Language

_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "interview/name": (N_("A name has a character that cannot be kept."), N_("Write it again without that character.")),
    "interview/name-long": (N_("A name is too long."), N_("Write a shorter one.")),
    "interview/name-comma": (N_("A name has a comma, which separates names."), N_("Write it without one.")),
    "interview/name-twice": (
        N_("%(name)s stands in the list twice."),
        N_("Each person or thing needs a name of its own. Add a letter or a number to one of them."),
    ),
    "interview/too-many": (N_("There are too many entries."), N_("Keep those that matter most.")),
    "interview/too-large": (N_("This is more text than the screen can take."), N_("Write less.")),
    "interview/form": (N_("The form did not arrive whole."), N_("Send it again.")),
    "interview/token": (N_("This form does not come from this page."), N_("Open the screen again, and send it from there.")),
    "interview/no-thing": (N_("This thing is not in the interview any more."), N_("Go on with another screen.")),
    "interview/format": (
        N_("An answer names somebody or something that is not there any more."),
        N_("Open the screen again, and answer anew."),
    ),
    "custody/no-resource": (N_("Nothing here"), N_("Nothing yet. Name the things that you have first.")),
    "interview/passphrases-differ": (N_("The two passphrases are not the same."), N_("Type it twice again.")),
    "interview/passphrase-missing": (
        N_("The file needs a passphrase before it leaves this computer."),
        N_("Type one, or tick that you want the file without."),
    ),
    "sealed/weak-passphrase": (
        N_("The passphrase has fewer than eight characters."),
        N_("Take four or five words that you can remember and nobody would guess."),
    ),
    "sealed/wrong-passphrase": (
        N_("This passphrase does not open the file."),
        N_("Try again, and look at the keyboard's language and at capital letters. Nobody can open it without the passphrase."),
    ),
    "pdf/renderer": (
        N_("No PDF can be made here: the program WeasyPrint is not installed."),
        N_("Install it with: pip install 'commonhold[paper]'. Or take the web page, and print it from a browser."),
    ),
    "pdf/library": (
        N_("No PDF can be made here: the library Pango is not installed."),
        N_("Install it with: apt install libpango-1.0-0 libpangoft2-1.0-0. Or take the web page, and print it from a browser."),
    ),
}
_DISK: Final = (
    N_("The file cannot be written: %(why)s"),
    N_("Make room on the disk or choose another place. What you typed is still on the screen; send it again."),
)


def in_words(error: CommonholdError, language: Language) -> tuple[str, ...]:
    """What is wrong, and what to do next."""
    if error.code in _WORDS:
        what, step = _WORDS[error.code]
        return language.say(what, name=error.data.get("name", "")), language.say(step)
    if error.code.startswith("store/"):
        return language.say(_DISK[0], why=str(error)), language.say(_DISK[1])
    return (str(error), error.next_step) if error.next_step else (str(error),)
