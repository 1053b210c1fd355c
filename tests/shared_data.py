"""Where the shared test data lies: beside the checkout, never in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("COMMONHOLD_SHARED_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")


def shared_data(*parts: str) -> Path:
    """The path of one shared file or folder; the test says plainly that it was skipped when the data is not there."""
    path = ROOT.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"shared test data is absent: {'/'.join(parts)} (set COMMONHOLD_SHARED_DATA to the folder that holds it)")
    return path
