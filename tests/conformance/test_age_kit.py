"""The test kit of age (C2SP CCTV), through both programs of ours that read age files: the reader's ``age.js`` and ``store/sealedfile``.

Each file of ``vectors/age`` is one case: a few lines that say what must become of it, an empty line, an age file. Ours give nothing of a file that fails, so the hash
of what may have been released before is not looked at.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from commonhold.kernel.record.custody import AGE_HEADER
from commonhold.store.sealedfile import new_identity, recipient_of, seal_to, unseal, unseal_with
from tests.reader.node import Reader, RefusedError, verdict

pytestmark = pytest.mark.conformance
FOLDER: Final = Path(__file__).resolve().parents[2] / "vectors" / "age"
LICENCE: Final = "LICENSE"
CASES: Final = 143
BEYOND: Final = ("hybrid", "armor_hybrid")
"""Post-quantum recipients: neither program knows them. (The kit has nothing about plugins or SSH keys, which neither knows either.)"""

NOT_IN_A_BROWSER: Final = ("scrypt", "armor")
"""Passphrases and the form as text: the command line alone reads them."""

OTHERWISE: Final = {
    # rage reads what its own first versions wrote, without the short line at a stanza's end; the reader does not.
    "stanza_missing_body": {""},
    "stanza_missing_final_line": {""},
    # `check_sealed` looks at the first byte, before anybody is asked for a passphrase.
    "armor_whitespace_outside": {"sealed/form"},
    # rage does sixteen times the usual work where it is asked for, here more than a minute, and then opens the file.
    "scrypt_work_factor_23": None,
}
"""Where the command line, for which rage reads, does not do what the kit says; None is not run."""

SHOWN: Final = {
    "no match": {"sealed/other-key", "sealed/wrong-passphrase"},
    "armor failure": {"sealed/damaged", "sealed/form"},
    "HMAC failure": {"sealed/damaged"},
    "header failure": {"sealed/damaged", "sealed/form"},
    "payload failure": {"sealed/damaged"},
}


@dataclass(frozen=True)
class Case:
    """One file of the kit."""

    name: str
    expect: str
    payload: str
    identities: tuple[str, ...]
    passphrases: tuple[str, ...]
    raw: bytes


def read(path: Path) -> Case:
    """The case in a file."""
    head, _, raw = path.read_bytes().partition(b"\n\n")
    fields = [line.partition(": ")[::2] for line in head.decode("ascii").splitlines()]
    each = {key: tuple(value for name, value in fields if name == key) for key in ("identity", "passphrase")}
    one = dict(fields)
    raw = zlib.decompress(raw) if one.get("compressed") == "zlib" else raw
    return Case(path.name, one["expect"], one.get("payload", ""), each["identity"], each["passphrase"], raw)


KIT: Final = [read(path) for path in sorted(FOLDER.iterdir()) if path.name != LICENCE]
FOR_RAGE: Final = [case for case in KIT if not case.name.startswith(BEYOND) and OTHERWISE.get(case.name, "") is not None]
FOR_BOTH: Final = [case for case in KIT if not case.name.startswith((*BEYOND, *NOT_IN_A_BROWSER))]


def test_the_kit_is_whole() -> None:
    """All of its cases are here, and what is out of scope is named and counted."""
    assert len(KIT) == CASES
    assert len([case for case in KIT if case.name.startswith(BEYOND)]) == 19
    assert len([case for case in KIT if case.name.startswith(NOT_IN_A_BROWSER) and not case.name.startswith(BEYOND)]) == 57
    assert len(FOR_BOTH) == 67


def hold(case: Case, unsealed: Callable[[], bytes], shown: set[str]) -> None:
    """What must open opens, to the byte, and what must not is refused with one of these codes."""
    if case.expect == "success":
        assert hashlib.sha256(unsealed()).hexdigest() == case.payload
    else:
        assert verdict(unsealed) in shown


@pytest.mark.parametrize("case", FOR_BOTH, ids=lambda case: case.name)
def test_the_reader_opens_a_file_of_the_kit_as_the_kit_says(case: Case, reader: Reader) -> None:
    """X25519 stanzas, the header and its MAC, the payload, its chunks and its end."""
    identity = (*case.identities, new_identity())[0]

    def unsealed() -> bytes:
        return base64.b64decode(reader.ask("age-decrypt", identity=identity, raw=case.raw, most=9, size=len(case.raw)))

    hold(case, unsealed, SHOWN.get(case.expect, set()))


@pytest.mark.parametrize("case", [case for case in KIT if case.name.startswith("armor")], ids=lambda case: case.name)
def test_the_reader_refuses_the_form_as_text(case: Case, reader: Reader) -> None:
    """Envelopes and contributions are binary; a second spelling of one file has no place in a record."""
    assert verdict(lambda: reader.ask("age-decrypt", identity=new_identity(), raw=case.raw)) == "sealed/form"


@pytest.mark.parametrize("case", FOR_RAGE, ids=lambda case: case.name)
def test_the_command_line_opens_a_file_of_the_kit_as_the_kit_says(case: Case) -> None:
    """Keys and passphrases, binary and as text."""

    def unsealed() -> bytes:
        if case.passphrases and not case.identities:
            return unseal(case.raw, case.passphrases[0])
        return unseal_with(case.raw, case.identities or (new_identity(),))

    if (shown := OTHERWISE.get(case.name)) is not None:
        assert verdict(unsealed) in shown
    else:
        hold(case, unsealed, SHOWN.get(case.expect, set()))


def test_each_program_opens_what_the_other_seals(reader: Reader) -> None:
    """Of every length around a chunk; and nothing is opened with another key, or cut short."""
    identity = reader.ask("age-new")
    recipient = recipient_of(identity)
    assert reader.ask("age-recipient", identity=identity) == recipient
    for size in (0, 1, 700, (64 << 10) - 1, 64 << 10):
        data = bytes(number % 251 for number in range(size))
        theirs = base64.b64decode(reader.ask("age-encrypt", recipient=recipient, raw=data))
        assert theirs.startswith(AGE_HEADER)
        assert unseal_with(theirs, [identity]) == data
        ours = seal_to(data, [recipient])
        assert base64.b64decode(reader.ask("age-decrypt", identity=identity, raw=ours)) == data
        for cut in (1, 16, len(ours) // 2):
            assert verdict(lambda cut=cut, ours=ours: reader.ask("age-decrypt", identity=identity, raw=ours[:-cut])) == "sealed/damaged"
        assert verdict(lambda ours=ours: reader.ask("age-decrypt", identity=new_identity(), raw=ours)) == "sealed/other-key"


def test_a_file_to_two_is_no_file_to_one(reader: Reader) -> None:
    """Where the format says one recipient, a second one is refused; where it does not, either opens it."""
    mine, other = new_identity(), new_identity()
    both = seal_to(b"a share", [recipient_of(mine), recipient_of(other)])
    assert verdict(lambda: reader.ask("age-decrypt", identity=mine, raw=both)) == "sealed/recipients"
    assert base64.b64decode(reader.ask("age-decrypt", identity=other, raw=both, most=2)) == b"a share"


def test_what_is_too_large_or_no_key_is_refused(reader: Reader) -> None:
    """Before anything is deciphered; a secret that was given for a recipient is named as one, and not repeated."""
    identity = new_identity()
    recipient = recipient_of(identity)
    large = bytes((64 << 10) + 1)
    assert verdict(lambda: reader.ask("age-encrypt", recipient=recipient, raw=large)) == "sealed/too-large"
    assert verdict(lambda: reader.ask("age-decrypt", identity=identity, raw=seal_to(large, [recipient]))) == "sealed/too-large"
    assert verdict(lambda: reader.ask("age-decrypt", identity=identity, raw=seal_to(bytes(10 << 20), [recipient]))) == "sealed/too-large"
    for wrong in ("", "age1", recipient.upper(), recipient[:-1] + "q", identity):
        with pytest.raises(RefusedError) as refusal:
            reader.ask("age-encrypt", recipient=wrong, raw=b"x")
        assert (refusal.value.code, refusal.value.data["isSecret"]) == ("sealed/recipient", wrong == identity)
        assert identity not in str(refusal.value)
    for wrong in ("", identity.lower(), identity[:-1], recipient):
        assert verdict(lambda wrong=wrong: reader.ask("age-decrypt", identity=wrong, raw=b"x")) == "sealed/identity"
