"""Words that forms, rows and staff share: the choices of a request."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Channel(models.TextChoices):
    WEB = "web", _("Website")
    PHONE = "phone", _("Phone")
    FAX = "fax", _("Fax")
    WALK_IN = "walk-in", _("Walk-in")
    REFERRAL = "referral", _("Referral")


class ForWhom(models.TextChoices):
    MYSELF = "myself", _("Myself")
    SOMEONE_ELSE = "someone-else", _("Someone else")


class UrgentSign(models.TextChoices):
    """The signs of includes/_emergency.html, some of them put together."""

    BLADDER_BOWEL = "bladder-bowel", _("Trouble with bladder or bowels: leaking, not starting, or not feeling it")
    SADDLE_NUMBNESS = (
        "saddle-numbness",
        _("Numbness or tingling between the legs, or new numbness or loss of function during sex"),
    )
    LEG_WEAKNESS = "leg-weakness", _("One or both legs getting weaker, or a foot that drags")
    FEVER = "fever", _("Fever or chills")
    INJURY = "injury", _("Bad pain after a fall, a crash or another injury")
    BELLY_PAIN = "belly-pain", _("Sudden, severe belly pain")


class Topic(models.TextChoices):
    NEW_PAIN = "new-pain", _("A new pain, or one that got worse")
    LASTING_PAIN = "lasting-pain", _("Pain that has been there for a while")
    PROCEDURE = "procedure", _("A procedure I read about, or that a doctor ordered")
    SECOND_OPINION = "second-opinion", _("A second opinion")
    FOLLOW_UP = "follow-up", _("A follow-up visit")
    ACCIDENT = "accident", _("Pain after a car accident")
    # No appointments: appointments.phone_lines has the numbers to call.
    REFILL = "refill", _("A refill of a medicine")
    RECORDS = "records", _("A copy of my records")
    BILL = "bill", _("A question about a bill")


class Returning(models.TextChoices):
    NEW = "new", _("No, this is my first time")
    RETURNING = "returning", _("Yes")
    UNSURE = "unsure", _("I am not sure")


class PartOfDay(models.TextChoices):
    ANY = "any", _("Either is fine")
    MORNING = "morning", _("Morning")
    AFTERNOON = "afternoon", _("Afternoon")


class Day(models.TextChoices):
    MONDAY = "mon", _("Monday")
    TUESDAY = "tue", _("Tuesday")
    WEDNESDAY = "wed", _("Wednesday")
    THURSDAY = "thu", _("Thursday")
    FRIDAY = "fri", _("Friday")


class PayerKind(models.TextChoices):
    MEDICARE = "medicare", _("Medicare")
    MEDICARE_ADVANTAGE = "medicare-advantage", _("A Medicare Advantage plan")
    PRIVATE = "private", _("Private insurance, or through work")
    MEDICAID = "medicaid", _("Medicaid")
    AUTO = "auto", _("Car insurance, after an accident")
    WORKERS_COMP = "workers-comp", _("Workers' compensation")
    VETERANS = "veterans", _("Veterans' care")
    SELF_PAY = "self-pay", _("I pay myself")
    UNSURE = "unsure", _("I am not sure")


class ReachBy(models.TextChoices):
    CALL = "call", _("Call me")
    EMAIL = "email", _("Write me an e-mail")


class BestTime(models.TextChoices):
    ANY = "any", _("Any time in office hours")
    MORNING = "morning", _("Mornings")
    AFTERNOON = "afternoon", _("Afternoons")


class Voicemail(models.TextChoices):
    FULL = "full", _("Yes, with the reason for the call")
    NAME_ONLY = "name-only", _("Yes, but only your name and number")
    NONE = "none", _("No")


class Need(models.TextChoices):
    INTERPRETER = "interpreter", _("An interpreter")
    HEARING = "hearing", _("I do not hear well: speak slowly, or use relay")
    WHEELCHAIR = "wheelchair", _("I use a wheelchair or walker")
    LARGE_PRINT = "large-print", _("Papers in large print")


class PatientKnows(models.TextChoices):
    YES = "yes", _("Yes")
    NO = "no", _("Not yet")


class FileKind(models.TextChoices):
    PDF = "pdf", _("PDF")
    JPEG = "jpeg", _("Picture (JPEG)")
    PNG = "png", _("Picture (PNG)")


class Priority(models.IntegerChoices):
    """Lower comes first, so that the queue can be ordered by it."""

    URGENT = 1, _("Urgent")
    SOON = 2, _("Soon")
    ROUTINE = 3, _("Routine")


# In how many business hours staff have answered; otherwise by the time that the patient was promised.
CLOCK_HOURS = {Priority.URGENT: 1, Priority.SOON: 4}
