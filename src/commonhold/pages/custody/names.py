"""Names as pages show them: without characters that could act or hide, cut to the room that there is, with their kind in words."""

from __future__ import annotations

import unicodedata
from typing import Final

from commonhold.kernel.custody import Node, Party, Register
from commonhold.kernel.messages import N_
from commonhold.kernel.record.strength import NODE_PREFIX
from commonhold.pages.language import Language

POWERS: Final = ("exclusive", "use", "destroy")
"""The powers of one resource, as the last part of a node's id; the one that means taking it stands first."""

_JOINERS: Final = frozenset("\u200c\u200d")
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_NARROW: Final = frozenset("iljtfrI.,:;'|!()[] -")
_WIDE: Final = frozenset("mwMW@%")

_PARTY: Final = {
    "member": N_("member"),
    "group": N_("group of members"),
    "outsider": N_("person outside"),
    "platform": N_("platform"),
}
_NODE: Final = {
    "resource": N_("what we depend on"),
    "account": N_("account"),
    "mailbox": N_("mailbox"),
    "phone": N_("phone"),
    "device": N_("device"),
    "secret": N_("password or key"),
    "legal_title": N_("legal title"),
    "role": N_("role"),
}
_POWER: Final = {"exclusive": N_("shut the others out"), "use": N_("operate it"), "destroy": N_("destroy it")}


def clean(text: str) -> str:
    """A text without control characters and bidirectional controls, whatever made the register that it stands in."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c in _JOINERS or unicodedata.category(c) not in _HIDDEN else " " if c in "\n\t" else "" for c in text)


def party_sort(party: Party) -> str:
    """What a party is to the organisation: ``member``, ``group``, ``outsider`` or ``platform``."""
    if party.kind == "platform":
        return "platform"
    return ("group" if party.kind == "group" else "member") if party.org else "outsider"


def party_kind(party: Party, language: Language) -> str:
    """What a party is to the organisation, in words."""
    return language.say(_PARTY[party_sort(party)])


def node_kind(node: Node, language: Language) -> str:
    """What a node is, in words."""
    return language.say(_NODE[node.kind])


def split_power(node: Node) -> tuple[str, str]:
    """The resource that a node is a power of, and which; the power is empty for a node that stands for itself."""
    base, dot, power = node.id.rpartition(".")
    return (base, power) if dot and base and node.kind == "resource" and power in POWERS else (node.id, "")


def power_words(power: str, language: Language) -> str:
    """A power over a resource, in words."""
    return language.say(_POWER[power])


def node_name(register: Register, id_: str, language: Language) -> str:
    """What people call a node: a power by its resource, anything else by its label."""
    node = register.nodes[id_]
    base, power = split_power(node)
    if power:
        return language.say("%(resource)s: %(power)s", resource=clean(base), power=power_words(power, language))
    resource = node.id.removeprefix(NODE_PREFIX)
    if node.label == f"what is sealed of {resource}":
        return language.say("what is sealed of %(resource)s", resource=clean(resource))
    return clean(node.label)


def room(text: str, size: float) -> float:
    """About how wide a text is, in the unit of *size*, in a sans-serif face; rather too much than too little."""
    return size * sum(_share(c) for c in text)


def shortened(text: str, width: float, size: float) -> str:
    """A text cut to a width, with an ellipsis where something is missing."""
    if room(text, size) <= width:
        return text
    kept, left = [], width - size
    for c in text:
        left -= size * _share(c)
        if left < 0:
            break
        kept.append(c)
    return "".join(kept).rstrip() + "…"


def _share(c: str) -> float:
    if unicodedata.combining(c) or unicodedata.category(c) == "Cf":
        return 0.0
    if unicodedata.east_asian_width(c) in "WF":
        return 1.0
    return 0.33 if c in _NARROW else 0.92 if c in _WIDE else 0.7 if c.isupper() else 0.57
