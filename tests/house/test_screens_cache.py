"""The tables behind the screens are a cache: made again they give the same pages, and what somebody writes into them decides nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tests.attacks import Mutation, attack
from tests.house.partners import decide, name_partners
from tests.house.sites import MEMBERS, Site
from tests.house.test_screens import CHANNEL, kept, statement

Tamper = Callable[[str], None]


def story(site: Site) -> list[str]:
    """Something of everything, with a clock; gives the decisions."""
    partners = name_partners(site)
    carried, gone, contested = statement(site), site.propose("heron", "channel", CHANNEL), statement(site, "plover", "Another word.")
    decide(site, carried)
    site.act("heron", "withdraw", {"what": "proposal", "of": gone})
    site.act("heron", "approve", {"proposal": contested})
    partners.confirm(86_400)
    partners.confirm(60)
    return [carried, gone, contested, statement(site, "curlew", "The last word.")]


def pages(site: Site, decisions: list[str], *members: str) -> dict[str, str]:
    """Every page, as members see it, without what differs between two answers."""
    found = {}
    addresses = [
        "/",
        "/decisions/",
        "/decisions/?q=word",
        "/decisions/?status=open",
        "/decisions/?mine=1",
        "/record/",
        "/record/?type=attest",
    ]
    addresses += shown(site, decisions)
    for member in members:
        client = site.client(member)
        for address in addresses:
            answer = client.get(address)
            assert answer.status_code == 200
            found[f"{member} {address}"] = answer.content.decode().partition("<main")[2]
    return {name: re.sub(r'(csrf\w*"[^>]*value=|"csrf\w*":\s*)"[^"]*"', "", body) for name, body in found.items()}


def shown(site: Site, decisions: list[str]) -> list[str]:
    """The pages of single decisions, and of some entries."""
    return [f"/decisions/{one}/" for one in decisions] + [f"/record/{index}/" for index in range(0, site.log.state.size, 4)]


def test_tables_that_are_made_again_give_the_same_pages(site: Site) -> None:
    """Every page, as several members see it, before and after."""
    from commonhold.house.record import services

    decisions = story(site)
    before = pages(site, decisions, "heron", "tern", "avocet")
    assert services.rebuild() == site.log.state.size
    assert pages(site, decisions, "heron", "tern", "avocet") == before


def change_status(proposal: str) -> None:
    from commonhold.house.record.models import Decision

    Decision.objects.filter(proposal=proposal).update(status="enacted", closed=3)


def drop_decision(proposal: str) -> None:
    from commonhold.house.record.models import Decision

    Decision.objects.filter(proposal=proposal).delete()


def add_decision(proposal: str) -> None:
    from commonhold.house.record.models import Decision

    Decision.objects.create(proposal="f" * 64, index=10**6, kind="expel", by="heron", status="enacted", text="word")


def change_entry(proposal: str) -> None:
    from commonhold.house.record.models import Entry

    Entry.objects.filter(entry=proposal).update(
        by="heron", type="approve", code="forged", words="<b>forged</b>", events=[{"name": "enacted"}]
    )


def drop_entry(proposal: str) -> None:
    from commonhold.house.record.models import Entry

    Entry.objects.filter(entry=proposal).delete()


def add_entry(proposal: str) -> None:
    from commonhold.house.record.models import Entry

    Entry.objects.create(
        index=10**6, entry="e" * 64, type="approve", by="avocet", subject=proposal, kind="", code="", words="", next_step="", events=[]
    )


def change_time(proposal: str) -> None:
    from commonhold.house.record.models import Entry

    Entry.objects.all().update(time=1)


def tip_ahead(proposal: str) -> None:
    from commonhold.house.record.models import Tip

    Tip.objects.all().update(size=10**6, root="0" * 64)


def tip_behind(proposal: str) -> None:
    from commonhold.house.record.models import Tip
    from commonhold.kernel.tlog.merkle import EMPTY_ROOT

    Tip.objects.all().update(size=0, root=EMPTY_ROOT.hex(), covered=0)


def tip_covered(proposal: str) -> None:
    from commonhold.house.record.models import Tip

    Tip.objects.all().update(covered=2)


TAMPERING = [
    change_status,
    drop_decision,
    add_decision,
    change_entry,
    drop_entry,
    add_entry,
    change_time,
    tip_ahead,
    tip_behind,
    tip_covered,
]


@attack(
    "house-tables-forged",
    Mutation(
        "src/commonhold/house/record/services.py",
        find="    elif news[0].index == base and not _are_ours(log, state, tip, news[: tip.size]):",
        replace="    elif news[0].index == base and not news:",
    ),
)
def test_a_house_that_starts_again_finds_what_was_written_into_its_tables(site: Site) -> None:
    """A row changed, added or dropped, a tip altered: the next start holds every row to the log, and every page is right."""
    decisions = story(site)
    before = pages(site, [], "heron")
    for tamper in TAMPERING:
        tamper(decisions[2])
        site.close()
        site.open()
        after = pages(site, [], "heron")
        assert {name for name in before if after[name] != before[name]} == set(), tamper.__name__


@attack(
    "house-tables-believed",
    Mutation(
        "src/commonhold/house/record/showing.py",
        find="    proposal = state.proposal(key)\n    if proposal is None:\n        return None\n",
        replace='    proposal = state.proposal(key) or next(one for one in state.parts["proposals"].values() if one.status == "enacted")\n',
    ),
)
def test_what_is_written_into_tables_changes_no_decision_and_nobodys_rights(site: Site) -> None:
    """While the house runs: a decision's page and an entry's, what needs whom, who may come in, are the fold's; a made-up decision stands nowhere."""
    decisions = story(site)
    client, addresses = site.client("heron"), [*shown(site, decisions[2:]), f"/record/{site.log.state.size - 1}/"]
    before, needs = {address: inside(client.get(address)) for address in addresses}, asked(site)
    for tamper in TAMPERING:
        tamper(decisions[2])
        assert {address: inside(client.get(address)) for address in addresses} == before, tamper.__name__
        assert asked(site) == needs, tamper.__name__
        listed = inside(client.get("/decisions/")) + inside(client.get("/record/"))
        assert not [made_up for made_up in ("f" * 64, "e" * 64, "forged") if made_up in listed], tamper.__name__
        site.close()
        site.open()
        # The rows are held to the log at this first page; what is written into them next comes while the house runs.
        client.get("/")


