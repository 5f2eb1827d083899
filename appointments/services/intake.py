"""A request that came by phone, by fax or at the counter, keyed in by staff: received like one from the website."""

import uuid
from collections.abc import Iterable

from django.contrib.auth.models import AbstractUser
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from appointments.forms.text import readable
from appointments.models import AppointmentRequest, RequestDraft
from appointments.services import draft as drafts
from appointments.services import draft_files, moves
from appointments.services.request import asked, receive
from appointments.services.secret import hashed, new_secret
from appointments.transitions import DESK, Status

# By these two requests from one page are told apart.
TOLD_APART_BY = ("first_name", "last_name", "date_of_birth", "phone_as_typed", "reason")


class FilesRefused(Exception):
    """`refused` is [code, name] of each file that is not taken."""

    def __init__(self, refused: list[list[str]]):
        super().__init__()
        self.refused = refused


def take_in(
    entry_id: uuid.UUID,
    answers: dict[str, dict[str, list[str]]],
    *,
    channel: str,
    language: str,
    take: bool,
    by: AbstractUser,
    uploads: Iterable[UploadedFile] = (),
) -> AppointmentRequest:
    """The request that `answers` (as in a RequestDraft) ask for; sent twice under one `entry_id` it is the same one.

    With `take`, `by` works on it from the start. `uploads` are the pages of a fax.

    Raises NoRight, OtherEntryError, FilesRefused, or what `receive` raises; nothing is saved then.
    """
    if not DESK & moves.groups_of(by):
        raise moves.NoRight
    with draft_files.written(uploads, who=str(entry_id), block=f"staff {by.pk}") as (pages, refused):
        return _take_in(entry_id, answers, pages, refused, channel=channel, language=language, take=take, by=by)


@transaction.atomic
def _take_in(entry_id, answers, pages, refused, *, channel, language, take, by):
    draft, is_new = RequestDraft.objects.get_or_create(public_id=entry_id, defaults=_closed_draft(answers, language))
    if not is_new:
        _check_same(draft.appointment_request, answers, language)
        return draft.appointment_request
    if refused := refused + draft_files.add_written(draft, pages):
        raise FilesRefused(refused)
    # No wording of consent was shown to the patient.
    appointment_request = receive(draft, by=by, channel=channel, consent_version="")
    if take and appointment_request.status == Status.RECEIVED:
        seen = appointment_request.version
        appointment_request = moves.move(appointment_request.public_id, "claim", seen_version=seen, by=by)
    return appointment_request


def _closed_draft(answers, language):
    """A draft to which nobody has the secret: it is there so that this page, too, makes one request."""
    typed = {
        step: {name: [readable(text) for text in texts] for name, texts in fields.items()}
        for step, fields in answers.items()
    }
    return {
        "secret_hash": hashed(new_secret()),
        "answers": typed,
        "language": language,
        "expires_at": drafts.expiry(),
    }


def _check_same(kept, answers, language):
    """Whoever goes Back and keys the next patient into the same page must not lose that one."""
    if kept is None:  # what somebody types on the website right now: only a hand-made form names that
        raise moves.MoveNotAllowed
    values, __ = asked(RequestDraft(**_closed_draft(answers, language)))
    if any(getattr(kept, name) != values[name] for name in TOLD_APART_BY):
        raise moves.OtherEntryError
