"""``commonhold work``: works made of files and texts, and shown (docs/formats/work.md)."""

from __future__ import annotations

import mimetypes
import time
from pathlib import Path

import click

from commonhold.cli.options import folder_option, json_option
from commonhold.cli.output import emit, printable, progress
from commonhold.cli.store.options import at_option
from commonhold.cli.store.taking import take_command
from commonhold.kernel.errors import StoreError


@click.group("work")
def command() -> None:
    """Make works of files and texts, with their rights and their origin, and show them. Publishing one is a decision: propose publish work=ID."""


command.add_command(take_command)


@command.command()
@click.option("--kind", required=True, help="article, programme, minutes, ...: a word in lower case.")
@click.option("--title", "titles", multiple=True, required=True, metavar="LANG=TITLE", help="A title; again for each language.")
@click.option("--text", "texts", multiple=True, metavar="LANG=FILE", help="The text in a language; again for each.")
@click.option(
    "--file",
    "files",
    multiple=True,
    metavar="ROLE=FILE",
    help="A file and what it is for (master, captions:en, poster, ...); again for each.",
)
@click.option("--rights", required=True, help="By what right the work is kept and passed on, in words.")
@click.option("--licence", default="", help="The address of its licence.")
@click.option("--holder", default="", help="Whose the rights are.")
@click.option("--by", default="", help="The member who adds it.")
@click.option("--source", default="", help="The address that it comes from.")
@click.option("--from-work", "earlier", multiple=True, metavar="ID", help="A work that it was made from; again for each.")
@at_option
@json_option
def add(
    kind: str,
    titles: tuple[str, ...],
    texts: tuple[str, ...],
    files: tuple[str, ...],
    rights: str,
    licence: str,
    holder: str,
    by: str,
    source: str,
    earlier: tuple[str, ...],
    at: str,
    as_json: bool,  # noqa: FBT001 - click passes flags so
) -> None:
    """Keep files and texts as objects, then write the manifest that names them, and print the work's id.

    The manifest is written last: where it is, everything that it names is there and durable.
    """
    from commonhold.kernel.works.manifest import File, Provenance, Rights, Text, make_work  # noqa: PLC0415 - kept out of `--help`
    from commonhold.store.objects.opening import open_objects  # noqa: PLC0415
    from commonhold.store.objects.works import put_work  # noqa: PLC0415

    parts = [(True, *_split(text, "--text", "en=article.md")) for text in texts]
    parts += [(False, *_split(file, "--file", "master=film.mp4")) for file in files]
    titled = dict(_split(title, "--title", "en=The tide at night") for title in titles)
    objects = open_objects(at)
    made_texts: dict[str, Text] = {}
    made_files: list[File] = []
    with progress(len(parts), "work") as bar, objects.batch() as batch:
        for is_text, label, name in parts:
            path = Path(name)
            try:
                with path.open("rb", buffering=0) as file:
                    digest, size = batch.put(file), file.tell()
            except OSError as error:
                raise StoreError(f"cannot read {path}: {error.strerror}", code="store/absent", next_step="Check the path.") from None
            media = _media(path)
            if is_text:
                made_texts[label] = Text(digest, size, media)
            else:
                role, _, language = label.partition(":")
                made_files.append(File(digest, role, size, media, language, path.name if _plain(path.name) else ""))
            bar.update()
    made = Provenance(by, int(time.time()) if by else 0, source, list(earlier))
    work = make_work(kind, titled, rights=Rights(rights, holder, licence), provenance=made, texts=made_texts, files=made_files)
    found = put_work(objects, work)
    emit(as_json, {"work": found, "objects": len(work.objects()), "bytes": work.size()}, lambda: found)


