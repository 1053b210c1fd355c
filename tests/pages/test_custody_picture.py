"""Laws about the picture: what it shows, that it is safe to open, that it reads from the right where the language does."""

from __future__ import annotations

import json
import random
import re
from itertools import combinations
from xml.etree import ElementTree as ET

import pytest

from commonhold.kernel.custody import Register, parse_register
from commonhold.kernel.custody.register import Node, Party, PartyRef, Way
from commonhold.kernel.errors import CustodyError
from commonhold.pages.custody import draw
from commonhold.pages.custody.picture import DARK, LIGHT
from commonhold.pages.language import CODES, language
from tests.attacks import Mutation, attack
from tests.pages.saltmarsh import saltmarsh

EN = language("en")
SVG = "{http://www.w3.org/2000/svg}"
DOMAIN = ("Domain.exclusive", "Domain.use")


def texts(svg: str) -> list[str]:
    return ["".join(item.itertext()).strip("\u2068\u2069") for item in ET.fromstring(svg).iter(f"{SVG}text")]


def titles(svg: str) -> list[str]:
    return [item.text or "" for item in ET.fromstring(svg).iter(f"{SVG}title")]


def box_frames(svg: str) -> list[tuple[float, float, float, float]]:
    """The frames of all rectangular boxes, and those of platforms, which have cut corners."""
    found = []
    for group in ET.fromstring(svg).iter(f"{SVG}g"):
        rect = group.find(f"{SVG}rect[@class='b']")
        if rect is not None:
            found.append(tuple(float(rect.get(name, "")) for name in ("x", "y", "width", "height")))
        elif (path := group.find(f"{SVG}path[@class='b']")) is not None:
            x, y, width, down = map(float, re.match(r"M(\S+) (\S+)h(\S+)l10 10v(\S+?)l", path.get("d", "")).groups())  # type: ignore[union-attr] # a path of another form fails here
            found.append((x - 10, y, width + 20, down + 20))
    return found


def crowd(people: int, credentials: int, resources: int) -> Register:
    dice = random.Random(7)
    names = [f"member {number}" for number in range(people)]
    parties = [{"id": name, "kind": "person", "org": True} for name in names] + [{"id": "platform", "kind": "platform", "org": False}]
    nodes = []
    for number in range(credentials):
        ways = [{"all": [f"party:{dice.choice(names)}"]}, {"all": [f"node:c{dice.randrange(credentials)}"]}]
        ways += [{"all": [{"atleast": 2, "of": [f"party:{name}" for name in dice.sample(names, 3)]}]}] if number % 3 == 0 else []
        nodes.append(
            {"id": f"c{number}", "kind": dice.choice(["account", "phone", "secret"]), "label": f"credential {number}", "obtain": ways}
        )
    for number in range(resources):
        for power in ("exclusive", "use"):
            ways = [{"all": [f"node:c{dice.randrange(credentials)}"]}, {"all": ["party:platform"]}]
            nodes.append({"id": f"r{number}.{power}", "kind": "resource", "label": "", "obtain": ways})
    return parse_register(json.dumps({"title": "crowd", "parties": parties, "nodes": nodes}).encode())


def test_people_stand_first_what_they_depend_on_last_and_powers_of_one_thing_share_a_box() -> None:
    """Every party, credential and resource is there by name, with its kind in words."""
    svg = draw(saltmarsh(), language=EN)
    said = texts(svg)
    for name in ("Heron", "Dunlin", "network", "studio mailbox", "root password", "Page", "Channel"):
        assert said.count(name) == 1
    assert said.count("shut the others out") == 7
    assert {"member", "person outside", "platform", "mailbox", "password or key", "2 of 3 together"} <= set(said)
    root = ET.fromstring(svg)
    x = {text.text.strip("\u2068\u2069"): float(text.get("x", "")) for text in root.iter(f"{SVG}text") if text.text}
    assert x["Heron"] < x["root password"] < x["Page"]


