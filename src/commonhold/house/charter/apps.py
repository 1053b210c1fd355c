"""The charter: its articles, its history, and who could bring about what under it."""

from django.apps import AppConfig


class CharterConfig(AppConfig):
    """The charter: its articles, its history, and who could bring about what under it."""

    name = "commonhold.house.charter"
    label = "house_charter"
