"""The examples inside the C2SP specifications: what a page shows is what the code reads.

The pages are read from the shared data beside the checkout; where they come from stands in its SOURCES.txt.
"""

from __future__ import annotations

import re

import pytest

from commonhold.kernel import b64, ed25519
from commonhold.kernel.errors import FormatError, ProofError
from commonhold.kernel.notes import COSIGNATURE, VerifierKey, open_note, parse_note
from commonhold.kernel.tlog.checkpoint import parse_checkpoint
from commonhold.kernel.tlog.policy import parse_policy
from commonhold.kernel.tlog.proof import HEADER, parse_proof
from commonhold.kernel.tlog.tiles import Tile, tile_path, tiles_for
from tests.shared_data import shared_data

pytestmark = pytest.mark.conformance


def blocks(page: str) -> list[str]:
    text = shared_data("record", "c2sp-specs", page).read_text("utf-8")
    return re.findall(r"^```\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_the_example_of_signed_note_verifies() -> None:
    """The note in the specification opens with the vkey beside it."""
    text = shared_data("record", "c2sp-specs", "signed-note.md").read_text("utf-8")
    vkey = re.findall(r"^ {4}(example\.com/foo\+\S+)$", text, re.MULTILINE)[0]
    note = next(block for block in blocks("signed-note.md") if block.startswith("This is"))
    opened = open_note(note.encode(), [VerifierKey.parse(vkey)])
    assert opened.text == "This is an example message.\n"
    poem = next(block for block in blocks("signed-note.md") if block.startswith("Ognuno"))
    assert parse_note(poem.encode()).text.endswith("\n\ned è subito sera.\n")


@pytest.mark.parametrize("page", ["tlog-checkpoint.md", "tlog-cosignature.md"])
def test_the_examples_of_checkpoints_parse(page: str) -> None:
    """The checkpoints in the specifications parse to the numbers that they show; a cosignature line has 76 bytes."""
    note = parse_note(blocks(page)[0].encode())
    checkpoint = parse_checkpoint(note.text)
    assert (checkpoint.origin, checkpoint.size, checkpoint.text()) == ("example.com/behind-the-sofa", 20852163, note.text)
    assert all(len(signature.data) == (72 if "witness" in signature.name else 64) for signature in note.signatures)


def test_the_example_of_tlog_policy_means_what_the_page_says() -> None:
    """Two of X and one of Y satisfy the specification's example; any fewer do not."""
    seeds = iter(range(1, 20))

    def key(kind: int) -> str:
        return str(VerifierKey.of("key.example", ed25519.public_key(bytes([next(seeds)]) * 32), kind))

    text = next(block for block in blocks("tlog-policy.md") if "X-and-Y" in block)
    lines = [line.replace("<vkey>", key(COSIGNATURE if line.startswith("witness") else 1)) for line in text.splitlines()]
    policy = parse_policy("".join(f"{line}\n" for line in lines).encode())
    policy.require({"X1", "X3", "Y2"})
    for fewer in ({"X1", "Y2"}, {"X1", "X2", "X3"}, {"Y1", "Y2", "Y3", "X1"}):
        with pytest.raises(ProofError):
            policy.require(fewer)


def test_the_example_of_tlog_tiles_is_the_list_of_its_tiles() -> None:
    """A log of 70,000 has the tiles that the specification counts, and 256 make a full tile and one of width 1 above."""
    tiles = list(tiles_for(70_000))
    assert len([tile for tile in tiles if tile.level == 0 and tile.width == 256]) == 273
    assert [tile for tile in tiles if tile.width < 256] == [Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]
    assert Tile(1, 0) in tiles
    assert list(tiles_for(256)) == [Tile(0, 0), Tile(1, 0, 1)]
    assert tile_path(0, 1234067) == "tile/0/x001/x234/067"


def test_the_example_of_tlog_proof_is_refused_only_for_what_the_page_cut_out() -> None:
    """The proof on the page is abridged ([...]); with whole lines in their place its numbers are read as they stand."""
    block = next(block for block in blocks("tlog-proof.md") if block.startswith(HEADER))
    with pytest.raises(FormatError):
        parse_proof(block.encode())
    lines = block.splitlines()
    signature = b64.encode(bytes(76))
    whole = [f"{line.rsplit(' ', 1)[0]} {signature}" if line.startswith("—") else line for line in lines if not line.startswith("extra")]
    proof = parse_proof("".join(f"{line}\n" for line in whole).encode())
    assert (proof.index, len(proof.hashes), proof.extra) == (73894, 5, None)
    assert parse_checkpoint(parse_note(proof.checkpoint_raw).text).size == 109482
