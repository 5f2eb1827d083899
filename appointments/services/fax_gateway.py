"""Fax by e-mail: the letter leaves through the outbox, whose worker asks once more whether it may."""

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appointments.letters import letter_pdf
from appointments.models import ContactKind, ReferralUpdate
from appointments.services import may_leave
from outbox.models import Message
from outbox.services import enqueue

KIND = "fax-letter"


class NoLongerTrue(Exception):
    """While its PDF was made, something happened after which the letter may not leave."""


class Gateway:
    """A provider to which a mail is sent, and who faxes what is attached to it."""

    label = _("Fax it by machine")
    help = _("It leaves within some minutes. Nothing has to be printed.")

    def is_available(self, contact_point):
        return bool(settings.FAX_GATEWAY) and contact_point.kind == ContactKind.FAX

    def send(self, update, by):
        enqueue(
            KIND,
            channel=Message.Channel.FAX,
            to=update.number,
            about=update.referral.appointment_request.reference,
            dedupe_key=key_of(update),
            context={"letter": str(update.public_id), "approved_at": update.approved_at.isoformat()},
        )
        return ReferralUpdate.Status.SENDING


def key_of(update: ReferralUpdate) -> str:
    """An approval is good for leaving once: a letter that failed and was approved anew is another message."""
    return f"letter:{update.public_id}:{update.approved_at.isoformat()}"


def letter_of(message: Message) -> ReferralUpdate | None:
    """The letter, if it still waits for the end of this very message."""
    named = {"public_id": message.context["letter"], "approved_at": message.context["approved_at"]}
    letters = ReferralUpdate.objects.filter(status=ReferralUpdate.Status.SENDING, **named)
    return letters.select_related("contact_point", "referral__appointment_request").first()


def is_still_true(message: Message) -> bool:
    """Whether the letter may leave this very moment, to this very number."""
    letter = letter_of(message)
    return letter is not None and message.to == letter.number and not may_leave.obstacle_of(letter, timezone.now())


def attachment(message: Message) -> tuple[str, bytes]:
    """(file name, PDF) of the letter, as it was approved. Raises NoLongerTrue: making it takes a second or two."""
    letter = letter_of(message)
    content = letter_pdf(letter.content)
    if not is_still_true(message):
        raise NoLongerTrue
    return f"{message.about}.pdf", content
