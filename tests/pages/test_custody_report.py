"""Laws about the reports: what they say and never say, in every language, and that what is not known is never passed over."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from commonhold.kernel.custody import Answer, AtLeast, Change, Finding, Register, analyse, parse_register
from commonhold.kernel.custody.register import UNDECLARED, Node, Party, PartyRef, Way
from commonhold.pages.custody import Action, Assumption, Report, actions_of_advice, full, one_page
from commonhold.pages.custody.advice import _said
from commonhold.pages.custody.facts import facts_of, takers_of
from commonhold.pages.language import CODES, language
from tests.attacks import Mutation, attack
from tests.kernel.custody.graphs import register as small
from tests.pages.saltmarsh import DAY, report, saltmarsh

VOID = {"meta", "br", "path", "rect", "circle"}


class Page(HTMLParser):
    """The texts, tags and attributes of a page, and whether its tags close in their order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.texts.append(data)

    @property
    def said(self) -> str:
        text = " ".join(" ".join(self.texts).replace("\u2068", "").replace("\u2069", "").split())
        return re.sub(r" (?=[:,;.)])|(?<=\() ", "", text)


def row_of(page: str, name: str) -> str:
    """The row of the summary that begins with a resource's name, as text."""
    rows = re.findall(r'<tr role="row">\s*<th scope="row".*?</tr>', page, re.DOTALL)
    (found,) = [Page(row).said for row in rows if f"<bdi>{name}</bdi>" in row.split("</th>")[0]]
    return found


def test_one_page_says_who_alone_whose_absence_how_soon_and_what_to_do() -> None:
    """Members, people outside and platforms apart; then absence, time and sight; three things to do; the mark and the day."""
    page = one_page(report())
    said = row_of(page, "Page")
    assert "one person is enough Heron or Tern people outside: Dunlin" in said
    assert "could operate it alone: Avocet" in said
    assert "network" in said
    assert "At once. Nobody could see it coming." in said
    domain = row_of(page, "Domain")
    assert domain.startswith("Domain one person is enough Avocet with the help of")
    assert "with the help of registrar: stranger" in domain
    assert "After 5 days at the earliest. Nobody could see it coming where it takes 14 days." in domain
    assert "2 people Nobody alone; 2 people together could: Avocet + Heron; Avocet + Tern; 1 more" in row_of(page, "Donations")
    whole = Page(page).said
    assert "14 March 2026" in whole
    assert "7 of 8 could be taken by one person alone" in whole
    assert "1 recovery path that nobody has looked up counts at its worst, as if its holder alone could take it: private." in whole
    assert "1 assumption is behind this page" in whole
    assert page.count("<li><div>") == 3
    assert "Seal studio mailbox: from now on it takes any 2 members together." in whole


def test_the_full_report_shows_pictures_paths_sets_changes_and_absences() -> None:
    """A picture of all and one of each resource; each path by steps; every minimal set; what each change brings; what is out of reach without whom."""
    page = full(report())
    assert page.count("<svg") == 1 + 8
    whole = Page(page).said
    assert "How Curlew could take it" in whole
    assert "channel owner, through Curlew: signs in" in whole
    assert "Avocet + Heron" in whole
    assert "Who alone could take it then: Nobody alone" in whole
    assert "If one of us is gone" in whole
    assert re.search(r"Avocet Domain", whole)
    assert "Any administrator can remove the others. (Page)" in whole
    for finding in analyse(saltmarsh()).values():
        if finding.target.endswith((".exclusive", ".use", ".destroy")):
            for found in finding.seize.sets:
                assert " + ".join(found) in whole


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("write", [one_page, full])
def test_every_language_has_both_reports_whole(code: str, write: Callable[..., str]) -> None:
    """Well-formed, in its own direction, marked for members only in the page, in its title and on every printed sheet; no script, nothing to fetch."""
    page = write(report(code))
    found = Page(page)
    said = language(code)
    mark = said.say("For members only")
    assert f'<html lang="{said.tag}" dir="{said.direction}">' in page
    assert mark in re.findall("<title>(.*?)</title>", page)[0]
    assert found.said.count(mark) >= 2
    near = "left" if said.direction == "ltr" else "right"
    assert f"@bottom-{near} {{ content: " in page
    assert "script" not in found.tags
    assert not [name for name, _ in found.attributes if name.startswith("on") or name in ("src", "srcset")]
    assert all((value or "").startswith("#") for name, value in found.attributes if name == "href")
    assert "default-src 'none'" in page
    assert "@import" not in page
    assert "url(" not in page


