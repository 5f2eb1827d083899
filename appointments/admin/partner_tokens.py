import datetime

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from appointments.admin.page import name_of
from appointments.models import PartnerToken, ReferringPractice
from appointments.services import partners
from appointments.services.rights import NoRight


def a_year_from_now() -> datetime.date:
    return timezone.localdate() + datetime.timedelta(days=partners.LONGEST_DAYS)


class PartnerTokenForm(forms.ModelForm):
    last_day = forms.DateField(
        label=gettext_lazy("Last day"),
        help_text=gettext_lazy("At most one year from now. Make the next token before this one ends."),
        initial=a_year_from_now,
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )

    class Meta:
        model = PartnerToken
        fields = ("practice", "name")
        help_texts = {"name": gettext_lazy("The program that will read, and where: “EHR, main office”.")}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "practice" in self.fields:  # not for those who only look
            self.fields["practice"].queryset = ReferringPractice.objects.filter(is_active=True)

    def clean_last_day(self):
        """The day as the moment of its end."""
        midnight = datetime.datetime.combine(self.cleaned_data["last_day"], datetime.time.max)
        self.instance.expires_at = timezone.make_aware(midnight)
        partners.check_end(self.instance.expires_at)
        return self.cleaned_data["last_day"]

    def clean(self):
        """Loading the page with the token anew sends the form again: that makes no second token."""
        cleaned = super().clean()
        same = PartnerToken.objects.live(timezone.now()).filter(
            practice=cleaned.get("practice"), name=cleaned.get("name")
        )
        if same.exists():
            raise ValidationError(_("This system has a token already. Revoke it first, or choose another name."))
        return cleaned


@admin.register(PartnerToken)
class PartnerTokenAdmin(admin.ModelAdmin):
    """Tokens of offices that read their referrals as FHIR. The token itself is shown once, where it is made."""

    form = PartnerTokenForm
    list_display = ("name", "practice", "state", "expires_at", "who")
    list_select_related = ("practice", "by")
    list_per_page = 50
    sortable_by = ()
    show_full_result_count = False
    actions = ("revoke",)

    def lookup_allowed(self, lookup, value, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def get_fields(self, request, obj=None):
        made = ("practice", "name", "state", "created_at", "expires_at", "revoked_at", "who")
        return made if obj else ("practice", "name", "last_day")

    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(request, {"title": _("Partner tokens")} | (extra_context or {}))

    def add_view(self, request, form_url="", extra_context=None):
        return super().add_view(request, form_url, {"title": _("Make a token")} | (extra_context or {}))

    def save_model(self, request, obj, form, change):
        try:
            request.partner_secret = partners.issue(obj, by=request.user)
        except NoRight:  # whoever has Django's right alone
            raise PermissionDenied from None

    def response_add(self, request, obj, post_url_continue=None):
        """The token, on this page and nowhere else: a message or a session would store it."""
        context = self.admin_site.each_context(request) | {
            "title": _("The token"),
            "opts": self.opts,
            "token": obj,
            "secret": request.partner_secret,
        }
        return TemplateResponse(request, "admin/appointments/partnertoken/made.html", context)

    @admin.action(description=gettext_lazy("Revoke: it opens nothing any more"), permissions=["add"])
    def revoke(self, request, queryset):
        try:
            ended = [token for token in queryset if partners.revoke(token, by=request.user)]
        except NoRight:
            raise PermissionDenied from None
        for token in ended:
            self.log_change(request, token, "Revoked.")
        said = ngettext("%d token was revoked.", "%d tokens were revoked.", len(ended)) % len(ended)
        messages.success(request, said)

    @admin.display(description=gettext_lazy("state"))
    def state(self, token):
        if token.revoked_at:
            return _("revoked")
        return _("valid") if token.expires_at > timezone.now() else _("ended")

    @admin.display(description=gettext_lazy("by"))
    def who(self, token):
        return name_of(token.by)
