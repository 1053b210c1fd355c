"""Makes merkle.json, policy.json, tiles.json and tlog-proof.json: small files that programs in any language can be held to (docs/formats/log.md).

Run it from the root of the checkout: ``python vectors/make_log.py``. It uses no randomness, so making the files again changes nothing. The
expectations are written down here by hand; ``tests/conformance/test_tlog_vectors.py`` holds the code to them.

In every file ``about`` says what it is; a case has a ``name``; what is refused has a ``why`` in words and the ``code`` that this program
gives it, which other programs need not have. Fields that end in ``_base64`` are bytes, all others are UTF-8 text.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from commonhold.kernel.notes import COSIGNATURE, SignerKey, append_signatures
from commonhold.kernel.tlog.checkpoint import Checkpoint, cosign
from commonhold.kernel.tlog.merkle import Tree, leaf_hash
from commonhold.kernel.tlog.proof import HEADER, TlogProof
from commonhold.kernel.tlog.tiles import Tile, encode_bundle, tiles_for

OUT = Path(__file__).parent
Case = dict[str, Any]

LOG = SignerKey("commonhold/saltmarsh/0", bytes([1]) * 32)
OTHER = SignerKey("commonhold/estuary/0", bytes([2]) * 32)
PARTNERS = {
    name: SignerKey(f"{name}.example", bytes([16 + number]) * 32, COSIGNATURE) for number, name in enumerate(("tern", "plover", "curlew"))
}
ENTRIES = [b"", b"\x00", b"heron", b"tern", *(f"entry {number}".encode() for number in range(4, 13))]
TREE = Tree(map(leaf_hash, ENTRIES))


def b64(raw: bytes) -> str:
    """Padded standard base64."""
    return base64.b64encode(raw).decode()


def refused(name: str, why: str, code: str, **fields: Any) -> Case:
    """A case that is refused."""
    return {"name": name, "expect": "refuse", "why": why, "code": code, **fields}


def accepted(name: str, **fields: Any) -> Case:
    """A case that is accepted."""
    return {"name": name, "expect": "accept", **fields}


def head(size: int) -> Checkpoint:
    """The checkpoint of the log at *size*."""
    return Checkpoint(LOG.name, size, TREE.root(size))


def merkle() -> Case:
    """Roots and proofs of one small tree."""
    roots = [TREE.root(size) for size in range(14)]
    flipped = bytes([roots[5][0] ^ 1]) + roots[5][1:]

    def inclusion(index: int, size: int, /, **other: Any) -> Case:
        proof = [b64(value) for value in TREE.inclusion_proof(min(index, size - 1), size)]
        return {"index": index, "size": size, "leaf": b64(TREE.leaf(index)), "proof": proof, "root": b64(roots[size]), **other}

    def consistency(old: int, new: int, /, **other: Any) -> Case:
        proof = [b64(value) for value in TREE.consistency_proof(min(old, new), max(old, new))]
        return {"old": old, "new": new, "old_root": b64(roots[old]), "new_root": b64(roots[new]), "proof": proof, **other}

    path, steps = inclusion(6, 13)["proof"], consistency(6, 13)["proof"]
    return {
        "about": "The tree of RFC 6962 over `entries_base64`; `roots[n]` is the root of the first n. Proofs as in RFC 9162 2.1.3.2 and 2.1.4.2. All hashes in base64.",
        "entries_base64": [b64(entry) for entry in ENTRIES],
        "roots": [b64(root) for root in roots],
        "inclusion": [
            *(
                accepted(f"leaf {index} of {size}", **inclusion(index, size))
                for size in (1, 2, 3, 7, 8, 13)
                for index in sorted({0, size // 2, size - 1})
            ),
            refused("another leaf", "the leaf is not there", "proof/root", **inclusion(6, 13, leaf=b64(TREE.leaf(5)))),
            refused("another index", "the path leads elsewhere", "proof/root", **inclusion(6, 13, index=7)),
            refused("another root", "the path leads elsewhere", "proof/root", **inclusion(6, 13, root=b64(roots[12]))),
            refused("an index beyond the tree", "there is no such leaf", "proof/index", **inclusion(6, 13, index=13)),
            refused("a hash too few", "the path ends below the root", "proof/length", **inclusion(6, 13, proof=path[:-1])),
            refused("a hash too many", "the path goes on above the root", "proof/length", **inclusion(6, 13, proof=[*path, path[0]])),
            refused("hashes in another order", "the path leads elsewhere", "proof/root", **inclusion(6, 13, proof=path[::-1])),
            refused("a hash of 31 bytes", "hashes have 32 bytes", "proof/hash", **inclusion(6, 13, proof=[b64(bytes(31)), *path[1:]])),
            refused("64 hashes", "no tree is so high", "proof/length", **inclusion(6, 13, proof=[path[0]] * 64)),
        ],
        "consistency": [
            *(
                accepted(f"{old} to {new}", **consistency(old, new))
                for old, new in ((1, 1), (1, 2), (2, 3), (3, 7), (4, 8), (6, 13), (8, 13), (12, 13), (13, 13), (0, 0))
            ),
            refused(
                "from nothing",
                "there is nothing to prove; a witness accepts `old 0` without asking this",
                "proof/empty-tree",
                **consistency(0, 13),
            ),
            refused("backwards", "a tree never shrinks", "proof/sizes", **consistency(13, 6)),
            refused("another old root", "the path leads elsewhere", "proof/root", **consistency(5, 13, old_root=b64(flipped))),
            refused("another new root", "the path leads elsewhere", "proof/root", **consistency(6, 13, new_root=b64(roots[12]))),
            refused("one size, two roots", "they contradict one another", "proof/root", **consistency(5, 5, new_root=b64(flipped))),
            refused("one size with a proof", "nothing is to be proved", "proof/length", **consistency(5, 5, proof=[b64(flipped)])),
            refused("no proof", "something is to be proved", "proof/length", **consistency(6, 13, proof=[])),
            refused("a hash too few", "the path ends below the root", "proof/length", **consistency(6, 13, proof=steps[:-1])),
            refused("a hash too many", "the path goes on above the root", "proof/length", **consistency(6, 13, proof=[*steps, steps[0]])),
            refused("a hash of 33 bytes", "hashes have 32 bytes", "proof/hash", **consistency(6, 13, proof=[b64(bytes(33)), *steps[1:]])),
        ],
    }


def tiles() -> Case:
    """Paths, the tiles of some sizes, and a bundle."""
    sizes = (0, 1, 255, 256, 257, 600, 65_536, 70_000)
    wrong = (
        "tile/0/5",
        "tile/00/005",
        "tile/64/005",
        "tile/0/x000/005",
        "tile/0/005.p/0",
        "tile/0/005.p/256",
        "tile/0/005.p/01",
        "tile/0/001/005",
        "/tile/0/005",
    )
    counted = [(tile.level, tile.index, tile.width) for size in (600, 70_000) for tile in tiles_for(size) if tile.width < 256 or tile.level]
    return {
        "about": "Tiles (C2SP tlog-tiles). In `logs`, `levels[l]` is [full tiles, width of the partial one]. A bundle is u16 big-endian lengths and entries.",
        "paths": [
            *(
                accepted(Tile(*tile).path, level=tile[0], index=tile[1], width=tile[2])
                for tile in [*counted, (0, 1_234_067, 256), (63, 999, 1)]
            ),
            *(refused(path, "it is not the one spelling of a tile's path", "tile/path") for path in wrong),
        ],
        "logs": [
            {"size": size, "levels": [[size >> 8 * level >> 8, (size >> 8 * level) % 256] for level in range((size.bit_length() + 7) // 8)]}
            for size in sizes
        ],
        "bundle": {"entries_base64": [b64(entry) for entry in ENTRIES], "raw_base64": b64(encode_bundle(ENTRIES))},
    }


def policies() -> Case:
    """One nested policy, what meets it, and policies that are none."""
    keys = {name: str(signer.verifier) for name, signer in PARTNERS.items()}
    one = f"witness tern {keys['tern']}\n"
    text = (
        f"log {LOG.verifier} https://saltmarsh.example/record\n# partners\n"
        + "".join(f"witness {name} {key}\n" for name, key in keys.items())
        + "group pair any tern plover\ngroup both all pair curlew\nquorum both\n"
    )
    alias = SignerKey("alias.example", PARTNERS["tern"].seed, COSIGNATURE).verifier
    mistakes = [
        ("no quorum", one, "policy/no-quorum"),
        ("two quorums", "quorum none\nquorum none\n", "policy/second-quorum"),
        ("no newline at the end", "quorum none", "policy/cut-short"),
        ("a name that is defined later", f"quorum tern\n{one}", "policy/undefined-name"),
        ("a group in itself", f"{one}group g 1 g\nquorum g\n", "policy/undefined-name"),
        ("a member of two groups", f"{one}group g 1 tern\ngroup h 1 tern\nquorum g\n", "policy/listed-twice"),
        ("a member twice", f"{one}group g 1 tern tern\nquorum g\n", "policy/listed-twice"),
        ("a threshold of 0", f"{one}group g 0 tern\nquorum g\n", "policy/threshold"),
        ("a threshold beyond the members", f"{one}group g 2 tern\nquorum g\n", "policy/threshold"),
        ("a group without members", f"{one}group g 1\nquorum g\n", "policy/line"),
        ("a witness called none", f"witness none {keys['tern']}\nquorum none\n", "policy/name"),
        ("a name twice", f"{one}witness tern {keys['plover']}\nquorum tern\n", "policy/duplicate-name"),
        ("one key under two names", f"{one}witness alias {alias}\nquorum tern\n", "policy/duplicate-key"),
        ("a log's key for a witness", f"witness a {LOG.verifier}\nquorum a\n", "policy/key-kind"),
        ("a carriage return", "quorum none\r\n", "policy/character"),
    ]
    times: list[tuple[dict[str, int], int | None]] = [
        ({}, None),
        ({"curlew": 5}, None),
        ({"tern": 5, "plover": 6}, None),
        ({"tern": 5, "curlew": 7}, 5),
        ({"tern": 5, "plover": 6, "curlew": 7}, 6),
        ({"tern": 5, "plover": 2**40, "curlew": 7}, 7),
        ({"pair": 9, "both": 9, "curlew": 7}, None),
    ]
    return {
        "about": "A policy (C2SP tlog-policy), the times at which its witnesses cosigned, and the largest time at which the policy is met (null: it is not met).",
        "policy": text,
        "cases": [
            accepted(f"case {number}", times=given, time=time)
            if time is not None
            else refused(f"case {number}", "too few witnesses", "policy/not-met", times=given, time=None)
            for number, (given, time) in enumerate(times)
        ],
        "malformed": [refused(name, name, code, policy=wrong) for name, wrong, code in mistakes],
    }


def proofs() -> Case:
    """Offline proofs under one policy."""
    policy = f"log {LOG.verifier}\nwitness tern {PARTNERS['tern'].verifier}\nquorum tern\n"
    note = head(13).sign(LOG)
    cosigned = append_signatures(note, cosign(note, PARTNERS["tern"], 1_700_000_000))
    proof = TlogProof(None, 6, tuple(TREE.inclusion_proof(6)), cosigned)
    good, entry = proof.format().decode(), b64(ENTRIES[6])

    def bad(name: str, text: str, code: str, of: str = entry) -> Case:
        return refused(name, name, code, proof=text, entry_base64=of)

    def of(checkpoint: bytes) -> str:
        return TlogProof(None, 6, proof.hashes, checkpoint).format().decode()

    hash_line = b64(bytes(32)) + "\n"
    return {
        "about": "Offline proofs (C2SP tlog-proof v1) that the entry is in the log, under `policy`. `time` is the policy's time of the checkpoint.",
        "policy": policy,
        "cases": [
            accepted("an entry", proof=good, entry_base64=entry, index=6, size=13, time=1_700_000_000),
            accepted(
                "with extra data that nobody signs",
                proof=TlogProof(b"context", 6, proof.hashes, cosigned).format().decode(),
                entry_base64=entry,
                index=6,
                size=13,
                time=1_700_000_000,
            ),
            accepted(
                "the empty entry",
                proof=TlogProof(None, 0, tuple(TREE.inclusion_proof(0)), cosigned).format().decode(),
                entry_base64="",
                index=0,
                size=13,
                time=1_700_000_000,
            ),
            bad("another entry", good, "proof/root", b64(ENTRIES[5])),
            bad("another index", good.replace("index 6", "index 7"), "proof/root"),
            bad("no cosignature", of(note), "policy/not-met"),
            bad("another log", of(Checkpoint(OTHER.name, 13, TREE.root()).sign(OTHER)), "note/no-known-key"),
            bad(
                "another log in this one's name",
                of(append_signatures(head(13).sign(SignerKey(LOG.name, bytes([7]) * 32)), cosign(note, PARTNERS["tern"], 5))),
                "checkpoint/no-log",
            ),
            bad(
                "an older checkpoint",
                of(append_signatures(head(5).sign(LOG), cosign(head(5).sign(LOG), PARTNERS["tern"], 5))),
                "proof/index",
            ),
            bad("an index with a leading zero", good.replace("index 6", "index 06"), "decimal/malformed"),
            bad("no index", good.replace("index 6\n", ""), "tlog-proof/malformed"),
            bad("another version", good.replace("@v1", "@v2"), "tlog-proof/malformed"),
            bad("no empty line", good.replace("\n\n", "\n", 1), "base64/not-canonical"),
            bad("64 hashes", f"{HEADER}\nindex 6\n{hash_line * 64}\n{cosigned.decode()}", "tlog-proof/too-many-hashes"),
            bad("a hash with loose bits", good.replace(b64(proof.hashes[0]), b64(proof.hashes[0])[:-2] + "9="), "base64/not-canonical"),
            bad("a newline at the end", good + "\n", "note/malformed"),
        ],
    }


def render() -> dict[str, str]:
    """Every file by its name."""
    files = {"merkle.json": merkle(), "policy.json": policies(), "tiles.json": tiles(), "tlog-proof.json": proofs()}
    return {name: json.dumps(value, indent=1, ensure_ascii=True) + "\n" for name, value in files.items()}


if __name__ == "__main__":
    for name, text in render().items():
        (OUT / name).write_text(text, "ascii")
