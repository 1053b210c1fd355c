"""``commonhold snapshot``: what a house holds beside its record, encrypted so that only the custodians open it together (docs/formats/snapshot.md)."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from commonhold.cli.options import folder_option, json_option
from commonhold.cli.output import emit, note, printable, progress
from commonhold.kernel.errors import CustodyError, FormatError, RuleError

if TYPE_CHECKING:
    from commonhold.kernel.record.state import State

_IDENTITY: Final = re.compile(r"AGE-SECRET-KEY-1[A-Z0-9]{58}", re.ASCII | re.IGNORECASE)
_OURS: Final = re.compile(r"[0-9]{8}T[0-9]{6}Z\.age", re.ASCII)
_MAX_TYPED: Final = 1 << 16


@click.group("snapshot")
def command() -> None:
    """Keep what nobody published: drafts and files of the house, encrypted to a key that only the custodians open together."""


@command.command()
@click.option("--resource", default="snapshots", show_default=True, help="The resource of the record as which the key is sealed.")
@click.option("--anew", is_flag=True, help="Make another key where there is one; what is made from then on takes that.")
@folder_option
def key(resource: str, anew: bool, house: Path) -> None:  # noqa: FBT001 - click passes flags so
    """Make the key of the house's snapshots, and write it to standard output for the program that seals it. It is shown to nobody.

    commonhold snapshot key | commonhold custody seal snapshots --stdin --approve

    Snapshots can be made once the seal counts.
    """
    from commonhold.cli.custody.discipline import keep_in_memory, refuse_regular_file  # noqa: PLC0415 - kept out of `--help`
    from commonhold.kernel.record.keeping import structure_for  # noqa: PLC0415
    from commonhold.store.sealedfile import new_identity, recipient_of  # noqa: PLC0415
    from commonhold.store.snapshots import CONFIG, CONFIG_FORM, Config, read_config, write_config  # noqa: PLC0415

    refuse_regular_file()
    if sys.stdout.isatty():
        raise CustodyError(
            "the key would be shown on this terminal",
            code="snapshot/shown",
            next_step="Hand it to the program that seals it: commonhold snapshot key | commonhold custody seal snapshots --stdin",
        )
    state = _state(house)
    structure_for(state, resource)
    if not anew and (known := read_config(house)) is not None:
        raise CustodyError(
            f"there is a key for snapshots already, {known.recipient}",
            code="snapshot/exists",
            next_step="Give --anew to make another, and seal it; what was made before still takes the old one.",
        )
    keep_in_memory()
    identity = new_identity()
    click.echo(f"note {resource}={identity}")
    config = Config(CONFIG_FORM, recipient_of(identity), resource, state.size)
    write_config(house, config)
    note(f"{CONFIG}: snapshots go to {config.recipient} once the seal of {resource} counts")


@command.command()
@click.option("-o", "--out", type=click.Path(dir_okay=False, path_type=Path), help="The file to write; otherwise one in HOUSE/snapshots.")
@click.option("--keep", type=click.IntRange(min=1), help="Then delete all in HOUSE/snapshots but the newest N.")
@folder_option
@json_option
def make(out: Path | None, keep: int | None, house: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Encrypt what the house holds and no mirror does: works that nobody published, other objects, and files that lie in its folder; never its keys.

    Without --out it lies in HOUSE/snapshots, and `commonhold mirror build` takes it along.
    """
    from commonhold.mirror.folder.gathering import Wanted  # noqa: PLC0415 - kept out of `--help`
    from commonhold.store.objects.digestset import DigestSet  # noqa: PLC0415
    from commonhold.store.objects.directory import ObjectDirectory  # noqa: PLC0415
    from commonhold.store.objects.works import load_work  # noqa: PLC0415
    from commonhold.store.snapshots import FOLDER, FORM, Head, read_config, write_snapshot  # noqa: PLC0415

    config = read_config(house)
    if config is None:
        raise CustodyError(
            "nobody has said to whom snapshots are encrypted",
            code="snapshot/no-key",
            next_step="commonhold snapshot key | commonhold custody seal snapshots --stdin",
        )
    state = _state(house)
    _require_seal(state, config.resource, config.size)
    now = int(time.time())
    if out is None:
        (house / FOLDER).mkdir(exist_ok=True)
        out = house / FOLDER / time.strftime("%Y%m%dT%H%M%SZ.age", time.gmtime(now))
    objects, wanted = ObjectDirectory(house), Wanted.of(state)
    with DigestSet() as public, progress(0, "snapshot") as bar:
        public.update(wanted.texts)
        for work in wanted.works:
            public.update([work, *load_work(objects, work).objects()])
        head = Head(FORM, state.org, state.origin, state.size, now)
        done = write_snapshot(house, out, config.recipient, head, public.__contains__, bar.update)
    ours = sorted(path for path in (house / FOLDER).glob("*.age") if _OURS.fullmatch(path.name))
    gone = ours[:-keep] if keep else []
    for path in gone:
        path.unlink()
    value = {
        "snapshot": str(out),
        "gone": [path.name for path in gone],
        "recipient": config.recipient,
        "resource": config.resource,
        **vars(done),
        "size": out.stat().st_size,
    }
    emit(
        as_json,
        value,
        lambda: "\n".join(
            [
                f"wrote {printable(out)}: {done.works} works, {done.objects} objects with {done.bytes} bytes, {done.files} files",
                *(f"deleted {path.name}" for path in gone),
                *(f"left out, no plain file: {printable(path)}" for path in done.left),
            ]
        ),
    )


