r"""Addresses as people paste them, in one normal form, so that two spellings of one place compare alike (docs/formats/short-code.md).

A web address follows the rules by which browsers read one (WHATWG URL): scheme and host without case, names in other scripts as punycode, ``\`` as
``/``, dot segments resolved, percent encodings in one spelling. ``http`` and ``https`` name one place here, as do ``x/`` and ``x``; a fragment and the
parameters by which advertisers track people say nothing about a place. What stands before an ``@`` is no part of an address and is refused: it is there to
deceive. Mailboxes, handles and phone numbers have simpler forms; anything else is compared as it is.

Look-alikes are told (:func:`resembles`), and never taken for the thing itself.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final, NamedTuple

from commonhold.kernel.errors import FormatError

WEB: Final = "web"
MAIL: Final = "mail"
HANDLE: Final = "handle"
PHONE: Final = "phone"
OTHER: Final = "other"
MAX_ADDRESS: Final = 2_000

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", re.DOTALL)
_PORT_NEXT: Final = re.compile(r"[0-9]{1,5}(?:[/?#\\]|\Z)")
_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
_PHONE: Final = re.compile(r"\+?[0-9][0-9 ().\u00a0-]{4,24}[0-9]", re.ASCII)
_ESCAPE: Final = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_TRACKERS: Final = re.compile(r"(?:utm_[a-z_]+|fbclid|gclid|mc_eid)(?:=|\Z)", re.IGNORECASE)
_ALIKE: Final = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u0501\u051b\u051d\u04cf\u043a\u043c\u0442\u0432\u043d\u03bf\u03b1\u03bd\u03c1\u03c4\u03b9\u03ba\u03c5\u03c70135",
    "aeopcyxijshdqwlkmtbhoavptikuxoles",
)
"""Letters that look like others: Cyrillic, Greek, digits (a small part of Unicode's confusables, UTS 39)."""


class Address(NamedTuple):
    """An address in its normal form.

    Args:
        kind: ``web``, ``mail``, ``handle``, ``phone`` or ``other``.
        key: what is compared; for the web, host, port and path without a scheme.
        host: of a web address, with its port where it is no usual one.
        path: of a web address: empty, or ``/`` and more, with its query.
        bare: whether it was given with plain ``http``.
    """

    kind: str
    key: str
    host: str = ""
    path: str = ""
    bare: bool = False

    @property
    def shown(self) -> str:
        """The normal form for people."""
        return f"https://{self.key}" if self.kind == WEB else self.key

    def holds(self, other: Address) -> bool:
        """Whether *other* is a page below this web address."""
        if self.kind != WEB or other.kind != WEB or self.host != other.host or "?" in self.path:
            return False
        return other.path.startswith(f"{self.path}/") or (not self.path and other.path != "")


def parse_address(text: str) -> Address:
    """The normal form of what somebody pasted.

    Raises:
        FormatError: ``address/form`` if it is no address; ``address/userinfo`` (with the ``host`` that it leads to) if something stands before an
            ``@``; ``address/hidden`` if it holds characters that cannot be seen.
    """
    text = text.strip()
    if _PHONE.fullmatch(text):
        return Address(PHONE, _digits(text))
    if not text or len(text) > MAX_ADDRESS or any(c.isspace() for c in text):
        raise _no_address()
    if any(unicodedata.category(c) in ("Cc", "Cf", "Cn", "Co", "Cs") for c in text):
        raise FormatError("the address holds characters that cannot be seen", code="address/hidden")
    found = _SCHEME.fullmatch(text)
    if found is None or "." in found[1] or _PORT_NEXT.match(found[2]):
        return _schemeless(text)
    scheme, rest = found[1].lower(), found[2]
    if scheme in ("http", "https"):
        return _web(rest, scheme)
    if scheme == "mailto":
        return _mail(rest.partition("?")[0])
    if scheme in ("tel", "sms") and _PHONE.fullmatch(rest):
        return Address(PHONE, _digits(rest))
    return Address(OTHER, f"{scheme}:{rest}")


def address_of(recorded: str) -> Address:
    """The normal form of an address that a record names; one of a kind that is not known here is compared as it is."""
    try:
        return parse_address(recorded)
    except FormatError:
        return Address(OTHER, recorded)


def resembles(host: str, known: str) -> bool:
    """Whether somebody could take one host for another that is *known*: alike letters, one letter off, or the known one as its beginning."""
    if host == known:
        return False
    one, other = _skeleton(host), _skeleton(known)
    return one == other or host.startswith((f"{known}.", f"{known}-")) or _one_off(one, other)


def _no_address() -> FormatError:
    return FormatError("this is no address", code="address/form", next_step="Paste it as it stands in the address bar.")


def _digits(text: str) -> str:
    return ("+" if text.startswith("+") else "") + "".join(c for c in text if c.isdigit())


def _schemeless(text: str) -> Address:
    if text.startswith("@"):
        name, _, host = text[1:].partition("@")
        return Address(HANDLE, f"@{name.lower()}@{_host(host)}") if host else Address(OTHER, text)
    if "@" in re.split(r"[/\\?#]", text, maxsplit=1)[0]:
        return _mail(text)
    if "." not in re.split(r"[/\\?#:]", text.lstrip("/\\"), maxsplit=1)[0] and not text.startswith(("//", "[")):
        raise _no_address()
    return _web(text, "")


def _mail(text: str) -> Address:
    name, _, host = text.rpartition("@")
    if not name or "@" in name or re.search(r"[/\\?#:]", text):
        if "@" in text and host:
            raise _deceives(re.split(r"[/\\?#]", host, maxsplit=1)[0])
        raise _no_address()
    return Address(MAIL, f"{name.lower()}@{_host(host)}")


def _deceives(host: str) -> FormatError:
    return FormatError(
        f"what stands before the @ is only a name, and this address leads to {host[:100]}",
        code="address/userinfo",
        data={"host": host[:100]},
    )


def _web(rest: str, scheme: str) -> Address:
    found = re.fullmatch(r"([^/?#]*)([^?#]*)(\?[^#]*)?(?:#.*)?", rest.replace("\\", "/").lstrip("/"), re.DOTALL)
    assert found is not None, "every text has this form"  # noqa: S101 - for the types; the parts may all be empty
    authority, path, query = found[1], found[2], found[3] or ""
    if "@" in authority:
        raise _deceives(authority.rpartition("@")[2])
    host, port = authority, ""
    if not authority.endswith("]"):
        name, colon, number = authority.rpartition(":")
        host, port = (name, number) if colon else (authority, "")
    if port and not (port.isascii() and port.isdigit() and int(port) < 65_536):
        raise _no_address()
    # The two usual ports are one place, as their two schemes are.
    place = _host(host) + (f":{int(port)}" if port and int(port) not in (80, 443) else "")
    path = _path(path) + _query(query)
    return Address(WEB, place + path, place, path, scheme == "http")


def _host(text: str) -> str:
    if re.fullmatch(r"\[[0-9a-fA-F:.]{2,45}\]", text):
        return text.lower()
    name = unicodedata.normalize("NFKC", text).lower().replace("\u3002", ".").removesuffix(".")
    labels = [label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii") for label in name.split(".")]
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise _no_address()
    return ".".join(labels)


def _path(text: str) -> str:
    out: list[str] = []
    parts = _spelled(text).split("/")[1:]
    for part in parts:
        if part == "..":
            del out[-1:]
        elif part != ".":
            out.append(part)
    return "".join(f"/{part}" for part in out).rstrip("/")


def _query(text: str) -> str:
    kept = [part for part in _spelled(text[1:]).split("&") if part and not _TRACKERS.match(part)]
    return "?" + "&".join(kept) if kept else ""


def _spelled(text: str) -> str:
    """Percent encodings in one spelling: unreserved characters as they are, all others with capital digits (RFC 3986, 6.2.2)."""

    def one(found: re.Match[str]) -> str:
        char = chr(int(found[1], 16))
        return char if char in _UNRESERVED else f"%{found[1].upper()}"

    ascii_only = "".join(c if c.isascii() else "".join(f"%{byte:02X}" for byte in c.encode()) for c in text)
    return _ESCAPE.sub(one, ascii_only)


def _skeleton(host: str) -> str:
    labels = []
    for label in host.split("."):
        try:
            labels.append(label[4:].encode().decode("punycode") if label.startswith("xn--") else label)
        except UnicodeError:
            labels.append(label)
    bare = "".join(c for c in unicodedata.normalize("NFKD", ".".join(labels)) if not unicodedata.combining(c))
    return bare.translate(_ALIKE).replace("rn", "m").replace("vv", "w").removeprefix("www.").replace("-", "").replace(".", "")


def _one_off(one: str, other: str) -> bool:
    """Whether one letter more, less or other makes one word of the other; short words resemble everything, so they do not count."""
    if abs(len(one) - len(other)) > 1 or min(len(one), len(other)) < 6:
        return False
    same = next((at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), min(len(one), len(other)))
    return one[same + 1 :] == other[same + 1 :] or one[same + 1 :] == other[same:] or one[same:] == other[same + 1 :]
