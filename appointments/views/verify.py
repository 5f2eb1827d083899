"""An office shows that our letters reach it: it types the code of a sheet that went there."""

from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from appointments.forms.verify import VerifyForm
from appointments.services.contact_points import TooManyTries, answer_challenge
from appointments.services.rates import address_block
from appointments.views.private import private


@private
@require_http_methods(["GET", "HEAD", "POST"])
def verify(request):
    """Answers on the POST itself. A code that is wrong, used or over has one answer: nobody learns which are ours."""
    if request.method != "POST":
        return page(request, VerifyForm())
    form = VerifyForm(request.POST)
    if not form.is_valid():
        return page(request, form)
    try:
        contact_point = answer_challenge(form.cleaned_data["code"], block=address_block(request))
    except TooManyTries:
        told = _("That were many tries. Please wait a quarter of an hour, or call us now.")
        return page(request, form, told=told, status=429)
    if contact_point is None:
        told = _("This code does not work. Please look at the sheet again, or call us and we send a new one.")
        return page(request, form, told=told)
    return render(request, "appointments/refer/verified.html", {"ends": ends_of(contact_point)})


def page(request, form, *, told="", status=200):
    context = {"form": form, "told": told, "problems": form.summary()}
    return render(request, "appointments/refer/verify.html", context, status=status)


def ends_of(contact_point) -> str:
    """The last four digits of a number; "" for a postal address. The page tells a stranger no more than that."""
    return contact_point.value[-4:] if contact_point.is_number else ""
