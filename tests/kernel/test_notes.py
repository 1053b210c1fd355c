"""Laws about signed notes: who counts as having signed, and everything that makes a note unreadable."""

from __future__ import annotations

import contextlib
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonhold.kernel import ed25519
from commonhold.kernel.errors import CommonholdError, FormatError, ProofError
from commonhold.kernel.notes import (
    COSIGNATURE,
    MAX_NOTE_BYTES,
    MAX_TIME,
    Signature,
    SignerKey,
    VerifierKey,
    append_signatures,
    cosigned_message,
    note_of,
    open_note,
    parse_note,
    parse_signature,
    sign_note,
    sound_note,
)
from tests.attacks import Mutation, attack

NOTES = "src/commonhold/kernel/notes.py"
NOTEKEYS = "src/commonhold/kernel/notekeys.py"
TEXT = "saltmarsh.example\nThe tide tables are ready.\n"
HERON = SignerKey("heron.example", bytes([1]) * 32)
TERN = SignerKey("tern.example/key", bytes([2]) * 32)
PARTNER = SignerKey("partner.example", bytes([3]) * 32, COSIGNATURE)


# ---------------------------------------------------------------------------------------------------------------- signing and opening


def test_a_note_that_a_known_key_signed_opens() -> None:
    """The text comes back with the keys that signed; a line of an unknown key is counted and ignored."""
    raw = sign_note(TEXT, HERON, TERN)
    opened = open_note(raw, [TERN.verifier])
    assert opened.text == TEXT
    assert [key for key, _ in opened.verified] == [TERN.verifier]
    assert opened.unknown == 1
    assert [key for key, _ in open_note(raw, [TERN.verifier, HERON.verifier]).verified] == [HERON.verifier, TERN.verifier]


def test_a_text_may_have_empty_lines_and_signature_lines_of_its_own() -> None:
    """Only the last empty line separates, so what looks like a signature inside the text is text."""
    inner = sign_note(TEXT, TERN).decode()
    for text in ("\n", "\n\n", "one\n\ntwo\n", inner):
        opened = open_note(sign_note(text, HERON), [HERON.verifier, TERN.verifier])
        assert opened.text == text
        assert [key for key, _ in opened.verified] == [HERON.verifier]


def test_a_note_that_no_known_key_signed_is_refused() -> None:
    """A signature by the same name with another id, or the same id with another name, is by somebody else."""
    raw = sign_note(TEXT, HERON)
    same_name = SignerKey(HERON.name, bytes([9]) * 32)
    for known in ([], [TERN.verifier], [same_name.verifier]):
        with pytest.raises(ProofError) as refusal:
            open_note(raw, known)
        assert refusal.value.code == "note/no-known-key"
        assert refusal.value.data["unknown"] == 1
        assert refusal.value.next_step
    renamed = append_signatures(raw, Signature("other.example", HERON.verifier.key_id, bytes(64)))
    assert open_note(renamed, [HERON.verifier]).unknown == 1


@attack("record-04", Mutation(NOTES, find="        key.verify(note.text, signature)\n        earlier", replace="        earlier"))
def test_a_bad_signature_by_a_known_key_refuses_the_whole_note() -> None:
    """However many good signatures stand beside it, one that does not match means that the note is not what was signed."""
    good, other = sign_note(TEXT, HERON), TERN.sign("another text\n")
    for raw in (
        append_signatures(good, other),
        append_signatures(good, Signature(TERN.name, TERN.verifier.key_id, b"short")),
        good.replace(b"ready", b"false"),
    ):
        with pytest.raises(ProofError) as refusal:
            open_note(raw, [HERON.verifier, TERN.verifier])
        assert refusal.value.code == "note/bad-signature"
        assert refusal.value.next_step


def test_a_signature_with_another_order_added_is_refused() -> None:
    """S + L is a second spelling of the same signature to a careless verifier; here it is none."""
    order = 2**252 + 27742317777372353535851937790883648493
    signature = HERON.sign(TEXT)
    s = int.from_bytes(signature.data[32:], "little") + order
    malleated = Signature(HERON.name, HERON.verifier.key_id, signature.data[:32] + s.to_bytes(32, "little"))
    with pytest.raises(ProofError):
        open_note(append_signatures(sign_note(TEXT, TERN), malleated), [HERON.verifier, TERN.verifier])