@pytest.mark.parametrize("write", [one_page, full])
def test_it_speaks_of_powers_never_of_intentions_and_calls_nothing_safe(write: Callable[..., str]) -> None:
    """What people could do; whoever reads it about themselves is accused of nothing, and nobody is lulled."""
    said = Page(write(report())).said.lower()
    for word in ("safe", "secure", "would", "wants", "attacker", "thief", "suspect", "trustworthy", "guarantee"):
        assert not re.search(rf"\b{word}", said), word
    assert "never what anybody intends" in said


@pytest.mark.parametrize("write", [one_page, full])
def test_what_could_not_be_computed_or_was_not_asked_is_said(write: Callable[..., str]) -> None:
    """At least, unknown, not looked at: an incomplete answer never reads as nobody."""
    known = analyse(saltmarsh())
    unknown = Finding("Donations.exclusive", Answer((), 2, None), Answer((), 0, None))
    findings = {**known, "Donations.exclusive": unknown, "Code.exclusive": dataclasses.replace(unknown, seize=Answer((), 0, None))}
    del findings["Server.exclusive"]
    page = write(report(findings=findings))
    donations, code = row_of(page, "Donations"), row_of(page, "Code")
    assert "3 people or more Nobody alone. It takes at least 3 people, more could not be computed." in donations
    assert "Unknown: at least 1 person has to be gone" in donations
    assert "unknown Unknown: it takes at least 1 person, more could not be computed." in code
    assert "unknown Not looked at: unknown." in row_of(page, "Server")
    assert "Not everything could be computed. There may be more than is listed for: Server, Donations and Code." in Page(page).said


def test_the_full_report_says_how_far_each_list_reaches() -> None:
    """Beside the sets of an incomplete answer stands the size up to which they are all."""
    known = analyse(saltmarsh())
    part = dataclasses.replace(known["Code.exclusive"], seize=Answer((("Curlew",),), 1, None), lockout=Answer((), 0, None))
    said = Page(full(report(findings={**known, "Code.exclusive": part}))).said
    assert "Sets of more than 1 person are not listed; there may be more of them than could be computed." in said
    assert "Nothing of this could be computed: who else could is unknown." in said


@attack(
    "custody-report-01",
    Mutation("src/commonhold/pages/templates.py", find="autoescape=True", replace="autoescape=False"),
    Mutation(
        "src/commonhold/pages/templates.py", find='parts.append(escape(_CONTROLS.sub("", piece)))', replace="parts.append(Markup(piece))"
    ),
)
@pytest.mark.parametrize("write", [one_page, full])
def test_markup_in_names_stays_text_in_the_reports(write: Callable[..., str]) -> None:
    """In names, labels, ways, titles, actions and assumptions: everything is shown as it was written, and nothing of it becomes a tag."""
    evil = '</title></style></td><script>alert(1)</script><img src=x onerror="alert(1)">'
    names = {"Heron": evil, "studio mailbox": evil, "password": evil, "Mailbox": evil, "Saltmarsh Community Radio": evil}
    register = saltmarsh(names)
    words = [Action(evil, evil + "\u2069\u2069\u2068\u202e")]
    found = Page(write(report(register=register, actions=words, assumptions=[Assumption(evil, evil)])))
    assert "script" not in found.tags
    assert "img" not in found.tags
    assert "alert(1)" in found.said
    assert not {"\u202e", "\u2066"} & set("".join(found.texts))


def test_controls_in_a_register_that_no_parser_has_read_vanish() -> None:
    """Bidirectional controls and control characters reach no page, wherever they stand."""
    name, bad = "Her\u202eon", "\u202e\u2066\x1b\x00\u200f"
    node = Node(f"pa{bad}ge", "resource", f"pa{bad}ge", (Way(f"as{bad}ks", (PartyRef(name),)),))
    register = Register(f"ti{bad}tle", {name: Party(name, "person", org=True)}, {node.id: node})
    made = Report(register, analyse(register), [], [Assumption(f"a{bad}", f"b{bad}")], DAY, language("en"))
    for page in (one_page(made), full(made)):
        assert not set(page) & set("\u202e\u2066\x1b\x00\u200f")


