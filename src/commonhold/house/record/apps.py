"""The cache of the record."""

from django.apps import AppConfig


class RecordConfig(AppConfig):
    """The cache of the record."""

    name = "commonhold.house.record"
    label = "record"
