"""Where inviting stands in the shell."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import URLPattern, URLResolver, path
from wagtail import hooks

from commonhold.house.core.menu import Item
from commonhold.house.members import inviting
from commonhold.kernel.messages import N_


@hooks.register("register_admin_urls")
def urls() -> Sequence[URLPattern | URLResolver]:
    """The pages of this concern that only members see."""
    return [
        path("invite/", inviting.invite, name="invite"),
        path("invite/<int:number>/withdraw/", inviting.withdraw, name="invite-withdraw"),
    ]


@hooks.register("register_admin_menu_item")
def invite() -> Item:
    """Bringing people in."""
    return Item(N_("Invite"), "invite", icon_name="group", order=170)
