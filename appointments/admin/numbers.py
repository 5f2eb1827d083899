"""The page of numbers: a span, a few sentences, and tables with a picture beside each."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from appointments.admin import plots
from appointments.models import Span
from appointments.services import moves
from appointments.services.numbers import FEWEST, Answers, numbers
from appointments.transitions import COUNTERS


def numbers_view(request):
    if not moves.groups_of(request.user) & COUNTERS:
        raise PermissionDenied
    span = span_of(request.GET.get("weeks", ""))
    found = numbers(span)
    half, most = _words(found.all)
    context = {
        **admin.site.each_context(request),
        "title": _("Numbers"),
        "span": span,
        "spans": Span,
        "found": found,
        "fewest": FEWEST,
        "may_export": request.user.has_perm("appointments.add_export"),
        "weeks": [(monday, answers, *_words(answers)) for monday, answers in reversed(found.weeks)],
        "half": half,
        "most": most,
        "asked": plots.bars([answers.asked for __, answers in found.weeks]),
        "waited": plots.line([_hours(answers.half) for __, answers in found.weeks]),
        "tables": [(table.title, _with_bars(table.rows)) for table in found.tables],
        "half_answered": _duration(found.loops.half),
        "answered": _with_bars(found.loops.table.rows),
    }
    return TemplateResponse(request, "admin/appointments/numbers.html", context)


def _with_bars(rows):
    return list(zip(rows, plots.shares([row.count or 0 for row in rows]), strict=True))


def span_of(text: str) -> Span:
    return next((span for span in Span if text == str(span.value)), Span.QUARTER)


def _hours(took):
    return None if took is None else took.total_seconds() / 3600


def _words(answers: Answers) -> tuple[str, str]:
    """The office hours in which half and nine in ten heard from us, as the page says them."""
    return _duration(answers.half), _duration(answers.most)


def _duration(took) -> str:
    if took is None:
        return "—"
    hours, minutes = divmod(round(took.total_seconds() / 60), 60)
    if not hours:
        return _("%d min") % minutes
    if not minutes:
        return _("%d h") % hours
    return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": minutes}
