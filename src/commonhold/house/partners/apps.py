"""The partners who keep the record beside this house."""

from django.apps import AppConfig


class PartnersConfig(AppConfig):
    """The partners who keep the record beside this house."""

    name = "commonhold.house.partners"
    label = "house_partners"
