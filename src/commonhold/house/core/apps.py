"""The app that every other one leans on."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    """It has no tables."""

    name = "commonhold.house.core"
    label = "core"
