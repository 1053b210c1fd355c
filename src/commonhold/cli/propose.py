"""``commonhold propose``: propose a decision of one of the charter's kinds (DESIGN 3.3)."""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import click

from commonhold.cli.acting import Actor, open_actor, report, sign, submit
from commonhold.cli.inputs import read_card
from commonhold.cli.options import house_option, json_option, kit_option
from commonhold.cli.output import printable

WHOLE_NUMBERS = frozenset({"amount", "until"})
LISTS = frozenset({"holders", "objects", "revoke"})
YES_OR_NO = frozenset({"lift", "unwitnessed"})
MAX_PAYLOAD = 60_000
MAX_DIGITS = 16


@click.command()
@click.argument("kind")
@click.argument("fields", nargs=-1, metavar="[FIELD=VALUE]...")
@click.option("--text", type=click.Path(dir_okay=False, path_type=Path), help="The file with the text of a statement or resolution.")
@click.option(
    "--card", type=click.Path(dir_okay=False, path_type=Path), help="The card of the member to admit or recover, or your own new one."
)
@click.option(
    "--charter", type=click.Path(file_okay=False, path_type=Path), help="For `amend`: the folder with the charter as it should be."
)
@click.option("--payload", type=click.Path(dir_okay=False, path_type=Path), help="The whole payload as a JSON file, instead of fields.")
@click.option("--emergency", default="", help="The emergency power of the charter that you invoke.")
@click.option("--within", default="P30D", show_default=True, help="How long the proposal may be decided, as an ISO 8601 duration.")
@click.option("--approve", is_flag=True, help="Approve it yourself at once (a proposal is not yet its author's approval).")
@click.option("--yes", is_flag=True, help="For `depart`: leave without being asked once more.")
@house_option
@kit_option()
@json_option
def command(
    kind: str,
    fields: tuple[str, ...],
    text: Path | None,
    card: Path | None,
    charter: Path | None,
    payload: Path | None,
    emergency: str,
    within: str,
    approve: bool,  # noqa: FBT001 - click passes flags so
    yes: bool,  # noqa: FBT001
    house: Path | str,
    kit: Path,
    as_json: bool,  # noqa: FBT001
) -> None:
    """Propose a decision of KIND.

    \b
    commonhold propose appoint office=chair member=heron
    commonhold propose spend_large amount=900 currency=EUR --text mast.md
    commonhold propose amend --charter amended/
    commonhold propose admit --card ruff.card
    commonhold propose channel op=add address=https://saltmarsh.example/
    """  # noqa: D301 - click wants the control character itself: it keeps the lines below it apart
    if yes and kind != "depart":
        raise click.UsageError(f"--yes is for depart alone: a proposal of kind {kind} asks nothing")
    actor = open_actor(house, kit)
    with actor.record:
        _check_kind(actor, kind)
        content, texts = build_payload(actor, kind, fields, text=text, card=card, charter=charter, payload=payload)
        if kind == "depart" and content["member"] == actor.member and not yes:
            _ask_to_leave(actor)
        make_proposal(actor, kind, content, texts, within=within, emergency=emergency, approve=approve, as_json=as_json)


def _check_kind(actor: Actor, kind: str) -> None:
    """Pass in silence if the charter in force has decisions of *kind*: the payload of a misspelt kind would be refused for something else."""
    from commonhold.kernel.errors import RuleError  # noqa: PLC0415

    kinds = {"depart", *actor.state.charter.by_kind} | ({"delegate"} if actor.state.charter.delegations else set())
    if kind not in kinds:
        raise RuleError(
            f"the charter has no rule for {kind[:64]!r}",
            code="charter/no-rule-for-kind",
            next_step=f"It has rules for: {', '.join(sorted(kinds))}.",
        )


