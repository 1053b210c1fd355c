"""Laws about bad input: whatever a person, a disk or a server hands to the command line, the answer is a reason and a next step.

Each case goes through the real command line. What is asserted every time: the exit code, that the message names the thing and says what to
do, that there is no traceback (``houses.command`` looks), and that what was there before is still there.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from commonhold.kernel.canonical import canonical_bytes
from commonhold.kernel.tlog.hashes import leaf_hash
from commonhold.kernel.tlog.tiles import encode_bundle, parse_bundle
from tests.cli.houses import TEXT, Done, House, command, refused


def snapshot(folder: Path) -> dict[str, bytes]:
    """Every file under a folder but the writer's lock."""
    return {
        str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "lock"
    }


def bundle_of(house: House) -> Path:
    """The newest partial bundle: the one that the published checkpoint covers."""
    return max(path for path in (house.record / "tile" / "entries").rglob("*") if path.is_file())


# -------------------------------------------------------------------------------------------------------------------- altered records


def swap(entries: list[bytes]) -> list[bytes]:
    return [entries[0], entries[2], entries[1], *entries[3:]]


@pytest.mark.parametrize(
    ("bend", "words"),
    [
        (swap, "entry 1"),
        (lambda entries: [*entries[:-1], entries[1]], "entry 5"),
        (lambda entries: [*entries[:-1], b"{" + entries[-1][1:-1] + b" }"], "entry 5"),
        (lambda entries: [*entries[:-1], entries[-1].replace(b"avocet", b"heron")], "entry 5"),
    ],
    ids=["reordered", "duplicated", "non-canonical", "altered"],
)
def test_entries_that_were_changed_are_refused_by_their_number(
    house: House, bend: Callable[[list[bytes]], list[bytes]], words: str
) -> None:
    """Exit 1: the first entry that is not the one which the log signed is named; the house's own writer refuses as well."""
    bundle = bundle_of(house)
    whole = bundle.read_bytes()
    bundle.write_bytes(encode_bundle(bend(list(parse_bundle(whole, 6)))))
    before = snapshot(house.path)
    refused(command("verify", house.path), 1, words, "another copy")
    assert command("status", "--house", house.path).code == 1
    assert house.by("heron", "propose", "depart", "--yes").code in (1, 2)
    assert snapshot(house.path) == before
    bundle.write_bytes(whole)
    assert command("verify", house.path).code == 0


def test_a_server_that_alters_its_tiles_as_well_is_refused_by_what_it_signed(house: House) -> None:
    """Entries and hashes that agree with each other and not with the signed root are refused once everything was folded. Exit 1."""
    bundle, tile = bundle_of(house), house.record / "tile" / "0" / "000.p" / "6"
    entries = swap(list(parse_bundle(bundle.read_bytes(), 6)))
    bundle.write_bytes(encode_bundle(entries))
    tile.write_bytes(b"".join(map(leaf_hash, entries)))
    refused(command("verify", house.path), 1, "do not fold to the root", "evidence")


@pytest.mark.parametrize("cut", [0, 1, 100, -1])
def test_a_bundle_that_was_cut_off_is_refused(house: House, cut: int) -> None:
    """Exit 2: a damaged file is named, and another copy may be whole."""
    bundle = bundle_of(house)
    whole = bundle.read_bytes()
    bundle.write_bytes(whole[:cut])
    done = command("verify", house.path)
    assert done.code == 2
    assert "error: " in done.err
    bundle.write_bytes(whole)
    assert command("verify", house.path).code == 0


def test_a_checkpoint_with_ten_thousand_signatures_is_refused(house: House) -> None:
    """Exit 2: it is not read further than it may be long, and nobody counts what is in it."""
    checkpoint = house.record / "checkpoint"
    whole = checkpoint.read_bytes()
    line = whole.splitlines(keepends=True)[-1]
    checkpoint.write_bytes(whole + line * 10_000)
    done = command("verify", house.path)
    assert (done.code, "checkpoint" in done.err) == (2, True)
    checkpoint.write_bytes(whole + line * 100)
    done = command("verify", house.path)
    assert (done.code, "signature" in done.err) == (2, True)
    checkpoint.write_bytes(whole)
    assert command("verify", house.path).code == 0


