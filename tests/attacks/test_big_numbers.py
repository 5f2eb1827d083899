"""P39: a number that no column can hold, in a form of staff made by hand, is refused and breaks nothing."""

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from appointments.models import RoutingRule
from procedures.models import Article
from tests.factories import RoutingRuleFactory, UserFactory
from tests.procedures import library, people

HUGE = ["9" * 20, "9" * 400, "-" + "9" * 20, "1e999", "\u00b2"]


@pytest.fixture
def staff(practice, visitor, owner):
    """The owner's browser; there is a group, a rule and an article to change."""
    library.draft(author=people.editor())
    RoutingRuleFactory(everyone=True).staff.add(owner)
    visitor.force_login(owner)
    return visitor


@pytest.mark.parametrize("number", HUGE, ids=lambda number: f"{number[:8]} ({len(number)})")
@pytest.mark.parametrize(
    ("name", "model", "field"),
    [
        ("auth_group", Group, "permissions"),
        ("appointments_routingrule", RoutingRule, "staff"),
        ("procedures_article", Article, "conditions"),
    ],
)
def test_a_choice_that_no_row_can_have_is_refused(staff, name, model, field, number):
    row = model.objects.order_by("pk").last()
    chosen = list(getattr(row, field).values_list("pk", flat=True))

    response = staff.post(reverse(f"admin:{name}_change", args=[row.pk]), {field: number, "name": "Changed"})

    assert response.status_code in (200, 400)
    assert list(getattr(row, field).values_list("pk", flat=True)) == chosen


@pytest.mark.parametrize("field", ["groups", "user_permissions"])
def test_an_account_too(staff, field):
    user = UserFactory()

    response = staff.post(reverse("admin:auth_user_change", args=[user.pk]), {"username": "changed", field: "9" * 20})

    assert response.status_code in (200, 400)
    user.refresh_from_db()
    assert user.username != "changed"
