"""The epochs of an organisation as a line: one stretch for each log, the present one last, and alarms above (an SVG without styles of its own)."""

from __future__ import annotations

from markupsafe import Markup, escape

from commonhold.pages.check.facts import Organisation
from commonhold.pages.language import Language

WIDTH, HEIGHT, EDGE = 640, 96, 24


def timeline(language: Language, one: Organisation) -> Markup:
    """The picture; what it shows stands in words beside it, so it is hidden from those who listen."""
    count = len(one.line)
    step = (WIDTH - 2 * EDGE) / count
    parts: list[str] = []
    for place, epoch in enumerate(one.line):
        left, last = EDGE + place * step, place == count - 1
        # In a language that is written from right to left time runs that way, too.
        x1, x2 = (left, left + step) if language.direction == "ltr" else (WIDTH - left, WIDTH - left - step)
        kind = "now" if last and one.told.code != "contradictory" else "left"
        label = escape(language.say("Epoch %(epoch)s", epoch=epoch.number))
        parts.append(
            f'<line class="{kind}" x1="{x1:.0f}" y1="52" x2="{x2:.0f}" y2="52"/><circle class="{kind}" cx="{x1:.0f}" cy="52" r="8"/>'
        )
        parts.append(f'<text x="{(x1 + x2) / 2:.0f}" y="82" text-anchor="middle">{label}</text>')
        if not last:
            parts.append(f'<path class="cut" d="M{x2 - 7:.0f} 38l14 28m0-28l-14 28"/>')
    if one.alarms:
        middle = WIDTH / 2
        parts.append(f'<path class="alarm" d="M{middle - 12:.0f} 30h24l-12-22z"/>')
    drawn = "".join(parts)
    return Markup(f'<svg class="line" viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true" focusable="false">{drawn}</svg>')  # noqa: S704 - numbers, and labels that were escaped
