"""Laws of shares in age files: how large, for whom, whose; the same in Python and in the signer's JavaScript."""

from __future__ import annotations

import base64
import time
from dataclasses import replace
from typing import Any, Final

import pyrage
import pytest

from commonhold.kernel.custody.sealing.bundle import Secret
from commonhold.kernel.custody.sealing.opening import seal
from commonhold.kernel.custody.sealing.shares import MAX_ENVELOPE, MAX_SEALED_ENVELOPE, envelope_bytes, parse_envelope
from commonhold.kernel.custody.sealing.structure import Group
from commonhold.kernel.errors import FormatError
from commonhold.store.envelopes import open_envelope, own_share
from commonhold.store.sealedfile import new_identity, recipient_of, seal_to, unseal_with
from tests.attacks import Mutation, attack
from tests.kernel.sealing.seals import ABOUT, dice
from tests.reader.node import Reader, verdict

OWN: Final = new_identity()
MADE: Final = seal([Secret("password", "admin", "dunlin-7")], Group(2, ("heron", "tern", "plover")), ABOUT, dice())
PUBLIC: Final = MADE.manifest(dict.fromkeys(MADE.words, "00" * 32), dict.fromkeys(MADE.words, "00" * 32))
HERE, PAGE = "src/commonhold/store/envelopes.py", "reader/src/sealing/envelopes.js"


def opened(reader: Reader, raw: bytes) -> str:
    """The code with which both programs refuse an age file to this identity as heron's share; nothing if they take it."""
    half: dict[str, Any] = {
        "about": ABOUT.to_value(),
        "structure": PUBLIC.structure.to_value(),
        "shares": [{"member": name, **holding.to_value()} for name, holding in PUBLIC.holdings.items()],
        "key": PUBLIC.key,
        "digest": PUBLIC.sealed,
    }
    here = verdict(lambda: own_share(raw, PUBLIC, "heron", OWN))
    there = verdict(lambda: reader.ask("own-share", **half, raw=raw, member="heron", identity=OWN))
    assert here == there
    return here


def share_of(name: str, **bent: Any) -> bytes:
    """Somebody's share as it is encrypted, bent in some fields."""
    return envelope_bytes(replace(parse_envelope(MADE.envelope(name)), **bent))


def to_heron(data: bytes) -> bytes:
    return seal_to(data, [recipient_of(OWN)])


def bomb(stanzas: int) -> bytes:
    """An age file for so many recipients that are nobody's."""

    def text(raw: bytes) -> bytes:
        return base64.b64encode(raw).rstrip(b"=")

    lines = [b"age-encryption.org/v1"]
    for number in range(stanzas):
        lines += [b"-> X25519 " + text(b"\x09" + number.to_bytes(31, "little")), text(bytes([number % 256]) * 32)]
    return b"\n".join([*lines, b"--- " + text(bytes(32)), bytes(40)])


@attack(
    "seal-envelope-bomb",
    Mutation(HERE, find="    if len(raw) > MAX_SEALED_ENVELOPE:", replace="    if not raw:"),
    Mutation(PAGE, find="demand(raw.length <= MAX_SEALED_ENVELOPE,", replace="demand(true,"),
    Mutation("src/commonhold/store/sealedfile.py", find='.count(b"\\n-> ") > MAX_STANZAS:', replace='.count(b"\\n-> ") > 10**9:'),
)
def test_an_envelope_that_takes_hours_to_look_into_is_not_looked_into(reader: Reader) -> None:
    """age needs a minute for a thousand recipients and an hour for four thousand; a share is for one."""
    started = time.monotonic()
    for raw in (bomb(250), to_heron(bytes(9_000))):
        assert opened(reader, raw) == "share/envelope"
        with pytest.raises(FormatError) as caught:
            open_envelope(raw, OWN)
        assert caught.value.next_step
    with pytest.raises(FormatError) as caught:
        unseal_with(bomb(250), [OWN])
    assert caught.value.code == "sealed/recipients"
    assert time.monotonic() - started < 5
    many = [recipient_of(new_identity()) for _ in range(99)]
    assert unseal_with(seal_to(b"for a hundred", [*many, recipient_of(OWN)]), [OWN]) == b"for a hundred"


def test_sizes_are_bounded_to_the_byte(reader: Reader) -> None:
    """An age file of 8 KiB is looked into and a larger one is not; a share of 2,048 bytes is read and a longer one is not."""
    damaged = to_heron(b"")[:60]
    assert opened(reader, damaged.ljust(MAX_SEALED_ENVELOPE, b"x")) == "sealed/damaged"
    assert opened(reader, damaged.ljust(MAX_SEALED_ENVELOPE + 1, b"x")) == "share/envelope"
    room = MAX_ENVELOPE - len(share_of("heron", words=""))
    for size, code in ((room, "share/wrong"), (room + 1, "share/envelope")):
        raw = share_of("heron", words="w" * size)
        assert len(raw) == MAX_ENVELOPE + size - room
        assert opened(reader, to_heron(raw)) == code


@attack(
    "custody-envelope-of-another",
    Mutation(HERE, find="if found.member != member:", replace="if not found.member:"),
    Mutation(HERE, find="    public.check_share(found)\n", replace=""),
)
def test_an_envelope_holds_its_readers_own_share_and_nothing_else(reader: Reader) -> None:
    """Another's share, a contribution, a share that was bent, several recipients, an age file as text, another kit: each by its code, in both programs."""
    other = recipient_of(new_identity())
    own = share_of("heron")
    assert opened(reader, to_heron(own)) == ""
    for raw, code in (
        (to_heron(share_of("tern")), "share/other-member"),
        (to_heron(share_of("heron", release="ab" * 32)), "share/envelope"),
        (to_heron(share_of("heron", words=MADE.words["tern"])), "share/wrong"),
        (to_heron(share_of("heron", about=replace(ABOUT, seal=9))), "share/stale"),
        (to_heron(b"{}"), "share/envelope"),
        (seal_to(own, [recipient_of(OWN), other]), "sealed/recipients"),
        (seal_to(own, [other]), "share/other-kit"),
        (pyrage.encrypt(own, [pyrage.x25519.Recipient.from_str(recipient_of(OWN))], armored=True), "sealed/form"),
        (b"a picture", "sealed/form"),
        (to_heron(own)[:-3], "sealed/damaged"),
    ):
        assert opened(reader, raw) == code
