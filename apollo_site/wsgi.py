import codecs
import os

from django.core.wsgi import get_wsgi_application
from django.utils.http import parse_header_parameters

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "apollo_site.settings")
site = get_wsgi_application()


def application(environ, start_response):
    """The site, guarded from a Content-Type at which Django fails before any middleware of ours is asked (P39)."""
    if not is_readable(environ.get("CONTENT_TYPE", "")):
        environ |= {"CONTENT_TYPE": "", "apollo.unreadable": True}
    return site(environ, start_response)


def is_readable(content_type: str) -> bool:
    try:
        codecs.lookup(parse_header_parameters(content_type)[1].get("charset", "utf-8"))
    except LookupError:
        return True  # a charset that nobody knows: Django leaves it aside
    except ValueError:
        return False
    return True
