from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from procedures.previews import LIFE, EndedError, open_link
from procedures.views.article import show


@never_cache
@require_safe
def preview(request, token):
    """A page as readers will see it, for somebody who was given the link; never kept, never found."""
    try:
        version, document = open_link(token)
    except EndedError:
        response = render(request, "procedures/preview_ended.html", {"days": LIFE.days}, status=410)
    else:
        response = show(request, version, document, preview=True)
    response["X-Robots-Tag"] = "noindex"
    return response
