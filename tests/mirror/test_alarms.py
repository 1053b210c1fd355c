"""Laws of the evidence against a log: anybody can check it, and an honest log is never accused."""

from __future__ import annotations

from pathlib import Path

from commonhold.kernel.tlog.equivocation import show_equivocation
from commonhold.kernel.tlog.rollback import Rollback
from tests.cli.houses import command
from tests.mirror.helpers import NOW, FakeLog


def test_anybody_can_check_a_proof_of_two_faces_with_the_command_line(tmp_path: Path) -> None:
    """`commonhold verify FILE` names the log, both heads and what to do, and its answer is no; a harmed proof is refused as one."""
    log = FakeLog()
    proof = show_equivocation(log.signer.verifier, log.note(100), log.fork(50).note(100)).canonical_bytes()
    path = tmp_path / "faces.json"
    path.write_bytes(proof)
    done = command("verify", path)
    assert done.code == 1
    assert "contradictory" in done.out
    assert "what now" in done.out
    report = command("verify", path, "--json").json
    assert (report["ok"], report["verdict"], [head["size"] for head in report["heads"]]) == (False, "contradictory", [100, 100])
    path.write_bytes(proof.replace(b"\\n100\\n", b"\\n101\\n", 1))
    assert command("verify", path, "--json").json["code"] == "note/bad-signature"


def test_evidence_of_a_rollback_says_what_it_proves_and_what_it_does_not(tmp_path: Path) -> None:
    """`commonhold verify FILE` checks both signatures, answers no, and says whose word the order in time is."""
    log = FakeLog()
    path = tmp_path / "rollback.json"
    path.write_bytes(Rollback(log.signer.verifier, (log.note(40).decode(), log.note(100).decode()), NOW).canonical_bytes())
    done = command("verify", path)
    assert done.code == 1
    assert "rolled back" in done.out
    assert "the word of whoever kept this file" in done.out
    report = command("verify", path, "--json").json
    assert (report["ok"], report["verdict"], [head["size"] for head in report["heads"]]) == (False, "rolled-back", [40, 100])
    path.write_bytes(Rollback(log.signer.verifier, (log.note(100).decode(), log.note(40).decode()), NOW).canonical_bytes())
    assert command("verify", path, "--json").json["code"] == "rollback/none"
    path.write_bytes(Rollback(log.signer.verifier, (log.note(40).decode(), log.note(100).decode()), 2**53 - 1).canonical_bytes())
    assert command("verify", path).code == 1