def test_two_hundred_nodes_do_not_overlap_and_none_is_left_out() -> None:
    """What a reader can still look at is drawn whole, no box over another."""
    register = crowd(40, 103, 28)
    assert len(register.nodes) + len(register.parties) == 200
    svg = draw(register, language=EN, highlight=["member 3"])
    frames = box_frames(svg)
    assert len(frames) == 40 + 1 + 103 + 28
    for (x, y, width, height), (x2, y2, width2, height2) in combinations(frames, 2):
        assert x >= x2 + width2 or x2 >= x + width or y >= y2 + height2 or y2 >= y + height
    assert "drawn:" not in svg


def test_above_what_can_be_read_only_what_matters_is_drawn_and_the_picture_says_so() -> None:
    """Chosen targets keep what they hang on; without any, the resources keep what is nearest; neither is silent about the rest."""
    register = crowd(100, 300, 60)
    whole = draw(register, language=EN)
    assert "drawn: 250 of 521" in whole.replace("\u2068", "").replace("\u2069", "")
    some = draw(register, language=EN, targets=["r0.exclusive"])
    assert 3 <= len(box_frames(some)) < 250
    assert "drawn:" in some
    assert "drawn:" not in draw(saltmarsh(), language=EN, targets=DOMAIN)


def test_the_path_of_a_coalition_stands_out_by_more_than_colour() -> None:
    """Its steps are numbered in their order, its lines are thick, and the legend says whose it is; what nobody looked up is dashed."""
    svg = draw(saltmarsh(), language=EN, highlight=["Avocet"], targets=DOMAIN)
    said = texts(svg)
    assert "highlighted: what Avocet could obtain" in [re.sub("[\u2068\u2069]", "", text) for text in said]
    assert [text for text in said if text.isdigit()] == ["1", "2"]
    assert svg.count('class="l lit"') == 3
    assert 'class="l g"' in svg
    plain = draw(saltmarsh(), language=EN, targets=DOMAIN)
    assert 'class="l lit"' not in plain
    assert " lit" not in plain.partition("</style>")[2]


def test_who_cannot_get_there_is_not_shown_as_if_they_could() -> None:
    """A party is highlighted only where it obtains something."""
    svg = draw(saltmarsh(), language=EN, highlight=["Plover"], targets=DOMAIN).partition("</style>")[2]
    assert 'class="member lit"' not in svg


def test_the_same_register_gives_the_same_picture() -> None:
    """Not a byte differs, so that two copies can be compared."""
    assert draw(saltmarsh(), language=EN, highlight=["Tern"]) == draw(saltmarsh(), language=EN, highlight=["Tern"])


@pytest.mark.parametrize("code", CODES)
def test_every_language_has_a_picture_of_its_own_direction(code: str) -> None:
    """Arabic reads from the right: members stand there, and everything is mirrored about the middle."""
    svg, english = draw(saltmarsh(), language=language(code)), draw(saltmarsh(), language=EN)
    root = ET.fromstring(svg)
    assert root.get("role") == "img"
    assert root.get("lang") == language(code).tag
    assert root[0].tag == f"{SVG}title"
    assert root[1].tag == f"{SVG}desc"
    width = float(root.get("width", ""))
    frames, there = sorted(box_frames(svg)), sorted(box_frames(english))
    if language(code).direction == "rtl":
        mirrored = sorted((round(width - x - wide, 1), y, wide, high) for x, y, wide, high in frames)
        assert mirrored == there
    else:
        assert frames == there


