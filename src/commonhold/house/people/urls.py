"""The addresses of people and offices."""

from django.urls import path

from commonhold.house.people import views

urlpatterns = [
    path("people/", views.people, name="people"),
    path("people/<str:member>/", views.person, name="person"),
]
