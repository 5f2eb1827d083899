from django.db import models


class RateCount(models.Model):
    """How often something happened within a window of time. `key` names what and, as a keyed hash, who."""

    key = models.CharField(max_length=140)
    window_start = models.DateTimeField(db_index=True)
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "window_start"], name="one_count_per_key_and_window")]

    def __str__(self):
        return f"{self.pk}: {self.count}"
