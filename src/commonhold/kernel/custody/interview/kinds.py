"""The kinds of things that organisations depend on, and how each really works: who can shut the others out, what gets around a password.

Each kind belongs to a *family*, which says how its answers become nodes and ways (:mod:`commonhold.kernel.custody.interview.families`). Sources: the
providers' own help pages as quoted in the facts of custody, section 1, and the incidents in section 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from commonhold.kernel.custody.interview.questions import (
    COPY,
    NOBODY,
    PASSWORD,
    PLATFORM,
    RESET_ENOUGH,
    RESET_MAIL,
    RESET_PHONE,
    SECOND_STEP,
    Assumption,
    Question,
    by_id,
    contract,
)
from commonhold.kernel.messages import N_


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of thing.

    Args:
        family: ``group`` (equals who can remove each other), ``primary`` (one owner above the others), ``login`` (whoever signs in has it).
        text: what it is called; *examples* are shown under it.
        provider: what its provider is called, for reports.
        destroy: whether what is in it can be destroyed in a way that a copy helps against.
    """

    id: str
    family: str
    text: str
    examples: str
    provider: str
    questions: tuple[Question, ...]
    assumptions: tuple[Assumption, ...]
    destroy: bool = False

    def question(self, id_: str) -> Question | None:
        """The question with that id."""
        return by_id(self.questions).get(id_)


_LOGIN = (PASSWORD, SECOND_STEP, RESET_MAIL, RESET_PHONE)
_SHARED_RESET = Question(
    "reset_mail",
    N_("Can the password of one of their accounts be reset through a mailbox that others read too?"),
    "mailbox",
    N_("For example through a shared mailbox of the organisation."),
    none=N_("No, only through their own mailboxes"),
    recovery=True,
)

