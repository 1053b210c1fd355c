"""The record's addresses, under the shell's root."""

from django.urls import path

from commonhold.house.record import views

urlpatterns = [
    path("decisions/", views.decisions, name="decisions"),
    path("decisions/<str:proposal>/", views.decision, name="decision"),
    path("record/", views.timeline, name="record"),
    path("record/<int:index>/", views.entry, name="entry"),
]
