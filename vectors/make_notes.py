"""Makes notes.json and cosignature.json: small files that programs in any language can be held to (docs/formats/log.md).

Run it from the root of the checkout: ``python vectors/make_notes.py``. It uses no randomness, so making the files again changes nothing. The
expectations are written down here by hand; ``tests/conformance/test_tlog_vectors.py`` holds the code to them.

In every file ``about`` says what it is; a case has a ``name``; what is refused has a ``why`` in words and the ``code`` that this program
gives it, which other programs need not have. Fields that end in ``_base64`` are bytes, all others are UTF-8 text.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from commonhold.kernel.notes import COSIGNATURE, Signature, SignerKey, append_signatures, cosigned_message, sign_note
from commonhold.kernel.tlog.checkpoint import Checkpoint, cosign

OUT = Path(__file__).parent
Case = dict[str, Any]

LOG = SignerKey("commonhold/saltmarsh/0", bytes([1]) * 32)
OTHER = SignerKey("commonhold/estuary/0", bytes([2]) * 32)
PARTNERS = {
    name: SignerKey(f"{name}.example", bytes([16 + number]) * 32, COSIGNATURE) for number, name in enumerate(("tern", "plover", "curlew"))
}
ORDER = 2**252 + 27742317777372353535851937790883648493
"""The order of Ed25519's group."""


def b64(raw: bytes) -> str:
    """Padded standard base64."""
    return base64.b64encode(raw).decode()


def refused(name: str, why: str, code: str, **fields: Any) -> Case:
    """A case that is refused."""
    return {"name": name, "expect": "refuse", "why": why, "code": code, **fields}


def accepted(name: str, **fields: Any) -> Case:
    """A case that is accepted."""
    return {"name": name, "expect": "accept", **fields}


def weak(point: str) -> str:
    """A vkey that holds *point*, in hexadecimal."""
    return f"a+00000000+{b64(bytes([1]) + bytes.fromhex(point))}"


