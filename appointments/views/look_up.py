from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from appointments import status_words
from appointments.forms.status import LookUpForm
from appointments.services.look_up import TooManyTries
from appointments.services.look_up import look_up as find
from appointments.services.rates import address_block
from appointments.views.private import private


@private
@require_http_methods(["GET", "HEAD", "POST"])
def look_up(request):
    """Answers on the POST itself: nothing of it may stand in an address."""
    if request.method != "POST":
        return page(request, LookUpForm())
    form = LookUpForm(request.POST)
    if not form.is_valid():
        return page(request, form)
    try:
        found = find(**form.cleaned_data, block=address_block(request))
    except TooManyTries:
        return page(request, form, told=_("That were many tries. Please wait an hour, or call us now."), status=429)
    if found is None:
        told = _("We find no request with this reference and this date of birth. Please check both, or call us.")
        return page(request, form, told=told)
    context = {"title": status_words.title(found), "sentence": status_words.sentence(found)}
    return render(request, "appointments/status/found.html", context)


def page(request, form, *, told="", status=200):
    context = {"form": form, "told": told, "problems": form.summary()}
    return render(request, "appointments/status/look_up.html", context, status=status)