@attack(
    "custody-report-01",
    Mutation(
        "src/commonhold/pages/custody/picture.py",
        find="{escape(isolated(said))}</text>",
        replace="{isolated(said)}</text>",
    ),
)
def test_markup_in_a_label_stays_text_in_the_picture() -> None:
    """Tags, quotes and ends of titles are shown as they were written, and the SVG has no script, no address and no event in it."""
    evil = {"Heron": "</title><script>alert(1)</script>", "studio mailbox": '"><image href=x onerror=alert(1)>', "Page": "a<b>&amp;"}
    names = {**evil, **{f"Page.{power}": f"a<b>&amp;.{power}" for power in ("exclusive", "use", "destroy")}}
    svg = draw(saltmarsh(names), language=EN, highlight=[evil["Heron"]])
    root = ET.fromstring(svg)
    assert {item.tag.removeprefix(SVG) for item in root.iter()} <= {"svg", "title", "desc", "style", "rect", "g", "path", "text", "circle"}
    assert not [name for item in root.iter() for name in item.attrib if name.startswith("on") or "href" in name]
    assert any("</title><script>alert(1)" in title for title in titles(svg))
    assert "url(" not in svg
    assert "http" not in svg.replace('xmlns="http://www.w3.org/2000/svg"', "")


def test_controls_that_turn_words_around_do_not_reach_the_picture() -> None:
    """A register that no parser has read may hold anything: control characters and bidirectional controls vanish."""
    name = "Her\u202eon\u2066\x00\x1b[2J"
    node = Node("page\u202e", "resource", "pa\u202ege", (Way("as\u202eks", (PartyRef(name),)),))
    register = Register("ti\u202etle", {name: Party(name, "person", org=True)}, {node.id: node})
    svg = draw(register, language=EN, highlight=[name])
    assert not set(svg) & set("\u202e\u2066\x00\x1b")
    ET.fromstring(svg)


def test_a_label_is_shortened_and_its_whole_text_is_in_the_title() -> None:
    """Nothing runs out of its box, in wide scripts either; whoever points at it reads it all."""
    for name in ("The very long name of a member of the society", "非常长的成员名字非常长的成员名字非常长的成员名字"):
        svg = draw(saltmarsh({"Heron": name}), language=EN)
        assert any(name in title for title in titles(svg))
        shown = next(text for text in texts(svg) if text.endswith("…") and name.startswith(text[:-1]))
        assert 4 < len(shown) < 25


def test_on_paper_colours_are_written_out() -> None:
    """Renderers of PDF know no variables; screens get both, light and dark."""
    paper, screen = draw(saltmarsh(), language=EN, paper=True), draw(saltmarsh(), language=EN)
    assert "var(" not in paper
    assert "@media" not in paper
    assert "prefers-color-scheme:dark" in screen


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_words_and_lines_can_be_told_from_their_ground(colours: dict[str, str]) -> None:
    """Contrast of 4.5 for words and of 3 for lines and frames, on every ground that they stand on (WCAG 2.2, 1.4.3 and 1.4.11)."""

    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    def contrast(one: str, two: str) -> float:
        high, low = sorted((light(colours[one]), light(colours[two])), reverse=True)
        return (high + 0.05) / (low + 0.05)

    for ground in ("paper", "box", "member", "outsider", "platform", "resource", "lit-box"):
        assert contrast("ink", ground) >= 4.5, ground
        assert contrast("soft", ground) >= 4.5, ground
    assert contrast("lit", "lit-box") >= 4.5
    assert contrast("lit", "paper") >= 4.5
    for edge in ("line", "edge", "member-edge", "outsider-edge", "platform-edge", "resource-edge", "lit"):
        assert contrast(edge, "paper") >= 3, edge


def test_a_target_or_party_that_is_not_there_is_refused() -> None:
    """By name, with what there is."""
    for more in ({"targets": ["nothing"]}, {"highlight": ["nobody"]}):
        with pytest.raises(CustodyError, match=r"nothing|nobody"):
            draw(saltmarsh(), language=EN, **more)  # type: ignore[arg-type] # each case is one argument, of its own type


def test_an_empty_register_has_a_picture_too() -> None:
    """Nobody has answered anything yet: the page can be shown all the same."""
    ET.fromstring(draw(Register("", {}, {}), language=EN))
