"""Accounts and their passkeys."""

from django.apps import AppConfig


class MembersConfig(AppConfig):
    """Accounts and their passkeys."""

    name = "commonhold.house.members"
    label = "members"
