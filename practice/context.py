from practice.services import current_practice


def practice(request):
    """`practice` for every template: the practice with its main office, hours and closures, read once per request."""
    if not hasattr(request, "_practice"):
        request._practice = current_practice()
    return {"practice": request._practice}