@command.command("open")
@click.argument("snapshot", type=click.Path(path_type=Path), metavar="FILE")
@click.option(
    "--identity",
    "identity_file",
    required=True,
    type=click.Path(path_type=Path),
    help="A file with the key, or - for standard input, as the custodians opened it.",
)
@folder_option
@json_option
def open_(snapshot: Path, identity_file: Path, house: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Bring what a snapshot holds back into the house. Nothing is written over.

    commonhold custody unseal RELEASE --key one-off.key --name snapshots | commonhold snapshot open FILE --identity -
    """
    from commonhold.cli.custody.discipline import keep_in_memory  # noqa: PLC0415 - kept out of `--help`
    from commonhold.store.snapshots import open_snapshot  # noqa: PLC0415

    state = _state(house)
    keep_in_memory()
    identity = _identity(identity_file)
    with progress(0, "snapshot") as bar:
        head, done = open_snapshot(snapshot, identity, house, state.org, bar.update)
    value = {"org": head.org, "made": head.time, "entries": head.size, **vars(done)}
    emit(
        as_json,
        value,
        lambda: "\n".join(
            [
                f"of {time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime(head.time))}, when the record had {head.size} entries",
                f"{done.works} works, {done.objects} objects with {done.bytes} bytes, {done.files} files are back",
                *(f"left, another lies there: {printable(path)}" for path in done.left),
            ]
        ),
    )


def _state(house: Path) -> State:
    from commonhold.cli.reading import read_place  # noqa: PLC0415 - kept out of `--help`

    return read_place(house).state


def _require_seal(state: State, resource: str, size: int) -> None:
    """The key is worth something only once custodians hold it: a snapshot that nobody can open is a loss that nobody sees."""
    from commonhold.kernel.record.keeping import live_seal  # noqa: PLC0415 - kept out of `--help`

    seal = live_seal(state, resource)
    # Proposed, not decided: what was sealed before the key was made holds another, whenever it came to count.
    if seal is None or state.part("proposals")[seal.proposal].index < size:
        raise RuleError(
            f"{'no seal of ' + resource + ' counts yet' if seal is None else 'the seal of ' + resource + ' is older than the key of the snapshots'}",
            code="snapshot/no-seal",
            next_step="Seal the key, and let every custodian acknowledge their share: commonhold custody status. Where the key was lost: commonhold snapshot key --anew",
        )


def _identity(path: Path) -> str:
    from commonhold.store.keyfile import read_small  # noqa: PLC0415 - kept out of `--help`

    raw = sys.stdin.buffer.read(_MAX_TYPED) if str(path) == "-" else read_small(path, max_size=_MAX_TYPED, what="a key")
    found: set[str] = set(_IDENTITY.findall(raw.decode("ascii", "replace")))
    if len(found) != 1:
        raise FormatError(
            f"{'there is no key of a snapshot' if not found else 'there are several keys'} in what was given",
            code="snapshot/identity",
            next_step="Give the one line that begins with AGE-SECRET-KEY-1, as the custodians opened it.",
        )
    return found.pop()
