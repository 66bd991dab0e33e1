from django.conf import settings
from django.db import models
from django.utils import timezone


class KeptReply(models.Model):
    """What the REST API answered to a request with an ``Idempotency-Key``; without ``status`` it is under way.

    The reply is stored in the transaction of the work: where it lacks, nothing was done.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="Of method, address and body.")
    begun_at = models.DateTimeField(default=timezone.now, db_index=True)
    status = models.PositiveSmallIntegerField(null=True)
    location = models.TextField(blank=True, default="")
    body = models.TextField(blank=True, default="")

    class Meta:
        verbose_name = "kept reply"
        verbose_name_plural = "kept replies"
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="reply_kept_once")]

    def __str__(self) -> str:
        return self.key
