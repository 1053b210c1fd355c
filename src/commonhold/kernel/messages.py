"""Messages that people will read in their own language: English sentences as data here, translated where they are shown.

The kernel speaks no language. What it has to say is a message with ``%(name)s`` for what is put into it; a page hands in how to *say* it, and
without a page it is said in English.
"""

from __future__ import annotations

from typing import Protocol


class Say(Protocol):
    """How a message becomes a text."""

    def __call__(self, message: str, /, **values: object) -> str:
        """The message with its values put in."""
        ...


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for a message that is translated where it is shown
    """Mark a message for the catalogues where it stands as data."""
    return message


def in_english(message: str, /, **values: object) -> str:
    """A message in English, its values as they are."""
    return message % values if values else message.replace("%%", "%")
