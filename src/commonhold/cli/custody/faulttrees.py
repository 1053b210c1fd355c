"""``commonhold custody import-openpsa``: fault trees in the Open-PSA format, whose published counts test the engine."""

from __future__ import annotations

import click

from commonhold.cli.custody.inputs import deep
from commonhold.cli.inputs import read_input
from commonhold.cli.options import json_option
from commonhold.cli.output import json_text, note, printable
from commonhold.kernel.custody import Effort, minimal_sets, parse_openpsa
from commonhold.kernel.custody.openpsa import MAX_BYTES as MAX_TREE
from commonhold.kernel.errors import CustodyError


@click.command("import-openpsa")
@click.argument("tree", metavar="TREE.xml", type=click.Path(allow_dash=True))
@click.option("--count", is_flag=True, help="Only count the minimal sets.")
@click.option("--top", metavar="GATE", help="The top event; needed where the tree has several.")
@click.option(
    "--effort", type=click.IntRange(1, 1000), default=8, show_default=True, help="Work this many times as long before saying unknown."
)
@json_option
def import_openpsa(tree: str, count: bool, top: str | None, effort: int, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Read an Open-PSA fault tree and list, or count, the minimal sets of its top event.

    A cut set of a fault tree is a coalition that takes its top event; the published counts of known trees test the engine.
    """
    read, tops = parse_openpsa(read_input(tree, max_size=MAX_TREE, what="a fault tree"))
    if top is None and len(tops) > 1:
        few = ", ".join(map(repr, tops[:5]))
        raise CustodyError(f"the tree has {len(tops)} top events: {few}", code="custody/tops", next_step="Name one with --top.")
    with deep():
        found = minimal_sets(read, top or tops[0], effort=Effort(exact=1_000_000 * effort, listed=0 if count else 1_000_000))
    if count and found.count is None:
        raise CustodyError(
            "how many minimal sets there are is unknown: there is more to compute than this effort allows",
            code="custody/unknown",
            next_step="Try again with a larger --effort.",
        )
    if count:
        click.echo(json_text({"minimal_sets": found.count}) if as_json else f"{found.count} minimal sets")
    elif as_json:
        more = {} if found.complete else {"up_to": found.up_to, "count": found.count}
        sets = [list(one) for one in found.sets]
        click.echo(json_text({"target": top or tops[0], "minimal_sets": sets, "complete": found.complete, **more}))
    else:
        click.echo("\n".join([printable(" ".join(one)) for one in found.sets]))
        note(
            f"{len(found.sets)} minimal sets"
            if found.complete
            else f"{len(found.sets)} minimal sets of at most {found.up_to}; more are unknown"
        )