def test_a_note_of_a_gigabyte_is_refused_at_once(house: House) -> None:
    """Exit 2 for a checkpoint, a proof file, a kit, a card, a text and a note of 1 GB: none is read whole."""
    huge = house.base / "huge"
    with huge.open("wb") as file:
        file.truncate(1 << 30)
    huge.chmod(0o600)
    vkey = "saltmarsh.example+0d5dbd51+AdNfmS+Bbg7bq1YpwbyQRnDYD5ZmZ+QLIXsHXl4hDV5L"
    for arguments in (
        ["verify", huge],
        ["verify", house.path, "--text", huge],
        ["note", "verify", "--vkey", vkey, huge],
        ["accept", "--house", house.path, "--kit", huge],
        ["statement", "publish", huge, "--house", house.path, "--kit", house.kit("heron")],
        ["propose", "admit", "--card", huge, "--house", house.path, "--kit", house.kit("heron")],
        ["propose", "statement", "--payload", huge, "--house", house.path, "--kit", house.kit("heron")],
    ):
        done = command(*arguments)
        assert done.code == 2, done.said
        assert "error: " in done.err
    checkpoint = house.record / "checkpoint"
    checkpoint.unlink()
    os.link(huge, checkpoint)
    done = command("verify", house.path)
    assert (done.code, "checkpoint" in done.err) == (2, True)
    assert house.do("heron", "propose", "depart", "--yes"), "the writer brings its own checkpoint back from its journal"


# -------------------------------------------------------------------------------------------------------------------- acts that are none


def test_an_entry_of_seventy_kilobytes_is_refused(house: House) -> None:
    """A payload that could not fit into an entry is refused before it is signed, and the record stays as it is."""
    size = house.size()
    payload = house.write("big.json", json.dumps({"text": "0" * 70_000}))
    done = command("propose", "statement", "--payload", payload, "--house", house.path, "--kit", house.kit("heron"))
    assert (done.code, "60000" in done.err) == (2, True)
    amend = house.write("amend.json", json.dumps({"base": "0" * 64, "result": "0" * 64, "articles": [{"é" * 50: 1}] * 900, "rules": []}))
    assert house.by("heron", "propose", "amend", "--payload", amend).code == 2
    assert house.size() == size


