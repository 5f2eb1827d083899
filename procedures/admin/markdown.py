"""What an editor is typing, as readers would see it. Nothing is stored."""

import re

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from practice import markdown
from procedures.admin.fields import MOST_CHARACTERS
from procedures.models import Source
from procedures.page import BLOCKS

# The name of a text box without the number of its row, as far as it may hold paragraphs and lists.
BLOCK_NAMES = {"section_rows-body"} | {
    f"{'step' if key.startswith('steps_') else key.removesuffix('s')}_rows-{name}" for key, name in BLOCKS
}


@require_POST
@permission_required("procedures.change_version", raise_exception=True)
def preview(request):
    """HTML of the posted `text`; `field` is the name of its text box. 413 if it is too long."""
    text = request.POST.get("text", "")
    if len(text) > MOST_CHARACTERS:
        return HttpResponse(_("This text is too long for a preview."), status=413, content_type="text/plain")
    keys = markdown.cited_keys(text)
    today = timezone.localdate()
    known = {key: day <= today for key, day in Source.objects.filter(key__in=keys).values_list("key", "expires_on")}
    inline = re.sub(r"-\d+-", "-", request.POST.get("field", "")) not in BLOCK_NAMES
    return HttpResponse(markdown.preview(markdown.clean_markdown(text), known, inline=inline))
