"""Who is who: offices and their seats, members, bodies."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """Who is who: offices and their seats, members, bodies."""

    name = "commonhold.house.people"
    label = "house_people"
