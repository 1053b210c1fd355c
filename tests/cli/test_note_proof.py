"""Laws about ``commonhold note verify`` and ``commonhold proof verify``: the exit code is the answer, and nothing is read without bound."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from commonhold.cli.inputs import in_words
from commonhold.cli.main import run
from commonhold.kernel.notes import COSIGNATURE, MAX_NOTE_BYTES, SignerKey, append_signatures, sign_note
from commonhold.kernel.tlog.checkpoint import Checkpoint, cosign
from commonhold.kernel.tlog.merkle import Tree, leaf_hash
from commonhold.kernel.tlog.policy import NONE, Policy
from commonhold.kernel.tlog.proof import TlogProof

LOG = SignerKey("commonhold/saltmarsh/0", bytes([1]) * 32)
TERN = SignerKey("partner.example", bytes([2]) * 32, COSIGNATURE)
PLOVER = SignerKey("partner.example", bytes([3]) * 32, COSIGNATURE)
STRANGER = SignerKey("stranger.example", bytes([4]) * 32)
ENTRIES = [f'{{"entry":{number}}}'.encode() for number in range(7)]
TREE = Tree(map(leaf_hash, ENTRIES))
CHECKPOINT = Checkpoint(LOG.name, 7, TREE.root()).sign(LOG)
COSIGNED = append_signatures(CHECKPOINT, cosign(CHECKPOINT, TERN, 1_700_000_000), cosign(CHECKPOINT, PLOVER, 1_700_000_060))
V_LOG, V_TERN, V_PLOVER = (str(signer.verifier) for signer in (LOG, TERN, PLOVER))


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "checkpoint").write_bytes(COSIGNED)
    (tmp_path / "entry").write_bytes(ENTRIES[3])
    for name, note in (("proof", COSIGNED), ("unwitnessed", CHECKPOINT)):
        (tmp_path / name).write_bytes(TlogProof(None, 3, tuple(TREE.inclusion_proof(3)), note).format())
    policy = Policy.build([V_LOG], {"tern": V_TERN, "plover": V_PLOVER}, {"both": (2, ["tern", "plover"])}, "both")
    (tmp_path / "policy").write_bytes(policy.format())
    (tmp_path / "nolog").write_bytes(Policy.build([], {"tern": V_TERN}, {}, "tern").format())
    return tmp_path


def told(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def stdin(monkeypatch: pytest.MonkeyPatch, raw: bytes) -> io.BytesIO:
    stream = io.BytesIO(raw)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(stream))
    return stream


# -------------------------------------------------------------------------------------------------------------------------- note


def test_a_note_signed_by_a_trusted_key_is_a_yes(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The text and the signers are shown, cosigners with their times, and how many signatures nobody knows."""
    assert run(["note", "verify", "--vkey", V_LOG, "--vkey", V_TERN, "checkpoint"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("commonhold/saltmarsh/0\n7\n")
    assert "signed by    commonhold/saltmarsh/0\n" in said
    assert "signed by    partner.example at 2023-11-14 22:13:20 UTC" in said
    assert "unknown      1 other signature\n" in said


def test_a_note_is_reported_as_json(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A program gets the text, each signer with its whole key, and times where there are any."""
    assert run(["note", "verify", "--vkey", V_TERN, "--vkey", V_LOG, "--json", "checkpoint"]) == 0
    assert told(capsys) == {
        "ok": True,
        "text": CHECKPOINT.decode().partition("\n\n")[0] + "\n",
        "signers": [
            {"name": LOG.name, "key_id": LOG.verifier.key_id.hex(), "vkey": V_LOG},
            {"name": TERN.name, "key_id": TERN.verifier.key_id.hex(), "vkey": V_TERN, "time": 1_700_000_000},
        ],
        "unknown": 1,
    }


def test_a_note_comes_from_stdin_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A hyphen stands for what is piped in."""
    stdin(monkeypatch, COSIGNED)
    assert run(["note", "verify", "--vkey", V_LOG, "-"]) == 0
    assert "unknown      2 other signatures" in capsys.readouterr().out


def test_a_note_that_no_trusted_key_signed_is_a_no(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1, the reason and the next step; nothing of the text is shown, since nobody known vouches for it."""
    assert run(["note", "verify", "--vkey", str(STRANGER.verifier), "checkpoint"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "none of the 1 known keys has signed" in said.err
    (files / "checkpoint").write_bytes(COSIGNED.replace(b"\n7\n", b"\n8\n"))
    assert run(["note", "verify", "--vkey", V_LOG, "--json", "checkpoint"]) == 1
    assert told(capsys)["code"] == "note/bad-signature"


@pytest.mark.parametrize(
    "arguments",
    [
        ["checkpoint"],
        ["--vkey", "no vkey", "checkpoint"],
        ["--vkey", V_LOG, "--vkey", V_LOG, "checkpoint"],
        ["--vkey", V_LOG, "missing"],
        ["--vkey", V_LOG, "."],
        ["--vkey", V_LOG, "a\0b"],
        ["--vkey", V_LOG, "entry"],
    ],
)
def test_what_cannot_be_read_as_a_note_is_neither_yes_nor_no(files: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong usage, a malformed key, a missing file or one that is no note: exit code 2 and a message, never a traceback."""
    assert run(["note", "verify", *arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert "fault" not in said.err


def test_an_endless_note_is_refused_after_its_cap(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a gigabyte only the first MiB and one byte are read."""
    stream = stdin(monkeypatch, bytes(4 * MAX_NOTE_BYTES))
    assert run(["note", "verify", "--vkey", V_LOG, "-"]) == 2
    assert stream.tell() < 2 * MAX_NOTE_BYTES
    assert "more than 1048576 bytes" in capsys.readouterr().err


def test_a_note_cannot_act_on_the_terminal(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Even a trusted key's text cannot move the cursor or turn itself around."""
    (files / "odd").write_bytes(sign_note("\x9b2J\u202eko\n", LOG))
    assert run(["note", "verify", "--vkey", V_LOG, "odd"]) == 0
    assert capsys.readouterr().out.startswith("\\u{9b}2J\\u{202e}ko\n")


# ------------------------------------------------------------------------------------------------------------------------- proof


def test_a_proof_under_the_logs_key_rests_on_the_log_alone_and_says_so(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without witnesses the answer is yes, and honest about what it rests on."""
    assert run(["proof", "verify", "--vkey", V_LOG, "proof", "entry"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("entry 3 is in the log commonhold/saltmarsh/0\n")
    assert "no witness was asked for" in said


def test_a_proof_under_a_policy_says_who_saw_it_and_when(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With a policy the witnesses are shown by their names there, with the policy's own time."""
    assert run(["proof", "verify", "--policy", "policy", "proof", "entry"]) == 0
    said = capsys.readouterr().out
    assert "witness      plover at 2023-11-14 22:14:20 UTC\nwitness      tern at 2023-11-14 22:13:20 UTC\n" in said
    assert "rests on     the log and its witnesses, as of 2023-11-14 22:13:20 UTC" in said
    assert run(["proof", "verify", "--policy", "policy", "--json", "proof", "entry"]) == 0
    assert told(capsys) == {
        "ok": True,
        "origin": LOG.name,
        "index": 3,
        "leaf": leaf_hash(ENTRIES[3]).hex(),
        "size": 7,
        "root": TREE.root().hex(),
        "witnesses": {"plover": 1_700_000_060, "tern": 1_700_000_000},
        "time": 1_700_000_000,
    }


def test_every_witness_that_is_named_by_its_key_must_have_cosigned(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Naming a witness asks for it, two of one name as well; a proof without it is a no."""
    keys = ["--vkey", V_LOG, "--vkey", V_TERN, "--vkey", V_PLOVER]
    assert run(["proof", "verify", *keys, "--json", "proof", "entry"]) == 0
    assert told(capsys)["witnesses"] == {"partner.example": 1_700_000_000, V_PLOVER: 1_700_000_060}
    assert run(["proof", "verify", *keys, "--json", "unwitnessed", "entry"]) == 1
    refusal = told(capsys)
    assert refusal["code"] == "policy/not-met"
    assert (refusal["data"]["have"], refusal["data"]["need"]) == (0, 2)


def test_a_log_can_be_named_beside_a_policy_without_one(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A policy may leave the log open; naming none at all is wrong usage."""
    assert run(["proof", "verify", "--policy", "nolog", "--vkey", V_LOG, "proof", "entry"]) == 0
    capsys.readouterr()
    for arguments in (["--policy", "nolog"], [], ["--vkey", V_TERN], ["--policy", "policy", "--vkey", V_TERN]):
        assert run(["proof", "verify", *arguments, "proof", "entry"]) == 2
        assert capsys.readouterr().err.startswith("error: ")


def test_another_entry_is_a_no_that_names_the_usual_mistake(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One added newline makes another entry; the refusal says so and shows both roots."""
    (files / "entry").write_bytes(ENTRIES[3] + b"\n")
    assert run(["proof", "verify", "--vkey", V_LOG, "proof", "entry"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "not the one at index 3" in said.err
    assert TREE.root().hex() in said.err
    assert "newline" in said.err


def test_another_log_is_a_no(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A proof under a log that the reader does not trust is refused, however good its mathematics is."""
    assert run(["proof", "verify", "--vkey", str(STRANGER.verifier), "proof", "entry"]) == 1
    assert "none of the 1 known keys" in capsys.readouterr().err


def test_only_one_file_can_come_from_stdin(files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Entry, proof or policy can be piped in; two of them at once cannot be told apart."""
    stdin(monkeypatch, ENTRIES[3])
    assert run(["proof", "verify", "--vkey", V_LOG, "proof", "-"]) == 0
    stdin(monkeypatch, (files / "policy").read_bytes())
    assert run(["proof", "verify", "--policy", "-", "proof", "entry"]) == 0
    capsys.readouterr()
    assert run(["proof", "verify", "--vkey", V_LOG, "-", "-"]) == 2
    assert "stdin" in capsys.readouterr().err


@pytest.mark.parametrize(("proof", "entry"), [("entry", "entry"), ("missing", "entry"), ("proof", "missing"), ("proof", "large")])
def test_a_proof_or_entry_that_cannot_be_read_is_neither_yes_nor_no(
    files: Path, proof: str, entry: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that is no proof, is missing, or is larger than any entry: exit code 2."""
    (files / "large").write_bytes(bytes(70_000))
    assert run(["proof", "verify", "--vkey", V_LOG, proof, entry]) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_a_witness_may_be_called_none(files: Path) -> None:
    """The one word that a policy reserves is no obstacle to a key of that name."""
    odd = SignerKey(NONE, bytes([8]) * 32, COSIGNATURE)
    note = append_signatures(CHECKPOINT, cosign(CHECKPOINT, odd, 5))
    (files / "proof").write_bytes(TlogProof(None, 3, tuple(TREE.inclusion_proof(3)), note).format())
    assert run(["proof", "verify", "--vkey", V_LOG, "--vkey", str(odd.verifier), "proof", "entry"]) == 0


def test_a_time_beyond_every_calendar_is_still_shown() -> None:
    """A cosigner may sign the last second that fits; it is shown as a number and is no fault."""
    assert in_words(0) == "1970-01-01 00:00:00 UTC"
    assert in_words(2**63 - 1) == "9223372036854775807 seconds after 1970"


@pytest.mark.parametrize("module", ["note", "proof"])
def test_importing_a_verb_loads_no_kernel(module: str) -> None:
    """Help is fast because the mathematics is loaded only when it is used."""
    code = f"import sys, commonhold.cli.{module}; print([n for n in sys.modules if n.startswith(('nacl', 'commonhold.kernel.tlog'))])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
