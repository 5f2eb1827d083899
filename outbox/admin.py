from django.contrib import admin, messages
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from outbox import services
from outbox.models import Message
from vault.crypto import UnreadableError


@admin.register(Message)
class MessageAdmin(admin.ModelAdmin):
    list_display = ["kind", "about", "state", "attempts", "next_attempt_at", "last_error"]
    list_filter = ["state"]
    # Not the values for the template: a path may hold a secret.
    fields = [
        "kind",
        "about",
        "channel",
        "recipient",
        "language",
        "state",
        "attempts",
        "next_attempt_at",
        "last_error",
        "created_at",
        "sent_at",
    ]
    actions = ["try_again"]

    def lookup_allowed(self, lookup, value, request):
        # Any other column could be asked for in the address, letter by letter: the values for the template too.
        return lookup == "state__exact"

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def has_release_permission(self, request):
        return request.user.has_perm("outbox.change_message")

    @admin.display(description=_("recipient"))
    def recipient(self, message):
        try:
            return message.masked_recipient
        except UnreadableError:
            return _("cannot be read with the keys in use")

    @admin.action(description=_("Try again"), permissions=["release"])
    def try_again(self, request, queryset):
        released = refused = 0
        for message in queryset:
            try:
                services.release(message, by=request.user)
            except services.NotReleasable:
                refused += 1
            else:
                released += 1
                self.log_change(request, message, "Released to be tried again.")
        if released:
            words = ngettext("%d message will be tried again.", "%d messages will be tried again.", released)
            self.message_user(request, words % released, messages.SUCCESS)
        if refused:
            words = ngettext(
                "%d message was left as it is: it is on its way or has gone.",
                "%d messages were left as they are: they are on their way or have gone.",
                refused,
            )
            self.message_user(request, words % refused, messages.WARNING)