@attack(
    "record-02",
    Mutation(
        NOTES,
        find="            verified[key] = signature\n",
        replace="            verified[VerifierKey(key.name, bytes(len(verified)), key.kind, key.public)] = signature\n",
    ),
)
def test_the_same_key_twice_is_one_signer() -> None:
    """Repeating a signature line adds no voice, in whatever order the lines stand."""
    line = HERON.sign(TEXT).line.encode()
    raw = sign_note(TEXT, HERON) + line + line
    opened = open_note(raw, [HERON.verifier, TERN.verifier])
    assert [key for key, _ in opened.verified] == [HERON.verifier]
    assert opened.unknown == 0


def test_a_cosigner_that_signed_twice_counts_once_with_its_newest_time() -> None:
    """The order of lines is nobody's statement, so it does not choose between two times of one cosigner."""
    early, late = PARTNER.sign(TEXT, 1_700_000_000), PARTNER.sign(TEXT, 1_800_000_000)
    base = sign_note(TEXT, HERON)
    for lines in (early.line + late.line, late.line + early.line):
        opened = open_note(base + lines.encode(), [PARTNER.verifier])
        assert opened.verified == ((PARTNER.verifier, late),)
        assert PARTNER.verifier.signed_time(opened.verified[0][1]) == 1_800_000_000
    assert HERON.verifier.signed_time(HERON.sign(TEXT)) is None


def test_two_configured_keys_with_one_name_and_id_are_an_error_of_the_reader() -> None:
    """If two keys could both claim a line, no answer would be right, so none is given, whoever signed."""
    other = VerifierKey(HERON.name, HERON.verifier.key_id, HERON.verifier.kind, TERN.verifier.public)
    for keys in ([HERON.verifier, other], [HERON.verifier, HERON.verifier]):
        with pytest.raises(FormatError) as refusal:
            open_note(sign_note(TEXT, TERN), [*keys, TERN.verifier])
        assert refusal.value.code == "note/ambiguous-key"


def test_a_cosignature_is_no_plain_signature_and_the_other_way_round() -> None:
    """One key pair under both kinds has two ids, and neither kind's signature passes for the other's."""
    plain, cosigner = SignerKey("tern.example", bytes([2]) * 32), SignerKey("tern.example", bytes([2]) * 32, COSIGNATURE)
    assert plain.verifier.key_id != cosigner.verifier.key_id
    signed = cosigner.sign(TEXT, 5)
    for signature, key in (
        (Signature("tern.example", plain.verifier.key_id, signed.data[8:]), plain.verifier),
        (Signature("tern.example", cosigner.verifier.key_id, bytes(8) + plain.sign(TEXT).data), cosigner.verifier),
        (signed, plain.verifier),
    ):
        with pytest.raises(ProofError):
            key.verify(TEXT, signature)


def test_a_cosignature_beyond_the_last_second_is_bad_although_its_mathematics_holds() -> None:
    """Times end at 2**63 - 1 (tlog-cosignature), and a key that signs beyond is refused with its note."""
    raw = ed25519.sign(PARTNER.seed, cosigned_message(MAX_TIME + 1, TEXT.encode()))
    beyond = Signature(PARTNER.name, PARTNER.verifier.key_id, (MAX_TIME + 1).to_bytes(8, "big") + raw)
    with pytest.raises(ProofError):
        PARTNER.verifier.verify(TEXT, beyond)
    PARTNER.verifier.verify(TEXT, PARTNER.sign(TEXT, MAX_TIME))


@pytest.mark.parametrize(
    "sign",
    [
        lambda: HERON.sign(TEXT, 5),
        lambda: PARTNER.sign(TEXT),
        lambda: PARTNER.sign(TEXT, 0),
        lambda: PARTNER.sign(TEXT, -1),
        lambda: PARTNER.sign(TEXT, MAX_TIME + 1),
        lambda: sign_note(TEXT, PARTNER),
        lambda: sign_note(TEXT),
        lambda: sign_note(TEXT, HERON, SignerKey("heron.example", bytes([1]) * 32)),
        lambda: sign_note("no newline", HERON),
        lambda: sign_note("", HERON),
        lambda: sign_note("a\tb\n", HERON),
        lambda: sign_note("a\r\n", HERON),
        lambda: sign_note("\ud800\n", HERON),
        lambda: sign_note(TEXT, *(SignerKey(f"key-{n}", bytes([n]) * 32) for n in range(101))),
    ],
)
def test_what_cannot_be_a_note_is_not_signed(sign: Callable[[], object]) -> None:
    """A text with control characters, a time where none belongs, no signer or too many: refused before anything is signed."""
    with pytest.raises(FormatError):
        sign()


# ------------------------------------------------------------------------------------------------------------------------ parsing


