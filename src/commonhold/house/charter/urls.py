"""The charter's addresses."""

from django.urls import path

from commonhold.house.charter import views

urlpatterns = [
    path("charter/", views.charter, name="charter"),
    path("charter/history/", views.history, name="charter-history"),
    path("charter/compare/", views.compare, name="charter-compare"),
    path("charter/taking/", views.taking, name="charter-taking"),
    path("charter/change/<str:number>/", views.change, name="charter-change"),
]
