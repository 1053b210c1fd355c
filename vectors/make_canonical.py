"""Makes canonical.json: small files that programs in any language can be held to (docs/formats/log.md).

Run it from the root of the checkout: ``python vectors/make_canonical.py``. It uses no randomness, so making the files again changes nothing. The
expectations are written down here by hand; ``tests/conformance/test_tlog_vectors.py`` holds the code to them.

In every file ``about`` says what it is; a case has a ``name``; what is refused has a ``why`` in words and the ``code`` that this program
gives it, which other programs need not have. Fields that end in ``_base64`` are bytes, all others are UTF-8 text.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

OUT = Path(__file__).parent
Case = dict[str, Any]


def b64(raw: bytes) -> str:
    """Padded standard base64."""
    return base64.b64encode(raw).decode()


def refused(name: str, why: str, code: str, **fields: Any) -> Case:
    """A case that is refused."""
    return {"name": name, "expect": "refuse", "why": why, "code": code, **fields}


def accepted(name: str, **fields: Any) -> Case:
    """A case that is accepted."""
    return {"name": name, "expect": "accept", **fields}


def canonical() -> Case:
    """Canonical JSON: values with their bytes, and bytes that stand for nothing."""
    values: list[tuple[str, Any]] = [
        ("an empty object", {}),
        ("an empty array", []),
        ("an empty text", ""),
        ("true and false", [True, False]),
        ("keys are sorted by byte", {"b": 1, "a": 2, "B": 3, "_": 4, "1": 5, "10": 6, "2": 7}),
        ("the largest and smallest integers", [2**53 - 1, -(2**53 - 1), 0, -1]),
        ("no needless escapes", 'quote " backslash \\ slash / newline \n'),
        ("text in several scripts", ["épée", "Ωμέγα", "مستنقع", "नदी", "沼地", "𝄞"]),
        ("nested values", {"members": [{"id": "heron", "seats": []}, {"id": "tern", "seats": ["chair"]}]}),
    ]
    bad: list[tuple[str, str, str]] = [
        ("a key twice", '{"by":"heron","by":"tern"}', "canonical/not-canonical"),
        ("keys not sorted", '{"b":1,"a":2}', "canonical/not-canonical"),
        ("a space", '{"a": 1}', "canonical/not-canonical"),
        ("a newline at the end", '{"a":1}\n', "canonical/not-canonical"),
        ("a needless escape", r'"\u0061"', "canonical/not-canonical"),
        ("an escaped slash", r'"a\/b"', "canonical/not-canonical"),
        ("an escaped letter that is not ASCII", r'"\u00e9"', "canonical/not-canonical"),
        ("null", '{"a":null}', "canonical/type"),
        ("a float", "1.5", "canonical/type"),
        ("a float that is whole", "1.0", "canonical/type"),
        ("an exponent", "1e2", "canonical/type"),
        ("minus zero", "-0", "canonical/not-canonical"),
        ("an integer beyond 2**53 - 1", "9007199254740992", "canonical/integer"),
        ("an integer below -(2**53 - 1)", "-9007199254740992", "canonical/integer"),
        ("a leading zero", "01", "canonical/not-json"),
        ("a key that is not ASCII", '{"é":1}', "canonical/key"),
        ("a key with a control character", '{"a\\n":1}', "canonical/key"),
        ("text that is not in normal form C", '"e\u0301"', "canonical/not-nfc"),
        ("a bidirectional override", '"\u202enoreh"', "canonical/character"),
        ("a bidirectional mark", '"a\u200fb"', "canonical/character"),
        ("a control character", '"a\\tb"', "canonical/character"),
        ("a C1 control character", '"a\u009bb"', "canonical/character"),
        ("two values", "1 2", "canonical/not-json"),
        ("nothing", "", "canonical/not-json"),
        ("a cut object", '{"a":1', "canonical/not-json"),
        ("a single quote", "{'a':1}", "canonical/not-json"),
        ("NaN", "NaN", "canonical/not-json"),
        ("25 arrays within one another", "[" * 25 + "]" * 25, "canonical/too-deep"),
    ]
    broken = [
        ("a byte order mark", b'\xef\xbb\xbf{"a":1}'),
        ("no UTF-8", b'"\xff"'),
        ("a lone surrogate", b'"\xed\xa0\x80"'),
        ("UTF-16", '"a"'.encode("utf-16")),
    ]
    return {
        "about": "Canonical JSON (DESIGN 3.2): `value` has exactly the bytes of `canonical`; what is refused stands for nothing.",
        "cases": [
            *(
                accepted(name, value=value, canonical=json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False))
                for name, value in values
            ),
            *(refused(name, name, code, raw_base64=b64(text.encode())) for name, text, code in bad),
            *(refused(name, name, "canonical/not-json", raw_base64=b64(raw)) for name, raw in broken),
        ],
    }


def render() -> dict[str, str]:
    """Every file by its name."""
    files = {"canonical.json": canonical()}
    return {name: json.dumps(value, indent=1, ensure_ascii=True) + "\n" for name, value in files.items()}


if __name__ == "__main__":
    for name, text in render().items():
        (OUT / name).write_text(text, "ascii")
