"""A custody register and its analysis as people read them: a picture, a table that says the same, a report of one page and a full one.

Everything speaks of what people could do, never of what they intend, and says on every page that it is for members only.
"""

from __future__ import annotations

from commonhold.pages.custody.advice import Action, actions_of_advice
from commonhold.pages.custody.picture import draw
from commonhold.pages.custody.report import Assumption, Report, full, one_page

__all__ = ["Report", "Action", "Assumption", "one_page", "full", "draw", "actions_of_advice"]
