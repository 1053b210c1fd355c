"""Pictures."""

from django.apps import AppConfig


class ImagesConfig(AppConfig):
    """Pictures."""

    name = "commonhold.house.images"
    label = "images"
