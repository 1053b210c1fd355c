"""Starting Django for the house in a folder: what the command line, the server and the tests do first."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from commonhold.house.config import load_config
from commonhold.kernel.errors import FatalStoreError, StoreError

SETTINGS = "commonhold.house.settings"


def start(folder: Path) -> None:
    """Set Django up for the house in *folder*, once in a process.

    Raises:
        StoreError: ``house/not-installed`` without the extra, ``house/no-web`` without ``web/house.toml``; FormatError: if that is wrong.
    """
    load_config(folder)
    place = str(folder.resolve())
    if SETTINGS in sys.modules and os.environ.get("COMMONHOLD_WEB") != place:
        raise FatalStoreError("this process serves another house already", code="house/another")
    os.environ["COMMONHOLD_WEB"] = place
    os.environ["DJANGO_SETTINGS_MODULE"] = SETTINGS
    try:
        import django  # noqa: PLC0415 - nothing else of the program needs it
        import wagtail  # noqa: F401, PLC0415 - the same
    except ImportError:
        raise StoreError(
            "the house's own parts are not installed", code="house/not-installed", next_step="pip install 'commonhold[house]'"
        ) from None
    django.setup()


def prepare() -> None:
    """Bring the tables up to date; what is already so is left alone."""
    from django.core.management import call_command  # noqa: PLC0415 - only once Django is set up

    call_command("migrate", interactive=False, verbosity=0)