def inside(answer: Any) -> str:
    """What a page shows."""
    assert answer.status_code == 200
    return str(answer.content.decode().partition('<div class="nice-padding house">')[2])


def asked(site: Site) -> dict[str, str]:
    """What Home asks of some members."""
    homes = {name: inside(site.client(name).get("/")) for name in MEMBERS[:3]}
    return {name: body.partition('id="waiting"')[0] for name, body in homes.items()}


def test_entries_that_come_after_a_row_was_forged_in_their_place_are_kept(site: Site) -> None:
    """The tables are made again when a row stands where a new one belongs."""
    from commonhold.house.record.models import Entry

    story(site)
    size = site.log.state.size
    site.client("heron").get("/record/")
    Entry.objects.create(
        index=size, entry="e" * 64, type="approve", by="avocet", subject="", kind="", code="", words="", next_step="", events=[]
    )
    made = statement(site, "heron", "After the forgery.")
    assert made in inside(site.client("heron").get("/decisions/"))
    assert Entry.objects.get(index=size).entry == made


HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)> \u202eesrever\u202c \u2066x\u2069"


def test_hostile_words_stand_there_as_letters(site: Site) -> None:
    """Markup is escaped, and characters that turn a line around are replaced, in lists, on the decision's page and on the record."""
    made = statement(site, "tern", HOSTILE)
    user = site.user("heron")
    user.name = '<script>alert(2)</script>"\u202ex'
    user.save()
    client = site.client("heron")
    for address in ("/", "/decisions/", f"/decisions/{made}/", "/record/"):
        body = inside(client.get(address))
        assert "<script>alert" not in body
        assert "<img src=x" not in body
        assert "\u202e" not in body
        assert "&lt;script&gt;alert(1)" in body


def test_an_objection_with_hostile_words_stands_there_as_letters(site: Site) -> None:
    """Its reason is quoted, and nothing of it runs."""
    made = site.propose("heron", "ordinary", {"text": kept(site, "Something.")})
    site.act("avocet", "object", {"proposal": made, "reason": kept(site, HOSTILE)})
    body = inside(site.client("tern").get(f"/decisions/{made}/"))
    assert "<script>alert" not in body
    assert "&lt;script&gt;alert(1)" in body


def test_a_page_asks_as_many_questions_of_its_tables_whatever_their_size(site: Site) -> None:
    """At fifty entries as at five hundred."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def questions() -> dict[str, int]:
        client, counted = site.client("avocet"), {}
        for address in ("/", "/decisions/", "/decisions/?q=says&status=open", "/decisions/?mine=1", "/record/", "/record/?type=propose"):
            client.get(address)
            with CaptureQueriesContext(connection) as found:
                assert client.get(address).status_code == 200
            counted[address] = len(found)
        return counted

    fill(site, 50)
    few = questions()
    fill(site, 500)
    assert questions() == few
    assert max(few.values()) <= 12


def fill(site: Site, size: int) -> None:
    """Go on until the record has so many entries."""
    while site.log.state.size < size:
        made = statement(site, "tern", f"tern says {site.log.state.size}")
        for name in ("heron", "tern", "plover"):
            if site.log.state.proposal(made).status == "open":
                site.act(name, "approve", {"proposal": made})
