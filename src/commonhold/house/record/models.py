"""The cache of the record: rows that lists, filters and searches read. ``commonhold house rebuild`` drops them and replays, and every page is the same.

Nothing here is believed: what a page says about one decision, who may act and what is missing comes from the fold.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Tip(models.Model):
    """How far the tables have come: one row. Where it differs from the log's own root at that size, they are dropped and made again."""

    org = models.CharField(max_length=64)
    epoch = models.PositiveIntegerField()
    size = models.PositiveBigIntegerField()
    root = models.CharField(max_length=64)
    covered = models.PositiveBigIntegerField()

    def __str__(self) -> str:
        return f"{self.size} entries of epoch {self.epoch}"


class Entry(models.Model):
    """One entry of this epoch's log and what became of it. *time* is the record's clock at the attest that covers it; none while it is pending."""

    index = models.PositiveBigIntegerField(primary_key=True)
    entry = models.CharField(max_length=64, db_index=True)
    type = models.CharField(max_length=16)
    by = models.CharField(max_length=32)
    subject = models.CharField(max_length=64, db_index=True)
    kind = models.CharField(max_length=64)
    code = models.CharField(max_length=80)
    words = models.TextField()
    next_step = models.TextField()
    events = models.JSONField()
    time = models.BigIntegerField(null=True)

    class Meta:
        """Newest first is how people read."""

        ordering: ClassVar[list[str]] = ["-index"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["type", "-index"], name="record_entry_type"),
            models.Index(fields=["by", "-index"], name="record_entry_by"),
        ]

    def __str__(self) -> str:
        return f"{self.index}: {self.type} by {self.by}"


class Decision(models.Model):
    """One proposal, open or closed. *text* is what a search looks through: its kind, its names, and the words that were proposed while they are kept."""

    proposal = models.CharField(max_length=64, primary_key=True)
    index = models.PositiveBigIntegerField(unique=True)
    kind = models.CharField(max_length=64)
    by = models.CharField(max_length=32)
    status = models.CharField(max_length=16)
    emergency = models.BooleanField(default=False)
    closed = models.BigIntegerField(null=True)
    time = models.BigIntegerField(null=True)
    text = models.TextField()

    class Meta:
        """Newest first."""

        ordering: ClassVar[list[str]] = ["-index"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["status", "-index"], name="record_decision_status"),
            models.Index(fields=["kind", "-index"], name="record_decision_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.proposal[:12]}: {self.status}"
