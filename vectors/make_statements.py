"""Makes statements.json: what partner nodes sign beside checkpoints (docs/formats/epochs.md).

Run it from the root of the checkout: ``python vectors/make_statements.py``. It uses no randomness, so making the file again changes nothing.
Fields as in ``make_log.py``; ``form`` says which statement a case is, and ``keys`` are the vkeys that its reader knows.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from commonhold.kernel.ids import origin_of
from commonhold.kernel.notes import COSIGNATURE, SignerKey, append_signatures, parse_note
from commonhold.kernel.record.statements import Frozen, Vouched, sign_statement
from commonhold.kernel.tlog.checkpoint import Checkpoint, cosign

OUT = Path(__file__).parent
Case = dict[str, Any]
TIME = 1_900_000_000
ORG = "5a" * 32
OLD, NEW = origin_of(ORG, 0, bytes([1]) * 32), origin_of(ORG, 1, bytes([2]) * 32)
MIRRORS = [SignerKey(f"{name}.example/mirror", bytes([32 + n]) * 32, COSIGNATURE) for n, name in enumerate(("tern", "plover"))]
VALIDATORS = [SignerKey(f"{name}.example/validator", bytes([48 + n]) * 32, COSIGNATURE) for n, name in enumerate(("tern", "plover"))]
FROZEN = Frozen(OLD, 42, bytes(range(32)), NEW)
VOUCHED = Vouched(OLD, 42, bytes(range(32)), bytes(range(32, 64)), 17)


def render() -> dict[str, str]:
    """Every file by its name."""
    cases: list[Case] = []

    def case(name: str, form: str, note: bytes, why: str = "", code: str = "", **told: Any) -> None:
        keys = [str(signer.verifier) for signer in (MIRRORS if form == "frozen" else VALIDATORS)]
        verdict = {"expect": "refuse", "why": why, "code": code} if code else {"expect": "accept", **told}
        cases.append({"name": name, "form": form, "keys": keys, "note": note.decode(), **verdict})

    frozen, vouched = sign_statement(FROZEN, MIRRORS[0], TIME), sign_statement(VOUCHED, VALIDATORS[0], TIME)
    both = append_signatures(frozen, *parse_note(sign_statement(FROZEN, MIRRORS[1], TIME + 5)).signatures)
    times = {MIRRORS[0].name: TIME, MIRRORS[1].name: TIME + 5}
    case("a closed epoch", "frozen", both, times=times)
    case("a state", "state", vouched, times={VALIDATORS[0].name: TIME})
    for form, signer, statement in (("frozen", MIRRORS[0], FROZEN), ("state", VALIDATORS[0], VOUCHED)):
        text = statement.text()

        def bent(new: str, signer: SignerKey = signer) -> bytes:
            return (new + "\n" + signer.sign(new, TIME).line).encode()

        bad = "statement/form"
        case(f"{form}: a line too few", form, bent(text[: text[:-1].rindex("\n") + 1]), "a line is missing", bad)
        case(f"{form}: a line too many", form, bent(text + "more\n"), "statements have no further lines", bad)
        case(f"{form}: another version", form, bent(text.replace("/v1", "/v2", 1)), "this version is not known", bad)
        case(f"{form}: a size with a zero before it", form, bent(text.replace("\n42\n", "\n042\n")), "one spelling", "decimal/malformed")
        case(f"{form}: no entries", form, bent(text.replace("\n42\n", "\n0\n")), "there is nothing to say", "statement/empty")
        case(f"{form}: another origin", form, bent(text.replace(OLD, "example.org/log")), "not a record's origin", "id/origin")
        case(f"{form}: a strange key", form, bent(text, SignerKey("x", bytes([9]) * 32, COSIGNATURE)), "not known", "note/no-known-key")
        altered = text.replace("\n42\n", "\n43\n") + "\n" + signer.sign(text, TIME).line
        case(f"{form}: altered", form, altered.encode(), "the signature is of another text", "note/bad-signature")
    case("frozen: no next epoch", "frozen", bent(FROZEN.text().replace("/1/", "/2/"), MIRRORS[0]), "epochs follow", "frozen/successor")
    case("frozen: under a validating key", "frozen", bent(FROZEN.text(), VALIDATORS[0]), "a mirror's key is needed", "note/no-known-key")
    case("state: a cosigned checkpoint", "state", checkpoint(), "it says nothing of a state", "statement/form")
    value = {
        "about": "Notes under keys of kind 0x04; `frozen` under mirror keys, `state` under validating keys. `times` are the signatures' own.",
        "cases": cases,
    }
    return {"statements.json": json.dumps(value, indent=1, ensure_ascii=True) + "\n"}


def checkpoint() -> bytes:
    """A checkpoint that a validating key has cosigned, as it never should."""
    raw = Checkpoint(OLD, 42, bytes(32)).sign(SignerKey(OLD, bytes([1]) * 32))
    return append_signatures(raw, cosign(raw, VALIDATORS[0], TIME))


if __name__ == "__main__":
    for name, text in render().items():
        (OUT / name).write_text(text, "ascii")
