"""What the FHIR view answers with: a resource, or an OperationOutcome that says what is wrong."""

from django.http import HttpRequest, JsonResponse

PREFIX = "/fhir/"
MEDIA_TYPE = "application/fhir+json"

# Status: (code of the issue in FHIR's list, what the developer at the other end reads)
SAID = {
    400: ("invalid", "The request cannot be read, or this address takes no such parameter."),
    401: ("login", "Send a token that is valid now, in the header: Authorization: Bearer <token>."),
    403: ("forbidden", "Your office has no contact point that is verified now. Please call us."),
    404: ("not-found", "There is no such resource, or it is not yours to read."),
    405: ("not-supported", "Everything here is read only: use GET or HEAD."),
    406: ("not-supported", f"The only format is {MEDIA_TYPE}."),
    413: ("too-long", "The request is too long."),
    429: ("throttled", "Too many requests in this minute. Wait as long as Retry-After says."),
    500: ("exception", "This does not work right now."),
    503: ("transient", "This does not work right now. Try again later."),
}


class Refused(Exception):
    """The answer is an OperationOutcome with this status."""

    def __init__(self, status: int):
        super().__init__(status)
        self.status = status


def is_fhir(request: HttpRequest) -> bool:
    return request.path_info.startswith(PREFIX)


def answer(resource: dict, status: int = 200) -> JsonResponse:
    return JsonResponse(resource, status=status, content_type=MEDIA_TYPE, headers={"Cache-Control": "no-store"})


def refusal(status: int) -> JsonResponse:
    """The OperationOutcome for `status`, with the header that HTTP asks for beside it; it needs no database."""
    code, words = SAID.get(status, SAID[500])
    issue = {"severity": "error", "code": code, "diagnostics": words}
    response = answer({"resourceType": "OperationOutcome", "issue": [issue]}, status)
    if status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="fhir"'
    if status == 405:
        response["Allow"] = "GET, HEAD"
    return response
