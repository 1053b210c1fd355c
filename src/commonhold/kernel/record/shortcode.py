"""Short codes: the first digits of an entry's id, to be printed under what was decided and typed in again (docs/formats/short-code.md).

A code finds a decision and proves nothing: whoever looks it up is shown what was decided, and compares. So twelve digits are enough, and two
decisions that share them are both shown.
"""

from __future__ import annotations

import re
from typing import Final

from commonhold.kernel.errors import FormatError
from commonhold.kernel.ids import parse_digest

CODE_DIGITS: Final = 12
FEWEST_DIGITS: Final = 10
_FORM: Final = re.compile(rf"[0-9a-f]{{{FEWEST_DIGITS},64}}", re.ASCII)
_SPACES: Final = re.compile(r"[\s\u2010-\u2015-]+")


def short_code(digest: str) -> str:
    """The code of a decision, given the entry id of its proposal (or of anything else with a digest): three groups of four digits.

    Raises:
        FormatError: if *digest* is none.
    """
    digits = parse_digest(digest)[:CODE_DIGITS]
    return "-".join(digits[at : at + 4] for at in range(0, CODE_DIGITS, 4))


def parse_code(text: str) -> str:
    """The hexadecimal digits of a code as it was typed: at least ten and at most 64, any case, with any spaces and hyphens.

    Raises:
        FormatError: if it is anything else.
    """
    digits = _SPACES.sub("", text).lower() if len(text) <= 200 else ""
    if not _FORM.fullmatch(digits):
        raise FormatError(
            f"a short code has {FEWEST_DIGITS} to 64 digits, each 0 to 9 or a to f",
            code="code/form",
            next_step="Type all digits as they are printed, such as 3f9a-12bc-77de.",
        )
    return digits
