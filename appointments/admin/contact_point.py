"""The page of one contact point: what is verified, how it is proved, and what happened to it."""

from functools import partial

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import BadRequest, PermissionDenied, ValidationError
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appointments.admin.contact_forms import AddForm, CallBackForm, ChangeForm, DirectForm
from appointments.admin.directory_parts import DirectorySearchMixin, check_referrer
from appointments.admin.page import name_of
from appointments.admin.standing import SOON, html_of, verification
from appointments.models import ContactKind, ContactPoint, ReferringPractice
from appointments.services import contact_points
from appointments.services.contact_points import ON_PAPER, Stale
from appointments.services.moves import read_version
from appointments.services.rights import MoveNotAllowed, NoRight, groups_of
from appointments.transitions import REFERRERS
from practice.services import current_practice

FOLDER = "admin/appointments/contactpoint"
MOST_WAITING = 10  # of the referrals that a page leads back to


class VerificationFilter(admin.SimpleListFilter):
    title = gettext_lazy("verification")
    parameter_name = "verification"

    def lookups(self, request, model_admin):
        return [
            ("soon", _("Ends within 30 days, and referrals use it")),
            ("yes", _("Verified")),
            ("no", _("Not verified")),
        ]

    def queryset(self, request, queryset):
        now = timezone.now()
        verified = ContactPoint.objects.verified(now)
        return {
            "soon": lambda: queryset.filter(pk__in=ContactPoint.objects.expiring(now, within=SOON).in_use()),
            "yes": lambda: queryset.filter(pk__in=verified),
            "no": lambda: queryset.exclude(pk__in=verified),
        }.get(self.value(), queryset.all)()