@command.command()
@click.argument("work")
@at_option
@json_option
def show(work: str, at: str, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Show what the work with the id WORK is called, what it consists of, by what right it is kept and where it comes from."""
    import msgspec  # noqa: PLC0415 - kept out of `--help`

    from commonhold.store.objects.opening import open_objects  # noqa: PLC0415
    from commonhold.store.objects.works import load_work  # noqa: PLC0415

    found = load_work(open_objects(at), work)
    lines = [
        f"work     {work}",
        f"kind     {found.kind}",
        *(f"title    {language}: {printable(title)}" for language, title in found.titles.items()),
        *(f"text     {language}: {text.digest} {text.type} {text.size}" for language, text in found.texts.items()),
        *(f"file     {file.role}: {file.digest} {file.type} {file.size} {file.name}".rstrip() for file in found.files),
        f"rights   {printable(found.rights.statement)} {found.rights.licence} {printable(found.rights.holder)}".rstrip(),
        f"from     {found.provenance.by} {found.provenance.source} {' '.join(found.provenance.works)}".rstrip(),
    ]
    emit(as_json, {"work": work, "manifest": msgspec.to_builtins(found)}, lambda: "\n".join(lines))


@command.command("list")
@folder_option
@json_option
def list_works(house: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """List the works that lie in the house's store, published or not."""
    from commonhold.kernel.works.manifest import Work  # noqa: PLC0415 - kept out of `--help`
    from commonhold.store.objects.directory import ObjectDirectory  # noqa: PLC0415
    from commonhold.store.objects.works import all_works  # noqa: PLC0415

    rows = [
        {"work": digest, "kind": work.kind, "titles": work.titles, "bytes": work.size()}
        if isinstance(work, Work)
        else {"work": digest, "error": str(work), "code": work.code}
        for digest, work in all_works(ObjectDirectory(house))
    ]
    emit(
        as_json,
        {"works": rows},
        lambda: (
            "\n".join(
                f"{row['work']}  " + printable(row["error"] if "error" in row else f"{row['kind']}: {next(iter(row['titles'].values()))}")  # type: ignore[attr-defined] # titles are a dict
                for row in rows
            )
            or "no work lies here"
        ),
    )


@command.command()
@click.argument("works", nargs=-1, metavar="[WORK]...")
@click.option("--all", "everything", is_flag=True, help="All works that lie here.")
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="The folder to write, or a file that ends in .zip; nothing may be there yet.",
)
@at_option
@json_option
def bag(works: tuple[str, ...], everything: bool, out: Path, at: str, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Write works as one BagIt bag, which any archive can validate and keep: their files, texts and manifests. `work unbag` takes it back."""
    from importlib.metadata import version  # noqa: PLC0415 - kept out of `--help`

    from commonhold.store.objects.bags import write_bag  # noqa: PLC0415
    from commonhold.store.objects.opening import open_objects  # noqa: PLC0415

    if bool(works) == everything:
        raise click.UsageError("name the works, or give --all")
    objects = open_objects(at)
    chosen = list(objects.works()) if everything else list(works)
    if not chosen:
        raise StoreError("no work lies here", code="store/absent", next_step="Make one with `commonhold work add`.")
    labels = [("Bag-Software-Agent", f"commonhold {version('commonhold')}"), ("Bagging-Date", time.strftime("%Y-%m-%d", time.gmtime()))]
    with progress(0, "bag") as bar:
        payload = write_bag(objects, chosen, out, labels, bar.update)
    size = sum(entry.size for entry in payload.values())
    value = {"bag": str(out), "works": len(set(chosen)), "files": len(payload), "bytes": size}
    emit(as_json, value, lambda: f"wrote {printable(out)}: {value['works']} works, {len(payload)} files, {size} bytes")


@command.command()
@click.argument("bag_path", metavar="BAG", type=click.Path(path_type=Path))
@at_option
@json_option
def unbag(bag_path: Path, at: str, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Take the works of a BagIt bag, a folder or a zip file, into the store, and print their ids, which are those that they had.

    The whole bag is looked at before anything is kept: names that lead out, links, sizes that would fill the disk, something missing or too much are refused.
    """
    from commonhold.store.objects.bags import read_bag  # noqa: PLC0415 - kept out of `--help`
    from commonhold.store.objects.opening import open_objects  # noqa: PLC0415

    with progress(0, "unbag") as bar:
        found = read_bag(bag_path, open_objects(at), bar.update)
    emit(as_json, {"works": found}, lambda: "\n".join(found))


def _split(text: str, option: str, example: str) -> tuple[str, str]:
    label, equals, value = text.partition("=")
    if not equals or not label or not value:
        raise click.UsageError(f"{option} {text!r} is not of the form {example}")
    return label, value


def _media(path: Path) -> str:
    if path.suffix.lower() in {".md", ".markdown"}:
        return "text/markdown"
    return mimetypes.guess_type(path.name, strict=False)[0] or "application/octet-stream"


def _plain(name: str) -> bool:
    from commonhold.kernel.works.manifest import is_file_name  # noqa: PLC0415 - kept out of `--help`

    return is_file_name(name)
