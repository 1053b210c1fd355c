"""The record's addresses, under the shell's root."""

from django.urls import path

from commonhold.house.record import views

urlpatterns = [
    path("decisions/", views.decisions, name="decisions"),
    path("decisions/<str:proposal>/", views.decision, name="decision"),
    path("record/", views.timeline, name="record"),
    path("record/<int:index>/", views.entry, name="entry"),
    path("record/<int:index>/entry.json", views.entry_file, {"form": "entry"}, name="entry-json"),
    path("record/<int:index>/proof.json", views.entry_file, {"form": "proof"}, name="entry-proof"),
    path("record/<int:index>/inclusion.tlog-proof", views.entry_file, {"form": "inclusion"}, name="entry-inclusion"),
]
