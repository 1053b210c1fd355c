"""The addresses of custody."""

from django.urls import path

from commonhold.house.custody import views

urlpatterns = [
    path("custody/", views.custody, name="custody"),
    path("custody/picture.svg", views.picture, name="custody-picture"),
    path("custody/upload/", views.upload, name="custody-upload"),
    path("custody/remove/", views.remove, name="custody-remove"),
]
