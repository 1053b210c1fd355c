"""``commonhold approve``: approve an open proposal (DESIGN 3.3)."""

from __future__ import annotations

from pathlib import Path

import click

from commonhold.cli.acting import Actor, find_proposal, open_actor, report, submit
from commonhold.cli.options import house_option, json_option, kit_option


@click.command()
@click.argument("proposal")
@click.option("--fingerprint", help="The six words that the new member, or the member who lost their kit, read to you; in quotes.")
@house_option
@kit_option()
@json_option
def command(proposal: str, fingerprint: str | None, house: Path | str, kit: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Approve PROPOSAL (its id, or at least four digits of it).

    An approval of a new key needs --fingerprint: ask the member for their six words, face to face or by telephone, never through the house.
    """
    actor = open_actor(house, kit)
    with actor.record:
        found = find_proposal(actor.state, proposal)
        body = {"proposal": found, **_compared_key(actor, found, fingerprint)}
        outcome = submit(actor, "approve", body)
        report(actor, outcome, found, as_json=as_json)


def _compared_key(actor: Actor, proposal_id: str, said: str | None) -> dict[str, str]:
    from commonhold.kernel.errors import RuleError  # noqa: PLC0415
    from commonhold.kernel.keys import match_fingerprint  # noqa: PLC0415
    from commonhold.kernel.record.acts import FINGERPRINT_KINDS  # noqa: PLC0415
    from commonhold.kernel.record.payloads import enrolled_keys  # noqa: PLC0415

    kind = actor.state.parts["proposals"][proposal_id].kind
    if kind not in FINGERPRINT_KINDS:
        if said is not None:
            raise click.UsageError(f"a proposal of kind {kind} enrols no key, so there is no fingerprint to compare")
        return {}
    if said is None:
        raise RuleError(
            "this proposal enrols a key, and its fingerprint has not been compared",
            code="act/fingerprint",
            next_step='Ask the member for their six words, face to face or by telephone, then approve with --fingerprint "six words".',
        )
    errors = []
    for key in enrolled_keys(actor.state.frozen[proposal_id].payload):
        try:
            match_fingerprint(key, said)
        except RuleError as error:
            errors.append(error)
        else:
            return {"key": key.key_id}
    raise errors[0]
