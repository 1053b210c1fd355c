"""Makes custody/*.json: invented incidents in the form ``custody-incident/1``, for every program that analyses registers.

Run it from the root of the checkout: ``python vectors/make_custody.py``. The expectations are found by trying every set of parties here, without a
look at the engine; ``tests/conformance/test_custody_fixtures.py`` holds the engine to them. All organisations are fictional, and people are roles.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from itertools import combinations
from pathlib import Path
from typing import Any

OUT = Path(__file__).with_name("custody")
Value = dict[str, Any]
Query = tuple[str, str] | tuple[str, str, list[str]]


def obtained(nodes: Iterable[Value], acting: Iterable[str]) -> set[str]:
    """What these parties can reach: from nothing, round after round, until nothing is added."""
    have = {f"party:{name}" for name in acting}

    def met(item: Any) -> bool:
        if isinstance(item, str):
            return item in have
        return sum(map(met, item.get("any") or item["of"])) >= item.get("atleast", 1)

    while more := {f"node:{node['id']}" for node in nodes if any(all(map(met, way["all"])) for way in node["obtain"])} - have:
        have |= more
    return have


def minimal(names: Iterable[str], works: Callable[[frozenset[str]], bool]) -> list[list[str]]:
    """The minimal sets that work, smaller sets first."""
    found: list[frozenset[str]] = []
    names = sorted(names)
    for size in range(len(names) + 1):
        found += [one for one in map(frozenset, combinations(names, size)) if not any(other <= one for other in found) and works(one)]
    return [sorted(one) for one in found]


def asked(parties: list[Value], nodes: list[Value], query: Query) -> Value:
    """A query with its answer."""
    target, mode, *among = query
    goal = f"node:{target}"
    if mode == "seize":
        names = among[0] if among else [party["id"] for party in parties]
        expect = minimal(names, lambda one: goal in obtained(nodes, one))
    else:
        org = frozenset(party["id"] for party in parties if party["org"])
        expect = minimal(org, lambda lost: goal not in obtained(nodes, org - lost))
    limits = {"among": among[0]} if among else {}
    # No set at all is no number of people: null.
    return {"target": target, "mode": mode, **limits, "expect": expect, "expect_min": len(expect[0]) if expect else None}


def node(id_: str, kind: str, label: str, *ways: Value) -> Value:
    """A node and its ways."""
    return {"id": id_, "kind": kind, "label": label, "obtain": list(ways)}


def way(via: str, *inputs: Any, days: int = 0, visible: bool = False) -> Value:
    """A way that needs all of these inputs."""
    return {"via": via, "all": list(inputs), **({"latency_days": days} if days else {}), **({"visible": True} if visible else {})}


def some(*inputs: Any) -> Value:
    """Any of these."""
    return {"any": list(inputs)}


def least(need: int, *inputs: Any) -> Value:
    """So many of these."""
    return {"atleast": need, "of": list(inputs)}


def party(word: str, *, org: bool) -> Value:
    """A party from ``name`` or ``kind:name``."""
    kind, _, name = word.rpartition(":")
    return {"id": name, "kind": kind or "person", "org": org}


def incident(
    id_: str, title: str, story: tuple[str, str], people: str, outside: str, nodes: list[Value], queries: list[Query],
    fix: tuple[str, list[Value], list[Query]],
) -> Value:  # fmt: skip
    """One file; *story* is what happened and the structure that allowed it; whoever is no person is ``kind:name``."""
    parties = [party(word, org=True) for word in people.split()] + [party(word, org=False) for word in outside.split()]
    text, replaced, then = fix
    new = {item["id"]: item for item in replaced}
    kept = [new.pop(item["id"], item) for item in nodes]
    return {
        "schema": "custody-incident/1",
        "id": id_,
        "title": title,
        "year": 2026,
        "what_happened": f"Invented. {story[0]}",
        "structure": story[1],
        "sources": [],
        "assumed": [],
        "parties": parties,
        "nodes": nodes,
        "queries": [asked(parties, nodes, query) for query in queries],
        "fix": {"text": text, "replace": replaced, "then": [asked(parties, [*kept, *new.values()], query) for query in then]},
    }


def both(target: str) -> list[Query]:
    """Who can take it, and whose loss locks out."""
    return [(target, "seize"), (target, "lockout")]


def page() -> Value:
    """Admins who can remove each other."""
    nodes = [
        node("mail.editor_1", "mailbox", "the first editor's mailbox", way("password", "party:editor_1"), way("guessed password", "party:intruder")),
        node("account.editor_1", "account", "the first editor's account", way("recovery mail", "node:mail.editor_1")),
        node("account.editor_2", "account", "the second editor's account", way("password", "party:editor_2")),
        node("account.treasurer", "account", "the treasurer's account", way("password and device", "party:treasurer")),
        node("page.use", "resource", "the page", way("post", some("node:account.editor_1", "node:account.editor_2", "node:account.treasurer"))),
        node("page.exclusive", "resource", "the page, the others removed",
             way("any admin removes the others", some("node:account.editor_1", "node:account.editor_2", "node:account.treasurer"), visible=True)),
    ]  # fmt: skip
    portfolio = node("page.exclusive", "resource", "the page, the others removed", way("two of the portfolio's holders",
        least(2, "node:account.editor_1", "node:account.editor_2", "node:account.treasurer"), days=7, visible=True))  # fmt: skip
    return incident(
        "saltmarsh-page", "Saltmarsh Radio: an admin's mailbox is guessed",
        ("An intruder took one editor's mailbox, then the account, and removed all other admins.", "any one admin can remove all others"),
        "editor_1 editor_2 treasurer", "outsider:intruder", nodes, [*both("page.use"), *both("page.exclusive"),
        ("page.exclusive", "seize", ["editor_2", "treasurer"])],
        ("give removal to a portfolio that needs two", [portfolio], both("page.exclusive")),
    )  # fmt: skip


def domain() -> Value:
    """A title that one person can sell."""
    nodes = [
        node("title", "legal_title", "who the domain belongs to", way("named at registration", "party:founder"), way("buys it", "party:founder", "party:buyer")),
        node("registrar", "account", "registrar account", way("password", some("party:webmaster", "party:founder")),
             way("support desk, on proof of title", "node:title", "party:registrar_desk", days=5)),
        node("domain.use", "resource", "name servers", way("log in", "node:registrar")),
        node("domain.exclusive", "resource", "the domain, for good", way("owner's word", "node:title"),
             way("transfer out, nobody objects", "node:registrar", "party:gaining_registrar", days=5, visible=True)),
    ]  # fmt: skip
    title = node(
        "title",
        "legal_title",
        "who the domain belongs to",
        way("board of the association", least(2, "party:founder", "party:chair", "party:treasurer")),
    )
    return incident(
        "estuary-domain", "Estuary Friends: the domain is sold",
        ("The founder, still the registrant, sold the name.", "legal title of one person outranks those who run it"),
        "founder webmaster chair treasurer", "outsider:buyer platform:registrar_desk platform:gaining_registrar", nodes,
        [*both("domain.use"), *both("domain.exclusive")],
        ("register the domain to the association", [title], both("domain.exclusive")),
    )  # fmt: skip


def channel() -> Value:
    """One primary owner, who is gone."""
    nodes = [
        node("primary", "account", "primary owner", way("password", "party:past_producer"), way("platform's estate desk", "party:platform_desk", "party:heir", days=60)),
        node("owners", "account", "other owners", way("password", some("party:producer", "party:host"))),
        node("channel.use", "resource", "the channel", way("studio", some("node:primary", "node:owners"))),
        node("channel.exclusive", "resource", "the channel, the others removed", way("primary owner removes owners", "node:primary")),
    ]  # fmt: skip
    passed = node(
        "primary",
        "account",
        "primary owner",
        way("two of the association's safe", least(2, "party:producer", "party:host", "party:chair")),
    )
    return incident(
        "reedbed-channel", "Reedbed Television: the primary owner is gone",
        ("The primary owner moved away, and nobody else can change who owns the channel.", "exactly one primary owner, whom nobody can replace"),
        "producer host chair", "person:past_producer outsider:heir platform:platform_desk", nodes,
        [*both("channel.use"), *both("channel.exclusive")],
        ("hand primary ownership to an account in the association's safe", [passed], both("channel.exclusive")),
    )  # fmt: skip


def lapsed() -> Value:
    """Recovery mail on a lapsed domain."""
    nodes = [
        node("old_domain", "resource", "the old name, lapsed", way("registers it", "party:stranger")),
        node("old_mail", "mailbox", "recovery mailbox at the old name", way("whoever has the name", "node:old_domain")),
        node("host", "account", "code host", way("password", "party:maintainer"), way("reset by mail", "node:old_mail")),
        node("release.exclusive", "resource", "releases", way("uploads", "node:host")),
    ]
    host = node(
        "host", "account", "code host", way("password", "party:maintainer"), way("recovery codes", "party:second_maintainer", "party:chair")
    )
    return incident(
        "heron-tools", "Heron Tools: a stranger registers the old name",
        ("The recovery address stood at a name that had lapsed.", "recovery through a domain that anybody can register"),
        "maintainer second_maintainer chair", "outsider:stranger", nodes, both("release.exclusive"),
        ("recover with codes that two people keep", [host], both("release.exclusive")),
    )  # fmt: skip


def trap() -> Value:
    """Two paths that recover each other."""
    nodes = [
        node("mail", "mailbox", "association's mailbox", way("reset by phone", "node:phone"), way("old password and key", "party:secretary", "party:chair")),
        node("phone", "phone", "association's number", way("bill sent by mail", "node:mail"), way("at the shop", "party:secretary", "party:treasurer", "party:shop")),
        node("donations.exclusive", "account", "donation account", way("log in", "node:mail", "node:phone")),
    ]  # fmt: skip
    mail = node(
        "mail",
        "mailbox",
        "association's mailbox",
        way("any two of the board", least(2, "party:secretary", "party:chair", "party:treasurer")),
    )
    return incident(
        "plover-fund", "Plover Fund: mail recovers phone recovers mail",
        ("Both were lost in one week, and each was the way back to the other.", "a cycle of recovery supports nobody"),
        "secretary chair treasurer", "platform:shop", nodes, [*both("mail"), *both("donations.exclusive")],
        ("let two of the board open the mailbox", [mail], [*both("mail"), *both("donations.exclusive")]),
    )  # fmt: skip


def takedown() -> Value:
    """The only copy stands on the platform."""
    nodes = [
        node("channel.destroy", "resource", "channel gone", way("takedown", "party:platform"), way("delete", some("party:editor", "party:volunteer"), visible=True)),
        node("archive.destroy", "resource", "own copies gone", way("there are none")),
        node("footage.destroy", "resource", "footage lost for good", way("every copy", "node:channel.destroy", "node:archive.destroy")),
    ]  # fmt: skip
    archive = node("archive.destroy", "resource", "own copies gone", way("both keepers", "party:archivist", "party:librarian"))
    return incident(
        "curlew-archive", "Curlew Witness Archive: the only copy is taken down",
        ("A moderation error deleted ten years of footage.", "the platform alone is enough; an archive of one's own turns OR into AND"),
        "editor volunteer archivist librarian", "platform:platform", nodes, both("footage.destroy"),
        ("keep copies that two people must delete together", [archive], both("footage.destroy")),
    )  # fmt: skip


def app() -> Value:
    """An app store account of one person."""
    nodes = [
        node("phone.developer", "phone", "the developer's number", way("holds it", "party:developer"), way("second SIM", "party:swindler", "party:shop", days=1)),
        node("store", "account", "app store account", way("password and code", "party:developer", "node:phone.developer"),
             way("recovery by phone", "node:phone.developer", days=3, visible=True)),
        node("signing", "secret", "signing key", way("laptop", "party:developer")),
        node("app.use", "resource", "a new release", way("sign and upload", "node:store", "node:signing")),
        node("app.exclusive", "resource", "the app's listing", way("remove or transfer", "node:store")),
    ]  # fmt: skip
    shared = [
        node("store", "account", "app store account", way("the organisation's account", least(2, "party:developer", "party:chair", "party:designer"))),
        node("signing", "secret", "signing key", way("sealed", least(2, "party:developer", "party:chair", "party:designer"))),
    ]  # fmt: skip
    return incident(
        "tern-app", "Tern Tides: the app belongs to its developer",
        ("Nobody else could publish, and a second SIM was enough to take the listing.", "a personal account, recovered by one phone"),
        "developer designer chair", "outsider:swindler platform:shop", nodes, [*both("app.use"), *both("app.exclusive")],
        ("move it to the organisation's account and seal the key", shared, [*both("app.use"), *both("app.exclusive")]),
    )  # fmt: skip


def two_roles() -> Value:
    """Two of three, where one person holds two."""
    nodes = [
        node("chair", "role", "chair", way("elected", "party:avocet_member")),
        node("treasurer", "role", "treasurer", way("acting", "party:avocet_member")),
        node("secretary", "role", "secretary", way("elected", "party:second_member")),
        node("server.exclusive", "resource", "server and backups", way("two of three officers", least(2, "node:chair", "node:treasurer", "node:secretary"))),
    ]  # fmt: skip
    treasurer = node("treasurer", "role", "treasurer", way("elected", "party:third_member"))
    return incident(
        "avocet-club", "Avocet Club: two of three is one",
        ("The chair also acted as treasurer, and shut the server down alone.", "a threshold that counts roles, and one person in two of them"),
        "avocet_member second_member third_member", "", nodes, both("server.exclusive"),
        ("elect a treasurer of their own", [treasurer], both("server.exclusive")),
    )  # fmt: skip


def laptop() -> Value:
    """A choice within a choice, and a shared laptop that stands behind two of its parts."""
    nodes = [
        node("laptop", "device", "the office laptop", way("in the office", some("party:caretaker", "party:secretary")), way("takes it", "party:burglar")),
        node("key.archive", "secret", "the archive's key", way("unlocked on the laptop", "node:laptop")),
        node("key.list", "secret", "the list's key", way("unlocked on the laptop", "node:laptop"), way("sealed letter", "party:branch", days=2)),
        node("list.use", "resource", "the mailing list", way("moderators", some("party:secretary", least(2, "party:branch", "party:caretaker", "party:chair")))),
        node("list.exclusive", "resource", "the mailing list, the others removed",
             way("two keys", least(2, "node:key.archive", "node:key.list", some("party:chair", least(2, "party:secretary", "party:branch"))))),
    ]  # fmt: skip
    archive = node(
        "key.archive", "secret", "the archive's key", way("on a stick in the safe", "party:chair", some("party:secretary", "party:branch"))
    )
    return incident(
        "bittern-list", "Bittern Tenants' Union: two keys on one laptop",
        ("A burglar took the office laptop, and with it two keys of three.", "keys that are counted as two and lie in one place"),
        "secretary chair caretaker group:branch", "outsider:burglar", nodes,
        [*both("list.use"), *both("list.exclusive"), ("list.exclusive", "seize", ["chair", "branch"]), ("list.exclusive", "seize", ["chair"])],
        ("keep the archive's key in the safe", [archive], both("list.exclusive")),
    )  # fmt: skip


def render() -> dict[str, str]:
    """The files' contents by name."""
    made = [page(), domain(), channel(), lapsed(), trap(), takedown(), app(), two_roles(), laptop()]
    return {f"{value['id']}.json": json.dumps(value, indent=1, ensure_ascii=True) + "\n" for value in made}


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    for name, text in render().items():
        (OUT / name).write_text(text, encoding="ascii")
