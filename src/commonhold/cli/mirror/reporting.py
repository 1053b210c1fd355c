"""What the verbs of ``commonhold mirror`` say of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from commonhold.cli.output import printable

if TYPE_CHECKING:
    from commonhold.mirror.folder.fetching import Fetched
    from commonhold.mirror.folder.files import Files
    from commonhold.mirror.folder.gathering import Gathered

SHOWN = 20


def value_of_run(fetched: Fetched, gathered: Gathered, files: Files) -> dict[str, Any]:
    """A run as a program reads it; ``ok`` says that nothing which ought to be there is missing."""
    return {
        "ok": not (fetched.count or fetched.left or gathered.incomplete or files.failed),
        "objects": fetched.objects,
        "bytes": fetched.bytes + files.bytes,
        "works": gathered.works,
        "incomplete": gathered.incomplete,
        "erased": gathered.erased,
        "texts_nowhere": fetched.absent,
        "failed": {**fetched.failed, **files.failed},
        "failures": fetched.count + len(files.failed),
        "left": fetched.left,
        "files": {"listed": len(files.listed), "taken": files.taken, "gone": files.gone, "left_out": files.left_out},
    }


def lines_of_run(value: dict[str, Any]) -> list[str]:
    """The same for a person."""
    files = value["files"]
    failed = list(value["failed"].items())
    more = value["failures"] - min(len(failed), SHOWN)
    return [
        f"objects      {value['objects']} new, {value['bytes']} bytes",
        f"works        {value['works']} whole" + (f", {len(value['incomplete'])} not" if value["incomplete"] else ""),
        *([f"erased       {value['erased']} by decisions of the record"] if value["erased"] else []),
        f"files        {files['listed']} of settings, site and snapshots, {files['taken']} new, {files['gone']} gone",
        *([printable(f"left out     {len(files['left_out'])} whose names begin with a dot")] if files["left_out"] else []),
        *(printable(f"failed       {name}: {why}") for name, why in failed[:SHOWN]),
        *([f"failed       {more} more"] if more > 0 else []),
        *([f"not asked    {value['left']} objects: the place stopped answering. Run this again."] if value["left"] else []),
    ]
