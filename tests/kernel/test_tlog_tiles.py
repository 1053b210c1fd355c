"""Laws about tiles: their names, what a log of each size serves, and that a reader believes none that was not proved."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonhold.kernel.errors import CommonholdError, FormatError, ProofError
from commonhold.kernel.tlog import tilereader
from commonhold.kernel.tlog.merkle import EMPTY_ROOT, MAX_SIZE, Tree, leaf_hash
from commonhold.kernel.tlog.tilereader import HashReader
from commonhold.kernel.tlog.tiles import (
    ENTRIES,
    Tile,
    build_tiles,
    encode_bundle,
    entries_path,
    new_bundles,
    new_tiles,
    parse_bundle,
    parse_tile_path,
    partial_width,
    tile_path,
    tile_width,
    tiles_for,
)
from tests.attacks import Mutation, attack

READER = "src/commonhold/kernel/tlog/tilereader.py"
BIG = 66_000  # two full tiles on level 1, and one hash on level 2
ENTRY = [index.to_bytes(4, "big") for index in range(BIG)]
LEAVES = [leaf_hash(entry) for entry in ENTRY]
TREE = Tree(LEAVES)


def never(level: int, index: int, width: int) -> bytes:
    raise AssertionError(f"asked for {Tile(level, index, width)}")


def serve(size: int) -> dict[Tile, bytes]:
    """Every tile of the log at *size*, made in one go."""
    return dict(build_tiles(0, LEAVES[:size], never))


def fetcher(tiles: dict[Tile, bytes]) -> Callable[[int, int, int], bytes]:
    return lambda level, index, width: tiles[Tile(level, index, width)]


BIG_TILES = serve(BIG)


# ------------------------------------------------------------------------------------------------------------------------- names


@given(st.integers(0, 63), st.integers(0, MAX_SIZE), st.integers(1, 256))
def test_a_tile_path_names_its_tile(level: int, index: int, width: int) -> None:
    """Every tile and bundle has one path, and the path gives it back."""
    assert parse_tile_path(tile_path(level, index, width)) == Tile(level, index, width)
    assert parse_tile_path(entries_path(index, width)) == Tile(ENTRIES, index, width)
    assert Tile(level, index, width).path == tile_path(level, index, width)


def test_paths_are_written_as_in_the_specification() -> None:
    """Three digits to a part, an x before all but the last, and a width only where a tile is partial."""
    assert tile_path(0, 5) == "tile/0/005"
    assert tile_path(63, 1234067) == "tile/63/x001/x234/067"
    assert tile_path(1, 1000, 17) == "tile/1/x001/000.p/17"
    assert entries_path(0, 255) == "tile/entries/000.p/255"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0/5",
        "tile/00/005",
        "tile/01/005",
        "tile/64/005",
        "tile/0/x000/005",
        "tile/0/001/005",
        "tile/0/x001",
        "tile/0/005.p/0",
        "tile/0/005.p/256",
        "tile/0/005.p/999",
        "tile/0/005.p/01",
        "tile/0/005.p/",
        "/tile/0/005",
        "tile/0/005/",
        "tile/0/005\n",
        "tile/entries/x005",
        "tile/entries/../000",
        "tile/0/٠٠٥",
        "tile/0/" + "x999/" * 6 + "999",
        "tile/0/" + "x001/" * 400 + "005",
        "checkpoint",
    ],
)
def test_every_other_spelling_of_a_path_is_refused(path: str) -> None:
    """A second name for a tile could be cached, served or attacked apart from the first."""
    with pytest.raises(FormatError) as refusal:
        parse_tile_path(path)
    assert refusal.value.code == "tile/path"


@given(st.text(max_size=40) | st.from_regex(r"tile/[0-9e]{1,2}/(x?[0-9]{3}/?){1,4}(\.p/[0-9]{1,3})?", fullmatch=True))
def test_whatever_parses_as_a_path_is_written_again_in_the_same_way(path: str) -> None:
    """Parsing raises nothing but our own error, and what it accepts has exactly that spelling."""
    with contextlib.suppress(FormatError):
        assert parse_tile_path(path).path == path


def test_tiles_that_cannot_be_have_no_path() -> None:
    """Levels end at 63, indexes at 2**63 - 1, widths at 256, and none is negative."""
    for make in (
        lambda: tile_path(64, 0),
        lambda: tile_path(-1, 0),
        lambda: tile_path(0, -1),
        lambda: tile_path(0, MAX_SIZE + 1),
        lambda: tile_path(0, 0, 0),
        lambda: entries_path(0, 257),
    ):
        with pytest.raises(FormatError):
            make()


# ------------------------------------------------------------------------------------------------------------- what a log serves


@given(st.integers(0, 200_000))
def test_the_tiles_of_a_size_are_those_of_the_definition(size: int) -> None:
    """Each level holds floor(size / 256**level) hashes, cut into tiles of 256; no tile is empty."""
    expected = []
    for level in range(4):
        hashes = size // 256**level
        expected += [Tile(level, index, min(256, hashes - 256 * index)) for index in range(-(-hashes // 256))]
        assert partial_width(level, size) == hashes % 256
    assert list(tiles_for(size)) == expected
    assert all(tile_width(tile.level, tile.index, size) == tile.width for tile in expected)
    assert tile_width(0, size // 256 + 1, size) == 0


@given(st.integers(0, 140_000), st.integers(0, 140_000))
def test_new_tiles_are_what_the_new_size_serves_and_the_old_did_not(first: int, second: int) -> None:
    """Between two sizes exactly those tiles are new that exist at the new size and did not at the old, and bundles follow level 0."""
    old, new = sorted((first, second))
    before = set(tiles_for(old))
    assert list(new_tiles(old, new)) == [tile for tile in tiles_for(new) if tile not in before]
    assert list(new_bundles(old, new)) == [Tile(ENTRIES, *tile[1:]) for tile in new_tiles(old, new) if tile.level == 0]


def test_a_log_never_shrinks() -> None:
    """There are no new tiles towards a smaller, negative or impossible size."""
    for listed in (new_tiles(2, 1), new_bundles(-1, 1), tiles_for(-1), tiles_for(MAX_SIZE + 1)):
        with pytest.raises(FormatError) as refusal:
            next(listed)
        assert refusal.value.code == "tree/sizes"


@settings(max_examples=25)
@given(st.lists(st.integers(1, 700), min_size=1, max_size=5))
def test_tiles_built_in_batches_are_those_built_at_once(batches: list[int]) -> None:
    """However appends are batched, the log ends with the same tiles, in the order in which they are listed as new."""
    size, served = 0, {}
    for batch in batches:
        built = list(build_tiles(size, LEAVES[size : size + batch], fetcher(served)))
        assert [tile for tile, _ in built] == list(new_tiles(size, size + batch))
        served.update(built)
        size += batch
    for tile, data in serve(size).items():
        assert served[tile] == data
    assert list(build_tiles(size, [], never)) == []


def test_building_refuses_hashes_and_tiles_of_the_wrong_length() -> None:
    """A leaf that is not 32 bytes and a right edge that is too short are refused before a tile is made."""
    with pytest.raises(FormatError) as refusal:
        next(build_tiles(0, [bytes(31)], never))
    assert refusal.value.code == "tree/hash"
    with pytest.raises(FormatError, match=r"tile/0/000.p/3 has 64 bytes, and 96 are expected") as refusal:
        next(build_tiles(3, [bytes(32)], lambda *_: bytes(64)))
    assert refusal.value.code == "tile/length"


# ------------------------------------------------------------------------------------------------------------------------ bundles


@given(st.lists(st.binary(max_size=50), min_size=1, max_size=256))
def test_a_bundle_gives_its_entries_back(entries: list[bytes]) -> None:
    """A bundle is the entries, each after its length in two bytes."""
    raw = encode_bundle(entries)
    assert raw == b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)
    assert parse_bundle(raw, len(entries)) == entries


@given(st.binary(max_size=60), st.integers(-1, 257))
def test_a_bundle_parses_only_to_exactly_its_count(raw: bytes, count: int) -> None:
    """Whatever parses is encoded again to the same bytes; nothing but our own error is raised."""
    with contextlib.suppress(FormatError):
        assert encode_bundle(parse_bundle(raw, count)) == raw


@pytest.mark.parametrize(
    ("raw", "count", "code"),
    [
        (b"", 1, "tile/bundle-truncated"),
        (b"\x00", 1, "tile/bundle-truncated"),
        (b"\x00\x05four", 1, "tile/bundle-truncated"),
        (b"\x00\x01a", 2, "tile/bundle-truncated"),
        (b"\x00\x01ab", 1, "tile/bundle-trailing"),
        (b"\x00\x01a\x00\x01b", 1, "tile/bundle-trailing"),
        (b"", 0, "tile/bundle-count"),
        (b"\x00\x00" * 257, 257, "tile/bundle-count"),
    ],
)
def test_a_cut_or_padded_bundle_is_refused(raw: bytes, count: int, code: str) -> None:
    """A bundle ends exactly where its last entry ends."""
    with pytest.raises(FormatError) as refusal:
        parse_bundle(raw, count)
    assert refusal.value.code == code


@attack(
    "record-29",
    Mutation(
        "src/commonhold/kernel/tlog/tiles.py", find="if len(entry) > MAX_ENTRY_BYTES:", replace="if len(entry) > 2 * MAX_ENTRY_BYTES:"
    ),
)
def test_an_entry_of_70_kb_fits_into_no_bundle() -> None:
    """An entry has at most 65,535 bytes; the refusal says so, and what to do instead."""
    assert parse_bundle(encode_bundle([bytes(65_535)]), 1) == [bytes(65_535)]
    with pytest.raises(FormatError, match="70000 bytes, and at most 65535") as refusal:
        encode_bundle([bytes(70_000)])
    assert refusal.value.code == "tile/entry-too-large"
    assert refusal.value.next_step
    for count in (0, 257):
        with pytest.raises(FormatError) as refusal:
            encode_bundle([b""] * count)
        assert refusal.value.code == "tile/bundle-count"


# ------------------------------------------------------------------------------------------------------------------------- reading


@settings(max_examples=25)
@given(st.data())
def test_a_reader_of_tiles_gives_the_trees_roots_and_proofs(data: st.DataObject) -> None:
    """Roots, proofs, leaves and frontier read from tiles are those of the tree in memory."""
    size = data.draw(st.integers(0, 1500))
    reader = HashReader(size, TREE.root(size), fetcher(serve(size)))
    old = data.draw(st.integers(0, size))
    assert reader.root(old) == TREE.root(old)
    assert reader.root() == TREE.root(size)
    assert reader.frontier(old) == TREE.frontier(old)
    assert reader.consistency_proof(old) == TREE.consistency_proof(old, size)
    if old:
        index = data.draw(st.integers(0, old - 1))
        assert reader.inclusion_proof(index, old) == TREE.inclusion_proof(index, old)
        assert reader.leaf(index) == LEAVES[index]


def test_a_reader_climbs_through_full_tiles_of_two_levels() -> None:
    """In a log with three levels every tile on the way is fetched once, checked, and remembered."""
    asked: list[Tile] = []

    def fetch(level: int, index: int, width: int) -> bytes:
        asked.append(Tile(level, index, width))
        return BIG_TILES[asked[-1]]

    reader = HashReader(BIG, TREE.root(), fetch)
    assert asked == [Tile(0, 257, 208), Tile(1, 1, 1), Tile(2, 0, 1)]
    assert reader.inclusion_proof(70) == TREE.inclusion_proof(70, BIG)
    assert reader.inclusion_proof(71) == TREE.inclusion_proof(71, BIG)
    assert asked[3:] == [Tile(1, 0), Tile(0, 0)], "the tile above is proved first, and nothing is fetched twice"
    assert reader.bundle(3, encode_bundle(ENTRY[768:1024])) == ENTRY[768:1024]


def test_a_reader_remembers_a_bounded_number_of_tiles() -> None:
    """However long the log is, a reader that walks through it holds at most 128 tiles."""
    reader = HashReader(BIG, TREE.root(), fetcher(BIG_TILES))
    for index in range(0, BIG, 256):
        assert reader.leaf(index) == LEAVES[index]
    assert len(reader._tiles) == tilereader._TILES_KEPT


@pytest.mark.parametrize("size", [1, 255, 256, 257, 512, 65_536, 65_792])
def test_a_reader_needs_no_partial_tile_where_the_edge_is_full(size: int) -> None:
    """At sizes that fill their tiles exactly, the levels without a partial tile are passed over."""
    reader = HashReader(size, TREE.root(size), fetcher(serve(size)))
    assert reader.leaf(size - 1) == LEAVES[size - 1]
    assert reader.inclusion_proof(0) == TREE.inclusion_proof(0, size)


def test_a_full_tile_stands_in_for_a_partial_one_that_is_gone() -> None:
    """A log may delete partial tiles once the full one exists; the reader takes from it what it needs and still proves it."""
    full = serve(600)
    reader = HashReader(
        300,
        TREE.root(300),
        lambda level, index, width: (
            full.get(Tile(level, index, width)) or full[Tile(level, index)] if level == 0 else serve(300)[Tile(level, index, width)]
        ),
    )
    assert reader.inclusion_proof(299) == TREE.inclusion_proof(299, 300)


def flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@attack(
    "record-23",
    Mutation(READER, find="if found != root:", replace="if len(found) != len(root):"),
)
@given(st.integers(0, 207 * 32))
def test_a_changed_tile_at_the_right_edge_is_refused(at: int) -> None:
    """One bit changed in a partial tile, and the tiles do not fold to the signed root."""
    tiles = {**BIG_TILES, Tile(0, 257, 208): flip(BIG_TILES[Tile(0, 257, 208)], at)}
    with pytest.raises(ProofError, match="fold to root") as refusal:
        HashReader(BIG, TREE.root(), fetcher(tiles))
    assert refusal.value.code == "tile/root"
    assert TREE.root().hex() in str(refusal.value)


@attack(
    "record-23",
    Mutation(READER, find="if levels[TILE_HEIGHT] != expected:", replace="if not expected:"),
)
@pytest.mark.parametrize("tile", [Tile(0, 0), Tile(1, 0)])
def test_a_changed_tile_inside_the_tree_is_refused_before_it_is_used(tile: Tile) -> None:
    """Each full tile must fold to the hash that the proved tile above it holds, and the reader keeps nothing of a bad one."""
    reader = HashReader(BIG, TREE.root(), fetcher({**BIG_TILES, tile: flip(BIG_TILES[tile], 40)}))
    for ask in (lambda: reader.leaf(5), lambda: reader.inclusion_proof(5), lambda: reader.root(6), lambda: reader.frontier(200)):
        with pytest.raises(ProofError) as refusal:
            ask()
        assert refusal.value.code == "tile/hash"
        assert tile.path in str(refusal.value)
    assert (tile.level, tile.index) not in reader._tiles


@attack("record-23", Mutation(READER, find="if leaf_hash(entry) != self._node(0, place):", replace="if len(entry) > 65535:"))
def test_a_changed_entry_is_refused_by_its_number() -> None:
    """An entry that was altered in a bundle is not the one whose leaf is in the tree."""
    reader = HashReader(300, TREE.root(300), fetcher(serve(300)))
    assert reader.bundle(1, encode_bundle(ENTRY[256:300])) == ENTRY[256:300]
    with pytest.raises(ProofError, match=r"entry 258 of tile/entries/001.p/44") as refusal:
        reader.bundle(1, encode_bundle([*ENTRY[256:258], b"altered", *ENTRY[259:300]]))
    assert refusal.value.data == {"index": 258}


def test_tiles_of_another_size_or_log_are_refused() -> None:
    """A tile that is too short, a checkpoint of another log and a size that cannot be are told apart."""
    with pytest.raises(FormatError) as refusal:
        HashReader(5, TREE.root(5), lambda *_: bytes(64))
    assert refusal.value.code == "tile/length"
    with pytest.raises(ProofError):
        HashReader(0, TREE.root(1), never)
    with pytest.raises(FormatError):
        HashReader(-1, EMPTY_ROOT, never)
    assert HashReader(0, EMPTY_ROOT, never).root() == EMPTY_ROOT


def test_a_reader_refuses_what_the_log_never_had() -> None:
    """Leaves, sizes and bundles beyond the checkpoint are refused, not guessed."""
    reader = HashReader(300, TREE.root(300), fetcher(serve(300)))
    for ask in (
        lambda: reader.leaf(300),
        lambda: reader.leaf(-1),
        lambda: reader.root(301),
        lambda: reader.root(-1),
        lambda: reader.inclusion_proof(300),
        lambda: reader.consistency_proof(3, 301),
        lambda: reader.frontier(301),
        lambda: reader.bundle(2, b"\x00\x00"),
        lambda: reader.bundle(-1, b"\x00\x00"),
    ):
        with pytest.raises(CommonholdError) as refusal:
            ask()
        assert isinstance(refusal.value, FormatError)
