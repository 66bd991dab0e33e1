"""Who signed in, changed settings, took data out, or changed many records at once."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone


class AuditEntry(models.Model):
    """A line of the audit log. The database itself refuses to change or delete one: retention alone may.

    ``who`` is kept beside ``user``: of a sign-in that failed it is what was typed.
    """

    class Kind(models.TextChoices):
        SIGN_IN = "sign_in", "Sign-in"
        FAILED = "failed", "Failed sign-in"
        SIGN_OUT = "sign_out", "Sign-out"
        ACCESS = "access", "Passwords, second factors, tokens"
        PEOPLE = "people", "People and roles"
        SETTINGS = "settings", "Settings"
        EXPORT = "export", "Export"
        MASS = "mass", "Mass action"

    at = models.DateTimeField(default=timezone.now, db_default=Now())
    kind = models.CharField(max_length=8, choices=Kind)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    who = models.CharField(max_length=254, blank=True, default="")
    what = models.CharField(max_length=300, blank=True, default="")
    address = models.GenericIPAddressField("from", null=True, blank=True)

    class Meta:
        verbose_name = "audit entry"
        verbose_name_plural = "audit log"
        indexes = [
            models.Index(fields=["-at", "-id"], name="audit_newest"),
            models.Index(fields=["kind", "-at", "-id"], name="audit_of_kind"),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.what or self.who}"