@admin.register(ContactPoint)
class ContactPointAdmin(DirectorySearchMixin, admin.ModelAdmin):
    """Stock forms are never reached: everything changes through services."""

    fields = ()
    list_display = ("shown", "practice", "standing")
    list_select_related = ("practice",)
    list_filter = (VerificationFilter,)
    search_fields = ("practice__name", "value")
    sortable_by = ()
    show_facets = admin.ShowFacets.NEVER
    actions = None  # the bars stay on, see the queue

    def has_add_permission(self, request):
        return False  # a new one hangs on a practice, whose page leads to `add_view`

    def has_delete_permission(self, request, obj=None):
        return False

    @admin.display(description=gettext_lazy("contact point"))
    def shown(self, contact_point):
        return str(contact_point)

    @admin.display(description=gettext_lazy("verification"))
    def standing(self, contact_point):
        return html_of(verification(contact_point, timezone.now()))

    # A new one

    def add_view(self, request, form_url="", extra_context=None):
        """ "?practice=" names the practice it belongs to: its page leads here."""
        check_referrer(request)
        practice = _practice_or_404(request.GET.get("practice", ""))
        form = AddForm(request.POST or None)
        if form.is_valid():
            try:
                made = contact_points.add(practice, **_as_text(form.cleaned_data), by=request.user)
            except ValidationError as refused:
                form.add_error(None, refused)
            else:
                self.log_addition(request, made, "added")
                messages.success(request, _("Added. Nothing goes there before it is verified."))
                return HttpResponseRedirect(_page_of(made))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Add contact point"),
            "opts": self.opts,
            "practice_row": practice,
            "form": form,
        }
        return TemplateResponse(request, f"{FOLDER}/add.html", context, status=422 if form.errors else 200)

    # One of them

    def change_view(self, request, object_id, form_url="", extra_context=None):
        if not self.has_view_permission(request):
            raise PermissionDenied
        contact_point = self.get_object(request, object_id)
        if contact_point is None:
            raise Http404
        if request.method != "POST":
            return self._page(request, contact_point)
        check_referrer(request)
        return self._act(request, contact_point)

    def _act(self, request, contact_point):
        """What was pressed: the name of the button says what, and its form goes back with what was typed."""
        seen = {"seen_version": read_version(request.POST.get("seen_version", "")), "by": request.user}
        acts = {
            "change": (partial(ChangeForm, contact_point), self._change),
            "call": (CallBackForm, self._call),
            "direct": (DirectForm, self._direct),
            "challenge": (None, self._challenge),
            "active": (None, self._set_active),
        }
        pressed = next((name for name in acts if name in request.POST), None)
        if pressed is None:
            raise BadRequest
        form_class, act = acts[pressed]
        form = form_class and form_class(request.POST)
        try:
            if form is None or form.is_valid():
                return act(request, contact_point, form, seen)
        except Stale as stale:
            return self._page(request, stale.contact_point, status=409, bound=form, is_stale=True)
        except NoRight:
            raise PermissionDenied from None
        except MoveNotAllowed:
            raise BadRequest from None
        except ValidationError as refused:
            form.add_error(None, refused)
        return self._page(request, contact_point, status=422, bound=form)

    def _change(self, request, contact_point, form, seen):
        changed = contact_points.change(contact_point.public_id, form.cleaned_data["value"], **seen)
        return self._done(request, changed, "changed", _("Changed. Nothing goes there before it is verified."))

    def _call(self, request, contact_point, form, seen):
        verified = contact_points.verify_by_call(contact_point.public_id, **form.cleaned_data, **seen)
        return self._done(request, verified, "verified by a call", _("Verified for twelve months."))

    def _direct(self, request, contact_point, form, seen):
        verified = contact_points.verify_direct(contact_point.public_id, **form.cleaned_data, **seen)
        return self._done(request, verified, "verified as known", _("Verified for twelve months."))

    def _set_active(self, request, contact_point, form, seen):
        is_active = request.POST["active"] == "yes"
        changed = contact_points.set_active(contact_point.public_id, is_active, **seen)
        text = _("Used again. It has to be verified.") if is_active else _("Not used any more.")
        return self._done(request, changed, "used" if is_active else "not used", text)

    def _challenge(self, request, contact_point, form, seen):
        """The sheet itself answers: its code stands in no address and in no row, and is shown this once."""
        challenge, code = contact_points.challenge(contact_point.public_id, **seen)
        self.log_change(request, contact_point, "code made")
        context = {
            **self.admin_site.each_context(request),
            "title": _("Sheet with a code"),
            "contact_point": contact_point,
            "challenge": challenge,
            "code": code,
            "sender": current_practice(),
            "address": f"{settings.PUBLIC_URL.partition('://')[2]}{reverse('refer:verify')}",
            "made_at": timezone.now(),
            "back": _page_of(contact_point),
        }
        return TemplateResponse(request, f"{FOLDER}/sheet.html", context)

    def _done(self, request, contact_point, what, text):
        self.log_change(request, contact_point, what)
        messages.success(request, text)
        return HttpResponseRedirect(_page_of(contact_point))

    def _page(self, request, contact_point, *, status=200, bound=None, is_stale=False):
        may_change = bool(groups_of(request.user) & REFERRERS)
        context = {
            **self.admin_site.each_context(request),
            "title": str(contact_point),
            "opts": self.opts,
            "contact_point": contact_point,
            "badge": verification(contact_point, timezone.now()),
            "history": history_of(contact_point),
            "waiting": contact_point.practice.referrals.open_loops().select_related("appointment_request")[
                :MOST_WAITING
            ],
            "may_change": may_change,
            "is_stale": is_stale,
            "errors": bound is not None and bool(bound.errors),
            **(_forms(contact_point, bound) if may_change else {}),
        }
        return TemplateResponse(request, f"{FOLDER}/page.html", context, status=status)


def history_of(contact_point) -> list[tuple]:
    """(event, who did it), the newest first."""
    events = contact_point.events.select_related("by").order_by("-at", "-pk")
    return [(event, name_of(event.by)) for event in events]


def _forms(contact_point, bound):
    """The forms of the page, the one that was posted as it was posted."""
    made = {"change_form": ChangeForm(contact_point), "call_form": CallBackForm(), "direct_form": DirectForm()}
    if contact_point.kind != ContactKind.DIRECT:
        del made["direct_form"]
    made = {name: bound if type(bound) is type(form) else form for name, form in made.items()}
    return made | {"can_challenge": contact_point.kind in ON_PAPER}


def _practice_or_404(pk):
    practice = ReferringPractice.objects.filter(pk=read_version(pk)).first()
    if practice is None:
        raise Http404
    return practice


def _as_text(cleaned):
    return {"kind": cleaned["kind"], "text": cleaned["value"]}


def _page_of(contact_point):
    return reverse("admin:appointments_contactpoint_change", args=[contact_point.pk])
