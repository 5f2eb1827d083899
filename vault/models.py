from django.db import models


class Canary(models.Model):
    """A known word under each key in use: if a key no longer reads or makes it, the key is the wrong one."""

    class Ring(models.TextChoices):
        FIELD = "field"
        HASH = "hash"

    ring = models.CharField(max_length=5, choices=Ring)
    key_id = models.CharField(max_length=32)
    proof = models.TextField()

    class Meta:
        verbose_name_plural = "canaries"
        constraints = [models.UniqueConstraint(fields=["ring", "key_id"], name="one_canary_per_key")]

    def __str__(self):
        return f"{self.ring} key {self.key_id}"


class Backup(models.Model):
    """A backup that was written whole, so that the owner sees when none is made any more."""

    made_at = models.DateTimeField()

    def __str__(self):
        return f"backup of {self.made_at:%Y-%m-%d %H:%M}"
