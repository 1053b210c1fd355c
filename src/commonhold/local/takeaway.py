"""What people take away from an interview: the picture, the reports, and a file to hand on, which is locked unless they decide otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from starlette.responses import HTMLResponse, Response

from commonhold.kernel.custody.interview import Interview, Plan, Standing, Thing, compile_register, interview_bytes, standing
from commonhold.kernel.errors import CustodyError, FormatError
from commonhold.local.guard import DOCUMENT_POLICY, harden
from commonhold.pages.custody.picture import draw
from commonhold.pages.custody.report import full as full_report
from commonhold.pages.custody.report import one_page
from commonhold.pages.interview.reporting import report_of
from commonhold.pages.language import Language
from commonhold.pages.pdf import render_pdf
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


def report_page(interview: Interview, plan: Plan, spoken: Language, *, full: bool) -> Response:
    """A report as a page of its own, to read and to print."""
    return harden(HTMLResponse(_rendered(interview, plan, spoken, full=full, paper=False)), DOCUMENT_POLICY)


def taken_away(interview: Interview, plan: Callable[[], Plan], spoken: Language, form: Mapping[str, str]) -> Response:
    """A file to hand on: sealed with the passphrase that was typed, or readable where somebody ticked so.

    Raises:
        CustodyError: if neither was given, or the passphrase is too short. StoreError: if no PDF can be made here.
    """
    passphrase, plain_wanted = form.get("passphrase", ""), "plain" in form
    if not passphrase and not plain_wanted:
        raise CustodyError(
            "the file needs a passphrase before it leaves this computer",
            code="interview/passphrase-missing",
            next_step="Type one, or tick that you want the file without.",
        )
    what, pdf = form.get("what", "page"), form.get("format") == "pdf"
    if what not in ("page", "full", "answers"):
        raise FormatError("there is nothing of that name to hand out", code="interview/form", next_step="Open the screen again.")
    if what == "answers":
        data, name = interview_bytes(interview), "custody.json"
    else:
        page = _rendered(interview, plan(), spoken, full=what == "full", paper=pdf)
        data, name = (render_pdf(page), f"custody-{what}.pdf") if pdf else (page.encode(), f"custody-{what}.html")
    if passphrase:
        data, name = seal(data, passphrase), f"{name}.age"
    # Nothing opens in the browser: even a readable file is saved first.
    return harden(
        Response(data, media_type="application/octet-stream", headers={"Content-Disposition": f'attachment; filename="{name}"'}),
        DOCUMENT_POLICY,
    )


def _rendered(interview: Interview, plan: Plan, spoken: Language, *, full: bool, paper: bool) -> str:
    report = report_of(interview, plan, spoken, datetime.now(UTC).astimezone().date(), paper=paper)
    return full_report(report) if full else one_page(report)
