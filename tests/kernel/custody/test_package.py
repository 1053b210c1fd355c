"""The package of custody gives its names when they are asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

from commonhold.kernel import custody


def test_every_name_of_the_package_is_there_and_no_other() -> None:
    """What it says that it has, it has; anything else is an ordinary mistake."""
    for name in custody.__all__:
        assert getattr(custody, name).__name__.endswith(name)
    with pytest.raises(AttributeError, match="no attribute 'anything'"):
        custody.anything  # noqa: B018 - the question is the test


def test_whoever_replays_a_record_pays_for_no_analysis() -> None:
    """Every command starts with this."""
    code = "import sys, commonhold.kernel.record.fold; print('commonhold.kernel.custody.analysis' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"
