"""Laws about ``verify`` and ``prove``: who decided what, under which article, and how every lie about it is told apart."""

from __future__ import annotations

import http.server
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from commonhold.cli import reading, verify
from commonhold.kernel import b64
from commonhold.kernel.canonical import canonical_bytes
from commonhold.kernel.record.entries import parse_entry
from commonhold.kernel.record.replay import CHUNK
from commonhold.kernel.texts import make_text
from tests.cli.houses import MEMBERS, TEXT, House, command

PAGE = "https://saltmarsh.example/"


def verdict(*arguments: object) -> Any:
    """The report of a verification that reached a verdict, with its exit code beside it."""
    done = command("verify", *arguments, "--json")
    assert done.out, done.err
    return {"exit": done.code, **done.json}


# --------------------------------------------------------------------------------------------------------------------------- folders


def test_a_whole_record_is_official_and_says_why(house: House) -> None:
    """Exit 0, the verdict, on whose replay it rests, how fresh it is, and each decision with its article and approvers."""
    house.statement()
    report = verdict(house.path)
    assert (report["exit"], report["ok"], report["official"], report["verdict"]) == (0, True, True, "official-unwitnessed")
    assert report["rests_on"] == "replayed by you"
    assert report["freshness"] == {"clock": None, "attested": 0}
    assert [(row["kind"], row["articles"], row["by"]) for row in report["decided"]] == [("statement", ["3.1"], ["heron", "tern"])]
    done = command("verify", house.path)
    assert "verdict      official as of entry 8, unwitnessed" in done.out
    assert "article 3.1; by heron, tern" in done.out
    assert "Compare the id" in done.err
    assert "Compare the id" not in command("verify", house.path, "--org", report["org"]).err
    assert "verifying entries: 9 done" in done.err


def test_only_those_whose_approval_counted_are_said_to_have_decided(house: House) -> None:
    """An approval that stopped counting before the decision fell is not shown as one of those that carried it."""
    proposal = house.statement(approved=False)
    house.do("plover", "approve", proposal)
    assert verdict(house.path)["decided"][0]["by"] == ["heron", "plover"]
    second = house.do("tern", "statement", "publish", house.write("t.md", "Second.\n"))["proposal"]["id"]
    house.do("tern", "propose", "depart", "--yes")
    house.approve(second, "heron", "plover")
    by = {row["payload"].get("text"): row["by"] for row in verdict(house.path)["decided"]}
    assert by[house.ask("status", second)["payload"]["text"]] == ["heron", "plover"]
    assert house.ask("status", second)["approved"] == ["heron", "plover", "tern"]
    file = house.prove(second)
    assert "decided by   heron, plover\n" in command("verify", file).out


def test_another_organisation_is_refused_by_its_id(house: House) -> None:
    """Exit 1, and both ids are shown."""
    org = house.ask("state")["org"]
    assert verdict(house.path, "--org", org)["exit"] == 0
    done = command("verify", house.path, "--org", "0" * 64)
    assert done.code == 1
    assert org in done.err
    assert "0" * 64 in done.err
    assert "on paper or from a partner" in done.err


def test_an_older_checkpoint_is_official_as_of_its_own_last_entry(house: House) -> None:
    """A server that shows yesterday's checkpoint can hide what came since, and cannot make it look newer."""
    old = (house.record / "checkpoint").read_bytes()
    house.statement()
    (house.record / "checkpoint").write_bytes(old)
    report = verdict(house.path)
    assert (report["exit"], report["words"], report["decided"]) == (0, "official as of entry 5, unwitnessed", [])