def _ask_to_leave(actor: Actor) -> None:
    """Pass in silence if the member wants to leave: nobody has to allow it, so nothing else stands between a slip of the hand and the end.

    Raises:
        click.UsageError: if they do not say so, or cannot be asked.
    """
    name = actor.member
    warning = f"your keys are revoked, and the id {name} is never used again"
    if not sys.stdin.isatty():
        raise click.UsageError(f"leaving takes effect at once and for ever: {warning}; give --yes if that is what you want")
    click.echo(printable(f"You leave {actor.state.charter.name} now and for ever: {warning}. Type {name} to go on."), err=True)
    if click.prompt("", prompt_suffix="> ", default="", show_default=False, err=True).strip() != name:
        raise click.UsageError(f"you did not type {name}, so nothing was done and you are a member still")


def make_proposal(
    actor: Actor,
    kind: str,
    payload: Mapping[str, Any],
    texts: Mapping[str, bytes],
    *,
    within: str,
    as_json: bool,
    emergency: str = "",
    approve: bool = False,
    extra: Mapping[str, Any] | None = None,
) -> None:
    """Propose, approve if that was asked for, and report where the proposal stands.

    Raises:
        RuleError: if the proposal or the approval would count for nothing; neither is recorded then.
        StoreError: if the disk refuses; the message says whether the proposal was made.
    """
    from commonhold.kernel.durations import parse_duration  # noqa: PLC0415
    from commonhold.kernel.errors import StoreError  # noqa: PLC0415
    from commonhold.kernel.record.acts import FINGERPRINT_KINDS  # noqa: PLC0415

    if approve and kind in FINGERPRINT_KINDS:
        raise click.UsageError(f"a proposal of kind {kind} is approved by itself, with --fingerprint: `commonhold approve`")
    # The record's clock where it has one; this machine's is only a guess at what that will say.
    now = actor.state.clock or int(time.time())
    body: dict[str, Any] = {"kind": kind, "payload": dict(payload), "not_after": parse_duration(within).after(now)}
    if emergency:
        body["emergency"] = emergency
    raw = sign(actor, "propose", body)
    if approve:
        _rehearse(actor, raw)
    outcome: Any = actor.record.submit(raw, texts)
    proposal_id: str = outcome.entry.id
    made = actor.state.proposal(proposal_id)
    # What needs nobody's leave is decided by being proposed: there is nothing left to approve.
    if approve and (made is None or made.status == "open"):
        try:
            if made is None:
                # Handed to a partner whose log has not taken it yet: nobody can approve what the record does not have.
                raise StoreError("it is not in the record yet", code="act/not-in-record")
            outcome = submit(actor, "approve", {"proposal": proposal_id})
        except StoreError as error:
            # The proposal stands by now, and whoever made it must learn of it.
            raise StoreError(
                f"the proposal {proposal_id} is made, and your approval was not recorded: {error}",
                code=error.code,
                data={**error.data, "proposal": proposal_id},
                next_step=f"Approve it with `commonhold approve {proposal_id[:12]}`, or take it back with "
                f"`commonhold withdraw proposal {proposal_id[:12]}`.",
            ) from None
    report(actor, outcome, proposal_id, as_json=as_json, extra=extra)


def _rehearse(actor: Actor, raw: bytes) -> None:
    """Pass in silence if a signed proposal can be made and then approved by its author; nothing is recorded.

    Raises:
        RuleError: if the approval would count for nothing.
    """
    from commonhold.kernel.errors import RuleError  # noqa: PLC0415
    from commonhold.kernel.record.fold import apply  # noqa: PLC0415
    from commonhold.kernel.tlog.merkle import leaf_hash  # noqa: PLC0415

    state, made = apply(actor.state, raw, actor.record.tree.root)
    # A proposal that is refused is refused again when it is submitted, in its own words.
    if not made.counts or made.entry is None or state.parts["proposals"][made.entry.id].status != "open":
        return
    # An approval is signed by somebody who has seen what it is about.
    tree = deepcopy(actor.record.tree)
    tree.append(leaf_hash(raw))
    _, approved = apply(state, sign(actor, "approve", {"proposal": made.entry.id}, tree), tree.root)
    if not approved.counts:
        raise RuleError(
            f"{approved.words}: nothing was recorded",
            code=approved.code,
            next_step="Propose it without an approval of your own (without --approve; `statement publish` with --no-approve): others may "
            "approve it who can.",
        )


