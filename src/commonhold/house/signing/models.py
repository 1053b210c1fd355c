"""Acts on their way: what a member wants to sign, kept until the record has it, so that no words are ever lost."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models


class Draft(models.Model):
    """One act of one member, not in the record yet (*entry* is empty) or there.

    *body* is what will be signed, *texts* the objects that it names, by digest, in base64. *size* is how many entries the log had when it was made: an act in
    the record before that is not this one. *leaf* is what was signed and could not be recorded.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="drafts")
    type = models.CharField(max_length=16)
    body = models.JSONField()
    texts = models.JSONField(default=dict)
    size = models.PositiveBigIntegerField()
    made = models.DateTimeField(auto_now_add=True)
    leaf = models.BinaryField(null=True, blank=True, max_length=1 << 16)
    trouble = models.TextField(blank=True)
    entry = models.CharField(max_length=64, blank=True)

    class Meta:
        """Newest first."""

        ordering: ClassVar[list[str]] = ["-made", "-pk"]

    def __str__(self) -> str:
        return f"{self.type} by {self.user} ({self.pk})"
