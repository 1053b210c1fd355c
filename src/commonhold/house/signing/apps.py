"""Acts on their way."""

from django.apps import AppConfig


class SigningConfig(AppConfig):
    """Acts on their way."""

    name = "commonhold.house.signing"
    label = "signing"
