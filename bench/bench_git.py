"""How much cheaper is a signed entry here than a signed commit in Git?

    python bench/bench_git.py [--commits 40] [--entries 2000]

The peer is ``git verify-commit`` with SSH signatures (Ed25519, an allowed-signers file), once with a call for each commit, as its manual has it,
and once with all commits in one call, which spares the starts of Git. Ours is the replay of a record on one core: signature, tree and every rule
of the charter, which Git does not have. In turn, wall time for both, medians compared. Target: at least 50 times faster per signed entry.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from build_record import build_house

from commonhold.kernel.record.replay import Replay

TARGET, ROUNDS = 50.0, 3


def main() -> None:
    """Measure, print a line of JSON and rows of a table; exit 1 if the target is missed."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--commits", type=int, default=40)
    options.add_argument("--entries", type=int, default=2_000)
    chosen = options.parse_args()
    if not shutil.which("git") or not shutil.which("ssh-keygen"):
        sys.exit("this bench needs git and ssh-keygen")
    leaves = build_house(chosen.entries).leaves[: chosen.entries]
    each, together, ours = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        repo = Repository(Path(folder))
        commits = [repo.commit(f"act {number}") for number in range(chosen.commits)]
        for _ in range(ROUNDS):
            each.append(timed_calls(repo, [[commit] for commit in commits]) / len(commits))
            ours.append(timed_replay(leaves) / len(leaves))
            together.append(timed_calls(repo, [commits]) / len(commits))
    one, all_in_one, entry = (statistics.median(times) * 1e6 for times in (each, together, ours))
    result = {
        "bench": "git",
        "commits": chosen.commits,
        "entries": len(leaves),
        "us_per_entry": round(entry, 1),
        "us_per_commit": round(one),
        "us_per_commit_in_one_call": round(all_in_one),
        "ratio": round(one / entry, 1),
        "ratio_in_one_call": round(all_in_one / entry, 1),
        "target": TARGET,
    }
    print(json.dumps(result))
    print(
        f"| one signed act, one core | {entry:.0f} us | {one:.0f} us, git verify-commit COMMIT (SSH) | {one / entry:.1f} times faster (>= {TARGET:.0f}) |"
    )
    print(
        f"| the same | {entry:.0f} us | {all_in_one:.0f} us, git verify-commit with all commits at once | {all_in_one / entry:.1f} times faster |"
    )
    raise SystemExit(0 if one / entry >= TARGET else 1)


class Repository:
    """A repository of signed commits in *folder*, with no configuration but its own."""

    def __init__(self, folder: Path) -> None:
        key, signers = folder / "key", folder / "signers"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "heron@saltmarsh.example", "-f", key], check=True)
        signers.write_text(f"heron@saltmarsh.example {key.with_suffix('.pub').read_text('utf-8')}", "utf-8")
        self.folder = folder / "repo"
        self.environment = {**os.environ, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "HOME": str(folder)}
        self.git("init", "-q", str(self.folder), cwd=folder)
        settings = {
            "user.name": "heron",
            "user.email": "heron@saltmarsh.example",
            "gpg.format": "ssh",
            "user.signingkey": str(key),
            "gpg.ssh.allowedSignersFile": str(signers),
        }
        for name, value in settings.items():
            self.git("config", name, value)

    def git(self, *arguments: str, cwd: Path | None = None) -> str:
        """Run Git and give what it printed."""
        done = subprocess.run(["git", *arguments], cwd=cwd or self.folder, env=self.environment, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def commit(self, message: str) -> str:
        """One more signed commit; gives its id."""
        self.git("commit", "-q", "-S", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")


def timed_calls(repo: Repository, calls: list[list[str]]) -> float:
    """Seconds that it takes to verify the commits, with one call of Git for each list."""
    began = time.perf_counter()
    for commits in calls:
        repo.git("verify-commit", *commits)
    return time.perf_counter() - began


def timed_replay(leaves: list[bytes]) -> float:
    """Seconds that it takes to replay the leaves in this process."""
    replay = Replay()
    began = time.perf_counter()
    for _ in replay.run(leaves):
        pass
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
