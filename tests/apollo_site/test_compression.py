"""Public pages go out dense: Brotli, and no empty lines."""

import brotli
import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from apollo_site.middleware import CompressPublicPagesMiddleware

WORDS = "A line.\n\n  \n  Another line.\n" * 20


@pytest.mark.parametrize(
    ("kind", "sent"),
    [("text/html; charset=utf-8", "A line.\n  Another line.\n" * 20), ("text/plain; charset=utf-8", WORDS)],
    ids=["page", "plain text"],
)
def test_page_is_sent_without_its_empty_lines(kind, sent):
    request = RequestFactory().get("/", headers={"accept-encoding": "br"})

    response = CompressPublicPagesMiddleware(lambda request: HttpResponse(WORDS, content_type=kind))(request)

    assert brotli.decompress(response.content).decode() == sent