_KINDS = (
    Kind(
        "page",
        "group",
        N_("Page on a social network"),
        N_("a page or a group that several people run with their own accounts"),
        N_("the network of %(name)s"),
        (
            Question(
                "admins",
                N_("Who are the administrators of %(name)s?"),
                "people",
                N_("Those who can decide who else has access; often called full control. Do not forget people who have left."),
                together=True,
            ),
            Question("editors", N_("Who else can post there?"), "people", none=NOBODY, optional=True),
            Question(
                "others",
                N_("Could anybody else sign in as one of the administrators?"),
                "people",
                N_("With a shared password, a shared computer, or an account that belongs to two people."),
                none=NOBODY,
                optional=True,
            ),
            _SHARED_RESET,
            Question(
                "portfolio",
                N_("Does the page belong to a business account? Who has full control of that?"),
                "people",
                N_("A business account or portfolio stands above the page's own administrators."),
                together=True,
                none=N_("It belongs to no business account"),
            ),
            COPY,
        ),
        (
            Assumption("remove", N_("Any one administrator can remove all the others.")),
            PLATFORM,
        ),
        destroy=True,
    ),
    Kind(
        "channel",
        "primary",
        N_("Video channel"),
        N_("a channel on a video platform, with all its films"),
        N_("the video platform of %(name)s"),
        (
            Question(
                "owner",
                N_("Who is the primary owner of %(name)s?"),
                "people",
                N_("The one account that the others cannot remove. Usually whoever opened the channel."),
                together=True,
            ),
            Question("managers", N_("Which other owners and managers are there?"), "people", none=NOBODY, optional=True),
            Question("editors", N_("Who else can upload or edit?"), "people", none=NOBODY, optional=True),
            RESET_MAIL,
            RESET_PHONE,
            COPY,
        ),
        (
            Assumption("primary", N_("Only the primary owner can shut all the others out.")),
            RESET_ENOUGH,
            PLATFORM,
        ),
        destroy=True,
    ),
    Kind(
        "domain",
        "login",
        N_("Domain name"),
        N_("the address of your website, such as example.org"),
        N_("the registrar of %(name)s"),
        (
            contract(
                N_("In whose name is %(name)s registered?"),
                N_("The registrant or holder in the registrar's account; it can claim the domain with papers."),
            ),
            *_LOGIN,
            Question(
                "dns",
                N_("Who else can change where the domain leads?"),
                "people",
                N_("For example at a separate DNS service."),
                none=NOBODY,
                optional=True,
            ),
            Question(
                "lock",
                N_("Is there a registry lock, so that nobody can move the domain without a call to its holder?"),
                "yesno",
                N_("An ordinary transfer lock, which the account itself can switch off, is none."),
            ),
        ),
        (
            Assumption("papers", N_("The registered holder can get it back with papers, in about two weeks.")),
            Assumption("desk", N_("The registrar's support desk may believe forged papers.")),
            RESET_ENOUGH,
        ),
    ),
    Kind(
        "mailbox",
        "login",
        N_("Mailbox"),
        N_("a mail address that the organisation uses, or that other accounts send their reset messages to"),
        N_("the mail service of %(name)s"),
        (
            *_LOGIN,
            Question(
                "admins",
                N_("Who administers the mail service, and could set a new password?"),
                "people",
                N_("At a mail service where everybody opens their own mailbox, nobody does."),
                none=NOBODY,
                together=True,
            ),
            Question(
                "domain",
                N_("At which domain is the address?"),
                "domain",
                N_("Whoever controls that domain can have its mail sent elsewhere."),
                none=N_("At none of ours: it is an address of the mail service"),
            ),
        ),
        (
            RESET_ENOUGH,
            Assumption("desk", N_("The mail service's support desk can be talked into opening it."), usual=False),
        ),
    ),
    Kind(
        "phone",
        "phone",
        N_("Phone number"),
        N_("a number on posters, or one that receives codes for other accounts"),
        N_("the phone company of %(name)s"),
        (
            Question("holder", N_("Who has the phone, or the SIM card, in their hands?"), "people"),
            contract(N_("In whose name is the contract?")),
            Question(
                "pin",
                N_("Does the phone company ask for a password or PIN before it sends a new SIM card?"),
                "yesno",
            ),
        ),
        (
            Assumption("new_sim", N_("Whoever holds the contract gets a new SIM card within two days.")),
            Assumption("desk", N_("Without a PIN, a stranger with a good story gets a new SIM card.")),
        ),
    ),
    Kind(
        "server",
        "login",
        N_("Server or website"),
        N_("the machine or hosting package on which the website runs"),
        N_("the hosting company of %(name)s"),
        (
            Question(
                "root",
                N_("Who can change everything on %(name)s itself?"),
                "people",
                N_("Often called root or administrator."),
                together=True,
            ),
            *_LOGIN,
            contract(N_("In whose name is the contract with the hosting company?")),
            COPY,
        ),
        (
            Assumption("papers", N_("Whoever holds the contract can get it back with papers, in about two weeks.")),
            RESET_ENOUGH,
            PLATFORM,
        ),
        destroy=True,
    ),
    Kind(
        "code",
        "group",
        N_("Source code"),
        N_("an organisation or project on a code host"),
        N_("the code host of %(name)s"),
        (
            Question("admins", N_("Who are the owners of %(name)s?"), "people", together=True),
            Question("editors", N_("Who else can change the code?"), "people", none=NOBODY, optional=True),
            Question("others", N_("Could anybody else sign in as one of the owners?"), "people", none=NOBODY, optional=True),
            _SHARED_RESET,
            COPY,
        ),
        (
            Assumption("remove", N_("Any one owner can remove all the others.")),
            PLATFORM,
        ),
        destroy=True,
    ),
    Kind(
        "donation",
        "login",
        N_("Donation account"),
        N_("an account that collects money, and its way to the bank"),
        N_("the payment service of %(name)s"),
        (
            contract(N_("In whose name is %(name)s?"), N_("That name can change the bank account to which the money goes.")),
            *_LOGIN,
        ),
        (
            Assumption("papers", N_("The person in whose name it is can get it back with papers, in about two weeks.")),
            RESET_ENOUGH,
            PLATFORM,
        ),
    ),
    Kind(
        "list",
        "group",
        N_("Mailing list or messenger group"),
        N_("the list or group through which you reach your members"),
        N_("the service of %(name)s"),
        (
            Question("admins", N_("Who are the administrators of %(name)s?"), "people", together=True),
            Question("editors", N_("Who else can write to everybody, or moderate?"), "people", none=NOBODY, optional=True),
            Question("others", N_("Could anybody else sign in as one of the administrators?"), "people", none=NOBODY, optional=True),
            _SHARED_RESET,
            Question(
                "server",
                N_("On which server does it run?"),
                "server",
                N_("Whoever controls that server controls the list."),
                none=N_("On none of ours"),
                optional=True,
            ),
            Question("copy", N_("Who keeps a copy of the list of addresses, somewhere else?"), "people", none=NOBODY),
        ),
        (
            Assumption("remove", N_("Any one administrator can remove all the others.")),
            PLATFORM,
        ),
        destroy=True,
    ),
    Kind(
        "app",
        "primary",
        N_("App store account"),
        N_("the account under which your app is published"),
        N_("the app store of %(name)s"),
        (
            Question(
                "owner",
                N_("Who is the account holder of %(name)s?"),
                "people",
                N_("Exactly one person signs the contract with the store."),
                together=True,
            ),
            Question("managers", N_("Which other administrators are there?"), "people", none=NOBODY, optional=True),
            Question("editors", N_("Who else can publish a new version?"), "people", none=NOBODY, optional=True),
            RESET_MAIL,
            RESET_PHONE,
        ),
        (
            Assumption("primary", N_("Only the account holder can shut all the others out.")),
            RESET_ENOUGH,
            PLATFORM,
        ),
    ),
    Kind(
        "other",
        "login",
        N_("Something else"),
        N_("anything that one signs in to, such as a bank login, a shared drive or a ticket shop"),
        N_("the provider of %(name)s"),
        (
            *_LOGIN,
            contract(N_("In whose name is %(name)s?")),
        ),
        (
            Assumption("papers", N_("The person in whose name it is can get it back with papers, in about two weeks.")),
            RESET_ENOUGH,
            PLATFORM,
        ),
    ),
)

KINDS: Final[Mapping[str, Kind]] = {kind.id: kind for kind in _KINDS}
"""Every kind of thing, in the order in which people are asked what they have."""
