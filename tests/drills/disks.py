"""Small disks for drills: a file system of a few megabytes that only the drill's own processes see, and that can be filled to the last byte.

The disk is mounted in a mount namespace that lives as long as the drill: processes are started in it with ``nsenter``, the drill itself looks in through
``/proc/PID/root``, and with the last process it is gone. Nothing of it touches the machine's own mounts.

Needs root, util-linux and, for a real file system on a loop device, e2fsprogs.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import pytest

from tests.mirror.processes import RUN

Kind = Literal["tmpfs", "ext4"]
FILLER: Final = "filler"
MOUNT: Final = {
    "tmpfs": 'mount -t tmpfs -o size="$2" tmpfs "$1"',
    "ext4": 'truncate -s "$2" "$1.img" && mkfs.ext4 -q -m 0 "$1.img" && mount -o loop "$1.img" "$1"',
}


@dataclass(frozen=True)
class Disk:
    """A mounted disk; *path* is what it is called by the processes that see it."""

    path: Path
    holder: int

    @property
    def outside(self) -> Path:
        """The same folder, as this process sees it."""
        return Path(f"/proc/{self.holder}/root{self.path}")

    def python(self, code: str, *arguments: object) -> list[str]:
        """A command line that runs Python where the disk is."""
        return ["nsenter", "-t", str(self.holder), "-m", sys.executable, "-c", code, *map(str, arguments)]

    def start_refused(self, *arguments: object) -> bool:
        """Whether a verb of ours that serves does not start where the disk is; it says so in words then. If it starts, it is killed."""
        with subprocess.Popen(
            [*self.python(RUN, *arguments), "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as started:
            assert started.stdout is not None
            assert started.stderr is not None
            line = started.stdout.readline()
            if line.startswith('{"ok": true'):
                started.kill()
            rest, said = started.stdout.read(), started.stderr.read()
        assert "Traceback" not in said, said
        assert line, f"exit code {started.returncode}, and it says {said!r}"
        told = json.loads(line + rest)
        assert told["ok"] or (told["code"].startswith("store/") and told["next_step"]), told
        return not told["ok"]

    def fill(self, left: int = 0) -> None:
        """Leave only so many bytes, as exactly as the file system can."""
        with (self.outside / FILLER).open("ab", buffering=0) as file:
            for piece in (1 << 20, 4096, 1):
                with contextlib.suppress(OSError):
                    while file.write(bytes(piece)):
                        pass
            if left:
                os.truncate(file.fileno(), max(0, file.tell() - left))
            if not left:
                self._check_full()

    def free(self) -> None:
        """Take what filled it away."""
        (self.outside / FILLER).unlink(missing_ok=True)

    def _check_full(self) -> None:
        probe = self.outside / "probe"
        with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
            probe.write_bytes(bytes(8192))
        probe.unlink(missing_ok=True)


@contextlib.contextmanager
def disk(folder: Path, kind: Kind, size: str = "8M") -> Iterator[Disk]:
    """A small disk below *folder*; skips the test, saying why, where there can be none."""
    path = folder / "disk"
    path.mkdir()
    if os.geteuid() != 0 or shutil.which("unshare") is None or shutil.which("nsenter") is None:
        pytest.skip("SKIPPED: a small disk needs root and util-linux, so no disk was filled")
    if kind == "ext4" and shutil.which("mkfs.ext4") is None:
        pytest.skip("SKIPPED: there is no mkfs.ext4, so no ext4 disk was filled")
    holding = f"{MOUNT[kind]} && echo mounted && exec sleep infinity"
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", holding, "disk", str(path), size]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stderr is not None
            if holder.stdout.readline().strip() != "mounted":
                pytest.skip(f"SKIPPED: this system mounts no {kind}, so no disk was filled: {holder.stderr.read().strip()}")
            yield Disk(path, holder.pid)
        finally:
            holder.kill()
