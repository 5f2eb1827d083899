"""What leaves the desk on paper or by the clipboard: a summary for the record system, and a sheet for the exam room."""

from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from appointments.admin.correct import corrections_of
from appointments.admin.page import VOICEMAIL, flags_of, name_of, needs_of
from appointments.models import AppointmentRequest, Referral
from appointments.services import moves
from appointments.transitions import READERS
from practice import phones

PAPERS = ("summary", "print")


@dataclass(frozen=True)
class Section:
    """`lines` are (label, value) without the empty ones; `for_room`: whether the exam room needs it."""

    heading: str
    lines: list[tuple[str, str]]
    for_room: bool = True


def sections_of(appointment_request) -> list[Section]:
    """Everything that staff may see, in the order in which a record system asks for it."""
    every = [
        Section(_("Patient"), _patient(appointment_request)),
        Section(_("How to reach the patient"), _reach(appointment_request), for_room=False),
        Section(_("Why"), _why(appointment_request)),
        Section(_("Insurance"), _insurance(appointment_request), for_room=False),
        Section(_("Referring doctor"), _doctor(appointment_request)),
        Section(_("Visit"), _visits(appointment_request)),
        Section(_("Asked and answered"), _questions(appointment_request)),
        Section(_("Request"), _work(appointment_request), for_room=False),
        Section(_("Calls"), _calls(appointment_request), for_room=False),
        Section(_("Notes"), _notes(appointment_request), for_room=False),
    ]
    filled = [Section(one.heading, [pair for pair in one.lines if pair[1]], one.for_room) for one in every]
    return [section for section in filled if section.lines]


def as_text(reference, sections) -> str:
    """Labelled lines. A line that goes on is indented, so that nobody's words look like a label of ours."""
    blocks = [_("Reference: %(reference)s") % {"reference": reference}]
    for section in sections:
        lines = [f"{label}: {value}".replace("\n", "\n    ") for label, value in section.lines]
        blocks.append("\n".join([section.heading.upper(), *lines]))
    return "\n\n".join(blocks)


def _patient(appointment_request):
    corrected = [
        (_("%(field)s as the patient typed it") % {"field": one.label}, one.typed)
        for one in corrections_of(appointment_request).values()
    ]
    return [
        (_("Last name"), appointment_request.last_name),
        (_("First name"), appointment_request.first_name),
        (_("Say"), appointment_request.name_pronunciation),
        (_("Date of birth"), _day(appointment_request.date_of_birth)),
        (_("Phone"), appointment_request.phone_display),
        (_("E-mail"), appointment_request.email),
        *corrected,
        (_("ZIP code"), appointment_request.zip_code),
        (_("Language"), appointment_request.get_language_display()),
        (_("Needs"), "; ".join(map(str, needs_of(appointment_request)))),
        (_("Asked by"), appointment_request.on_behalf_name),
        (_("Phone of who asked"), phones.display(appointment_request.on_behalf_phone)),
        (_("The patient knows"), appointment_request.get_patient_knows_display()),
    ]


def _reach(appointment_request):
    return [
        (_("Reach by"), appointment_request.get_reach_by_display()),
        (_("Best time"), appointment_request.get_best_time_display()),
        (_("Voicemail"), str(VOICEMAIL[appointment_request.voicemail])),
        (
            _("Date and place of a visit by e-mail"),
            _("allowed") if appointment_request.visit_details_by_email else _("not allowed"),
        ),
    ]


def _why(appointment_request):
    referral = getattr(appointment_request, "referral", None)
    said = [(_("In the patient's words"), appointment_request.reason)]
    if referral and referral.source == Referral.Source.OFFICE:
        said = [(_("The office asks"), referral.question), (_("Diagnosis"), referral.diagnosis)]
    return [
        (_("Urgent signs"), "; ".join(map(str, flags_of(appointment_request.urgent_flags)))),
        *said,
        (_("Topic"), appointment_request.get_topic_display()),
        (_("Accident on"), _day(appointment_request.accident_on)),
        (_("Here before"), appointment_request.get_returning_display()),
        (_("Days"), ", ".join(map(str, appointment_request.day_labels))),
        (_("Part of day"), appointment_request.get_part_of_day_display()),
        (_("Not before"), _day(appointment_request.earliest_on)),
        (_("In Florida from"), _day(appointment_request.in_florida_from)),
        (_("In Florida until"), _day(appointment_request.in_florida_to)),
    ]


