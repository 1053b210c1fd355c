"""``commonhold store put``, ``get`` and ``list``: objects in and out."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import click

from commonhold.cli.options import json_option
from commonhold.cli.output import emit, printable, progress
from commonhold.cli.store.options import at_option
from commonhold.kernel.errors import StoreError


@click.command("put")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@at_option
@click.option("--digest", default="", help="What the file must hash to; for one FILE only.")
@json_option
def put_command(files: tuple[Path, ...], at: str, digest: str, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Keep FILES as objects and print their digests. A folder stands for all files below it; links are not followed. - is stdin."""
    from commonhold.store.objects.opening import open_objects  # noqa: PLC0415 - kept out of `--help`

    if digest and len(files) != 1:
        raise click.UsageError("--digest says what one file must hash to; name one file")
    objects, found = open_objects(at), list(_below(files))
    if not found:
        raise StoreError("there is no file below what was named", code="store/absent", next_step="Name files, or folders that hold some.")
    rows: list[dict[str, object]] = []
    with progress(len(found), "put") as bar, objects.batch() as batch:
        for path in found:
            with _opened(path) as file:
                size = os.fstat(file.fileno()).st_size if str(path) != "-" else -1
                rows.append({"digest": batch.put(file, digest=digest), "size": size, "file": str(path)})
            bar.update()
    emit(as_json, {"objects": rows}, lambda: "\n".join(f"{row['digest']}  {printable(row['file'])}" for row in rows))


@click.command("get")
@click.argument("digest")
@click.option(
    "-o",
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write, which must not be there yet; - or nothing for stdout.",
)
@at_option
@json_option
def get_command(digest: str, out: Path | None, at: str, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Write the object DIGEST to a file, verified: a file appears only once all of it was hashed. To stdout it is streamed; a damaged object then ends early."""
    from commonhold.store.objects.opening import open_replica  # noqa: PLC0415 - kept out of `--help`

    pieces = open_replica(at).stream(digest)
    if out is None or str(out) == "-":
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        return
    _write_new(out, pieces)
    emit(as_json, {"digest": digest, "size": out.stat().st_size, "file": str(out)}, lambda: f"wrote {printable(out)}")


@click.command("list")
@at_option
@click.option("--after", default="", help="Begin after this digest.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many.")
@json_option
def list_command(at: str, after: str, limit: int | None, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """List digest and size of the objects here, in order. With --json one object a line, so that a list of millions can be read while it is written."""
    import json  # noqa: PLC0415 - kept out of `--help`

    from commonhold.kernel.errors import CommonholdError  # noqa: PLC0415
    from commonhold.store.objects.opening import open_objects  # noqa: PLC0415

    objects = open_objects(at)
    for count, digest in enumerate(objects.list(after)):
        if count == limit:
            break
        try:
            size = objects.size(digest)
        except CommonholdError:
            # It went while it was listed.
            continue
        click.echo(json.dumps({"digest": digest, "size": size}) if as_json else f"{digest}  {size:>14}")


def _below(files: tuple[Path, ...]) -> Iterator[Path]:
    for path in files:
        if path.is_dir():
            for folder, names, here in os.walk(path):
                names.sort()
                yield from (
                    Path(folder, name) for name in sorted(here) if not Path(folder, name).is_symlink() and Path(folder, name).is_file()
                )
        else:
            yield path


def _opened(path: Path) -> IO[bytes]:
    if str(path) == "-":
        return os.fdopen(os.dup(sys.stdin.fileno()), "rb", buffering=0)
    try:
        return os.fdopen(os.open(path, os.O_RDONLY | os.O_CLOEXEC), "rb", buffering=0)
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}", code="store/absent", next_step="Check the path.") from None


def _write_new(out: Path, pieces: Iterator[bytes]) -> None:
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        if out.exists():
            raise StoreError(f"{out} is already there", code="store/exists", next_step="Choose another name; nothing is written over.")
        try:
            with part.open("xb") as file:
                for piece in pieces:
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
            # A link fails where a file has come meanwhile; a rename would write over it.
            os.link(part, out)
        finally:
            part.unlink(missing_ok=True)
    except FileExistsError:
        raise StoreError(
            f"{out} is already there", code="store/exists", next_step="Choose another name; nothing is written over."
        ) from None
    except OSError as error:
        raise StoreError(
            f"cannot write {out}: {error.strerror}", code="store/io", next_step="Choose a folder that you can write to."
        ) from None
