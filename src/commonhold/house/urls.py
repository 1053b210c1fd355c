"""Which address is which page. Everything that members see after they signed in stands in Wagtail's shell, which begins at the root."""

from django.urls import include, path
from wagtail.admin import urls as wagtailadmin_urls
from wagtail.documents import urls as wagtaildocs_urls

from commonhold.house.record.views import home

urlpatterns = [
    path("", include("commonhold.house.members.urls")),
    path("documents/", include(wagtaildocs_urls)),
    # Before Wagtail's own first page, which counts its pages and shows none of ours.
    path("", home, name="home"),
    path("", include(wagtailadmin_urls)),
]