GOOD = sign_note(TEXT, HERON)
LINE = HERON.sign(TEXT).line


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "note/malformed"),
        (b"\n", "note/malformed"),
        (b"\n\n", "note/malformed"),
        (TEXT.encode(), "note/malformed"),
        (TEXT.encode() + b"\n", "note/malformed"),
        (GOOD[:-1], "note/malformed"),
        (GOOD + b"Unexpected line.\n", "note/malformed"),
        (GOOD + b"\n", "note/malformed"),
        (GOOD.replace("—".encode(), b"-"), "note/malformed"),
        (GOOD.replace("— heron.example ".encode(), "— heron.example".encode()), "note/malformed"),
        (GOOD.replace("— heron".encode(), "—  heron".encode()), "base64/not-canonical"),
        (GOOD.replace("— heron".encode(), "— he ron".encode()), "base64/not-canonical"),
        (GOOD.replace("— heron".encode(), "— he+ron".encode()), "key/name"),
        (GOOD.replace(b"\n", b"\r\n"), "note/malformed"),
        (GOOD.replace(b"tide", b"tide\x00"), "note/character"),
        (GOOD.replace(b"tide", b"tide\t"), "note/character"),
        (GOOD.replace(b"tide", b"tide\xff"), "note/not-utf8"),
        (GOOD.replace(b"tide", b"tide\xed\xa0\x80"), "note/not-utf8"),
        (TEXT.encode() + "\n— heron.example AQIDBA==\n".encode(), "note/malformed"),
        (TEXT.encode() + "\n— heron.example AQI=\n".encode(), "note/malformed"),
        (TEXT.encode() + b"\n" + LINE.replace("=\n", "\n").encode(), "base64/not-canonical"),
        (TEXT.encode() + b"\n" + LINE.replace("\n", " \n").encode(), "base64/not-canonical"),
    ],
)
def test_a_malformed_note_is_refused_for_every_reader(raw: bytes, code: str) -> None:
    """A note is one sequence of bytes; whatever deviates is refused before any signature is looked at."""
    with pytest.raises(FormatError) as refusal:
        open_note(raw, [HERON.verifier])
    assert refusal.value.code == code


@attack("record-29", Mutation(NOTES, find="    if count > MAX_SIGNATURES:", replace="    if count > MAX_SIGNATURES * 1000:"))
def test_10000_signature_lines_are_refused_before_any_is_read() -> None:
    """At least 100 signatures are accepted, 101 are not, and the refusal of 10,000 costs no more memory than the note itself."""
    hundred = GOOD + b"".join(Signature(f"w{n}.example", bytes(4), bytes(64)).line.encode() for n in range(99))
    assert open_note(hundred, [HERON.verifier]).unknown == 99
    # Small enough for the cap on size, so that this is about the lines.
    for many in (GOOD + b"".join(f"— w{n} AAAAAAA=\n".encode() for n in range(100)), GOOD + "— w AAAAAAA=\n".encode() * 10_000):
        tracemalloc.start()
        with pytest.raises(FormatError, match=r"signatures, and at most 100 are allowed") as refusal:
            open_note(many, [HERON.verifier])
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert refusal.value.code == "note/too-many-signatures"
        assert peak < 100_000
    assert refusal.value.data == {"count": 10_001, "limit": 100}


@attack("record-29", Mutation(NOTES, find="    if len(raw) > max_size:", replace="    if len(raw) > 64 * max_size:"))
def test_a_note_beyond_the_cap_is_refused_without_a_copy_of_it() -> None:
    """A note of up to 1 MiB opens, one byte more is refused unread, and a caller may set the cap lower."""
    room = MAX_NOTE_BYTES - len(sign_note("\n", HERON))
    assert open_note(sign_note("a" * room + "\n", HERON), [HERON.verifier])
    huge = b"a" * (20 * MAX_NOTE_BYTES) + GOOD
    tracemalloc.start()
    with pytest.raises(FormatError, match=f"at most {MAX_NOTE_BYTES} are allowed") as refusal:
        open_note(huge, [HERON.verifier])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert refusal.value.code == "note/too-large"
    assert peak < 100_000
    with pytest.raises(FormatError):
        parse_note(GOOD, max_size=len(GOOD) - 1)
    assert parse_note(GOOD, max_size=len(GOOD)).text == TEXT


