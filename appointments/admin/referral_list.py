"""The list of referrals, by what is to be done about their letters."""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.admin import SimpleListFilter
from django.db.models import Exists, F, OuterRef, Prefetch, Subquery, prefetch_related_objects
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appointments.admin.outstanding import LetterStatus, is_unverified, letters_of, of_letters
from appointments.models import ContactPoint, Referral, ReferralUpdate

LETTERS, REST = gettext_lazy("Letters"), gettext_lazy("All referrals")
NOT_LEFT = (LetterStatus.DUE, LetterStatus.PREPARED, LetterStatus.APPROVED, LetterStatus.FAILED)


@dataclass(frozen=True)
class LetterList:
    """`where` narrows the referrals; `empty` is what the list says when none is left."""

    group: str
    label: str
    where: Callable
    empty: str


def with_letter(*statuses):
    """Referrals whose patient allows it, with a letter in one of `statuses`."""
    letters = ReferralUpdate.objects.filter(referral=OuterRef("pk"), status__in=statuses)
    return lambda referrals: referrals.allowed().filter(Exists(letters))


DEFAULT = "to-do"
LISTS = {
    DEFAULT: LetterList(
        LETTERS,
        gettext_lazy("To write or send"),
        with_letter(*NOT_LEFT),
        gettext_lazy("No letter waits: everything that a referring office is owed has left."),
    ),
    "owed": LetterList(
        LETTERS, gettext_lazy("Owed"), with_letter(LetterStatus.DUE), gettext_lazy("Nobody is owed a letter.")
    ),
    "prepared": LetterList(
        LETTERS,
        gettext_lazy("Prepared"),
        with_letter(LetterStatus.PREPARED, LetterStatus.APPROVED),
        gettext_lazy("No letter waits to be looked at or sent."),
    ),
    "sent": LetterList(
        LETTERS,
        gettext_lazy("Sent, no proof yet"),
        with_letter(LetterStatus.SENDING, LetterStatus.SENT),
        gettext_lazy("Of every letter that was sent we know whether it arrived."),
    ),
    "failed": LetterList(
        LETTERS, gettext_lazy("Failed"), with_letter(LetterStatus.FAILED), gettext_lazy("No letter has failed.")
    ),
    "offices-wrote": LetterList(
        REST,
        gettext_lazy("Messages from offices"),
        lambda referrals: referrals.exclude(office_waits_since=None),
        gettext_lazy("No message or file of a referring office waits: somebody dealt with each one."),
    ),
    "no-office": LetterList(
        REST,
        gettext_lazy("No office chosen"),
        lambda referrals: referrals.open_loops().filter(practice=None),
        gettext_lazy("Of every open referral we know which office it is from."),
    ),
    "unanswerable": LetterList(
        REST,
        gettext_lazy("Nobody can answer"),
        lambda referrals: referrals.unanswerable(),
        gettext_lazy("Every office that waits for an answer can have one: we know it, and no patient is against it."),
    ),
    "open": LetterList(
        REST,
        gettext_lazy("Not answered yet"),
        lambda referrals: referrals.open_loops(),
        gettext_lazy("Every referral has been answered."),
    ),
    "all": LetterList(
        REST,
        gettext_lazy("All"),
        lambda referrals: referrals,
        gettext_lazy("No referrals yet. One begins with a request that names a doctor, or that an office sent."),
    ),
}


class LetterFilter(SimpleListFilter):
    """Which list is shown, as `?letters=`."""

    title = gettext_lazy("letters")
    parameter_name = "letters"

    def lookups(self, request, model_admin):
        return [(name, one.label) for name, one in LISTS.items()]

    @property
    def name(self):
        return self.value() if self.value() in LISTS else DEFAULT

    def queryset(self, request, queryset):
        """By the letter that is due first; the newest first where none is."""
        due = ReferralUpdate.objects.filter(referral=OuterRef("pk"), status__in=NOT_LEFT).order_by("due_at")
        found = LISTS[self.name].where(queryset).annotate(first_due=Subquery(due.values("due_at")[:1]))
        return found.order_by(F("first_due").asc(nulls_last=True), "-pk")

    def tabs(self, changelist) -> dict[str, list[dict]]:
        groups = {}
        for name, one in LISTS.items():
            query = changelist.get_query_string({self.parameter_name: name})
            tab = {"selected": name == self.name, "query_string": query, "display": one.label}
            groups.setdefault(one.group, []).append(tab)
        return groups


@dataclass(frozen=True)
class Row:
    referral: Referral
    letters: list
    is_unverified: bool


def list_context(changelist) -> dict:
    """What the list's template needs; no word that a patient or an office typed is in it."""
    [lists] = changelist.filter_specs
    rows, now = list(changelist.result_list), timezone.now()
    points = Prefetch("practice__contact_points", ContactPoint.objects.order_by("pk"))
    prefetch_related_objects(rows, points, of_letters())
    return {
        "title": _("Referrals: %(count)d") % {"count": changelist.result_count},
        "rows": [Row(row, letters_of(row, now), is_unverified(row, now)) for row in rows],
        "tabs": lists.tabs(changelist),
        "worklist": LISTS[lists.name],
    }