def test_a_kind_of_the_future_exits_with_cannot_judge(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 2, neither yes nor no: the charter lists the kind, enough members have approved, and this version does not know what it does."""
    for module in ("acts", "payloads"):
        monkeypatch.setattr(f"commonhold.kernel.record.{module}.FUTURE_KINDS", frozenset({"succeed"}))
    raw = house.sign("heron", "propose", {"kind": "succeed", "payload": {}, "not_after": 2**40})
    house.append(raw)
    assert verdict(house.path)["exit"] == 0, "one member alone silences nobody"
    for name in MEMBERS:
        house.append(house.sign(name, "approve", {"proposal": parse_entry(raw).id}))
    report = verdict(house.path)
    assert (report["exit"], report["ok"], report["verdict"]) == (2, False, "cannot-judge")
    assert "entry 6" in report["words"]


def test_a_forged_kind_of_the_future_does_not_silence_the_organisation(house: House) -> None:
    """Only a member's own signature can make a reader unable to judge; a server cannot."""
    good = json.loads(house.sign("heron", "propose", {"kind": "succeed", "payload": {}, "not_after": 2**40}))
    good["nonce"] = b64.encode(bytes(16))
    house.append(canonical_bytes(good), b'{"type":"open"}')
    report = verdict(house.path)
    assert (report["exit"], [row["code"] for row in report["refused"]]) == (0, ["signature/invalid", "entry/fields"])


def test_a_long_replay_shows_how_far_it_is(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading verbs show progress only where it takes long; verify always does, on stderr."""
    assert "to do" not in command("log", "--house", house.path).err
    monkeypatch.setattr(reading, "LONG", 3)
    assert "verifying entries: 6 to do" in command("log", "--house", house.path).err
    file = house.prove(0)
    monkeypatch.setattr(verify, "LONG", 3)
    done = command("verify", file)
    assert (done.code, "verifying entries: 6 done" in done.err) == (0, True)
    assert CHUNK > 3


# ----------------------------------------------------------------------------------------------------------------------------- texts


def test_only_the_exact_text_of_a_statement_is_official(house: House) -> None:
    """The published bytes are; the same words with one more space, or another text, are not. Exit 0 and 1."""
    house.statement()
    report = verdict(house.path, "--text", house.write("same.md", TEXT))
    assert (report["exit"], report["approved_by"], report["articles"]) == (0, ["heron", "tern"], ["3.1"])
    for text in (f"{TEXT} ", "Another text.\n"):
        report = verdict(house.path, "--text", house.write("other.md", text))
        assert (report["exit"], report["verdict"], report["statement"]) == (1, "not-official", "")


def test_a_text_that_was_proposed_and_not_decided_is_not_official(house: House) -> None:
    """The object lies in the house, and only a decision makes it speak for the organisation."""
    house.statement(approved=False)
    assert verdict(house.path, "--text", house.write("same.md", TEXT))["exit"] == 1


def test_where_a_text_is_missing_nothing_is_guessed(house: House) -> None:
    """A copy without the texts cannot tell whether a file is one of them: exit 2, not a no."""
    house.statement()
    shutil.rmtree(house.path / "objects")
    report = verdict(house.path, "--text", house.write("same.md", TEXT))
    assert (report["exit"], report["verdict"]) == (2, "cannot-judge")


# ----------------------------------------------------------------------------------------------------------------------- proof files


def test_a_proof_file_says_who_decided_the_statement_and_shows_its_text(house: House) -> None:
    """It is checked without the house, and holds the text itself."""
    file = house.prove(house.statement())
    shutil.rmtree(house.path)
    report = verdict(file)
    assert (report["exit"], report["text"]) == (0, TEXT)
    assert (report["proposal"]["status"], report["proposal"]["approved"]) == ("enacted", ["heron", "tern"])
    assert verdict(file, "--text", house.write("same.md", TEXT))["exit"] == 0
    other = command("verify", file, "--text", house.write("other.md", "Another.\n"))
    assert other.code == 1
    assert "is not the text" in other.err
    assert verdict(file, "--org", report["org"])["exit"] == 0


def test_the_proof_of_a_proposal_that_is_still_open_is_not_official(house: House) -> None:
    """To be in the record is not to be decided: exit 1."""
    proposal = house.statement(approved=False)
    report = verdict(house.prove(proposal))
    assert (report["exit"], report["verdict"], report["proposal"]["status"]) == (1, "not-official", "open")
    house.approve(proposal, "tern")
    assert verdict(house.prove(proposal))["exit"] == 0


def test_the_proof_of_an_entry_that_counts_for_nothing_says_why(house: House) -> None:
    """It is in the log, which anybody can fill, and the reason stands beside it. Exit 1."""
    house.append(house.sign("heron", "propose", {"kind": "statement", "payload": {}, "not_after": 2**40}), b"junk")
    file = house.prove(6)
    report = verdict(file)
    assert (report["exit"], report["entry"]["counts"]) == (1, False)
    assert "counts for nothing" in command("verify", file).out
    unreadable = command("prove", 7, "-o", house.base / "x.proof", "--house", house.path)
    assert (unreadable.code, "unreadable" in unreadable.err) == (2, True)
    assert not (house.base / "x.proof").exists()


def test_a_text_is_not_called_official_by_a_proof_that_lacks_it(house: House) -> None:
    """Whoever strips the text out of a proof file cannot pass another text off under it, nor under a proof about something else."""
    file = house.prove(house.statement())
    value = json.loads(file.read_bytes())
    stripped = house.base / "stripped.proof"
    stripped.write_bytes(canonical_bytes({**value, "texts": {}}))
    forged = house.write("forged.md", "We have been sold.\n")
    report = verdict(stripped, "--text", forged)
    assert (report["exit"], report["verdict"]) == (2, "cannot-judge")
    assert verdict(stripped)["exit"] == 0
    report = verdict(house.prove(0, "founding.proof"), "--text", forged)
    assert (report["exit"], report["verdict"]) == (1, "not-official")


def test_a_struck_channel_is_told_with_the_new_address(house: House) -> None:
    """The proof of an old channel says since when it is struck and where the organisation is now. Exit 1."""
    added = house.propose("heron", "channel", "op=add", f"address={PAGE}")
    house.approve(added, "heron", "tern")
    assert verdict(house.prove(added))["exit"] == 0
    moved = house.propose("heron", "channel", "op=move", f"address={PAGE}", "to=https://new.example/")
    house.approve(moved, "heron", "tern")
    report = verdict(house.prove(added))
    assert (report["exit"], report["verdict"]) == (1, "struck")
    assert report["words"].endswith("the organisation is now at https://new.example/")
    assert verdict(house.prove(moved))["exit"] == 0


@pytest.fixture
def proof(house: House) -> Any:
    """The value of a proof file, to be bent."""
    return json.loads(house.prove(house.statement()).read_bytes())


def bends(value: Any, other: Any) -> dict[str, Any]:
    leaves, first = value["leaves"], value["state"][0]
    text = next(iter(value["texts"]))
    forged = b64.encode(make_text(b"We have been sold.\n", bytes(16)))
    changed = b64.encode(b64.decode(leaves[7]).replace(b"heron", b"heroN"))
    return {
        "a leaf changed": {"leaves": [*leaves[:7], changed, *leaves[8:]]},
        "leaves reordered": {"leaves": [*leaves[:-2], leaves[-1], leaves[-2]]},
        "a leaf dropped": {"leaves": leaves[:-1]},
        "a leaf twice": {"leaves": [*leaves, leaves[-1]]},
        "checkpoint swapped": {"proof": value["proof"].partition("\n\n")[0] + "\n\n" + other["proof"].partition("\n\n")[2]},
        "text swapped": {"texts": {text: forged}},
        "state proof of another key": {"state": [{**first, "key": "heron", "part": "members"}]},
        "another organisation": {"org": other["org"]},
        "everything of another organisation": {**other, "org": value["org"]},
        "64 proof lines": {"proof": value["proof"].replace("\n\n", "\n" + (b64.encode(bytes(32)) + "\n") * 64 + "\n", 1)},
        "an oversized leaf": {"leaves": [*leaves, b64.encode(bytes(70 * 1024))]},
        "a field more": {"note": "x"},
        "another form": {"form": "commonhold/proof/v9"},
    }


@pytest.fixture
def stranger(founded: House, tmp_path: Path) -> Any:
    """The proof of another organisation's statement."""
    from tests.cli.houses import found

    other = found(tmp_path / "stranger")
    return json.loads(other.prove(other.statement()).read_bytes())


def test_no_bent_proof_file_is_official(house: House, proof: Any, stranger: Any) -> None:
    """Each part of a proof file that is changed, swapped or taken from elsewhere gives itself away, with words and without a traceback."""
    file = house.base / "bent.proof"
    for name, change in bends(proof, stranger).items():
        file.write_bytes(canonical_bytes({**proof, **change}))
        done = command("verify", file)
        assert done.code in (1, 2), name
        assert done.err.startswith("error: "), name
    file.write_bytes(canonical_bytes(proof)[:-100])
    assert command("verify", file).code == 2
    file.write_bytes(json.dumps(proof).encode())
    assert "canonical" in command("verify", file).err
    file.write_bytes(canonical_bytes(stranger))
    assert command("verify", file, "--org", proof["org"]).code == 1
    file.write_bytes(canonical_bytes(proof))
    assert command("verify", file, "--org", proof["org"]).code == 0


def test_an_entry_to_prove_is_found_by_number_or_id(house: House) -> None:
    """Its number, its id, or four digits of it; what is absent or too short is said, and no file is written over."""
    proposal = house.statement()
    assert house.ask("prove", proposal[:4], "-o", house.base / "a.proof")["index"] == 6
    assert house.ask("prove", 6, "-o", house.base / "b.proof")["entry"] == proposal
    assert (house.base / "a.proof").read_bytes() == (house.base / "b.proof").read_bytes()
    for typed, code in (("99", 1), ("999999999999999", 1), ("gggg", 1), ("abc", 2)):
        done = command("prove", typed, "-o", house.base / "c.proof", "--house", house.path)
        assert done.code == code, typed
    assert not (house.base / "c.proof").exists()
    before = (house.base / "a.proof").read_bytes()
    assert command("prove", 0, "-o", house.base / "a.proof", "--house", house.path).code == 2
    assert (house.base / "a.proof").read_bytes() == before


def test_an_erased_text_does_not_stand_in_the_way_of_a_proof(house: House) -> None:
    """The entry can be proved without its text; an altered text is never put into a proof."""
    proposal = house.statement()
    report = house.ask("status", proposal)
    digest = report["payload"]["text"]
    (text,) = (path for path in (house.path / "objects").rglob("*") if path.is_file() and path.name == digest[2:])
    whole = text.read_bytes()
    text.write_bytes(whole + b"!")
    done = command("prove", proposal, "-o", house.base / "x.proof", "--house", house.path)
    assert (done.code, "altered" in done.err) == (1, True)
    assert not (house.base / "x.proof").exists()
    text.unlink()
    file = house.prove(proposal)
    assert json.loads(file.read_bytes())["texts"] == {}
    assert verdict(file)["exit"] == 0


# -------------------------------------------------------------------------------------------------------------------------- over HTTP


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        return


class Endless(http.server.BaseHTTPRequestHandler):
    """A server that answers everything with data that never ends."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"x" * 65_536)
        except OSError:
            return

    def log_message(self, *_: object) -> None:
        return


@contextmanager
def served(handler: Any) -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_served_record_is_read_like_a_folder(house: House) -> None:
    """The address of the house or of its record gives the same verdict as the folder; where no texts are served, nothing is guessed."""
    house.statement()
    with served(partial(Quiet, directory=str(house.path))) as address:
        local = verdict(house.path)
        assert verdict(address) == local
        assert verdict(f"{address}/record/") == local
        assert verdict(address, "--text", house.write("same.md", TEXT))["exit"] == 0
        assert verdict(f"{address}/record/", "--text", house.write("same.md", TEXT))["exit"] == 2


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_served_record_with_a_missing_tile_says_which(house: House) -> None:
    """Exit 2, the file's address and the next step; whole again, it is official."""
    (tile,) = (path for path in (house.record / "tile" / "entries").rglob("*") if path.is_file() and path.name == "6")
    whole = tile.read_bytes()
    tile.unlink()
    with served(partial(Quiet, directory=str(house.path))) as address:
        done = command("verify", address)
        assert done.code == 2
        assert "tile/entries/000.p/6" in done.err
        assert len(done.err.strip().splitlines()) >= 2
        tile.write_bytes(whole)
        assert verdict(address)["exit"] == 0


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_server_that_never_ends_is_left(house: House) -> None:
    """Every answer has a size that it may not exceed: exit 2, and soon."""
    with served(Endless) as address:
        done = command("verify", address)
    assert done.code == 2
    assert "longer than" in done.err


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_server_that_is_not_there_is_a_reason(house: House) -> None:
    """Exit 2, the address, and what to try."""
    with served(Quiet) as address:
        pass
    done = command("verify", address)
    assert done.code == 2
    assert address in done.err
    assert "mirror" in done.err
