"""The table of what a referring office is told covers every event there is."""

from appointments.models import Visit
from appointments.telling import BY_EVENT, TELLINGS, event_of
from appointments.transitions import MOVES, Outcome, WaitingOn
from appointments.update_kinds import UpdateKind

CHOSEN = {
    "wait": WaitingOn.values,
    "complete": [Visit.Status.FULFILLED.value, Visit.Status.NOSHOW.value],
    "close": Outcome.values,
}


def test_every_event_has_one_row():
    plain = MOVES.keys() - CHOSEN.keys() - {"undo"} | {"receive"}
    events = plain | {f"{name}:{value}" for name, values in CHOSEN.items() for value in values}

    assert (BY_EVENT.keys(), len(TELLINGS)) == (events, len(events))


def test_every_kind_of_letter_is_told_by_some_event_or_by_a_person():
    told = {kind for telling in TELLINGS for kind, __ in telling.kinds}

    assert set(UpdateKind) - told == {UpdateKind.ACCEPTED}  # services.referrals.accept


def test_event_is_named_by_what_was_chosen():
    named = [
        event_of("close", {"outcome": "seen"}),
        event_of("complete", {"visit": 3, "visit_status": "noshow"}),
        event_of("wait", {"waiting_on": "payer", "next_action_at": "2027-01-05T10:00:00Z"}),
        event_of("reject_spam", {"outcome": "spam"}),
        event_of("claim", {}),
    ]

    assert named == ["close:seen", "complete:noshow", "wait:payer", "reject_spam", "claim"]