@pytest.mark.parametrize(
    ("bent", "code"),
    [
        ({"org": "0" * 64}, "entry/other-org"),
        ({"epoch": 1}, "entry/other-epoch"),
        ({"type": "vote"}, "entry/type-not-yet"),
        ({"type": "abolish"}, "entry/type"),
        ({"more": 1}, "entry/fields"),
    ],
    ids=["org", "epoch", "type-of-the-future", "unknown-type", "unknown-field"],
)
def test_entries_for_elsewhere_count_for_nothing(house: House, bent: dict[str, object], code: str) -> None:
    """A hostile server may append them; each is listed with its reason, and the verdict stands."""
    raw = house.sign("heron", "accept", {"of": house.ask("state")["org"]}, **bent)
    house.append(raw)
    row = house.ask("log", "--last", 1)["entries"][0]
    assert (row["counts"], row["code"]) == (False, code)
    done = command("verify", house.path)
    assert (done.code, "refused    entry 6" in done.out) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["propose", "abolish"], "abolish"),
        (["propose", "spend_small", "amount=many"], "whole number"),
        (["propose", "spend_small", "amount=" + "9" * 5000], "whole number"),
        (["propose", "suspend-origin", "origin=x", "lift=maybe"], "yes or no"),
        (["propose", "channel", "address"], "FIELD=VALUE"),
        (["propose", "channel", "op=add"], "payload of 'channel'"),
        (["propose", "entrust", "resource=x", "holders=heron", "--within", "soon"], "ISO 8601"),
        (["propose", "admit", "member=ruff"], "payload of 'admit'"),
        (["propose", "statement", "language=en", "text=\udcff"], "U+DCFF"),
        (["propose", "statement", "--card", "CARD"], "a card says nothing"),
        (["propose", "statement", "--payload", "DEEP"], "not JSON"),
        (["propose", "statement", "--payload", "LIST"], "JSON object"),
        (["propose", "statement", "--payload", "LATIN"], "not JSON"),
        (["propose", "statement", "--payload", "NOWHERE"], "NOWHERE"),
        (["propose", "statement", "--payload", "FLOAT"], "float"),
        (["propose", "amend", "--charter", "NOWHERE"], "NOWHERE"),
        (["propose", "spend_large", "--emergency", "transmitter", "amount=5", "currency=EUR", "--text", "FINE"], "clock"),
        (["propose", "spend_large", "--emergency", "flood", "amount=5", "currency=EUR", "--text", "FINE"], "no emergency power 'flood'"),
        (["propose", "delegate", "rule=spend_small", "to=heron", "until=5"], "clock"),
        (["statement", "publish", "EMPTY"], "empty"),
        (["statement", "publish", "LATIN"], "UTF-8"),
        (["statement", "publish", "FOLDER"], "FOLDER"),
        (["approve", "123"], "four digits"),
        (["approve", "gggg"], "no proposal"),
        (["withdraw", "crown", "gggg"], "crown"),
        (["withdraw", "seat", "\x1b[2J"], "U+001B"),
        (["withdraw", "seat", "chairs"], "no seat"),
    ],
    ids=lambda value: " ".join(value)[:40].encode("ascii", "replace").decode() if isinstance(value, list) else None,
)
def test_an_act_that_makes_no_sense_is_refused_in_words(house: House, arguments: list[str], words: str) -> None:
    """Exit 1 or 2, the thing by its name, and the record as it was."""
    places = {
        "CARD": house.card("heron"),
        "DEEP": house.write("DEEP", "[" * 50_000),
        "LIST": house.write("LIST", "[]"),
        "FLOAT": house.write("FLOAT", '{"text":1.5}'),
        "FINE": house.write("FINE", TEXT),
        "EMPTY": house.write("EMPTY", " \n"),
        "LATIN": house.base / "LATIN",
        "NOWHERE": house.base / "NOWHERE",
        "FOLDER": house.base / "FOLDER",
    }
    places["LATIN"].write_bytes(b'{"text":"caf\xe9"}')
    places["FOLDER"].mkdir()
    before = snapshot(house.record)
    given = [str(places.get(argument, argument)) for argument in arguments]
    done = command(*given, "--house", house.path, "--kit", house.kit("heron"))
    assert done.code in (1, 2), done.said
    assert words in done.err
    assert "\x1b" not in done.err
    after = snapshot(house.record)
    assert {name: data for name, data in after.items() if ".staging" not in name} == {
        name: data for name, data in before.items() if ".staging" not in name
    }


# ------------------------------------------------------------------------------------------------------------------------------ files


def test_a_key_file_that_cannot_be_used_is_named_with_the_way_out(house: House) -> None:
    """A kit that others can read, that is cut off, of another kind, absent or a folder: nothing is signed, and no secret is shown."""
    kit = house.kit("heron")
    whole = kit.read_bytes()
    secret = whole.splitlines()[2].decode()
    size = house.size()

    def attempt(path: Path) -> Done:
        return command("propose", "depart", "--yes", "--house", house.path, "--kit", path)

    kit.chmod(0o644)
    refused(attempt(kit), 2, "0644", "chmod 600")
    kit.chmod(0o600)
    for content in (whole[:-20], whole[:10], b"", whole + b"more\n", b"\xff" * 100):
        kit.write_bytes(content)
        done = attempt(kit)
        refused(done, 2, str(kit))
        assert secret not in done.said
    kit.write_bytes(whole)
    refused(attempt(house.path / "keys" / "log.key"), 2, "log's signing key")
    refused(attempt(house.card("heron")), 2, "heron.card")
    refused(attempt(house.base / "nowhere.kit"), 2, "nowhere.kit")
    refused(attempt(house.base), 2)
    assert command("propose", "depart", "--yes", "--house", house.path).code == 2
    (house.path / "keys" / "log.key").chmod(0o644)
    refused(attempt(kit), 2, "log.key", "chmod 600")
    (house.path / "keys" / "log.key").chmod(0o600)
    assert house.size() == size