def notes() -> Case:
    """Signed notes under a set of known keys."""
    text = "saltmarsh.example\n\nThe tide tables are ready.\n"
    good = sign_note(text, LOG)
    signature = LOG.sign(text)
    stretched = signature.data[:32] + (int.from_bytes(signature.data[32:], "little") + ORDER).to_bytes(32, "little")
    keys = [str(LOG.verifier), str(OTHER.verifier)]
    line = signature.line.encode()

    def bad(name: str, raw: bytes, code: str, vkeys: list[str] | None = None) -> Case:
        return refused(name, name, code, vkeys=keys if vkeys is None else vkeys, note_base64=b64(raw))

    def fine(name: str, raw: bytes, signers: list[SignerKey], unknown: int, said: str = text) -> Case:
        return accepted(name, vkeys=keys, note_base64=b64(raw), text=said, signers=[signer.name for signer in signers], unknown=unknown)

    stranger = SignerKey("stranger.example", bytes([9]) * 32)
    return {
        "about": "Signed notes (C2SP signed-note) opened with the keys in `vkeys`: `signers` are the known keys that signed, each once, in order.",
        "cases": [
            fine("one signature", good, [LOG], 0),
            fine("two signatures", sign_note(text, OTHER, LOG), [OTHER, LOG], 0),
            fine("an unknown signature is ignored", sign_note(text, stranger, LOG), [LOG], 1),
            fine("a line twice is one signer", good + line, [LOG], 0),
            fine(
                "the name of a known key with another id is unknown",
                append_signatures(good, Signature(OTHER.name, bytes(4), bytes(64))),
                [LOG],
                1,
            ),
            fine("a text of one empty line", sign_note("\n", LOG), [LOG], 0, "\n"),
            fine("a note within a note", sign_note(good.decode(), OTHER), [OTHER], 0, good.decode()),
            fine("100 signatures", good + b"".join(Signature(f"w{n}", bytes(4), b"x").line.encode() for n in range(99)), [LOG], 99),
            bad("no known key", sign_note(text, stranger), "note/no-known-key"),
            bad("no key is known at all", good, "note/no-known-key", []),
            bad("a changed text", good.replace(b"ready", b"false"), "note/bad-signature"),
            bad("a bad signature beside a good one", append_signatures(good, OTHER.sign("another\n")), "note/bad-signature"),
            bad("a bad signature after a good one of the same key", good + LOG.sign("another\n").line.encode(), "note/bad-signature"),
            bad("S + L", append_signatures(good, Signature(LOG.name, signature.key_id, stretched)), "note/bad-signature"),
            bad(
                "a signature of 63 bytes",
                append_signatures(good, Signature(LOG.name, signature.key_id, signature.data[:63])),
                "note/bad-signature",
            ),
            bad("two known keys with one name and id", good, "note/ambiguous-key", [keys[0], keys[0]]),
            bad(
                "101 signatures",
                good + b"".join(Signature(f"w{n}", bytes(4), b"x").line.encode() for n in range(100)),
                "note/too-many-signatures",
            ),
            bad("no signature", text.encode() + b"\n", "note/malformed"),
            bad("no empty line before the signatures", text.encode().replace(b"\n\n", b"\n") + line, "note/malformed"),
            bad("no newline at the end", good[:-1], "note/malformed"),
            bad("a line that is no signature", good + b"more\n", "note/malformed"),
            bad("a hyphen for the dash", good.replace("—".encode(), b"-"), "note/malformed"),
            bad("a signature of a key id and nothing else", text.encode() + "\n— a AAAAAA==\n".encode(), "note/malformed"),
            bad("base64 with loose bits", text.encode() + "\n— a AAAAAAB=\n".encode(), "base64/not-canonical"),
            bad("base64 without padding", good.replace(b"=\n", b"\n"), "base64/not-canonical"),
            bad("a plus sign in a name", good.replace(b"/saltmarsh", b"+saltmarsh"), "key/name"),
            bad("a tab in the text", good.replace(b"tide ", b"tide\t"), "note/character"),
            bad("a carriage return", good.replace(b"ready.\n", b"ready.\r\n"), "note/character"),
            bad("no UTF-8", good.replace(b"tide", b"tid\xff"), "note/not-utf8"),
        ],
        "vkeys": [
            accepted("a log's key", vkey=keys[0], key_name=LOG.name, kind=1, key_id=LOG.verifier.key_id.hex()),
            accepted(
                "a cosigner's key",
                vkey=str(PARTNERS["tern"].verifier),
                key_name="tern.example",
                kind=4,
                key_id=PARTNERS["tern"].verifier.key_id.hex(),
            ),
            refused("another id", "the id is not that of name and key", "vkey/id", vkey=keys[0].replace("saltmarsh", "estuary")),
            refused("the identity", "one signature would fit every message", "key/weak", vkey=weak("01" + "00" * 31)),
            refused(
                "a key of order 8",
                "it is not of prime order",
                "key/weak",
                vkey=weak("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
            ),
            refused(
                "a point not in canonical form",
                "y is not reduced",
                "key/weak",
                vkey=weak("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
            ),
            refused(
                "an ML-DSA-44 key", "the kind is not supported", "vkey/unsupported-kind", vkey=f"a+00000000+{b64(bytes([6]) + bytes(1312))}"
            ),
            refused("an id in capitals", "the id is in lower case", "vkey/malformed", vkey=f"a+ABCDEF00+{keys[0].split('+', 2)[2]}"),
        ],
    }


def cosignatures() -> Case:
    """Cosignatures of one checkpoint."""
    tern, time = PARTNERS["tern"], 1_700_000_000
    checkpoint = Checkpoint(LOG.name, 13, bytes(range(32)))
    note = checkpoint.sign(LOG)
    signature = cosign(note, tern, time)
    foreign = Checkpoint(LOG.name, 13, bytes(range(32)), ("an extension line",))

    def bad(name: str, line: Signature, why: str) -> Case:
        return refused(name, why, "note/bad-signature", text=checkpoint.text(), line=line.line)

    def moved(data: bytes) -> Signature:
        return Signature(signature.name, signature.key_id, data)

    return {
        "about": "Ed25519 cosignatures (C2SP tlog-cosignature, type 0x04) by `vkey` over the checkpoint text `text`; `line` has its newline, `time` is decimal text.",
        "vkey": str(tern.verifier),
        "cases": [
            accepted(
                "a checkpoint",
                text=checkpoint.text(),
                line=signature.line,
                time=str(time),
                message_base64=b64(cosigned_message(time, checkpoint.text().encode())),
            ),
            accepted(
                "with an extension line",
                text=foreign.text(),
                line=cosign(foreign.sign(LOG), tern, 7).line,
                time="7",
                message_base64=b64(cosigned_message(7, foreign.text().encode())),
            ),
            accepted(
                "the last second",
                text=checkpoint.text(),
                line=cosign(note, tern, 2**63 - 1).line,
                time=str(2**63 - 1),
                message_base64=b64(cosigned_message(2**63 - 1, checkpoint.text().encode())),
            ),
            bad("a second later", moved((time + 1).to_bytes(8, "big") + signature.data[8:]), "the time is signed"),
            bad("another name", Signature("plover.example", signature.key_id, signature.data), "it is another cosigner's line"),
            bad("a plain signature", moved(bytes(8) + LOG.sign(checkpoint.text()).data), "it is another key's"),
            bad("a byte too many", moved(signature.data + b"\0"), "it has 73 bytes"),
            bad("no time", moved(signature.data[8:]), "it has 64 bytes"),
            refused(
                "without the extension line",
                "the whole text is signed",
                "note/bad-signature",
                text=checkpoint.text(),
                line=cosign(foreign.sign(LOG), tern, 7).line,
            ),
        ],
    }


def render() -> dict[str, str]:
    """Every file by its name."""
    files = {"cosignature.json": cosignatures(), "notes.json": notes()}
    return {name: json.dumps(value, indent=1, ensure_ascii=True) + "\n" for name, value in files.items()}


if __name__ == "__main__":
    for name, text in render().items():
        (OUT / name).write_text(text, "ascii")
