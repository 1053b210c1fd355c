"""What the organisation depends on, and who could take it."""

from django.apps import AppConfig


class CustodyConfig(AppConfig):
    """What the organisation depends on, and who could take it."""

    name = "commonhold.house.custody"
    label = "house_custody"
