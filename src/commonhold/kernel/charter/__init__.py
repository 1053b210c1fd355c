"""The charter: numbered articles, the rules that come from them, and how both change (DESIGN 4, docs/formats/charter.md).

``compile_charter`` makes the recorded form of two authored files, ``load_charter`` the typed rules of a recorded form, ``rules_for`` chooses
the rule that judges an act, ``cheaper_routes`` warns of rules that lead to others, and ``redline`` holds amendments. Whether an act meets its rule is for ``kernel.record``.
"""

from __future__ import annotations

from commonhold.kernel.charter.choosing import rules_for
from commonhold.kernel.charter.compiled import CompiledCharter, Source, compile_charter, parse_charter, render_charter
from commonhold.kernel.charter.findings import CharterError, Finding, refuse_errors
from commonhold.kernel.charter.founding import check_amendment, check_founding
from commonhold.kernel.charter.loader import check_charter, load_charter
from commonhold.kernel.charter.redline import apply_amendment, changed_rules, charter_digest, draft_amendment, touched_articles
from commonhold.kernel.charter.routes import cheaper_routes

__all__ = [
    "CharterError",
    "CompiledCharter",
    "Finding",
    "Source",
    "apply_amendment",
    "changed_rules",
    "charter_digest",
    "cheaper_routes",
    "check_amendment",
    "check_charter",
    "check_founding",
    "compile_charter",
    "draft_amendment",
    "load_charter",
    "parse_charter",
    "refuse_errors",
    "render_charter",
    "rules_for",
    "touched_articles",
]
