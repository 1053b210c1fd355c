"""What people take away from an interview: the picture, the reports, and a file to hand on, which is locked unless they decide otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from starlette.responses import HTMLResponse, Response

from commonhold.kernel.custody.interview import Interview, Plan, Standing, Thing, compile_register, interview_bytes, standing
from commonhold.kernel.errors import CustodyError
from commonhold.local.guard import DOCUMENT_POLICY, harden
from commonhold.pages.custody.picture import draw
from commonhold.pages.interview.wording import names_of, step_in_words
from commonhold.pages.language import Language, plain
from commonhold.store.sealedfile import seal


def picture_of(interview: Interview, spoken: Language, thing: Thing | None) -> Response:
    """The picture of everything, or of what one thing depends on, with somebody who could take it alone standing out."""
    register = compile_register(interview, spoken.plainly).register
    found = standing(register)
    if thing is not None:
        targets = [node for node in register.nodes if node in (f"{thing.name}.exclusive", f"{thing.name}.use")]
        takers = found.takers.get(f"{thing.name}.exclusive", ())
    else:
        targets = [f"{item.name}.exclusive" for item in interview.things]
        takers = _boldest(found)
    drawn = draw(register, language=spoken, highlight=takers[:1] or None, targets=targets or None, title=thing.name if thing else "")
    return harden(Response(drawn, media_type="image/svg+xml"), DOCUMENT_POLICY)


def _boldest(found: Standing) -> tuple[str, ...]:
    """Whoever alone could take the most."""
    counts: dict[str, int] = {}
    for node in found.taken():
        for name in found.takers[node]:
            counts[name] = counts.get(name, 0) + 1
    return (max(counts, key=lambda name: counts[name]),) if counts else ()


def report_of(interview: Interview, planned: Callable[[], Plan], spoken: Language, *, full: bool) -> Response:
    return HTMLResponse("later")


def taken_away(interview: Interview, planned: Callable[[], Plan], spoken: Language, form: Mapping[str, str]) -> Response:
    return HTMLResponse("later")
