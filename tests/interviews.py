"""Five small organisations as somebody there would describe them, their answers, and what follows from these by hand.

The kernel's tests answer them in Python, the browser's tests type them in. Whoever changes an answer works the expectation out again, on paper.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from commonhold.kernel.custody.interview import Interview, Person, Thing


@dataclass(frozen=True)
class Case:
    """An organisation.

    Args:
        prose: what its people know, in the order in which they would tell it.
        takers: for each thing who alone can shut the others out, providers aside; everybody not named cannot.
        lost: for each power of which that is so, whose loss alone loses it; None where nobody of the organisation has it even now.
        first: what the first step does, as the beginnings of its sentences.
    """

    name: str
    prose: str
    interview: Interview
    takers: Mapping[str, frozenset[str]]
    lost: Mapping[str, frozenset[str] | None]
    first: tuple[str, ...]


def _people(**inside: bool) -> tuple[Person, ...]:
    return tuple(Person(f"p{number}", name, here) for number, (name, here) in enumerate(inside.items(), 1))


def _thing(id_: str, kind: str, name: str, **answers: str) -> Thing:
    return Thing(id_, kind, name, {question: tuple(tokens.split()) for question, tokens in answers.items()})


RADIO = Case(
    "a community radio",
    """Heron and Tern run the page of Saltmarsh Radio with their own accounts, and Plover posts there. Nobody else can sign in as one of them, but both
    accounts can be reset through the studio mailbox. There is no business account and no copy. The domain saltmarsh.example is in Heron's name.
    Heron alone signs in at the registrar, without a second step; a reset goes to the studio mailbox, no phone number is stored, nobody else
    changes DNS, and there is no registry lock. The studio mailbox is at that domain. Heron, Tern and Plover know its password; there is no second
    step. Its reset message goes to Heron's own mailbox, or to the studio phone. Nobody administers the mail service. Plover has the studio phone; its contract is
    in the name of the association, and the phone company asks for no PIN.""",
    Interview(
        "Saltmarsh Radio",
        people=_people(Heron=True, Tern=True, Plover=True),
        things=(
            _thing("t1", "page", "Saltmarsh page", admins="p1 p2", editors="p3", others="-", reset_mail="t3", portfolio="-", copy="-"),
            _thing(
                "t2",
                "domain",
                "saltmarsh.example",
                contract="p1",
                password="p1",
                second_step="-",
                reset_mail="t3",
                reset_phone="-",
                dns="-",
                lock="n",
            ),
            _thing(
                "t3",
                "mailbox",
                "studio mailbox",
                password="p1 p2 p3",
                second_step="-",
                reset_mail="p1",
                reset_phone="t4",
                admins="-",
                domain="t2",
            ),
            _thing("t4", "phone", "studio phone", holder="p3", contract="-", pin="n"),
        ),
    ),
    takers={
        # Everybody reads the studio mailbox, and through it resets whatever else there is.
        "Saltmarsh page": frozenset({"Heron", "Tern", "Plover"}),
        "saltmarsh.example": frozenset({"Heron", "Tern", "Plover"}),
        "studio mailbox": frozenset({"Heron", "Tern", "Plover"}),
        # In the association's name, two of them get a new SIM card.
        "studio phone": frozenset(),
    },
    lost={},
    first=("Keep one administrator account for %(thing)s", "Let no account of an administrator"),
)

UNION = Case(
    "a union branch",
    """Avocet and Bittern are the administrators of the branch's messenger group, with their own accounts, which nobody else can open or reset. Crane keeps a copy of the
    addresses. The strike fund, a donation account, is in Bittern's name; Bittern signs in with a code on Bittern's phone, and a reset goes to the
    branch mailbox; no phone number is stored. Avocet and Bittern read the branch mailbox, without a second step. Nobody knows where its reset message goes; no
    phone number is stored, and nobody administers the mail service. It is at dockside.example, which is registered in the branch's name. Avocet signs in there with a code on Avocet's phone; a reset goes to the branch
    mailbox, no phone number is stored, nobody else changes DNS. Nobody knows whether there is a registry lock.""",
    Interview(
        "Dockside branch",
        people=_people(Avocet=True, Bittern=True, Crane=True),
        things=(
            _thing("t1", "list", "branch messenger", admins="p1 p2", editors="-", others="-", reset_mail="-", server="-", copy="p3"),
            _thing(
                "t2",
                "donation",
                "strike fund",
                contract="p2",
                password="p2",
                second_step="p2",
                reset_mail="t3",
                reset_phone="-",
            ),
            _thing(
                "t3",
                "mailbox",
                "branch mailbox",
                password="p1 p2",
                second_step="-",
                reset_mail="?",
                reset_phone="-",
                admins="-",
                domain="t4",
            ),
            _thing(
                "t4",
                "domain",
                "dockside.example",
                contract="-",
                password="p1",
                second_step="p1",
                reset_mail="t3",
                reset_phone="-",
                dns="-",
                lock="?",
            ),
        ),
    ),
    takers={
        "branch messenger": frozenset({"Avocet", "Bittern"}),
        # Avocet through the mailbox, Bittern in every way.
        "strike fund": frozenset({"Avocet", "Bittern"}),
        "branch mailbox": frozenset({"Avocet", "Bittern"}),
        "dockside.example": frozenset({"Avocet", "Bittern"}),
    },
    lost={},
    first=(
        "Keep %(thing)s for password resets alone",
        "Look up to which mailbox the reset messages",
        "Change the password of %(thing)s, and seal the new one together",
    ),
)

PROJECT = Case(
    "an open-source project",
    """Kestrel, Merlin and Osprey own the project on the code host, with their own accounts, which nobody else can open or reset. Merlin and Osprey have copies.
    Kestrel is the account holder at the app store, and Merlin another administrator; a reset goes to Kestrel's own mailbox, and no phone number is stored. The domain is
    in Kestrel's name. Kestrel alone signs in at the registrar, with a key of Kestrel's; a reset goes to Kestrel's own mailbox, no phone number is
    stored. Merlin can also change DNS. There is no registry lock.""",
    Interview(
        "Windhover",
        people=_people(Kestrel=True, Merlin=True, Osprey=True),
        things=(
            _thing("t1", "code", "windhover code", admins="p1 p2 p3", editors="-", others="-", reset_mail="-", copy="p2 p3"),
            _thing("t2", "app", "windhover app", owner="p1", managers="p2", editors="-", reset_mail="p1", reset_phone="-"),
            _thing(
                "t3",
                "domain",
                "windhover.example",
                contract="p1",
                password="p1",
                second_step="p1",
                reset_mail="p1",
                reset_phone="-",
                dns="p2",
                lock="n",
            ),
        ),
    ),
    takers={
        "windhover code": frozenset({"Kestrel", "Merlin", "Osprey"}),
        "windhover app": frozenset({"Kestrel"}),
        "windhover.example": frozenset({"Kestrel"}),
    },
    # Merlin still publishes and still changes DNS.
    lost={"windhover app.exclusive": frozenset({"Kestrel"}), "windhover.example.exclusive": frozenset({"Kestrel"})},
    first=("Make an account of the organisation the holder of %(thing)s", "Take the reset mailbox out of the settings"),
)

SOCIETY = Case(
    "a friendship society, with one who has left",
    """Siskin opened the video channel of the Two Rivers Society years ago, is its primary owner, and has left. Linnet and Wren manage it. Nobody
    knows how its password can be reset, and there is no copy. Linnet and Siskin are the administrators of the page, with their own accounts, which nobody else can open or reset; nobody knows
    whether there is a business account, and there is no copy. Wren alone is the administrator of the mailing list, which is at some provider; Wren's account is
    Wren's alone. Nobody keeps a copy of the addresses.""",
    Interview(
        "Two Rivers Society",
        people=_people(Linnet=True, Wren=True, Dunnock=True, Siskin=False),
        things=(
            _thing("t1", "page", "society page", admins="p1 p4", editors="-", others="-", reset_mail="-", copy="-"),
            _thing("t2", "channel", "society channel", owner="p4", managers="p1 p2", editors="-", copy="-"),
            _thing("t3", "list", "society list", admins="p2", editors="-", others="-", reset_mail="-", server="-", copy="-"),
        ),
    ),
    takers={
        "society page": frozenset({"Linnet", "Siskin", "somebody we do not know"}),
        "society channel": frozenset({"Siskin"}),
        "society list": frozenset({"Wren"}),
    },
    lost={
        "society page.use": frozenset({"Linnet"}),
        "society page.exclusive": frozenset({"Linnet"}),
        "society channel.exclusive": None,
        "society list.use": frozenset({"Wren"}),
        "society list.exclusive": frozenset({"Wren"}),
    },
    first=("Keep one administrator account for %(thing)s", "Look up whether %(thing)s belongs to a business account"),
)

