"""Run every bench_*.py here, one after the other, and keep what they measured as a dated page in bench/results/.

A bench is a script that prints Markdown table rows ``| what | ours | peer or limit | ratio |``, or sentences that hold the ratio, or both, and
lines of JSON for programs if it likes; it exits 1 if its target is missed. It measures us and the peer in the same run, for a number without
its peer says more about the machine than about the code. Names of machines are not kept, kinds are.

    python bench/run.py            all
    python bench/run.py verify     only bench_verify.py, printed and not kept
"""

from __future__ import annotations

import datetime
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
HEAD = "| what | ours | peer or limit | ratio |\n|---|---|---|---|\n"


def machine() -> tuple[str, str]:
    """A short name of this kind of machine for the file's name, and a line that describes it."""
    model, memory = platform.machine(), ""
    if Path("/proc/cpuinfo").exists():
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text("utf-8"), re.MULTILINE)
        model = found[1].strip() if found else model
        found = re.search(r"^MemTotal:\s*(\d+) kB", Path("/proc/meminfo").read_text("utf-8"), re.MULTILINE)
        memory = f", {int(found[1]) / 2**20:.0f} GiB" if found else ""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = f", load average {os.getloadavg()[0]:.1f} at the start" if hasattr(os, "getloadavg") else ""
    name = "-".join(re.findall(r"[a-z0-9]+", model.lower())[:3]) + f"-{cores}c"
    return (
        name,
        f"{model}, {cores} cores{memory}, {platform.system()} {platform.release().partition('-')[0]}, Python {platform.python_version()}{load}",
    )


def commit() -> str:
    """The commit that was measured, and whether anything else was."""
    try:
        head = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=HERE, capture_output=True, text=True, check=True).stdout.strip()
        changed = subprocess.run(["git", "status", "--porcelain", "src"], cwd=HERE, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return "no commit"
    return f"commit {head}{' with changes to src/' if changed else ''}"


def run(script: Path) -> tuple[bool, str]:
    """Run one bench, show what it prints as it comes, and give back whether it ended well and all that it printed."""
    print(f"\n{script.stem}", flush=True)
    printed = []
    with subprocess.Popen([sys.executable, str(script)], cwd=HERE.parent, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            printed.append(line)
    return process.returncode == 0, "".join(printed)


def section(script: Path, printed: str) -> str:
    """One bench's part of the page: its first sentence, its rows, and whatever else it had to say."""
    found = re.search(r'^"""(.+?)(?:\n\n|""")', script.read_text("utf-8"), re.DOTALL)
    lines = printed.splitlines()
    rows = [line for line in lines if line.startswith("|")]
    data = [line for line in lines if line.startswith("{")]
    said = [f"- {line}" for line in lines if line and not line.startswith(("|", "{"))]
    table = HEAD + "\n".join(rows) + "\n" if rows else ""
    parts = [f"## {script.stem.removeprefix('bench_')}", found[1].strip() if found else "", table.rstrip(), "\n".join(said)]
    if data:
        parts.append("```json\n" + "\n".join(data) + "\n```")
    return "\n\n".join(part for part in parts if part) + "\n"


def main() -> int:
    """Run what the command line asks for; 1 if a bench failed, and then nothing is kept."""
    chosen = sys.argv[1:]
    scripts = sorted(path for path in HERE.glob("bench_*.py") if not chosen or path.stem.removeprefix("bench_") in chosen)
    if not scripts:
        print("bench: no bench_*.py of that name" if chosen else "bench: there is no bench yet", file=sys.stderr)
        return 1
    name, description = machine()
    print(f"bench: {description}")
    results = [(script, *run(script)) for script in scripts]
    failed = [script.name for script, good, _ in results if not good]
    if failed:
        print(f"\nbench: failed: {', '.join(failed)}; nothing was kept", file=sys.stderr)
        return 1
    if not chosen:
        today = datetime.datetime.now(tz=datetime.UTC).date()
        page = HERE / "results" / f"{today}-{name}.md"
        page.parent.mkdir(exist_ok=True)
        body = "\n".join(section(script, printed) for script, _, printed in results)
        page.write_text(f"# {today}\n\n{description}; {commit()}. Made by `make bench`.\n\n{body}", "utf-8")
        print(f"\nbench: kept in {page.relative_to(HERE.parent)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
