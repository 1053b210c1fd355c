"""The house's own picture model: Wagtail's, with the words that every picture needs beside it."""

from django.db import models
from wagtail.images.models import AbstractImage, AbstractRendition, Image


class HouseImage(AbstractImage):
    """A picture, who made it, and by which right it is used."""

    author = models.CharField(max_length=200, blank=True)
    rights = models.CharField(max_length=200, blank=True)
    admin_form_fields = (*Image.admin_form_fields, "author", "rights")


class HouseRendition(AbstractRendition):
    """A picture at one size."""

    image = models.ForeignKey(HouseImage, on_delete=models.CASCADE, related_name="renditions")

    class Meta:
        """One rendition for each size and place."""

        unique_together = (("image", "filter_spec", "focal_point_key"),)