FESTIVAL = Case(
    "a festival",
    """Robin and Wagtail sign in to the ticket shop, without a second step. A reset goes to Robin's own mailbox or to the festival phone, and the
    contract is in Robin's name. The server: Wagtail and Starling have root. Wagtail alone signs in at the hosting company, without a second step; nobody knows where its
    reset message goes, and no phone number is stored. The contract is in the association's name, and nobody keeps a copy. The festival phone
    lies with Robin, its contract is still in the name of Swift, who has left, and the phone company asks for no PIN.""",
    Interview(
        "Harbour Festival",
        people=_people(Robin=True, Wagtail=True, Starling=True, Swift=False),
        things=(
            _thing(
                "t1",
                "other",
                "ticket shop",
                password="p1 p2",
                second_step="-",
                reset_mail="p1",
                reset_phone="t3",
                contract="p1",
            ),
            _thing(
                "t2",
                "server",
                "festival server",
                root="p2 p3",
                password="p2",
                second_step="-",
                reset_phone="-",
                contract="-",
                copy="-",
            ),
            _thing("t3", "phone", "festival phone", holder="p1", contract="p4", pin="n"),
        ),
    ),
    takers={
        # Swift, who has left, gets a new SIM card and with it the shop.
        "ticket shop": frozenset({"Robin", "Wagtail", "Swift"}),
        "festival server": frozenset({"Wagtail"}),
        "festival phone": frozenset({"Swift"}),
    },
    # The association can claim the server with papers; the phone is Robin's hand or nobody's.
    lost={"festival phone.use": frozenset({"Robin"}), "festival phone.exclusive": None},
    first=("Put %(thing)s in the organisation's own name",),
)

CASES = (RADIO, UNION, PROJECT, SOCIETY, FESTIVAL)
