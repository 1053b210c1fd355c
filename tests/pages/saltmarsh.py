"""The register of a fictional radio with eight things that it depends on, and reports of it."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from typing import Any, Final

from commonhold.kernel.custody import Register, analyse, parse_register
from commonhold.pages.custody import Assumption, Report, actions_of_advice
from commonhold.pages.language import language

DAY: Final = datetime.date(2026, 3, 14)
MEMBERS: Final = ("Heron", "Tern", "Plover", "Curlew", "Avocet", "Redshank")


def way(via: str, *inputs: Any, **more: Any) -> dict[str, Any]:
    return {"via": via, "all": list(inputs), **more}


def some(need: int, *names: str) -> dict[str, Any]:
    of = [name if ":" in name else f"party:{name}" for name in names]
    return {"any": of} if need == 1 else {"atleast": need, "of": of}


_NODES: Final[Mapping[str, tuple[str, str, list[dict[str, Any]]]]] = {
    "mail.login": ("mailbox", "studio mailbox", [way("password", some(1, "Heron", "Tern")), way("reset by SMS", "node:sim")]),
    "sim": ("phone", "studio SIM card", [way("has it", "party:Plover"), way("shop", "party:stranger", latency_days=2, visible=True)]),
    "page.admin": ("role", "page administrator", [way("is one", some(1, "Heron", "Tern", "Dunlin"))]),
    "tube.login": ("account", "channel owner", [way("signs in", "party:Curlew"), way("resets it by mail", "node:mail.login")]),
    "reg.login": ("account", "registrar account", [way("signs in", "party:Avocet"), way("resets it by mail", "node:private")]),
    "title": ("legal_title", "name on the contract", [way("it is theirs", "party:Avocet")]),
    "root": ("secret", "root password", [way("keeps it", "party:Redshank"), way("sealed", some(2, "Heron", "Tern", "Curlew"))]),
    "Page.exclusive": ("resource", "", [way("removes the others", "node:page.admin"), way("its own rules", "party:network", visible=True)]),
    "Page.use": ("resource", "", [way("as administrator", "node:page.admin"), way("may post", "party:Avocet")]),
    "Page.destroy": ("resource", "", [way("deletes it", "node:page.admin")]),
    "Channel.exclusive": ("resource", "", [way("as its owner", "node:tube.login", latency_days=7, visible=True)]),
    "Channel.use": ("resource", "", [way("as its owner", "node:tube.login"), way("manager", "party:Heron")]),
    "Domain.exclusive": (
        "resource",
        "",
        [
            way("moves it", "node:reg.login", latency_days=5, visible=True),
            way("papers", "node:title", latency_days=14),
            way("the desk believes it", "party:registrar", "party:stranger", latency_days=14, visible=True),
        ],
    ),
    "Domain.use": ("resource", "", [way("signs in", "node:reg.login")]),
    "Mailbox": ("resource", "Mailbox", [way("changes the password", "node:mail.login")]),
    "Server.exclusive": ("resource", "", [way("as root", "node:root")]),
    "Donations.exclusive": ("resource", "", [way("two treasurers", some(2, "Heron", "Tern", "Avocet"), latency_days=1, visible=True)]),
    "List.exclusive": ("resource", "", [way("moderates", "node:mail.login")]),
    "Code.exclusive": ("resource", "", [way("owner", some(1, "Redshank", "Curlew"))]),
}


def value(names: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The register's JSON; *names* are put in place of those that stand here."""
    parties = [{"id": name, "kind": "person", "org": True} for name in MEMBERS]
    parties += [{"id": name, "kind": "outsider", "org": False} for name in ("Dunlin", "stranger")]
    parties += [{"id": name, "kind": "platform", "org": False} for name in ("network", "registrar")]
    nodes = [{"id": id_, "kind": kind, "label": label, "obtain": ways} for id_, (kind, label, ways) in _NODES.items()]
    nodes.append({"id": "private", "kind": "mailbox", "label": "", "obtain": [], "holders": ["party:Avocet"], "recovery": "unknown"})
    text = json.dumps({"schema": "custody-register/1", "title": "Saltmarsh Community Radio", "parties": parties, "nodes": nodes})
    for old, new in (names or {}).items():
        for before, after in (('"', '"'), ('"party:', '"'), ('"node:', '"')):
            text = text.replace(f"{before}{old}{after}", f"{before}{json.dumps(new)[1:-1]}{after}")
    found: dict[str, Any] = json.loads(text)
    return found


def saltmarsh(names: Mapping[str, str] | None = None) -> Register:
    return parse_register(json.dumps(value(names)).encode())


def report(code: str = "en", register: Register | None = None, **more: Any) -> Report:
    register = register or saltmarsh()
    said = language(code)
    parts: dict[str, Any] = {
        "findings": analyse(register),
        "actions": actions_of_advice(register, said),
        "assumptions": [Assumption(said.say("Any administrator can remove the others."), "Page")],
    }
    return Report(register, **{**parts, **more}, day=DAY, language=said)
