"""One word for machines that watch: /healthz says the process lives, /readyz says it can do its job (P47)."""

from django.http import HttpResponse


def healthz(request):
    return _word("alive", 200)


def readyz(request):
    return _word("ready", 200)


def _word(word, status):
    response = HttpResponse(word, content_type="text/plain", status=status)
    response["Cache-Control"] = "no-store"
    return response
