"""The links to the page of the referring office, on the page of a referral."""

import segno
from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appointments.models import AccessLink, ContactPoint
from appointments.services import access, office_links
from appointments.services.rights import MoveNotAllowed, NoRight
from appointments.templatetags.promise import promise
from appointments.transitions import REFERRERS

TEMPLATES = "admin/appointments/referral"
# The events of links and of the office's page, as the history names them.
DONE = {
    "office-link": gettext_lazy("Made a link for the office"),
    "code-read-out": gettext_lazy("Made a code, and read it out on the phone"),
    "office-links-ended": gettext_lazy("Ended all links of the office"),
    "shown-in-full": gettext_lazy("The office looked at the full name"),
    "letter-opened": gettext_lazy("The office opened a letter"),
    "letter-read": gettext_lazy("The office says that it has read a letter"),
    "office-wrote": gettext_lazy("The office wrote"),
    "office-sent-file": gettext_lazy("The office sent a file"),
    "wrong-office": gettext_lazy("They say that they are the wrong office"),
}


class PointField(forms.ModelChoiceField):
    """A contact point, named by its `public_id`."""

    def __init__(self, label):
        super().__init__(ContactPoint.objects.none(), to_field_name="public_id", label=label)


class LinkField(forms.ModelChoiceField):
    def label_from_instance(self, link):
        return f"{link.contact_point}, {date_format(timezone.localtime(link.created_at), 'N j, P')}"


class LinkForm(forms.Form):
    contact_point = PointField(gettext_lazy("Send it to"))

    def __init__(self, referral, data=None):
        super().__init__(data, auto_id="id_office_link_%s")
        self.fields["contact_point"].queryset = office_links.receivers_of(referral, timezone.now())
        receivers = self.fields["contact_point"].queryset  # the field's own copy, so that both ask only once
        if len(receivers) == 1:
            self.initial["contact_point"] = receivers[0].public_id


class ReadOutForm(forms.Form):
    link = LinkField(AccessLink.objects.none(), label=gettext_lazy("For the link that went to"), empty_label=None)
    called = PointField(gettext_lazy("Which number did you call?"))

    def __init__(self, referral, data=None):
        super().__init__(data, auto_id="id_office_code_%s")
        self.fields["link"].queryset = office_links.links_of(referral).valid(timezone.now())
        self.fields["called"].queryset = office_links.numbers_of(referral, timezone.now())


class OfficeLinksMixin:
    """The section of links. `office_actions` says which button is whose, as LettersMixin does for letters."""

    def office_context(self, referral, groups) -> dict:
        """What _office_links.html takes beside `referral`; its forms are None for those who have no right."""
        now, may = timezone.now(), bool(groups & REFERRERS)
        links = list(office_links.links_of(referral))
        return {
            "office_links": [(link, _state(link, now)) for link in links],
            "office_has_open": any(link.is_valid(now) for link in links),
            "office_link_form": LinkForm(referral) if may else None,
            "office_code_form": ReadOutForm(referral) if may else None,
        }

    def _office_link(self, request, referral):
        form = LinkForm(referral, request.POST)
        if not form.is_valid():
            return self._refused(request, referral, _("Choose a verified number or address of this office."), 422)
        point = form.cleaned_data["contact_point"]
        try:
            path = office_links.make_link(referral.public_id, point, by=request.user)
        except NoRight:
            raise PermissionDenied from None
        except MoveNotAllowed as refused:
            return self._refused(request, referral, refused.says, 409)
        if not path:
            return self._done(request, referral, "office link", _("The link is on its way by e-mail."))
        self.log_change(request, referral, "office link")
        until = timezone.now() + access.LINK_LIFE
        start, __, token = f"{settings.PUBLIC_URL}{path}".rpartition("/")
        context = {"contact_point": point, "start": start, "groups": token.split("-"), "until": promise(until)}
        context["qr"] = _drawing(f"{start}/{token}")
        return self._sheet(request, referral, "office_sheet", context)

    def _office_code(self, request, referral):
        form = ReadOutForm(referral, request.POST)
        if not form.is_valid():
            return self._refused(request, referral, _("Say which verified phone of this office you called."), 422)
        try:
            code, until = office_links.read_out(referral.public_id, **form.cleaned_data, by=request.user)
        except NoRight:
            raise PermissionDenied from None
        except MoveNotAllowed as refused:
            return self._refused(request, referral, refused.says, 409)
        self.log_change(request, referral, "code read out")
        context = {"code": f"{code[:4]} {code[4:]}", "until": promise(until), "called": form.cleaned_data["called"]}
        return self._sheet(request, referral, "office_code", context)

    def _office_end(self, request, referral):
        try:
            office_links.end_links(referral.public_id, by=request.user)
        except NoRight:
            raise PermissionDenied from None
        return self._done(request, referral, "office links ended", _("All links of this office have ended."))

    office_actions = {"office_link": _office_link, "office_code": _office_code, "office_end": _office_end}

    def _refused(self, request, referral, says, status):
        messages.error(request, says)
        return self._page(request, referral, status=status)

    def _sheet(self, request, referral, template, context):
        """A page that is shown once: what stands on it is stored nowhere."""
        context = {**self.admin_site.each_context(request), "opts": self.opts, "referral": referral} | context
        return TemplateResponse(request, f"{TEMPLATES}/{template}.html", context | {"title": str(referral)})


def _drawing(address) -> dict:
    """Its QR code, drawn in the page itself: an image of its own would need an address, which would hold the secret."""
    code = segno.make_qr(address, error="m")
    dark = [(x, y) for y, row in enumerate(code.matrix) for x, is_dark in enumerate(row) if is_dark]
    return {"size": code.symbol_size()[0], "path": "".join(f"M{x} {y}h1v1h-1z" for x, y in dark)}


def _state(link, at) -> str:
    if link.is_valid(at):
        return _("works until %(when)s") % {"when": promise(link.expires_at)}
    return _("is over") if link.stands(at) else _("has ended")
