"""An entry of the shell's menu, in the reader's language."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse_lazy
from wagtail.admin.menu import MenuItem

from commonhold.house.core.speech import language_of


class Item(MenuItem):
    """A page in the menu for every member.

    Args:
        message: its name, as an English sentence of the catalogues.
        view: the name of its address.
    """

    def __init__(self, message: str, view: str, *, icon_name: str, order: int) -> None:
        super().__init__(message, reverse_lazy(view), name=view, icon_name=icon_name, order=order)
        self._message = message

    def render_component(self, request: HttpRequest) -> Any:
        """The entry, its name said."""
        component = super().render_component(request)
        component.label = language_of(request).plainly(self._message)
        return component