def _insurance(appointment_request):
    return [
        (_("Kind"), appointment_request.get_payer_kind_display()),
        (_("Insurer"), appointment_request.payer_name),
        (_("Member number"), appointment_request.member_number),
    ]


MAY_CONTACT = {True: gettext_lazy("yes"), False: gettext_lazy("no"), None: gettext_lazy("not said")}


def _doctor(appointment_request):
    named = [
        (_("Doctor"), appointment_request.referrer_name),
        (_("Practice"), appointment_request.referrer_practice),
        (_("Phone or fax"), appointment_request.referrer_phone),
    ]
    may = (_("May we contact this doctor"), MAY_CONTACT[appointment_request.may_contact_referrer])
    return [*named, may] if any(value for _label, value in named) else []


def _visits(appointment_request):
    return [
        (visit.get_status_display(), " · ".join(filter(None, [_when(visit.starts_at), *_place(visit)])))
        for visit in appointment_request.visits.select_related("location", "clinician")
    ]


def _place(visit):
    return str(visit.location), str(visit.clinician or "")


def _questions(appointment_request):
    return [(one.text, one.answer or _("not answered")) for one in appointment_request.patient_questions.all()]


def _work(appointment_request):
    worker = appointment_request.assignee
    return [
        (_("Sent"), _when(appointment_request.submitted_at)),
        (_("Came by"), appointment_request.get_channel_display()),
        (_("Promised by"), _when(appointment_request.respond_by)),
        (_("Deadline"), _when(appointment_request.deadline_at)),
        (_("Status"), appointment_request.get_status_display()),
        (_("Waiting for"), appointment_request.get_waiting_on_display()),
        (_("Next step on"), _when(appointment_request.next_action_at)),
        (_("Outcome"), appointment_request.get_outcome_display()),
        (_("Works on it"), name_of(worker) if worker else ""),
    ]


def _calls(appointment_request):
    return [
        (
            _told(call),
            ". ".join(filter(None, [f"{call.get_channel_display()}: {call.get_result_display()}", call.note])),
        )
        for call in appointment_request.contact_attempts.select_related("by")
    ]


def _notes(appointment_request):
    return [(_told(note), note.text) for note in appointment_request.staff_notes.select_related("by")]


def _told(entry):
    return f"{_when(entry.at)}, {name_of(entry.by)}"


def _day(date):
    return date_format(date, "F j, Y") if date else ""


def _when(at):
    return date_format(timezone.localtime(at), "F j, Y, P") if at else ""


class PapersMixin:
    """Two pages beside that of a request, for those who may read the patient's words; opening one is a read (P28)."""

    def get_urls(self):
        own = [
            path(
                f"<int:pk>/{paper}/",
                self.admin_site.admin_view(require_safe(self.paper_view)),
                {"paper": paper},
                name=f"appointments_appointmentrequest_{paper}",
            )
            for paper in PAPERS
        ]
        return [*own, *super().get_urls()]

    def paper_view(self, request, pk, paper):
        if not self.has_view_permission(request) or not moves.groups_of(request.user) & READERS:
            raise PermissionDenied
        appointment_request = AppointmentRequest.objects.select_related("assignee", "referral").filter(pk=pk).first()
        if appointment_request is None:
            raise Http404
        moves.record_read(appointment_request, by=request.user)
        sections = sections_of(appointment_request)
        context = {
            **self.admin_site.each_context(request),
            "title": appointment_request.reference,
            "opts": self.opts,
            "appointment_request": appointment_request,
            "sections": [section for section in sections if section.for_room],
            "text": as_text(appointment_request.reference, sections),
            "printed_at": _when(timezone.now()),
            "printed_by": name_of(request.user),
        }
        return TemplateResponse(request, f"admin/appointments/appointmentrequest/{paper}.html", context)
