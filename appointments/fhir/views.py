"""Addresses under /fhir/: read only, opened by a token in a header, never by a cookie. See docs/fhir.md."""

import re
from functools import wraps

from django.http import Http404
from django.shortcuts import get_object_or_404

from appointments.fhir import metadata, outcomes, resources, search
from appointments.fhir.outcomes import Refused
from appointments.models import Physician
from appointments.services import partners

BEARER = re.compile(r"bearer +([\w-]{43})", re.IGNORECASE)
FORMATS = {outcomes.MEDIA_TYPE, "application/json", "json"}
ACCEPTED = FORMATS | {"application/*", "*/*"}


def fhir(view):
    """Turns the resource that `view` gives, or what it raises, into an answer. Addresses take no parameter unasked."""

    @wraps(view)
    def wrapped(request, *args, **kwargs):
        try:
            _check(request)
            return outcomes.answer(view(request, *args, **kwargs))
        except Refused as refused:
            return outcomes.refusal(refused.status)
        except Http404:
            return outcomes.refusal(404)
        except partners.UnknownToken:
            return outcomes.refusal(401)
        except partners.Unreachable:
            return outcomes.refusal(403)
        except partners.TooOften as often:
            return _later(429, often.seconds)
        except partners.Unsettled as unsettled:
            return _later(503, unsettled.seconds)

    return wrapped


def _later(status, seconds):
    response = outcomes.refusal(status)
    response["Retry-After"] = str(seconds)
    return response


def _check(request):
    if request.method not in ("GET", "HEAD"):
        raise Refused(405)
    if ACCEPTED.isdisjoint(_accepted(request)) or request.GET.get("_format", "json") not in FORMATS:
        raise Refused(406)


def _accepted(request):
    """The types in the header, without what stands behind them: Django takes "; fhirVersion=4.0" for another type."""
    kinds = request.headers.get("Accept", "*/*").lower().split(",")
    return {kind.partition(";")[0].strip() for kind in kinds}


def for_partner(*parameters):
    """`view` takes the practice whose token was sent, and gives a resource and the referrals that are read by it.

    Nothing is given before these reads are recorded. A parameter that is not among `parameters` is refused: a token in
    the address would stand in logs, and a condition that we overlook would give more than was asked for.
    """

    def wrap(view):
        @fhir
        @wraps(view)
        def wrapped(request, *args, **kwargs):
            practice = partners.admit(_secret(request))
            if request.GET.keys() - {"_format", *parameters}:
                raise Refused(400)
            resource, referrals = view(request, practice, *args, **kwargs)
            partners.record_reads(practice, referrals)
            return resource

        return wrapped

    return wrap


def _secret(request):
    """The token in the header. Two of them, or anything else, are none."""
    found = BEARER.fullmatch(request.headers.get("Authorization", ""))
    if not found:
        raise partners.UnknownToken
    return found[1]


@fhir
def capabilities(request):
    return metadata.capability_statement()


@fhir
def unknown(request):
    raise Http404


@for_partner(*search.PARAMETERS)
def service_requests(request, practice):
    page, following = search.page_of(partners.readable_by(practice), request.GET)
    links = {"self": _search(request.GET.urlencode())}
    if following:
        links["next"] = _search(following)
    return resources.bundle([resources.service_request(referral) for referral in page], **links), page


def _search(query):
    return resources.address(f"ServiceRequest?{query}" if query else "ServiceRequest")


@for_partner()
def of_referral(request, practice, public_id, make):
    """One of the three resources that a referral is; `make` makes it."""
    referral = _readable(practice, public_id=public_id)
    return make(referral), [referral]


@for_partner()
def everything(request, practice, public_id):
    """All that there is about one referral."""
    referral = _readable(practice, public_id=public_id)
    found = [resources.service_request(referral), resources.task(referral), resources.patient(referral)]
    found.append(resources.organization(referral.practice))
    if referral.physician:
        found.append(resources.practitioner(referral.physician))
    found += [resources.appointment(referral, visit) for visit in _visits(referral)]
    found += [resources.communication(referral, update) for update in _letters(referral)]
    here = resources.address(f"ServiceRequest/{public_id}/$everything")
    return resources.bundle(found, self=here), [referral]


@for_partner()
def appointment(request, practice, public_id):
    referral = _readable(practice, appointment_request__visits__ics_uid=public_id)
    return resources.appointment(referral, _visits(referral).get(ics_uid=public_id)), [referral]


@for_partner()
def communication(request, practice, public_id):
    referral = _readable(practice, updates__public_id=public_id)
    update = get_object_or_404(_letters(referral), public_id=public_id)
    return resources.communication(referral, update), [referral]


@for_partner()
def practitioner(request, practice, public_id):
    return resources.practitioner(get_object_or_404(Physician, practice=practice, public_id=public_id)), []


@for_partner()
def organization(request, practice, public_id):
    if public_id != practice.public_id:
        raise Http404
    return resources.organization(practice), []


def _readable(practice, **where):
    referral = get_object_or_404(partners.readable_by(practice), **where)
    partners.check_settled(referral)
    return referral


def _visits(referral):
    return referral.appointment_request.visits.select_related("location", "clinician")


def _letters(referral):
    """Those that left for the practice it is matched to now; it may have been matched to another one before."""
    return referral.updates.filter(
        status__in=resources.COMMUNICATION_STATUSES, contact_point__practice=referral.practice_id
    )