def test_anybody_nobody_and_locked_out_have_words_of_their_own() -> None:
    """The extremes of an analysis are said plainly, on both reports."""
    register = small({"open": [[]], "never": [], "far": [["party:stranger"]]}, outside=["stranger"])
    made = Report(register, analyse(register), [], [], DAY, language("en"))
    page = one_page(made)
    assert "Anybody: it takes nobody's consent." in row_of(page, "open")
    assert "No person and no group of people that the answers name. none named We are locked out already." in row_of(page, "never")
    assert "people outside: stranger none named We are locked out already." in row_of(page, "far")
    assert "No single change that was tried helps." in Page(page).said
    whole = Page(full(made)).said
    assert "No group that the answers name." in whole
    assert "No way is known." in whole


def test_a_register_without_anything_still_has_a_report() -> None:
    """Nothing named yet is said, and nothing is counted."""
    made = Report(Register("", {}, {}), {}, [], [], DAY, language("en"))
    for write in (one_page, full):
        assert "Nothing that we depend on has been named yet." in Page(write(made)).said


def test_the_same_report_is_the_same_bytes() -> None:
    """Two copies can be compared."""
    assert full(report()) == full(report())


def test_the_advice_for_any_register_is_recomputed_step_by_step() -> None:
    """Each thing to do ends what it says it ends, on what the ones before it leave; none opens more than it closes."""
    register = saltmarsh()
    actions = actions_of_advice(register, language("en"))
    assert len(actions) == 3
    counts = [tuple(map(int, re.findall(r"something: (\d+) now, (\d+) then", action.effect)[0])) for action in actions]
    assert counts[0][0] == sum(
        len(takers_of(register, analyse(register, [fact.resource.take])[fact.resource.take].seize).alone) for fact in facts_of(register, {})
    )
    for (_, then), (now, _) in pairwise(counts):
        assert then == now
    assert all(now > then for now, then in counts)


def test_advice_has_words_for_every_kind_of_change() -> None:
    """More, a second, a seal, a closed way, a copy, and a recovery path that somebody should look up; no change is said by its code."""
    register = saltmarsh()
    both = (AtLeast(2, (PartyRef("Heron"), PartyRef("Tern"))),)
    node = Node("mail.login", "mailbox", "studio mailbox", (Way("password", both),))
    cases = {
        ("more", "password"): 'From now on, "password" at studio mailbox takes 2 of Heron and Tern.',
        ("second", UNDECLARED): "Look up how studio mailbox can be recovered, and let that take 2 of Heron and Tern.",
        ("seal", ""): "Seal studio mailbox: from now on it takes 2 of Heron and Tern.",
        ("copy", ""): "Keep a sealed copy of studio mailbox, to be opened by 2 of Heron and Tern.",
        ("close", "password"): 'Close one way to studio mailbox: "password".',
        ("close", UNDECLARED): "Look up how studio mailbox can be recovered, and close what its holder alone could use.",
    }
    for (kind, text), words in cases.items():
        said = _said(register, language("en"), [Change(kind, node, 0, text)])
        assert said.replace("\u2068", "").replace("\u2069", "") == words


def test_only_people_count_as_takers_and_platforms_are_named_apart() -> None:
    """A platform can always do what its rules say; that is said beside, and not as if a person could."""
    register = parse_register(
        json.dumps(
            {
                "parties": [{"id": "network", "kind": "platform", "org": False}, {"id": "heron", "kind": "person", "org": True}],
                "nodes": [{"id": "page", "kind": "resource", "obtain": [{"all": ["party:network"]}]}],
            }
        ).encode()
    )
    page = one_page(Report(register, analyse(register), [], [], DAY, language("en")))
    assert "nobody known No person and no group of people that the answers name. network" in row_of(page, "page")
    assert "0 of 1 could be taken by one person alone" in Page(page).said
