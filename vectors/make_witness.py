"""Makes witness.json: what a witness answers to a client, request after request (docs/formats/log.md; C2SP tlog-witness v1.0.0).

Run it from the root of the checkout: ``python vectors/make_witness.py``. It uses no randomness. The expectations are written down here by
hand; ``tests/conformance/test_witness_vectors.py`` holds the code to them, over HTTP.

The witness knows the one log of ``vkey`` and has signed nothing before the first request. Each step is one ``POST add-checkpoint``, or,
where there is no request, a ``GET`` of the monitoring path. A 200 answers with signature lines over the step's checkpoint.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from commonhold.kernel import b64
from commonhold.kernel.notes import COSIGNATURE, SignerKey, append_signatures
from commonhold.kernel.tlog.checkpoint import Checkpoint, cosign
from commonhold.kernel.tlog.merkle import Tree, leaf_hash

OUT = Path(__file__).parent
ORIGIN = "commonhold/saltmarsh/0"
LOG = SignerKey(ORIGIN, bytes([1]) * 32)
OTHER = SignerKey("commonhold/estuary/0", bytes([2]) * 32)
THIEF = SignerKey(ORIGIN, bytes([3]) * 32)
STRANGER = SignerKey("plover.example", bytes([4]) * 32, COSIGNATURE)
TREE = Tree(leaf_hash(b"%d heron" % index) for index in range(13))
FORK = Tree([*(TREE.leaf(index) for index in range(7)), *(leaf_hash(b"%d tern" % index) for index in range(7, 13))])
Step = dict[str, Any]


def note(size: int, tree: Tree = TREE, signer: SignerKey = LOG, root: bytes | None = None) -> bytes:
    """A signed checkpoint."""
    return Checkpoint(signer.name, size, tree.root(size) if root is None else root).sign(signer)


def body(old: int | str, size: int, *, tree: Tree = TREE, raw: bytes | None = None, proof: list[bytes] | None = None) -> str:
    """A request; the proof is the tree's own unless one is given."""
    if proof is None:
        proof = tree.consistency_proof(old, size) if isinstance(old, int) and old <= size else []
    lines = "".join(f"{b64.encode(one)}\n" for one in proof)
    return f"old {old}\n{lines}\n" + (note(size, tree) if raw is None else raw).decode()


def step(about: str, status: int, request: str, **more: Any) -> Step:
    """One request and its answer."""
    return {"about": about, "request": request, "status": status, **more}


def conflict(about: str, size: int, request: str) -> Step:
    """One request that is answered with the size that the witness has."""
    return step(about, 409, request, type="text/x.tlog.size", body=f"{size}\n")


def steps() -> list[Step]:
    """The whole conversation."""
    broken = bytearray(note(5))
    broken[-6] = ord("A") if broken[-6] != ord("A") else ord("B")
    crowded = append_signatures(note(9), cosign(note(9), STRANGER, 1_900_000_000))
    return [
        {"about": "nothing was cosigned yet", "status": 404},
        step("a log that the witness does not know", 404, body(0, 5, raw=note(5, signer=OTHER))),
        step("known origin, signed by another key of that name", 403, body(0, 5, raw=note(5, signer=THIEF))),
        step("the known key's line does not verify", 403, body(0, 5, raw=bytes(broken))),
        step("old is larger than the checkpoint", 400, body(6, 5)),
        conflict("old is not 0, and nothing was cosigned", 0, body(3, 5)),
        step("size 0 with a root that is not the empty tree's", 422, body(0, 0, raw=note(0, root=bytes(32)))),
        step("from 0 nothing is to be proved, and a hash is given", 422, body(0, 5, proof=[bytes(32)])),
        step("the first checkpoint", 200, body(0, 5), size=5),
        step("the same again, as a heartbeat", 200, body(5, 5), size=5),
        conflict("a client that does not know where the witness stands", 5, body(0, 7)),
        step("the same size with another root", 422, body(5, 5, raw=note(5, root=bytes([9]) * 32))),
        step("equal sizes need no proof", 422, body(5, 5, proof=[bytes(32)])),
        step("growth with its proof", 200, body(5, 7), size=7),
        step("growth without a proof", 422, body(7, 9, proof=[])),
        step("growth with half of its proof", 422, body(7, 9, proof=TREE.consistency_proof(7, 9)[:-1])),
        step("growth, with a stranger's cosignature beside the log's", 200, body(7, 9, raw=crowded), size=9),
        step("a fork, with the fork's own proof", 422, body(9, 13, tree=FORK)),
        conflict("a rollback to a size that was cosigned before", 9, body(5, 5)),
        conflict("a rollback from the right size is no growth either", 9, body(7, 9)),
        step("a rollback that says so", 400, body(9, 7)),
        step("a size with a leading zero", 400, body("09", 13, proof=TREE.consistency_proof(9, 13))),
        step("no old line", 400, body(9, 13).partition("\n")[2]),
        step("no empty line before the checkpoint", 400, body(9, 13).replace("\n\n", "\n", 1)),
        step("64 proof lines", 400, body(9, 13, proof=[bytes(32)] * 64)),
        step("a proof line that is no hash", 400, body(9, 13, proof=[bytes(31)])),
        step("a checkpoint without a signature", 400, body(9, 13, raw=note(13).partition(b"\xe2\x80\x94")[0])),
        step("growth to the end", 200, body(9, 13), size=13),
        {"about": "the newest that was cosigned", "status": 200, "size": 13},
    ]


def render() -> dict[str, str]:
    """Every file by its name."""
    value = {
        "about": "A conversation with a C2SP witness, in order. `path` is the monitoring path of the log; see docs/formats/log.md.",
        "vkey": str(LOG.verifier),
        "path": f"{hashlib.sha256(ORIGIN.encode()).hexdigest()}/checkpoint",
        "steps": steps(),
    }
    return {"witness.json": json.dumps(value, indent=1, ensure_ascii=True) + "\n"}


if __name__ == "__main__":
    for name, text in render().items():
        (OUT / name).write_text(text, "ascii")
        print(f"vectors: wrote {name}")
