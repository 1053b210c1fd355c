"""The screens: the question, the answer, the list of organisations, and one organisation. They set no cookie and need no script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final
from urllib.parse import urlencode

from markupsafe import Markup

from commonhold.kernel.messages import N_
from commonhold.pages.check import releases, wording
from commonhold.pages.check.facts import Answer, Decision, Finding, Organisation
from commonhold.pages.check.timeline import timeline
from commonhold.pages.language import CODES, Language, language
from commonhold.pages.templates import render

MOST_LISTED: Final = 200
MOST_SHOWN: Final = 20_000
"""Characters of a question that stand in the form again."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What every screen has around it.

    Args:
        node: the node's name.
        question: what was asked; empty for nothing.
        org: the organisation that the screen is about; empty for none.
        posted: whether the question came in a form, so that it must not get into an address.
        given: whether the language was chosen, and not only asked for by the browser.
    """

    language: Language
    node: str
    question: str = ""
    org: str = ""
    posted: bool = False
    given: bool = False


@cache
def asset() -> bytes:
    """The style sheet."""
    return files("commonhold.pages.check").joinpath("check.css").read_bytes()


@cache
def verifier() -> bytes:
    """The page that checks proofs on the reader's own device, as ``commonhold verifier`` writes it."""
    return files("commonhold.pages").joinpath("reader", "verifier.html").read_bytes()


def ask(frame: Frame, organisations: Sequence[Organisation]) -> str:
    """The question, and everybody whom the node follows."""
    rows = [
        {"one": one, "large": wording.large(frame.language, one.told), "look": wording.LOOKS.get(one.told.code, "no")}
        for one in organisations[:MOST_LISTED]
    ]
    return _render("ask", frame, rows=rows, more=max(0, len(organisations) - MOST_LISTED))


def answer(frame: Frame, found: Answer) -> str:
    """An answer, above the question."""
    say = frame.language
    findings = [_finding(say, one) for one in found.findings]
    single = len(findings) == 1
    return _render(
        "answer",
        frame,
        look=wording.LOOKS.get(found.told.code, "no"),
        sign=wording.SIGNS.get(found.told.code, "?"),
        verdict=found.told.code,
        large=wording.large(say, found.told),
        reasons=[
            *([say.html(found.why, **found.values)] if found.why else []),
            *([] if findings and not single else wording.reasons(say, found.told)),
        ],
        findings=findings,
        single=single,
        notes=[say.html(message, **values) for message, values in found.notes],
        read_as=found.read_as,
    )


def organisation(frame: Frame, one: Organisation) -> str:
    """One organisation: where it lives, its channels, offices, epochs, statements and alarms."""
    say = frame.language
    return _render(
        "organisation",
        frame,
        one=one,
        look=wording.LOOKS.get(one.told.code, "no"),
        sign=wording.SIGNS.get(one.told.code, "?"),
        large=wording.large(say, one.told),
        reasons=[*wording.reasons(say, one.told), *wording.whole(say, one.told)],
        rests=list(wording.rests_on(say, one)),
        channels=[{"one": each, "status": say.html(wording.STATUS[each.status]), **_decided(say, each.decision)} for each in one.channels],
        statements=[{"one": each, **_decided(say, each.decision)} for each in one.statements[:20]],
        offices=[(office, say.listed_html(holders) if holders else say.html(N_("vacant"))) for office, holders in one.officers],
        epochs=[(epoch, say.moment(epoch.since) if epoch.since else "") for epoch in one.line],
        picture=timeline(say, one),
        releases=[(releases.headline(say, each), list(releases.counter(say, each))) for each in one.releases],
        feed=Markup(f"/check/releases.atom?{urlencode({'org': one.id, 'lang': say.code})}"),  # noqa: S704 - percent-encoded, without quotes
        alarms=[(wording.alarm(say, each), each, say.moment(each.time)) for each in one.alarms],
    )


def _finding(say: Language, one: Finding) -> dict[str, Any]:
    about = one.organisation
    return {
        "org": about,
        "code": one.told.code,
        "look": wording.LOOKS.get(one.told.code, "no"),
        "large": wording.large(say, one.told),
        "reasons": list(wording.reasons(say, one.told)),
        "why": [
            *([say.html(one.why, **one.values)] if one.why else []),
            *([] if about.told.is_yes or about.told.code != one.told.code else wording.whole(say, about.told)),
        ],
        "decided": wording.decided(say, one.decision) if one.decision else "",
        "code_of": one.decision.code if one.decision else "",
        "rests": list(wording.rests_on(say, about)),
        "text": one.text,
        "tongue": one.language,
        "alarms": about.alarms,
        "releases": [releases.headline(say, each) for each in about.releases],
    }


def _decided(say: Language, decision: Decision) -> dict[str, Any]:
    return {"decided": wording.decided(say, decision), "code": decision.code}


def _render(name: str, frame: Frame, **values: Any) -> str:
    say = frame.language
    keep = {} if frame.posted else {key: value for key, value in (("q", frame.question), ("org", frame.org)) if value}

    def address(code: str, **more: str) -> Markup:
        query = urlencode({**({"lang": code} if code else {}), **more})
        return Markup(f"/check?{query}" if query else "/check")  # noqa: S704 - percent-encoded, without quotes

    chosen = say.code if frame.given else ""
    return render(
        f"check/{name}.html",
        say,
        say=say.say,
        node=frame.node,
        question=frame.question[:MOST_SHOWN],
        posted=frame.posted,
        chosen=chosen,
        home=address(chosen),
        org_address=lambda org: address(chosen, org=org),
        languages=[(other, address(other.code, **keep)) for other in map(language, CODES)],
        **values,
    )
