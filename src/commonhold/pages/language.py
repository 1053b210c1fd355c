"""The six languages that pages speak: gettext catalogues under ``locale/``, with plurals, lists, days and dates as CLDR has them (Babel).

A message is its English sentence, with ``%(name)s`` for what is put into it. The catalogues are the PO files themselves, so there is nothing to
compile and nothing to go stale; ``python -m tools.messages`` keeps them in step with the code. What is not translated yet is said in English.
"""

from __future__ import annotations

import datetime
import io
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, Literal

from babel import Locale
from babel.dates import format_date, format_timedelta
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import NullTranslations, Translations
from markupsafe import Markup, escape

CODES: Final = ("en", "ru", "ko", "zh", "es", "ar")
"""The languages, by the code that a reader's browser asks for."""

_LOCALES: Final = {"en": "en_GB", "ru": "ru", "ko": "ko", "zh": "zh_Hans_CN", "es": "es", "ar": "ar"}
_FIRST_STRONG, _POP = "\u2068", "\u2069"


@dataclass(frozen=True, slots=True)
class Language:
    """One language: how to say a message in it, and which way it is written.

    Args:
        code: one of :data:`CODES`.
        locale: its CLDR locale.
        catalogue: its translations; empty for English.
    """

    code: str
    locale: Locale
    catalogue: NullTranslations

    @property
    def tag(self) -> str:
        """What ``lang`` says in HTML (BCP 47)."""
        return "zh-Hans" if self.code == "zh" else self.code

    @property
    def direction(self) -> str:
        """``ltr`` or ``rtl``."""
        return "rtl" if self.locale.text_direction == "rtl" else "ltr"

    @property
    def name(self) -> str:
        """The language's name in itself."""
        return (self.locale.get_language_name() or self.code).capitalize()

    def say(self, message: str, /, **values: object) -> str:
        """A message as plain text; names put into it are isolated, so that neither direction turns the other around."""
        return self._put(self._found(message), values, isolated)

    def say_count(self, one: str, many: str, number: int, /, **values: object) -> str:
        """A message in the form that goes with a number, which it has as ``%(n)s``."""
        return self._put(self._counted(one, many, number), {"n": self.number(number), **values}, isolated)

    def html(self, message: str, /, **values: object) -> Markup:
        """A message as HTML, what is put into it escaped and isolated (``<bdi>``); Markup is put in as it is."""
        return Markup(self._put(str(escape(self._found(message))), values, _bdi))  # noqa: S704 - message and values have been escaped

    def html_count(self, one: str, many: str, number: int, /, **values: object) -> Markup:
        """:meth:`say_count` as HTML."""
        return Markup(self._put(str(escape(self._counted(one, many, number))), {"n": self.number(number), **values}, _bdi))  # noqa: S704 - as above

    def listed(self, names: Iterable[str], *, either: bool = False) -> str:
        """Names as a list in words: "a, b and c", or "a, b or c"."""
        return format_list([isolated(name) for name in names], style="or" if either else "standard", locale=self.locale)

    def listed_html(self, names: Iterable[str], *, either: bool = False) -> Markup:
        """:meth:`listed` as HTML, each name escaped and isolated."""
        marked = [str(_bdi(name)) for name in names]
        return Markup(format_list(marked, style="or" if either else "standard", locale=self.locale))  # noqa: S704 - each has been escaped

    def plainly(self, message: str, /, **values: object) -> str:
        """A message as plain text without isolates, for names that are stored or compared."""
        return self._put(self._found(message), values, lambda value: value)

    def days(self, number: float) -> str:
        """A number of days in words; hours where it is less than one."""
        grain: Literal["hour", "day"] = "hour" if 0 < number < 1 else "day"
        return format_timedelta(datetime.timedelta(days=number), granularity=grain, threshold=36_525, locale=self.locale)

    def number(self, value: float) -> str:
        """A number with the separators of the language."""
        return format_decimal(value, locale=self.locale)

    def date(self, day: datetime.date) -> str:
        """A day, its month in words."""
        return format_date(day, format="long", locale=self.locale)

    def moment(self, time: int) -> str:
        """A time (POSIX seconds) to the minute, in UTC; the bare number where no calendar reaches."""
        try:
            at = datetime.datetime.fromtimestamp(time, datetime.UTC)
        except (ValueError, OverflowError, OSError):
            return str(time)
        return f"{self.date(at.date())}, {at:%H:%M} UTC"

    def _found(self, message: str) -> str:
        return self.catalogue.gettext(message) if message else ""

    def _counted(self, one: str, many: str, number: int) -> str:
        return self.catalogue.ngettext(one, many, number)

    @staticmethod
    def _put(message: str, values: dict[str, object], shown: Callable[[object], object]) -> str:
        return message % {name: shown(value) for name, value in values.items()} if values else message.replace("%%", "%")


def language(code: str) -> Language:
    """The language of a code; English for one that is not spoken here, for a page in English beats none."""
    return _load(code if code in CODES else "en")


def preferred(header: str) -> Language:
    """The language that an ``Accept-Language`` header asks for first among those spoken here (RFC 9110 12.5.4)."""
    wanted: list[tuple[float, int, str]] = []
    for place, item in enumerate(header[:1_000].split(",")[:50]):
        match = re.fullmatch(r"\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9]{1,8})*\s*(?:;\s*q=([01](?:\.[0-9]{0,3})?))?\s*", item)
        if match and (code := match[1].lower()) in CODES:
            wanted.append((-float(match[2] or 1), place, code))
    return language(min(wanted)[2] if wanted else "en")


def isolated(value: object) -> str:
    """A value as text between isolates (UAX 9), unless it is plain ASCII without letters, such as a number."""
    text = str(value)
    if isinstance(value, int | float) or (text.isascii() and not any(c.isalpha() for c in text)):
        return text
    return f"{_FIRST_STRONG}{text}{_POP}"


def plain(text: str) -> str:
    """A text without the isolates, for places that compare or store it."""
    return text.replace(_FIRST_STRONG, "").replace(_POP, "")


def _bdi(value: object) -> object:
    if isinstance(value, Markup | int | float):
        return value
    return Markup("<bdi>{}</bdi>").format(plain(str(value)))


@cache
def speaking(package: str, code: str) -> Language:
    """As :func:`language`, with the sentences of another package, which keeps catalogues of its own, before those of the pages."""
    base = language(code)
    own = _catalogue(package, base.code)
    own.add_fallback(base.catalogue)
    return Language(base.code, base.locale, own)


@cache
def _load(code: str) -> Language:
    return Language(code, Locale.parse(_LOCALES[code]), _catalogue("commonhold.pages", code))


def _catalogue(package: str, code: str) -> NullTranslations:
    place = files(package).joinpath("locale", f"{code}.po")
    if code == "en" or not place.is_file():
        return NullTranslations()
    compiled = io.BytesIO()
    write_mo(compiled, read_po(io.BytesIO(place.read_bytes()), locale=_LOCALES[code].split("_", maxsplit=1)[0]))
    compiled.seek(0)
    return Translations(compiled)