def test_the_kit_of_somebody_else_is_refused(house: House) -> None:
    """A kit that the record does not hold signs nothing here: another house's member, or another kit under a member's name."""
    assert command("key", "new", "heron", "-o", house.base / "other.kit").code == 0
    assert command("key", "new", "ruff", "-o", house.kit("ruff")).code == 0
    done = command("propose", "depart", "--yes", "--house", house.path, "--kit", house.base / "other.kit")
    refused(done, 2, "another kit", "recover-member")
    done = command("propose", "depart", "--yes", "--house", house.path, "--kit", house.kit("ruff"))
    refused(done, 1, "ruff is not in this organisation's record", "admit")


def test_a_folder_that_is_no_house_is_named(house: House) -> None:
    """Exit 2 for reading and for writing verbs, and nothing is made there."""
    nowhere, empty = house.base / "nowhere", house.base / "empty"
    empty.mkdir()
    for place in (nowhere, empty):
        for verb in (["status"], ["log"], ["state"], ["prove", "0", "-o", house.base / "p"]):
            done = command(*verb, "--house", place)
            assert done.code == 2
            assert str(place) in done.err
        refused(command("propose", "depart", "--yes", "--house", place, "--kit", house.kit("heron")), 2, str(place))
        refused(command("verify", place), 2, str(place))
    assert not nowhere.exists()
    assert list(empty.iterdir()) == []


@pytest.mark.parametrize("place", ["ftp://record.example/", "http://", "https://user:secret@record.example/", "http://record.example/?a=b"])
def test_an_address_that_is_none_is_refused(place: str) -> None:
    """Exit 2, without any request."""
    done = command("verify", place)
    assert done.code == 2
    assert "error: " in done.err


def test_a_file_that_is_no_proof_file_is_refused(house: House) -> None:
    """Exit 2 for a text, an empty file, a JSON file and a folder's own checkpoint."""
    for content in (TEXT, "", "{}", "null", '{"form":"commonhold/proof/v1"}'):
        refused(command("verify", house.write("file", content)), 2)
    refused(command("verify", house.record / "checkpoint"), 2)


def test_an_interrupted_copy_is_refused_and_the_original_is_not_touched(house: House, tmp_path: Path) -> None:
    """A copy that lacks its checkpoint or one of the tiles that it covers is refused; the writer's own corner is not missed."""
    for name in ("checkpoint", "tile/0/000.p/6", "tile/entries/000.p/6"):
        copy = tmp_path / "copy"
        shutil.copytree(house.record, copy)
        (copy / name).unlink()
        refused(command("verify", copy), 2, str(copy))
        shutil.rmtree(copy)
    copy = tmp_path / "copy"
    shutil.copytree(house.record, copy, ignore=shutil.ignore_patterns(".staging"))
    assert command("verify", copy).code == 0


def test_a_non_canonical_proof_file_is_refused_as_that(house: House) -> None:
    """The same content with spaces is another file, and no reader takes it."""
    file = house.prove(0)
    value = json.loads(file.read_bytes())
    file.write_bytes(json.dumps(value).encode())
    refused(command("verify", file), 2, "canonical")
    file.write_bytes(canonical_bytes(value))
    assert command("verify", file).code == 0
