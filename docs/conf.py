"""How Sphinx builds the documentation: MyST Markdown, furo, warnings as errors, nothing fetched from the network."""

from __future__ import annotations

import tomllib
from pathlib import Path

_project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))["project"]

project = "Commonhold"
author = "the Commonhold contributors"
project_copyright = author
release = version = _project["version"]

extensions = ["myst_parser"]
myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist"]
# Headings down to ### can be linked to by their text: [the fold](record.md#the-fold).
myst_heading_anchors = 3

exclude_patterns = ["_build", "adr/0000-template.md"]
nitpicky = True

html_theme = "furo"
html_title = f"Commonhold {release}"
html_copy_source = False
html_show_sphinx = False
