"""Laws about Open-PSA files: and, or, atleast and constants are read; what denies, repeats, hides or swells is refused by its gate or line."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonhold.kernel.custody import minimal_sets, openpsa, parse_openpsa
from commonhold.kernel.errors import FormatError


def tree(body: str) -> bytes:
    return f'<?xml version="1.0"?><opsa-mef><define-fault-tree name="t">{body}</define-fault-tree></opsa-mef>'.encode()


def gate(name: str, formula: str) -> str:
    return f'<define-gate name="{name}">{formula}</define-gate>'


def event(*names: str) -> str:
    return "".join(f'<basic-event name="{name}"/>' for name in names)


def sets(raw: bytes) -> set[tuple[str, ...]]:
    register, tops = parse_openpsa(raw)
    return set(minimal_sets(register, tops[0]).sets)


def refused(raw: bytes, code: str, *words: str) -> None:
    with pytest.raises(FormatError) as error:
        parse_openpsa(raw)
    assert error.value.code == f"openpsa/{code}"
    assert error.value.next_step
    for word in words:
        assert word in str(error.value)


def test_and_or_and_atleast_are_read() -> None:
    """Nested, with labels and probabilities passed over, and with an event written in each of its forms."""
    body = gate("top", f'<label>x</label><and><gate name="g"/><or>{event("a")}<event name="b"/></or></and>')
    body += gate("g", f'<atleast min="2"><event name="c" type="basic-event"/>{event("d", "e")}</atleast>')
    body += '<define-basic-event name="a"><float value="0.1"/></define-basic-event>'
    assert sets(tree(body)) == {(first, *pair) for first in "ab" for pair in (("c", "d"), ("c", "e"), ("d", "e"))}
    assert sets(tree(gate("top", '<gate name="g"/>') + gate("g", f'<and>{event("a", "a")}<event name="b"/></and>'))) == {("a", "b")}


def test_what_means_nothing_for_the_sets_is_passed_over() -> None:
    """Definitions in any order and place, labels, attributes, roles, comments, components, probabilities, and a byte order mark."""
    raw = (
        '<?xml version="1.0" encoding="UTF-8"?><!-- x --><opsa-mef xmlns="urn:x"><label>m</label><define-fault-tree name="t"><label>t</label>'
        '<attributes><attribute name="a" value="b"/></attributes>'
        '<define-gate name="top" role="public"><label>l</label><attributes><attribute name="k" value="v"/></attributes>'
        '<or><!-- y --><and><gate name="late"/><house-event name="on"/></and><event name="off" type="house-event"/></or></define-gate>'
        '<define-component name="part"><define-gate name="late"><or><and><basic-event name="a"/><atleast min="1"><basic-event name="b"/>'
        '<basic-event name="c"/></atleast></and></or></define-gate></define-component></define-fault-tree><model-data>'
        '<define-house-event name="on"><label>h</label><constant value="true"/></define-house-event>'
        '<define-house-event name="off"><constant value="false"/></define-house-event>'
        '<define-parameter name="p"><float value="1"/></define-parameter>'
        '<define-basic-event name="a"><exponential><parameter name="p"/><system-mission-time/></exponential></define-basic-event>'
        "</model-data></opsa-mef>"
    )
    for encoding in ("utf-8", "utf-8-sig"):
        assert sets(raw.encode(encoding)) == {("a", "b"), ("a", "c")}


def test_a_gate_and_an_event_may_have_one_name() -> None:
    """The element says which is meant."""
    assert sets(tree(gate("top", f'<or><gate name="x"/>{event("x", "y")}</or>') + gate("x", f"<and>{event('y', 'z')}</and>"))) == {
        ("x",),
        ("y",),
    }


def test_constants_and_house_events_are_what_they_say() -> None:
    """True is always there, false never."""
    house = '<define-house-event name="h"><constant value="true"/></define-house-event><define-house-event name="l"/>'
    top = '<or><and><house-event name="h"/>{0}</and><and><event name="l"/>{1}</and><and><constant value="false"/>{1}</and></or>'
    assert sets(tree(house + gate("top", top.format(event("a"), event("b"))))) == {("a",)}
    assert sets(tree(gate("top", '<or><constant value="true"/></or>'))) == {()}


def test_the_top_is_the_gate_that_no_other_uses() -> None:
    """Several where there are several; the first gate where there are only cycles, which support nobody."""
    assert parse_openpsa(tree(gate("a", event("x")) + gate("b", event("y"))))[1] == ("a", "b")
    register, tops = parse_openpsa(tree(gate("a", '<gate name="b"/>') + gate("b", f'<or><gate name="a"/>{event("x")}</or>')))
    assert tops == ("a",)
    assert minimal_sets(register, "a").sets == (("x",),)


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ("", "empty", []),
        (gate("g", event("a")) * 2, "duplicate", ["'g'"]),
        (gate("g", ""), "gate", ["'g'", "0 formulas"]),
        (gate("g", event("a", "b")), "gate", ["'g'", "2 formulas"]),
        (gate("g", "<and/>"), "gate", ["'g'", "<and>"]),
        (gate("g", f"<not>{event('a')}</not>"), "connective", ["'g'", "<not>"]),
        (gate("g", f"<or><xor>{event('a', 'b')}</xor></or>"), "connective", ["'g'", "<xor>"]),
        (gate("g", f'<atleast min="3">{event("a", "b")}</atleast>'), "threshold", ["'g'", "'3' of 2"]),
        (gate("g", f"<atleast>{event('a', 'b')}</atleast>"), "threshold", ["'g'"]),
        (gate("g", f'<atleast min="{"9" * 5000}">{event("a", "b")}</atleast>'), "threshold", ["'g'"]),
        (gate("g", f'<atleast min="1">{event("a", "a")}</atleast>'), "duplicate-input", ["'g'"]),
        (gate("g", '<gate name="h"/>'), "missing-gate", ["'g'", "'h'"]),
        (gate("g", '<event name="h" type="gate"/>'), "missing-gate", ["'g'", "'h'"]),
        (gate("g", '<house-event name="h"/>'), "missing-house-event", ["'g'", "'h'"]),
        (gate("g", '<or><event name="h" type="house-event"/></or>'), "missing-house-event", ["'g'", "'h'"]),
        (gate("g", f"<iff>{event('a', 'b')}</iff>"), "connective", ["'g'", "<iff>", "line 1"]),
        (gate("", event("a")), "name", ["line 1"]),
        (gate("g", event("a\u202eb")), "name", ["\\u202e"]),
        (gate("g", event("a" * 201)), "name", ["line 1"]),
        (gate("g", "<or>" * 80 + event("a") + "</or>" * 80), "too-deep", ["64"]),
    ],
)
def test_a_mistake_is_refused_by_its_gate(body: str, code: str, words: list[str]) -> None:
    """Somebody who mends a tree must not search for the place."""
    refused(tree(body), code, *words)


def test_a_file_that_could_swell_is_refused_before_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """A document type is the only way to declare an entity, and no tree needs one; bytes and elements are counted."""
    swelling = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><opsa-mef>&b;</opsa-mef>'
    refused(swelling, "doctype", "line 1")
    refused(b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><opsa-mef/>', "doctype")
    good = tree(gate("g", event("a")))
    for name, limit, words in (("MAX_BYTES", 10, "bytes"), ("MAX_ELEMENTS", 2, "elements")):
        with monkeypatch.context() as patch:
            patch.setattr(openpsa, name, limit)
            refused(good, "too-large", words)


def test_what_is_no_open_psa_is_refused() -> None:
    """Half a file, another root, another encoding, nothing."""
    refused(tree(gate("g", event("a")))[:60], "not-xml")
    refused(b"", "not-xml")
    refused(b'<?xml version="1.0" encoding="nonsense"?><opsa-mef/>', "not-xml")
    refused(b"<html/>", "root", "<html>")


@given(st.binary(max_size=200) | st.text("<>/gatendor=\" 'opsmf-", max_size=80).map(str.encode))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    """No foreign exception leaves the reader."""
    for whole in (raw, b"<opsa-mef>" + raw + b"</opsa-mef>"):
        with suppress(FormatError):
            parse_openpsa(whole)
