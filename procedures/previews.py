"""Links to a page that is not live yet, for readers without an account: they end after a week or with the text."""

import datetime

from django.core import signing
from django.urls import reverse
from django.utils.translation import override

from procedures.canonical import document_hash
from procedures.document import build, draft_of, in_todays_format
from procedures.models import Version

LIFE = datetime.timedelta(days=7)
SALT = "procedures.preview"


class EndedError(Exception):
    """The link is none of ours, is too old, or shows a text that has changed since."""


def document_for(version: Version) -> dict:
    """The words of `version`: the frozen ones, or those of a draft as they stand, whole or not."""
    return in_todays_format(version.document) if version.document else build(draft_of(version))


def path_of(version: Version) -> str:
    """The path of a link to `version` with the words it has now, in its language as it will be read."""
    token = signing.dumps([version.pk, document_hash(document_for(version))], salt=SALT)
    with override(version.article.language):
        return reverse("procedures:preview", args=[token])


def open_link(token: str) -> tuple[Version, dict]:
    """The version that `token` shows, with its document. Raises EndedError."""
    try:
        pk, seen_hash = signing.loads(token, salt=SALT, max_age=LIFE)
        version = Version.objects.select_related("article", "reviewer").get(pk=pk)
    except (signing.BadSignature, Version.DoesNotExist) as error:
        raise EndedError from error
    document = document_for(version)
    if document_hash(document) != seen_hash:
        raise EndedError
    return version, document