def test_a_signature_appended_again_takes_the_place_of_the_old_one() -> None:
    """A heartbeat replaces the earlier cosignature of the same key and leaves every other line as it was."""
    first = append_signatures(GOOD, PARTNER.sign(TEXT, 5))
    second = append_signatures(first, PARTNER.sign(TEXT, 9), TERN.sign(TEXT))
    assert second == GOOD + (PARTNER.sign(TEXT, 9).line + TERN.sign(TEXT).line).encode()
    assert parse_note(second).signatures == (HERON.sign(TEXT), PARTNER.sign(TEXT, 9), TERN.sign(TEXT))
    full = append_signatures(GOOD, *(Signature(f"w{n}", bytes(4), b"x") for n in range(99)))
    with pytest.raises(FormatError) as refusal:
        append_signatures(full, TERN.sign(TEXT))
    assert refusal.value.code == "note/too-many-signatures"


names = st.text(st.characters(codec="utf-8", exclude_categories=["Z", "C"], exclude_characters="+"), min_size=1, max_size=12)
texts = st.lists(st.text(st.characters(codec="utf-8", min_codepoint=0x20), max_size=12), max_size=6).map(
    lambda lines: "\n".join(lines) + "\n"
)


@given(texts, names, st.integers(1, MAX_TIME))
def test_what_is_signed_opens_again(text: str, name: str, time: int) -> None:
    """Any text without control characters, signed by any name, survives the round trip, empty lines and all."""
    signer, cosigner = SignerKey(name, bytes([4]) * 32), SignerKey(name, bytes([5]) * 32, COSIGNATURE)
    raw = append_signatures(sign_note(text, signer), cosigner.sign(text, time))
    opened = open_note(raw, [signer.verifier, cosigner.verifier])
    assert opened.text == text
    assert cosigner.verifier.signed_time(opened.verified[1][1]) == time
    assert [parse_signature(line) for line in raw.decode().rpartition("\n\n")[2][:-1].split("\n")] == list(parse_note(raw).signatures)


@given(st.binary(max_size=120) | texts.map(str.encode) | st.integers(0, len(GOOD) - 1).map(lambda at: GOOD[:at] + b"\n" + GOOD[at:]))
def test_nothing_but_our_errors_leaves_the_parser(raw: bytes) -> None:
    """Arbitrary bytes are a note or are refused in words; what parses is written again byte for byte."""
    with contextlib.suppress(CommonholdError):
        note = parse_note(raw)
        assert (note.text + "\n" + "".join(signature.line for signature in note.signatures)).encode() == raw
    with contextlib.suppress(FormatError):
        text = raw.decode("latin-1")
        assert str(VerifierKey.parse(text)) == text
    with contextlib.suppress(FormatError):
        SignerKey.parse("PRIVATE+KEY+" + raw.decode("latin-1"))


@given(st.integers(0, 8 * len(GOOD) - 1))
def test_no_bit_of_a_note_can_change(bit: int) -> None:
    """A note with one bit changed is refused, whichever bit it is."""
    changed = (int.from_bytes(GOOD, "big") ^ 1 << bit).to_bytes(len(GOOD), "big")
    with pytest.raises(CommonholdError):
        open_note(changed, [HERON.verifier])


@attack(
    "mirror-false-line",
    Mutation(
        NOTES,
        find="        except ProofError:\n            continue\n        earlier",
        replace="        except ProofError:\n            pass\n        earlier",
    ),
)
def test_a_note_is_passed_on_with_the_lines_that_verify_and_no_others() -> None:
    """A line that somebody added in a known name, an unknown one, and an older one go; nothing that was signed is lost, in the order of the lines."""
    log = SignerKey("log.example", b"\x01" * 32)
    first, second = (SignerKey(f"witness.example/{number}", bytes([number]) * 32, COSIGNATURE) for number in (2, 3))
    stranger = SignerKey("stranger.example", b"\x04" * 32)
    text, other = (
        "log.example\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "log.example\n2\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
    )
    keys = [log.verifier, second.verifier, first.verifier]
    one = note_of(text, [log.sign(text), stranger.sign(text), first.sign(text, 50), first.sign(text, 40), second.sign(other, 60)])
    assert sound_note([one], keys) == note_of(text, [log.sign(text), first.sign(text, 50)])
    both = sound_note([one, note_of(text, [log.sign(text), first.sign(text, 70), second.sign(text, 60)])], keys)
    assert both == note_of(text, [log.sign(text), first.sign(text, 70), second.sign(text, 60)])
    for raws in ([], [one, note_of(other, [log.sign(other)])], [note_of(text, [stranger.sign(text)])]):
        with pytest.raises(FormatError):
            sound_note(raws, keys)
