"""``commonhold custody``: who could take what the organisation depends on, and secrets that only the charter's custodians open together.

Formats: docs/formats/custody-register.md and docs/formats/seal.md.

A register is a burglar's map. What is said at the terminal stays on this machine; what is written to a file is encrypted unless somebody insists.
"""

from __future__ import annotations

from typing import Final

import click

from commonhold.cli.main import LazyGroup, Verb

VERBS: Final = {
    "interview": Verb("commonhold.cli.custody.interview:command", "Ask who could take what you depend on, in your browser."),
    "analyse": Verb("commonhold.cli.custody.asking:analyse_command", "List who together could take a node, and whose loss locks out."),
    "explain": Verb("commonhold.cli.custody.asking:explain_command", "Say step by step how some parties could obtain a node."),
    "fix": Verb("commonhold.cli.custody.asking:fix_command", "Find the changes that raise most how many people it takes."),
    "report": Verb("commonhold.cli.custody.reporting:report_command", "Write a report to print, with pictures, encrypted."),
    "open": Verb("commonhold.cli.custody.opening:open_command", "Decrypt a report, or another file that was encrypted here."),
    "dossier": Verb("commonhold.cli.custody.dossier:dossier_command", "Write what a support desk or a court asks for, with proofs."),
    "status": Verb("commonhold.cli.custody.seals:status_command", "Show every seal: who opens it, on paper and in truth, and what is red."),
    "seal": Verb("commonhold.cli.custody.seal:command", "Seal secrets for the custodians whom the charter names."),
    "drill": Verb("commonhold.cli.custody.custodian:drill_command", "Acknowledge your shares, and prove that they still open."),
    "shares": Verb("commonhold.cli.custody.custodian:shares_command", "List your shares, and write the sheet of one to print."),
    "release": Verb("commonhold.cli.custody.releasing:release_command", "Ask that what is sealed be opened for you."),
    "notify": Verb("commonhold.cli.custody.notifying:notify_command", "Tell the others by mail that a seal is asked to be opened."),
    "notice": Verb("commonhold.cli.custody.noticing:notice_command", "Say that word of a request has reached you, and how."),
    "contribute": Verb("commonhold.cli.custody.custodian:contribute_command", "Give your share to a release that was decided."),
    "unseal": Verb("commonhold.cli.custody.releasing:unseal_command", "Open a release with what its custodians gave."),
    "rotate": Verb("commonhold.cli.custody.seals:rotate_command", "Say what is left to do until a resource is green again."),
    "import-openpsa": Verb("commonhold.cli.custody.faulttrees:import_openpsa", "List or count the minimal sets of a fault tree."),
}


@click.group("custody", cls=LazyGroup, table=VERBS)
def command() -> None:
    """Find out who could take a page, a domain or a mailbox, and seal what opens it so that only several people can, together.

    A register says what it takes to obtain each of them; see docs/formats/custody-register.md. Nothing is uploaded. Seals stand in the organisation's record;
    see docs/guide/sealing.md. Nothing readable leaves the machine.
    """
