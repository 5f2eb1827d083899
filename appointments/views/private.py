"""What every page of one person needs: nobody stores it, its cookies stay at its own address, a POST leads on."""

from functools import wraps

from django.conf import settings
from django.http import HttpResponseRedirect
from django.utils.cache import add_never_cache_headers
from django.utils.translation import override


class SeeOther(HttpResponseRedirect):
    """After a POST: the browser fetches the next page with GET, whatever it sent before."""

    status_code = 303


def private(view):
    """Nobody stores these pages and nobody lists them."""

    @wraps(view)
    def wrapped(request, *args, **kwargs):
        return mark_private(view(request, *args, **kwargs))

    return wrapped


def mark_private(response):
    add_never_cache_headers(response)
    response["X-Robots-Tag"] = "noindex"
    return response


def forget_pages(response):
    """Tell the browser to drop the pages that it has kept."""
    # Not "storage" nor "cookies": those would also end a sign-in, and the forms of others on this device.
    response["Clear-Site-Data"] = '"cache"'
    return response


def secrets_of(request, name) -> list[str]:
    """What the browser sent in the cookies that `give_scoped_cookie` sets."""
    return [request.COOKIES.get(name + code, "") for code, __ in settings.LANGUAGES]


def give_scoped_cookie(response, name, secret, *, home, seconds):
    """Set a cookie at the address that `home()` gives in each language, and nowhere else."""
    for code, __ in settings.LANGUAGES:
        with override(code):
            path = home()
        response.set_cookie(
            name + code,
            secret,
            max_age=seconds,
            path=path,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    return response
