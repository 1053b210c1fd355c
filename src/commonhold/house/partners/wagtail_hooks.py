"""Where these pages stand in the shell."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import URLPattern, URLResolver, include, path
from wagtail import hooks

from commonhold.house.core.menu import Item
from commonhold.kernel.messages import N_


@hooks.register("register_admin_urls")
def urls() -> Sequence[URLPattern | URLResolver]:
    """The pages of this concern."""
    return [path("", include("commonhold.house.partners.urls"))]


@hooks.register("register_admin_menu_item")
def item() -> Item:
    """Who keeps the record beside us."""
    return Item(N_("Partners"), "partners", icon_name="site", order=160)
