"""Makes every file of vectors in this folder again: ``python vectors/make.py``.

Each ``make_*.py`` beside it makes its own files and can be run alone.
"""

from __future__ import annotations

import runpy
from pathlib import Path

if __name__ == "__main__":
    for script in sorted(Path(__file__).parent.glob("make_*.py")):
        runpy.run_path(str(script), run_name="__main__")
