"""Who may do what with a request: the groups of a person, and the refusal."""

from collections.abc import Iterable

from django.contrib.auth.models import AbstractUser
from django.utils.translation import gettext_lazy as _

from appointments.transitions import OWNER, PATIENT, SUPERVISOR


class MoveNotAllowed(Exception):
    """The table has no such move for this request as it stands now. `says` tells it to whoever pressed."""

    says = _("A request in this state cannot be moved that way.")


class NoRight(MoveNotAllowed):
    """None of this person's groups may do that."""


def groups_of(user: AbstractUser | None) -> frozenset[str]:
    """The groups whose rights `user` has now; None is the patient.

    An owner or superuser counts as supervisor: nobody is above the table.
    """
    if user is None:
        return frozenset({PATIENT})
    if not user.is_active:
        return frozenset()
    groups = counting_as(*user.groups.values_list("name", flat=True))
    return groups | {SUPERVISOR} if user.is_superuser else groups


def counting_as(*names: str) -> frozenset[str]:
    """The groups whose rights a member of these groups has."""
    return frozenset({*names, SUPERVISOR} if OWNER in names else names)


def check_right(allowed: Iterable[str], by: AbstractUser | None) -> None:
    """Raises NoRight unless one of the groups of `by` is among `allowed`."""
    if not groups_of(by) & frozenset(allowed):
        raise NoRight
