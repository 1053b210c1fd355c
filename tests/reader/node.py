"""The reader's modules, run by Node: built into one script as a page's are, and asked over a pipe (reader/testing/bridge.js)."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from commonhold.kernel.errors import CommonholdError
from tools.inline import bundle

LEAST = 20
"""The reader uses what browsers have had since 2023, and so does this version of Node."""


class RefusedError(Exception):
    """A refusal by the reader, with its stable code."""

    def __init__(self, code: str, message: str, data: dict[str, Any]) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.data = code, data


class Reader:
    """One Node process that answers jobs."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("node")
        if program is None:
            pytest.skip("Node is absent, so the reader's JavaScript was NOT tested (any Node from version 20 will do)")
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
        version = re.match(r"v(\d+)", said)
        if version is None or int(version[1]) < LEAST:
            pytest.skip(
                f"Node {said.strip()} is too old, so the reader's JavaScript was NOT tested (any Node from version {LEAST} will do)"
            )
        script = folder / "reader.cjs"
        script.write_text(bundle("testing/bridge.js"), "utf-8")
        # An address or a proxy of the surroundings is no business of this process.
        self._process = subprocess.Popen(
            [program, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={"PATH": os.environ.get("PATH", "")}
        )

    def ask(self, op: str, **job: Any) -> Any:
        """The answer to one job; bytes among its fields travel as base64.

        Raises:
            RefusedError: where the reader refuses.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"op": op, **job}, default=_plain).encode() + b"\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert "crash" not in answer, answer["crash"]
        if "code" in answer:
            raise RefusedError(answer["code"], answer["message"], answer["data"])
        return answer["ok"]

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


def _plain(value: Any) -> str:
    assert isinstance(value, bytes)
    return base64.b64encode(value).decode()


def verdict(ask: Callable[[], Any]) -> str:
    """The code of a refusal, of either program, or nothing."""
    try:
        ask()
    except (RefusedError, CommonholdError) as refusal:
        return refusal.code
    return ""
