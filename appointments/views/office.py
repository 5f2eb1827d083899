"""The page of a referring office about one referral: where it stands, its letters, and what the office can send us."""

from functools import wraps

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from appointments import referral_words
from appointments.forms.office import FILE_SENTENCES, MessageForm, OfficeFileForm
from appointments.letters import LettersUnavailable, letter_pdf
from appointments.models import ReferralUpdate
from appointments.services import files, letters, office_page
from appointments.services.access import OFFICE
from appointments.services.files import FileRefused
from appointments.services.rights import MoveNotAllowed
from appointments.transitions import OPEN
from appointments.views.private import SeeOther
from appointments.views.status import forget, with_session

DONE = {
    "file": gettext_lazy("Thank you. We have your file."),
    "message": gettext_lazy("Thank you. We have your message. We answer by phone or by letter."),
    "read": gettext_lazy("Thank you. We have noted that you have read it."),
}


def for_office(view):
    """As for a patient's page; and each opening is a read of the record by that office (P28)."""

    @wraps(view)
    def wrapped(request, access, **kwargs):
        office_page.record_read(access.link)
        return view(request, access, **kwargs)

    return with_session(wrapped, OFFICE)


@for_office
@require_safe
def office(request, access):
    return page(request, access, done=DONE.get(request.GET.get("done"), ""))


@for_office
@require_http_methods(["GET", "HEAD", "POST"])
def office_full(request, access):
    """The page with the patient's name. It answers the POST itself: no address shows it to whoever opens that."""
    if request.method != "POST":
        return redirect(home_of(access))
    office_page.show_in_full(access.link)
    return page(request, access, full=True)


@for_office
@require_POST
def office_letter(request, access, letter_id):
    """One letter, to be saved. By POST, so that whatever looks ahead at links opens none."""
    try:
        letter = office_page.open_letter(access.link, letter_id)
        content = letter_pdf(letter.content)
    except ReferralUpdate.DoesNotExist:
        raise Http404 from None
    except LettersUnavailable:
        told = _("We cannot show the letter right now, and it is our fault. Please call us: we fax it to you.")
        return page(request, access, told=told, status=503)
    name = f"{access.appointment_request.reference}-{letter.public_id.hex[:8]}.pdf"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(content, content_type="application/pdf", headers=headers)


@for_office
@require_POST
def office_read(request, access, letter_id):
    """Pressed twice, or for a letter that staff have confirmed since: it is read, which is what was said."""
    if not office_page.letters_of(access.link).filter(public_id=letter_id).exists():
        raise Http404
    try:
        letters.confirm_read(letter_id)
    except (letters.Stale, MoveNotAllowed):
        return SeeOther(home_of(access))
    return back(access, "read")


@for_office
@require_http_methods(["GET", "HEAD", "POST"])
def office_message(request, access):
    if request.method != "POST":
        return redirect(home_of(access))
    form = MessageForm(request.POST)
    if not form.is_valid():
        return page(request, access, message_form=form, status=422)
    try:
        office_page.write(access.link, form.cleaned_data["message"], entry_id=form.cleaned_data["entry_id"])
    except office_page.TooManyMessages:
        form.add_error("message", _("You have written many times within an hour. Please call us."))
        return page(request, access, message_form=form, status=429)
    return back(access, "message")


@for_office
@require_http_methods(["GET", "HEAD", "POST"])
def office_files(request, access):
    if request.method != "POST":
        return redirect(home_of(access))
    form = OfficeFileForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            files.keep_file(access.appointment_request, form.cleaned_data["file"], office=access.link.office)
            return back(access, "file")
        except FileRefused as refused:
            if refused.code in (files.FINISHED, files.TOO_MANY):
                return page(request, access, told=FILE_SENTENCES[refused.code], status=409)
            form.add_error("file", FILE_SENTENCES[refused.code])
    return page(request, access, file_form=form, status=422)


@for_office
@require_POST
def office_wrong(request, access):
    """They are not whom we meant: nothing more goes there, and nothing stays on this device."""
    office_page.say_wrong(access.link)
    response = render(request, "appointments/office/wrong.html", {"path": reverse("home")})
    return forget(response, access.session.public_id, OFFICE)


def home_of(access):
    return reverse("appointments:office", args=[access.session.public_id])


def back(access, done):
    return SeeOther(f"{home_of(access)}?done={done}")


def page(request, access, *, full=False, done="", told="", message_form=None, file_form=None, status=200):
    """The page as the referral stands now; a form that is given has errors. `told` says what could not be done."""
    referral = access.appointment_request.referral
    letters_there = list(office_page.letters_of(access.link))
    sent = list(access.appointment_request.patient_files.kept().sent_by(access.link.office))
    forms = [form for form in (message_form, file_form) if form]
    context = {
        "access": access,
        "referral": referral,
        "patient": access.appointment_request,
        "full": full,
        "initials": referral_words.initials(access.appointment_request),
        "path": home_of(access),
        **where_it_stands(referral),
        "letters": letters_there,
        "has_unread": any(letter.status == ReferralUpdate.Status.SENT for letter in letters_there),
        "sent": what_was_sent(office_page.messages_of(access.link), sent),
        "files": sent,
        "files_open": access.appointment_request.status in OPEN,
        "files_left": files.MOST_FILES - len(sent),
        "file_form": file_form or OfficeFileForm(),
        "message_form": message_form or MessageForm(),
        "done": done,
        "told": told,
        "problems": [problem for form in forms for problem in form.summary()],
    }
    return render(request, "appointments/office/page.html", context, status=status)


def what_was_sent(messages, sent) -> list[dict]:
    """What this office wrote and sent on the page, the newest first."""
    said = [{"at": message.at, "words": message.comment} for message in messages]
    said += [{"at": file.created_at, "file": file} for file in sent]
    return sorted(said, key=lambda one: one["at"], reverse=True)


def where_it_stands(referral) -> dict:
    visit = referral_words.visit_of(referral)
    return {
        "title": referral_words.title(referral),
        "sentence": referral_words.sentence(referral),
        "next_step": referral_words.next_step(referral),
        "letter_by": referral_words.letter_by(referral),
        "is_asked": referral_words.is_asked(referral),
        "answer_by": None if visit else referral_words.answer_by(referral),
        "visit": visit,
    }
