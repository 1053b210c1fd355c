"""What a page of the house gives its script."""

from __future__ import annotations

import json
from typing import Any


def shown(answer: Any) -> Any:
    """What the page gives its script to sign; None where there is nothing."""
    text = answer.content.decode()
    start = text.find('<script id="everyday-entry" type="application/json">')
    return json.loads(text[start:].partition(">")[2].partition("</script>")[0]) if start >= 0 else None
