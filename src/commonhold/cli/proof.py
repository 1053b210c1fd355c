"""``commonhold proof``: whether an entry is in a log, offline (C2SP tlog-proof; the rules are in :mod:`commonhold.kernel.tlog.proof`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from commonhold.cli.inputs import STDIN, in_words, read_input
from commonhold.cli.options import json_option
from commonhold.cli.output import emit, printable
from commonhold.kernel.errors import ProofError

if TYPE_CHECKING:
    from commonhold.kernel.tlog.policy import Policy, VerifiedCheckpoint


@click.group()
def command() -> None:
    """Verify an offline proof against keys and a policy you trust.

    A proof file says at which place of which log an entry stands. It does not hold the entry.
    """


@command.command()
@click.option(
    "--vkey",
    "vkeys",
    multiple=True,
    help="A key you trust, as name+id+base64; give it again for more. A log's key (kind 0x01) says whose log is meant; "
    "every witness named so (kind 0x04) must have cosigned.",
)
@click.option("--policy", help="A policy file (C2SP tlog-policy) that names logs and witnesses, and how many must have cosigned.")
@click.argument("proof")
@click.argument("entryfile")
@json_option
def verify(vkeys: tuple[str, ...], policy: str | None, proof: str, entryfile: str, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Verify that PROOF shows the entry in ENTRYFILE in a log you trust; either may be - for stdin.

    ENTRYFILE holds the entry's exact bytes. Without a policy and without witnesses the log's own word is all that the answer rests on.
    """
    from commonhold.kernel.tlog.merkle import leaf_hash  # noqa: PLC0415 - kept out of `--help`
    from commonhold.kernel.tlog.proof import MAX_PROOF_BYTES, parse_proof, verify_proof  # noqa: PLC0415
    from commonhold.kernel.tlog.tiles import MAX_ENTRY_BYTES  # noqa: PLC0415

    if [proof, entryfile, policy].count(STDIN) > 1:
        raise click.UsageError("only one of the files can come from stdin.")
    trust = _trust(vkeys, policy)
    parsed = parse_proof(read_input(proof, max_size=MAX_PROOF_BYTES, what="a proof"))
    leaf = leaf_hash(read_input(entryfile, max_size=MAX_ENTRY_BYTES, what="an entry"))
    try:
        verified = verify_proof(parsed, leaf, trust)
    except ProofError as error:
        if error.code != "proof/root":
            raise
        step = "Check that the file holds the entry's exact bytes: a newline that an editor added makes it another."
        raise ProofError(f"this entry is not the one at index {parsed.index}: {error}", code=error.code, next_step=step) from None
    checkpoint = verified.checkpoint
    value = {
        "origin": checkpoint.origin,
        "index": parsed.index,
        "leaf": leaf.hex(),
        "size": checkpoint.size,
        "root": checkpoint.root.hex(),
        "witnesses": dict(sorted(verified.times.items())),
        **({} if verified.time is None else {"time": verified.time}),
    }
    emit(as_json, value, lambda: _in_words(verified, parsed.index))


def _trust(vkeys: tuple[str, ...], policy_file: str | None) -> Policy:
    """The policy that the options amount to; it names at least one log."""
    from commonhold.kernel.notes import COSIGNATURE, VerifierKey  # noqa: PLC0415
    from commonhold.kernel.tlog.policy import NONE, Party, Policy, parse_policy  # noqa: PLC0415
    from commonhold.kernel.tlog.policyfile import MAX_POLICY_BYTES  # noqa: PLC0415

    keys = [VerifierKey.parse(vkey) for vkey in vkeys]
    logs = [key for key in keys if key.kind != COSIGNATURE]
    witnesses = [key for key in keys if key.kind == COSIGNATURE]
    if policy_file is not None:
        if witnesses:
            raise click.UsageError("with --policy, witnesses are named in the policy file and not by --vkey.")
        given = parse_policy(read_input(policy_file, max_size=MAX_POLICY_BYTES, what="a policy"))
        policy = Policy((*given.logs, *(Party(key) for key in logs)), given.witnesses, given.groups, given.quorum)
    elif witnesses:
        named: dict[str, VerifierKey] = {}
        for key in witnesses:
            named[key.name if key.name not in (NONE, *named) else str(key)] = key
        # No key is called so: a name holds no space.
        policy = Policy.build(logs, named, {"each of them": (len(named), named)}, "each of them")
    else:
        policy = Policy.build(logs, {}, {}, NONE)
    if not policy.logs:
        raise click.UsageError("no log is named: give its key with --vkey, or a policy that has a log line.")
    return policy


def _in_words(verified: VerifiedCheckpoint, index: int) -> str:
    checkpoint = verified.checkpoint
    lines = [
        f"entry {index} is in the log {printable(checkpoint.origin)}",
        f"checkpoint   size {checkpoint.size}, root {checkpoint.root.hex()}",
        *(f"witness      {printable(name)} at {in_words(time)}" for name, time in sorted(verified.times.items())),
    ]
    if verified.time is None:
        lines.append("rests on     the log's own signature; no witness was asked for")
    else:
        lines.append(f"rests on     the log and its witnesses, as of {in_words(verified.time)}")
    return "\n".join(lines)
