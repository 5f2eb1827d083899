"""The worklists over the queue: which requests each shows, in which order, and how many they are."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field

from django.contrib.admin import SimpleListFilter
from django.contrib.auth.models import AbstractUser
from django.db.models import Count, Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appointments.admin import search
from appointments.models import ContactAttempt, Referral
from appointments.models.request import owed
from appointments.models.words import BestTime, ReachBy
from appointments.services import remind
from appointments.transitions import CALLED_AGAIN, OPEN, Status, WaitingOn

IN_WORK = OPEN - {Status.QUARANTINED}
NOW, WAITING, REST = gettext_lazy("Now"), gettext_lazy("Waiting"), gettext_lazy("All requests")
REFERRALS = gettext_lazy("Referrals")


@dataclass(frozen=True)
class Look:
    """Who looks at the list, when, and what they searched for."""

    user: AbstractUser
    now: datetime.datetime = field(default_factory=timezone.now)
    terms: search.Terms = field(default_factory=dict)


def to_do(look):
    return mine(look) | Q(status__in=IN_WORK, assignee=None)


def mine(look):
    return Q(status__in=IN_WORK, assignee=look.user)


def call_backs(look):
    """Whom to call now.

    Those who are owed an answer, asked to be called, and have time in this half of the day; and those who wait for
    something whose day to look again has come. Whom we have tried in this half of the day comes back in the next one: a
    call that is noted takes its row off the list, and no telephone rings twice in a morning. A call at an agreed time
    is not made before it, and is made then, whatever was tried before.
    """
    local = timezone.localtime(look.now)
    is_morning = local.hour < 12
    half_began = local.replace(hour=0 if is_morning else 12, minute=0, second=0, microsecond=0)
    tried = ContactAttempt.objects.filter(appointment_request=OuterRef("pk"), at__gte=half_began)
    half = BestTime.MORNING if is_morning else BestTime.AFTERNOON
    wants_it_now = owed() & Q(reach_by=ReachBy.CALL, best_time__in=[BestTime.ANY, half])
    look_again = Q(status__in=[Status.WAITING, Status.OFFERED], next_action_at__lte=look.now)
    too_early = Q(next_action_at__isnull=False, next_action_at__gt=look.now)
    called_since = ContactAttempt.objects.filter(appointment_request=OuterRef("pk"), at__gte=OuterRef("next_action_at"))
    agreed = Q(status__in=CALLED_AGAIN, next_action_at__lte=look.now) & ~Q(Exists(called_since))
    return ((wants_it_now & ~too_early) | look_again) & ~Q(Exists(tried)) | agreed


def reminders(look):
    visits = remind.visits_to_call_about(look.now).filter(appointment_request=OuterRef("pk"))
    return Q(status=Status.SCHEDULED) & Q(Exists(visits))


def overdue(look):
    return owed() & Q(due_at__lt=look.now)


def due_today(look):
    tomorrow = timezone.localdate(look.now) + datetime.timedelta(days=1)
    midnight = timezone.make_aware(datetime.datetime.combine(tomorrow, datetime.time.min))
    return owed() & Q(due_at__gte=look.now, due_at__lt=midnight)


def letters_outstanding(look):
    return Q(pk__in=Referral.objects.outstanding(look.now).values("appointment_request"))


def letters_to_sign(look):
    return Q(pk__in=Referral.objects.to_sign().values("appointment_request"))


def referrals_to_answer(look):
    return Q(pk__in=Referral.objects.to_answer(look.now).values("appointment_request"))


def offices_wrote(look):
    return Q(referral__office_waits_since__isnull=False)


def found(look):
    return search.matching(look.terms)


def of_status(*statuses):
    return lambda look: Q(status__in=statuses)


def waiting_on(whom):
    return lambda look: Q(status=Status.WAITING, waiting_on=whom)


def by_promise(queryset, look):
    return queryset.by_promise()


def by_letter(queryset, look):
    return queryset.order_by(F("referral__letter_due_at").asc(nulls_last=True), "pk")


def by_wait_of_office(queryset, look):
    return queryset.order_by("referral__office_waits_since", "pk")


def newest_first(queryset, look):
    return queryset.order_by("-pk")


def closest_first(queryset, look):
    return queryset.order_by(search.closeness(look.terms), "-pk")


@dataclass(frozen=True)
class Worklist:
    """`where` says which requests stand on it; `empty` is what the list says when none does.

    Only lists of open requests (`over_open`) and of open referrals are counted: these stay few, however many years lie
    behind them.
    """

    group: str
    label: str
    where: Callable[[Look], Q]
    empty: str
    order: Callable = by_promise
    is_counted: bool = True
    over_open: bool = True


_WAITING_FOR = {
    WaitingOn.PATIENT: gettext_lazy("Patient"),
    WaitingOn.REFERRER: gettext_lazy("Referring doctor"),
    WaitingOn.PAYER: gettext_lazy("Insurer"),
    WaitingOn.CLINICIAN: gettext_lazy("Clinician"),
}

DEFAULT, FOUND = "to-do", "found"
WORKLISTS = {
    DEFAULT: Worklist(
        NOW,
        gettext_lazy("To do"),
        to_do,
        gettext_lazy("Nothing to do: you have no open request, and somebody works on each of the others."),
    ),
    "mine": Worklist(NOW, gettext_lazy("Mine"), mine, gettext_lazy("You work on no request right now.")),
    "new": Worklist(
        NOW,
        gettext_lazy("New"),
        of_status(Status.RECEIVED),
        gettext_lazy("No new requests: somebody works on each one."),
    ),
    "call-backs": Worklist(
        NOW,
        gettext_lazy("Call-backs now"),
        call_backs,
        gettext_lazy("Nobody is to be called now: those who are left want another time of day, or were tried already."),
    ),
    "reminders": Worklist(
        NOW,
        gettext_lazy("Remind of a visit"),
        reminders,
        gettext_lazy("Nobody is to be reminded of a visit by phone. From 10 a.m. on, the next visits stand here."),
    ),
    "due-today": Worklist(
        NOW, gettext_lazy("Due today"), due_today, gettext_lazy("No more answers are promised for today.")
    ),
    "overdue": Worklist(
        NOW, gettext_lazy("Overdue"), overdue, gettext_lazy("Nothing is late: every promise has been kept so far.")
    ),
    **{
        f"waiting-{whom}": Worklist(
            WAITING,
            label,
            waiting_on(whom),
            gettext_lazy("No request waits for them."),
        )
        for whom, label in _WAITING_FOR.items()
    },
    "offers": Worklist(
        WAITING,
        gettext_lazy("Offers out"),
        of_status(Status.OFFERED),
        gettext_lazy("No patient has times to choose from."),
    ),
    "letters": Worklist(
        REFERRALS,
        gettext_lazy("Letters outstanding"),
        letters_outstanding,
        gettext_lazy("No letter after a visit is late. What is owed and not late stands under All referrals."),
        by_letter,
        over_open=False,
    ),
    "to-sign": Worklist(
        REFERRALS,
        gettext_lazy("Letters to sign"),
        letters_to_sign,
        gettext_lazy("No letter waits for a clinician’s signature."),
        by_letter,
        over_open=False,
    ),
    "referrals": Worklist(
        REFERRALS,
        gettext_lazy("Referrals to answer"),
        referrals_to_answer,
        gettext_lazy("No answer to a referring office is late. What is owed and not late stands under All referrals."),
        by_letter,
        over_open=False,
    ),
    "offices-wrote": Worklist(
        REFERRALS,
        gettext_lazy("Messages from offices"),
        offices_wrote,
        gettext_lazy("No message or file of a referring office waits: somebody dealt with each one."),
        by_wait_of_office,
        over_open=False,
    ),
    "open": Worklist(
        REST,
        gettext_lazy("Open"),
        of_status(*IN_WORK),
        gettext_lazy("No open requests: everybody who wrote to us has been taken care of."),
    ),
    "scheduled": Worklist(
        REST, gettext_lazy("Scheduled"), of_status(Status.SCHEDULED), gettext_lazy("No visits are booked.")
    ),
    "quarantine": Worklist(
        REST,
        gettext_lazy("Quarantine"),
        of_status(Status.QUARANTINED),
        gettext_lazy("Nothing was put aside as possible spam."),
    ),
    "finished": Worklist(
        REST,
        gettext_lazy("Finished"),
        of_status(Status.COMPLETED, Status.CLOSED),
        gettext_lazy("No request has been finished yet."),
        newest_first,
        is_counted=False,
    ),
    "all": Worklist(
        REST,
        gettext_lazy("All"),
        of_status(*Status),
        gettext_lazy("No requests yet. The first one will stand here as soon as it is sent."),
        newest_first,
        is_counted=False,
    ),
    FOUND: Worklist(
        REST,
        gettext_lazy("Found"),
        found,
        gettext_lazy("Nothing was found. Try a date of birth or a phone number: they have one spelling only."),
        closest_first,
        is_counted=False,
    ),
}


def count_all(queryset, look: Look) -> dict[str, int]:
    """Name of each list that is counted → its length, in one query over the open requests of `queryset`, and one for
    each list of referrals: most of these are finished requests, which an index finds and no reading of all.
    """
    lists = {name: worklist for name, worklist in WORKLISTS.items() if worklist.is_counted}
    counts = {name: Count("pk", filter=one.where(look)) for name, one in lists.items() if one.over_open}
    return queryset.filter(status__in=OPEN).order_by().aggregate(**counts) | {
        name: queryset.filter(one.where(look)).order_by().count() for name, one in lists.items() if not one.over_open
    }


class WorklistFilter(SimpleListFilter):
    """Which worklist is shown, as `?show=`; what the person has to do unless told otherwise."""

    title = gettext_lazy("worklist")
    parameter_name = "show"

    def __init__(self, request, params, model, model_admin):
        super().__init__(request, params, model, model_admin)
        self.look = Look(request.user, terms=search.terms_of(request))

    def lookups(self, request, model_admin):
        return [(name, worklist.label) for name, worklist in WORKLISTS.items()]

    @property
    def name(self):
        return self.value() if self.value() in WORKLISTS else DEFAULT

    @property
    def worklist(self):
        return WORKLISTS[self.name]

    def queryset(self, request, queryset):
        return self.worklist.order(queryset.filter(self.worklist.where(self.look)), self.look)

    def tabs(self, changelist, counts) -> dict[str, list[dict]]:
        """Group → its tabs. A search has no tab before it is made."""
        groups = {}
        for name, worklist in WORKLISTS.items():
            if name != FOUND or self.name == FOUND:
                tab = {
                    "selected": name == self.name,
                    "query_string": changelist.get_query_string({self.parameter_name: name}),
                    "display": with_count(worklist, counts.get(name)),
                }
                groups.setdefault(worklist.group, []).append(tab)
        return groups


def with_count(worklist, count):
    return worklist.label if count is None else _("%(list)s (%(count)d)") % {"list": worklist.label, "count": count}
