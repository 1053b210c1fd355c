"""Laws about the layout: no two boxes overlap, links lead where they should, and the same input gives the same drawing."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from commonhold.pages.custody.layout import Box, Layout, Link, arrange


def overlaps(drawn: Layout) -> list[tuple[str, str]]:
    return [
        (one, two)
        for (one, a), (two, b) in combinations(drawn.boxes.items(), 2)
        if a.x < b.x + b.width and b.x < a.x + a.width and a.y < b.y + b.height and b.y < a.y + a.height
    ]


@st.composite
def drawings(draw: st.DrawFn) -> tuple[list[Box], list[Link]]:
    stages = draw(st.lists(st.integers(0, 2), min_size=1, max_size=30))
    boxes = [Box(str(index), 100 + 10 * stage, 40.0 + 19 * (index % 4), stage) for index, stage in enumerate(stages)]
    ends = st.integers(0, len(boxes) - 1).map(str)
    return boxes, draw(st.lists(st.builds(Link, ends, ends, st.sampled_from([0.0, -9.0]), st.sampled_from([0.0, 9.0])), max_size=60))


@given(drawings())
def test_no_two_boxes_overlap_and_every_link_touches_its_boxes(drawing: tuple[list[Box], list[Link]]) -> None:
    """Whatever leads where, around in circles too: boxes keep apart, stages stay in order, and a curve begins and ends at the sides of its boxes."""
    boxes, links = drawing
    drawn = arrange(boxes, links)
    assert overlaps(drawn) == []
    assert drawn == arrange(boxes, links)
    for one, two in combinations(boxes, 2):
        if one.stage < two.stage:
            assert drawn.boxes[one.id].x + drawn.boxes[one.id].width < drawn.boxes[two.id].x
    for link, curve in zip(links, drawn.curves, strict=True):
        for id_, at, (x, y) in ((link.start, link.start_at, curve[0]), (link.end, link.end_at, curve[-1])):
            box = drawn.boxes[id_]
            assert x in (box.x, box.x + box.width)
            assert abs(y - (box.y + box.height / 2 + at)) < 1e-6
    for box in drawn.boxes.values():
        assert box.x >= 0
        assert box.y >= -1e-9
        assert box.x + box.width <= drawn.width + 1e-9
        assert box.y + box.height <= drawn.height + 1e-9


def test_a_link_passes_between_the_boxes_of_the_columns_that_it_crosses() -> None:
    """A long link has a place of its own in each column, so it is never drawn across a box."""
    chain = [Box(name, 100, 40, 0 if name == "a" else 1) for name in "abcd"]
    links = [Link("a", "b"), Link("b", "c"), Link("c", "d"), Link("a", "d")]
    drawn = arrange(chain, links)
    for x, y in drawn.curves[3][1:-1]:
        assert not any(box.x <= x <= box.x + box.width and box.y < y < box.y + box.height for box in drawn.boxes.values())


def test_nothing_at_all_can_be_drawn() -> None:
    """An empty register has an empty drawing."""
    assert arrange([], []).boxes == {}