def build_payload(
    actor: Actor,
    kind: str,
    fields: tuple[str, ...],
    *,
    text: Path | None,
    card: Path | None,
    charter: Path | None,
    payload: Path | None,
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The payload of a proposal and the text objects that it names."""
    content, texts = fields_payload(kind, fields, text=text, card=card, payload=payload)
    if charter is not None:
        amendment, more = _from_charter(actor, charter)
        content |= amendment
        texts |= more
    if kind in {"depart", "rotate-key"}:
        content.setdefault("member", actor.member)
    if kind == "rotate-key":
        content.setdefault("add", [])
        content.setdefault("revoke", [])
        if not content["add"] and not content["revoke"]:
            raise click.UsageError(
                "rotate-key says nothing yet: make a new kit with `commonhold key new NAME --out new.kit` and give its card with "
                "--card new.card, or give up keys with revoke=KEY,KEY"
            )
    return content, texts


def fields_payload(
    kind: str, fields: tuple[str, ...], *, text: Path | None, card: Path | None, payload: Path | None
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """What was typed and named for a payload, and the text objects that it names; no record is looked at."""
    content: dict[str, Any] = {}
    texts: dict[str, bytes] = {}
    if payload is not None:
        content.update(read_payload(payload))
    for field in fields:
        name, equals, value = field.partition("=")
        if not equals:
            raise click.UsageError(f"{field!r} is not FIELD=VALUE")
        content[name] = _typed(name, value)
    if text is not None:
        digest, raw = text_object(text)
        content["text"] = digest
        texts[digest] = raw
    if card is not None:
        content |= _from_card(kind, card)
    return content, texts


def text_object(path: Path) -> tuple[str, bytes]:
    """The digest and the bytes of a new text object made of a file, under a fresh salt."""
    from commonhold.kernel.texts import MAX_TEXT_BYTES, SALT_BYTES, make_text, text_digest  # noqa: PLC0415
    from commonhold.store.keyfile import read_small  # noqa: PLC0415

    raw = make_text(read_small(path, max_size=MAX_TEXT_BYTES, what="a text"), secrets.token_bytes(SALT_BYTES))
    return text_digest(raw), raw


def _typed(name: str, value: str) -> Any:
    if name in WHOLE_NUMBERS:
        if not value.isdecimal() or not value.isascii() or len(value) > MAX_DIGITS:
            raise click.UsageError(f"{name} takes a whole number of at most {MAX_DIGITS} digits, and not {value[:40]!r}")
        return int(value)
    if name in LISTS:
        return [item for item in value.split(",") if item]
    if name in YES_OR_NO:
        if value not in {"yes", "no"}:
            raise click.UsageError(f"{name} is yes or no, and not {value!r}")
        return value == "yes"
    return value


def read_payload(path: Path) -> dict[str, Any]:
    """A payload in a JSON file.

    Raises:
        FormatError: if it is none.
        StoreError: if it cannot be read.
    """
    import msgspec  # noqa: PLC0415

    from commonhold.kernel.errors import FormatError  # noqa: PLC0415
    from commonhold.store.keyfile import read_small  # noqa: PLC0415

    try:
        found = msgspec.json.decode(read_small(path, max_size=MAX_PAYLOAD, what="a payload"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FormatError(f"{path} is not JSON: {error}", code="payload/not-json") from None
    if not isinstance(found, dict):
        raise FormatError(f"{path} does not hold a JSON object", code="payload/not-an-object")
    return found


def _from_card(kind: str, path: Path) -> dict[str, Any]:
    card = read_card(path)
    value = card.kit.to_value()
    if kind == "admit":
        return {"member": card.member, "keys": [value]}
    if kind == "recover-member":
        return {"member": card.member, "kit": value}
    if kind == "rotate-key":
        return {"member": card.member, "add": [value]}
    raise click.UsageError(f"a card says nothing in a proposal of kind {kind}; it does for admit, recover-member and rotate-key")


def _from_charter(actor: Actor, folder: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    from commonhold.cli.charter import load_charter_folder  # noqa: PLC0415
    from commonhold.kernel.charter import draft_amendment  # noqa: PLC0415

    new = load_charter_folder(folder)
    return draft_amendment(actor.state.charter.value, new.value), dict(new.texts)
