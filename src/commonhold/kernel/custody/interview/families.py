"""How the answers about each family of things become nodes and ways: equals who can remove each other, one owner above others, sign-ins, phones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from commonhold.kernel.custody.interview.answers import TOGETHER, UNKNOWN, Thing
from commonhold.kernel.custody.interview.building import PAPERS_DAYS, SIM_DAYS, Builder, any_of
from commonhold.kernel.custody.interview.kinds import KINDS
from commonhold.kernel.custody.register import NodeRef, Way


def group(b: Builder, thing: Thing) -> None:
    """A page, a code host, a list: administrators with their own accounts, any of whom can usually remove the others."""
    admins = b.people(thing, "admins")
    ways = b.one_way(b.say("is an administrator"), b.choice(thing, "admins"))
    ways += b.one_way(b.say("signs in as an administrator"), any_of(b.people(thing, "others")))
    around = b.recoveries(thing, admins)
    on_server = b.one_way(b.say("changes it on its server"), any_of(b.people(thing, "server")))
    ways += around + on_server
    admin = (b.add(thing, "admin", "role", b.say("%(name)s: administrator", name=thing.name), ways),)
    if b.holds(thing, "remove") or TOGETHER in thing.answers.get("admins", ()) or len(admins) < 2:
        exclusive = b.one_way(b.say("removes the other administrators"), admin)
    else:
        exclusive = b.one_way(b.say("all administrators together"), admins) + [way for way in around if way.assumed]
        exclusive += on_server
    exclusive += b.one_way(b.say("takes it through the business account"), b.choice(thing, "portfolio"))
    b.power(thing, "exclusive", exclusive + b.by_provider(thing))
    editors = b.one_way(b.say("may post or change things"), any_of(b.people(thing, "editors")))
    b.power(thing, "use", b.one_way(b.say("as an administrator"), admin) + editors)
    b.power(thing, "destroy", b.one_way(b.say("deletes it"), (*admin, *b.copies(thing))) + b.by_provider(thing, *b.copies(thing)))


def primary(b: Builder, thing: Thing) -> None:
    """A video channel, an app store account: one owner whom the others cannot remove."""
    owner = (b.add(thing, "login", "account", b.say("%(name)s: the owner's account", name=thing.name), b.sign_in(thing, "owner")),)
    managers, editors = any_of(b.people(thing, "managers")), any_of(b.people(thing, "editors"))
    exclusive = b.one_way(b.say("as its owner"), owner)
    if not b.holds(thing, "primary"):
        exclusive += b.one_way(b.say("as a manager"), managers)
    b.power(thing, "exclusive", exclusive + b.by_provider(thing))
    use = b.one_way(b.say("as its owner"), owner) + b.one_way(b.say("as a manager"), managers)
    b.power(thing, "use", use + b.one_way(b.say("may post or change things"), editors))
    if KINDS[thing.kind].destroy:
        copies = b.copies(thing)
        deleted = b.one_way(b.say("deletes it"), (*owner, *copies)) + b.one_way(
            b.say("deletes it"), (*managers, *copies) if managers else ()
        )
        b.power(thing, "destroy", deleted + b.by_provider(thing, *copies))


def login(b: Builder, thing: Thing) -> None:
    """A domain, a mailbox, a server, a donation account: whoever signs in has it, and a title behind it gets it back."""
    account = b.sign_in(thing, "password")
    account += b.one_way(b.say("sets a new password as administrator"), b.choice(thing, "admins"))
    account += b.one_way(b.say("sends the domain's mail elsewhere"), any_of(b.people(thing, "domain")), visible=True)
    kind = "mailbox" if thing.kind == "mailbox" else "account"
    signed_in = (b.add(thing, "login", kind, b.say("%(name)s: the account", name=thing.name), account),)
    exclusive = _moved(b, thing, signed_in[0]) if thing.kind == "domain" else b.one_way(b.say("changes the password"), signed_in)
    if KINDS[thing.kind].question("contract") and thing.kind != "domain" and b.holds(thing, "papers"):
        exclusive += b.one_way(b.say("claims it with papers"), (b.title(thing),), days=PAPERS_DAYS, visible=True)
    if thing.kind == "mailbox":
        exclusive += b.by_stranger(thing)
    b.power(thing, "exclusive", exclusive + b.by_provider(thing))
    root = b.choice(thing, "root")
    use = b.one_way(b.say("signs in"), signed_in) + b.one_way(b.say("as administrator of the machine"), root)
    b.power(thing, "use", use + b.one_way(b.say("changes where it leads"), any_of(b.people(thing, "dns"))))
    if KINDS[thing.kind].destroy:
        copies = b.copies(thing)
        deleted = b.one_way(b.say("deletes it"), (*signed_in, *copies)) + b.one_way(b.say("deletes it"), (*root, *copies) if root else ())
        b.power(thing, "destroy", deleted + b.by_provider(thing, *copies))


def _moved(b: Builder, thing: Thing, account: NodeRef) -> list[Way]:
    """How a domain is taken: through the account, with papers, through a support desk; a registry lock asks its holder first."""
    locked, title = b.says_yes(thing, "lock"), (b.title(thing),)
    via = b.say("moves it after the holder has confirmed") if locked else b.say("moves it to an account of their own")
    ways = b.one_way(via, (account, *title)) if locked else b.one_way(via, (account,))
    if b.holds(thing, "papers"):
        ways += b.one_way(b.say("claims it with papers"), title, days=PAPERS_DAYS, visible=True)
    return ways if locked else ways + b.by_stranger(thing, PAPERS_DAYS)


def phone(b: Builder, thing: Thing) -> None:
    """A phone number: whoever has the SIM card has it, and whoever gets a new one."""
    holders, title = b.people(thing, "holder"), b.title(thing)
    renewed = b.one_way(b.say("gets a new SIM card"), (title,), days=SIM_DAYS, visible=True) if b.holds(thing, "new_sim") else []
    stranger = [] if b.says_yes(thing, "pin") else b.by_stranger(thing)
    in_hand = b.one_way(b.say("has it in their hands"), any_of(holders))
    number = (b.add(thing, "login", "phone", b.say("%(name)s: the SIM card", name=thing.name), in_hand + renewed + stranger),)
    moved = b.one_way(b.say("moves the number to another SIM card"), (title,), days=SIM_DAYS, visible=True) + stranger
    if UNKNOWN in thing.answers.get("contract", (UNKNOWN,)):
        moved += b.undeclared(thing, "contract", holders)
    b.power(thing, "exclusive", moved)
    b.power(thing, "use", b.one_way(b.say("has it in their hands"), number))


FAMILIES: Final[Mapping[str, Callable[[Builder, Thing], None]]] = {"group": group, "primary": primary, "login": login, "phone": phone}
