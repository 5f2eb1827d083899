from django.conf import settings
from django.db import models
from django.db.models.signals import pre_delete
from django.dispatch import receiver
from django.utils.translation import gettext_lazy as _

from appointments.models import words


class RoutingRuleQuerySet(models.QuerySet):
    def with_people(self):
        """Rules with those they name, for `told` and `reachable`: four queries, however many rules there are."""
        return self.select_related("group").prefetch_related("staff", "group__user_set")


class RoutingRule(models.Model):
    """Who is told about a new request. The first rule that matches wins; the last one, "everyone", always matches."""

    order = models.PositiveSmallIntegerField(
        _("order"), default=10, help_text=_("Rules are tried from the lowest number up.")
    )
    name = models.CharField(_("name"), max_length=80)
    is_everyone = models.BooleanField(default=False, editable=False)
    topic = models.CharField(_("topic"), max_length=20, choices=words.Topic, blank=True)
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES, blank=True)
    returning = models.CharField(_("here before"), max_length=10, choices=words.Returning, blank=True)
    payer_kind = models.CharField(_("insurance"), max_length=20, choices=words.PayerKind, blank=True)
    staff = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        blank=True,
        limit_choices_to={"is_staff": True, "is_active": True},
        verbose_name=_("staff"),
    )
    group = models.ForeignKey(
        "auth.Group", on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("everybody in")
    )
    priority = models.PositiveSmallIntegerField(
        _("priority"),
        choices=words.Priority,
        default=words.Priority.ROUTINE,
        help_text=_(
            "Urgent: answered within 1 business hour. Soon: within 4. Routine: by the time that the patient was told. "
            "A request with urgent signs is urgent in any case."
        ),
    )

    objects = RoutingRuleQuerySet.as_manager()

    CONDITIONS = ("topic", "language", "returning", "payer_kind")

    class Meta:
        verbose_name = _("routing rule")
        ordering = ["is_everyone", "order", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["is_everyone"], condition=models.Q(is_everyone=True), name="one_last_rule"),
            models.CheckConstraint(
                condition=models.Q(is_everyone=False) | models.Q(topic="", language="", returning="", payer_kind=""),
                name="last_rule_matches_everything",
            ),
        ]

    def __str__(self):
        return self.name

    def against(self, other) -> list[str]:
        """The conditions that keep `other`, a request or a rule, from this rule; [] if it takes all of `other`."""
        return [name for name in self.CONDITIONS if getattr(self, name) not in ("", getattr(other, name))]

    def matches(self, appointment_request) -> bool:
        return not self.against(appointment_request)

    @property
    def reachable(self) -> list:
        """Those of its staff and its group whom a mail reaches."""
        return reachable([*self.staff.all(), *(self.group.user_set.all() if self.group else ())])


def reachable(users) -> list:
    """Those of `users` who are active and have an e-mail address; two accounts with one mailbox are told once."""
    found = {user.email.casefold(): user for user in users if user.is_active and user.email}
    return sorted(found.values(), key=lambda user: user.pk)


@receiver(pre_delete, sender=RoutingRule)
def keep_the_last_rule(instance, **kwargs):
    """Also reached by a queryset's delete: without this rule a request could go unrouted."""
    if instance.is_everyone:
        raise models.ProtectedError(_("The last rule cannot be removed."), {instance})
