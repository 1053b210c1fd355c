"""The picture of a register as SVG: people at the start, credentials between, what we depend on at the end; links lead to what they help to obtain.

A picture stands alone (no script, no address, no font to fetch) or inside a page (no ids that could meet another's). It follows the reader's light
or dark screen; on *paper* its colours are written out, because renderers of PDF know no variables. Languages written from the right are mirrored.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import Final

from markupsafe import escape

from commonhold.kernel.custody import Register
from commonhold.kernel.messages import N_
from commonhold.pages.custody.icons import ICONS
from commonhold.pages.custody.layout import Box, Layout, Link, Placed, arrange
from commonhold.pages.custody.names import clean, room, shortened
from commonhold.pages.custody.scene import Row, Scene, Thing, compose
from commonhold.pages.language import Language, isolated

LIGHT: Final[Mapping[str, str]] = {
    "paper": "#ffffff", "ink": "#16262f", "soft": "#4c5d68", "line": "#75858f", "box": "#ffffff", "edge": "#5d6e79",
    "member": "#e3eff5", "member-edge": "#2f6480", "outsider": "#fbf3e6", "outsider-edge": "#8a5a14", "platform": "#eeeaf7",
    "platform-edge": "#5c4a93", "resource": "#e9f3e6", "resource-edge": "#3f7035", "lit": "#b3201b", "lit-box": "#fdecea",
}  # fmt: skip
DARK: Final[Mapping[str, str]] = {
    "paper": "#10181d", "ink": "#e9f0f3", "soft": "#a9b8c0", "line": "#7b8c96", "box": "#18242b", "edge": "#8b9ca6",
    "member": "#16313f", "member-edge": "#7fb9d6", "outsider": "#33270f", "outsider-edge": "#d9a659", "platform": "#262040",
    "platform-edge": "#b3a2ea", "resource": "#1a3017", "resource-edge": "#8cc47e", "lit": "#ff8d85", "lit-box": "#43191a",
}  # fmt: skip

WIDTHS: Final = (164.0, 190.0, 200.0)
MARGIN: Final = 16.0
_TITLE, _SMALL, _HEAD = 13.0, 11.0, 42.0
_LEGEND: Final = (
    ("member", N_("member")),
    ("outsider", N_("person outside")),
    ("platform", N_("platform")),
    ("secret", N_("password, mailbox, phone and the like")),
    ("resource", N_("what we depend on")),
)
_CSS: Final = """
text{font-family:"Noto Sans","DejaVu Sans","Segoe UI",Roboto,"Helvetica Neue",Arial,"Noto Sans Arabic","Noto Naskh Arabic","Noto Sans CJK SC","Noto Sans CJK KR","Apple SD Gothic Neo","PingFang SC","Malgun Gothic","Microsoft YaHei",sans-serif;font-size:11px;fill:var(--soft)}
.n{font-size:13px;font-weight:600;fill:var(--ink)}.h{font-size:15px;font-weight:700;fill:var(--ink)}.r{fill:var(--ink)}.m{font-weight:700;fill:var(--lit)}
.l{fill:none;stroke:var(--line);stroke-width:1.2}.a{fill:var(--line)}.g{stroke-dasharray:5 4}
.b{fill:var(--box);stroke:var(--edge);stroke-width:1.3}.i{fill:none;stroke:var(--soft);stroke-width:1.4;stroke-linecap:round;stroke-linejoin:round}
.s{stroke:var(--edge);stroke-width:.7;opacity:.5}
.member .b,.group .b{fill:var(--member);stroke:var(--member-edge)}.outsider .b{fill:var(--outsider);stroke:var(--outsider-edge);stroke-dasharray:6 3}
.platform .b{fill:var(--platform);stroke:var(--platform-edge)}.resource .b{fill:var(--resource);stroke:var(--resource-edge)}
.l.lit{stroke:var(--lit);stroke-width:3}.a.lit{fill:var(--lit)}.lit .b{stroke:var(--lit);stroke-width:3;fill:var(--lit-box)}.r.lit{font-weight:700;fill:var(--lit)}
.d{fill:var(--lit)}.o{fill:var(--paper);font-weight:700;text-anchor:middle}
"""


def draw(
    register: Register,
    *,
    language: Language,
    highlight: Collection[str] | None = None,
    targets: Sequence[str] | None = None,
    title: str = "",
    paper: bool = False,
) -> str:
    """The picture of a register, or of what matters to some targets, as one SVG element.

    Where there is more than can be read, only what matters to the targets (or to the resources) is drawn, and the picture says so.

    Args:
        highlight: parties whose quickest path to the first target (without targets: to every resource) stands out.
        title: what the picture shows, in the language; otherwise the register's title.
        paper: write colours out, and none for dark screens.

    Raises:
        CustodyError: naming a target or party that the register does not have.
    """
    scene = compose(register, language, highlight=highlight, targets=targets)
    boxes = [Box(thing.id, WIDTHS[thing.stage], thing.height, thing.stage) for thing in scene.things.values()]
    tall = {thing.id: thing.height / 2 for thing in scene.things.values()}
    links = [Link(line.start, line.end, line.start_at - tall[line.start], line.end_at - tall[line.end]) for line in scene.lines]
    return _Pen(scene, arrange(boxes, links, between=64), language, paper=paper).svg(title or clean(register.title), highlight or ())


class _Pen:
    """Writes SVG, in mirrored places where the language runs from the right."""

    def __init__(self, scene: Scene, layout: Layout, language: Language, *, paper: bool) -> None:
        self.scene, self.layout, self.language, self.paper = scene, layout, language, paper
        self.width = max(layout.width, 560.0) + 2 * MARGIN
        # A narrow drawing stands in the middle.
        self.left = (self.width - layout.width) / 2
        self.rtl = language.direction == "rtl"
        self.top = 62.0

    def svg(self, title: str, highlight: Collection[str]) -> str:
        say = self.language.say
        body = [self.line(number) for number in self.drawing_order()]
        body += [self.thing(thing) for thing in self.scene.things.values()]
        marks = [say("For members only"), *self.partial()]
        lit = say("highlighted: what %(names)s could obtain", names=self.language.listed(map(clean, highlight))) if highlight else ""
        head = [self.text(MARGIN, 26, "h", shortened(title, self.width - 2 * MARGIN, 15))]
        head += [self.text(MARGIN, 46, "m", " · ".join(marks))]
        legend, bottom = self.legend(self.top + self.layout.height + 34, lit)
        alt = say("People at the start, what we depend on at the end. The table beside the picture says the same in words.")
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" class="picture" lang="{self.language.tag}" viewBox="0 0 {self.width:.0f} {bottom:.0f}" '
            f'width="{self.width:.0f}" height="{bottom:.0f}" direction="ltr" aria-label="{escape(title)}">'
            f"<title>{escape(title)}</title><desc>{escape(' '.join([*marks, lit, alt]))}</desc><style>{_style(paper=self.paper)}</style>"
            f'<rect class="p" width="{self.width:.0f}" height="{bottom:.0f}" fill="{LIGHT["paper"]}"/>{"".join([*head, *body, *legend])}</svg>\n'
        )

    def partial(self) -> list[str]:
        if not self.scene.partial:
            return []
        numbers = {"shown": self.scene.shown, "whole": self.scene.whole}
        return [self.language.say("drawn: %(shown)s of %(whole)s, those that matter most to what is shown", **numbers)]

    # ------------------------------------------------------------------------------------------------------------------- lines

    def drawing_order(self) -> list[int]:
        """What stands out is drawn last, on top."""
        return sorted(range(len(self.scene.lines)), key=lambda number: (self.scene.lines[number].lit, number))

    def line(self, number: int) -> str:
        found, curve = self.scene.lines[number], self.layout.curves[number]
        # Links inside one box are told by its rows.
        if found.start == found.end:
            return ""
        points = [(self.x(x), y + self.top) for x, y in curve]
        path = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
        for place, ((x1, y1), (x2, y2)) in enumerate(pairwise(points)):
            middle = (x1 + x2) / 2
            straight = place % 2 == 1 and abs(y1 - y2) < 0.5
            path.append(f"L{x2:.1f} {y2:.1f}" if straight else f"C{middle:.1f} {y1:.1f} {middle:.1f} {y2:.1f} {x2:.1f} {y2:.1f}")
        (x, y), ahead = points[-1], 1 if points[-1][0] > points[-2][0] else -1
        lit = " lit" if found.lit else ""
        return (
            f'<path class="l{" g" if found.assumed else ""}{lit}" d="{"".join(path)}"/>'
            f'<path class="a{lit}" d="M{x:.1f} {y:.1f}l{-7 * ahead} -3.5v7z"/>'
        )

    # ------------------------------------------------------------------------------------------------------------------- boxes

    def thing(self, thing: Thing) -> str:
        place = self.layout.boxes[thing.id]
        x, y = self.corner(place)
        inside = place.width - 44 - (28 if thing.order else 0)
        about = thing.about
        parts = [
            f"<title>{escape(' · '.join([thing.title, about, *(row.text for row in thing.rows)]))}</title>",
            self.shape(thing, x, y, place),
            self.icon(thing.sort, place.x + self.left + 12, y + 13),
            self.text(place.x + self.left + 36, y + 18, "n", shortened(thing.title, inside, _TITLE * 1.06)),
            self.text(place.x + self.left + 36, y + 33, "", shortened(about, inside, _SMALL)),
        ]
        if thing.order:
            parts.append(self.disc(place.x + self.left + place.width - 18, y + 21, thing.order))
        for row in thing.rows:
            parts += self.row(row, place, y)
        return f'<g class="{thing.sort}{" lit" if thing.lit else ""}">{"".join(parts)}</g>'

    def row(self, row: Row, place: Placed, y: float) -> list[str]:
        # What it takes to have a power stands under it, set in.
        x, at = place.x + self.left + (0 if row.power else 12), y + row.at
        inside = place.width - 36 - (22 if row.order else 0)
        said = shortened(row.text, inside, _SMALL * 1.06)
        parts = [f'<path class="s" d="M{self.flip(x + 8):.1f} {at - 9.5:.1f}H{self.flip(place.x + self.left + place.width - 8):.1f}"/>']
        # A filled dot for a power; a plus for what only several have together.
        sign = f'<circle class="d0" cx="{self.flip(x + 17):.1f}" cy="{at:.1f}" r="2.6" fill="{LIGHT["edge"]}"/>'
        plus = f'<path class="i" d="M{self.flip(x + 17) - 4:.1f} {at:.1f}h8m-4 -4v8"/>'
        parts += [sign if row.power else plus, self.text(x + 27, at + 4, "r lit" if row.lit else "r", said)]
        if row.order:
            parts.append(self.disc(place.x + self.left + place.width - 18, at, row.order))
        return parts

    def shape(self, thing: Thing, x: float, y: float, place: Placed) -> str:
        width, height = place.width, place.height
        size = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
        match thing.sort:
            case "member" | "outsider":
                return f'<rect class="b" {size} rx="21"/>'
            case "group":
                inner = f'<rect class="b" x="{x + 3:.1f}" y="{y + 3:.1f}" width="{width - 6:.1f}" height="{height - 6:.1f}" rx="18"/>'
                return f'<rect class="b" {size} rx="21"/>{inner}'
            case "platform":
                cut, side, down = 10, width - 20, height - 20
                return f'<path class="b" d="M{x + cut:.1f} {y:.1f}h{side:.1f}l10 10v{down:.1f}l-10 10h{-side:.1f}l-10 -10v{-down:.1f}z"/>'
            case "resource":
                band = self.flip(place.x + self.left + 2)
                return f'<rect class="b" {size} rx="3"/><path class="i" d="M{band:.1f} {y + 4:.1f}v{height - 8:.1f}"/>'
            case _:
                return f'<rect class="b" {size} rx="7"/>'

    def icon(self, sort: str, x: float, y: float) -> str:
        return f'<path class="i" transform="translate({self.flip(x, 16):.1f} {y:.1f})" d="{ICONS[sort]}"/>'

    def disc(self, x: float, y: float, number: int) -> str:
        at = self.flip(x)
        return f'<circle class="d" cx="{at:.1f}" cy="{y:.1f}" r="8.5"/><text class="o" x="{at:.1f}" y="{y + 4:.1f}">{number}</text>'

    # ------------------------------------------------------------------------------------------------------------------ legend

    def legend(self, y: float, lit: str) -> tuple[list[str], float]:
        """What the signs mean, in as many lines as it takes, and where the picture ends."""
        signs: list[tuple[str, str]] = [(sort, self.language.say(text)) for sort, text in _LEGEND]
        signs.append(("alone", self.language.say("each of these alone is enough")))
        signs.append(("assumed", self.language.say("nobody has looked it up: counted as possible")))
        if lit:
            signs.append(("lit", lit))
        parts, x = [], MARGIN
        for sort, text in signs:
            said = shortened(text, self.width - 2 * MARGIN - 40, _SMALL)
            wide = 30 + room(said, _SMALL) + 18
            if x + wide > self.width - MARGIN and x > MARGIN:
                x, y = MARGIN, y + 22
            parts += [self.sample(sort, x, y), self.text(x + 28, y + 4, "", said)]
            x += wide
        return parts, y + 22

    def sample(self, sort: str, x: float, y: float) -> str:
        if sort in ICONS:
            return f'<g class="{sort}">{self.icon(sort, x + 3, y - 8)}</g>'
        one, two = self.flip(x), self.flip(x + 22)
        style = {"alone": "l", "assumed": "l g", "lit": "l lit"}[sort]
        ahead = 1 if two > one else -1
        head = f'<path class="a{" lit" if sort == "lit" else ""}" d="M{two:.1f} {y:.1f}l{-7 * ahead} -3.5v7z"/>'
        return f'<path class="{style}" d="M{one:.1f} {y:.1f}H{two:.1f}"/>{head}'

    # ------------------------------------------------------------------------------------------------------------------ places

    def x(self, x: float) -> float:
        return self.flip(x + self.left)

    def flip(self, x: float, width: float = 0) -> float:
        return self.width - x - width if self.rtl else x

    def corner(self, place: Placed) -> tuple[float, float]:
        return self.flip(place.x + self.left, place.width), place.y + self.top

    def text(self, x: float, y: float, sort: str, said: str) -> str:
        """A line of text that begins at *x*. Its own direction is its first strong letter's, whatever stands around it."""
        anchor = ' text-anchor="end"' if self.rtl else ""
        style = f' class="{sort}"' if sort else ""
        return f'<text{style} x="{self.flip(x):.1f}" y="{y:.1f}"{anchor}>{escape(isolated(said))}</text>'


def _style(*, paper: bool) -> str:
    """The style sheet: with variables, so that one picture is right on light and dark screens and in print; or with colours written out."""
    scoped = re.sub(r"(^|[},])([^{},\n]+)(?=[{,])", r"\1.picture \2", _CSS.replace("\n", ""))
    if paper:
        return re.sub(r"var\(--([a-z-]+)\)", lambda found: LIGHT[found[1]], scoped)
    light, dark = (";".join(f"--{name}:{value}" for name, value in colours.items()) for colours in (LIGHT, DARK))
    return (
        f".picture{{{light}}}@media (prefers-color-scheme:dark){{.picture{{{dark}}}}}@media print{{.picture{{{light}}}}}"
        f".picture .p{{fill:var(--paper)}}.picture .d0{{fill:var(--edge)}}{scoped}"
    )
