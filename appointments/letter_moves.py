"""The life of a letter to a referring office: every move there is. Buttons, checks and tests read this table."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from appointments.models import ContactKind, ReferralUpdate
from appointments.transitions import PREPARERS, REFERRERS, SIGNERS
from appointments.update_kinds import AFTER_VISIT

Status = ReferralUpdate.Status

# Where a letter can go. A phone takes none, and a mailbox without encryption gets none.
LETTER_KINDS = frozenset({ContactKind.FAX, ContactKind.MAIL, ContactKind.DIRECT})

# What the letter about a visit says, under five headings.
SECTIONS = {
    "history": _("History"),
    "findings": _("Findings"),
    "plan": _("Plan"),
    "follow_up": _("Follow-up"),
    "who_does_what": _("Who does what"),
}
# What only such a letter has. A clinician stands behind it.
OF_VISIT = ("clinician", *SECTIONS)


@dataclass(frozen=True)
class LetterMove:
    """`name` takes a letter from any of `sources` to `target` (None: the way it is sent says so).

    `needs` are the fields that must be filled in, `may` those that can be. `leaves`: only while something about this
    patient may go to that contact point at all, see services.may_leave. `unsigned`: only while a signature is lacking
    (True), or is not (False).
    """

    name: str
    label: str
    sources: frozenset[Status]
    target: Status | None
    by: frozenset[str]
    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    leaves: bool = True
    unsigned: bool | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        return self.needs + self.may

    def needs_for(self, kind: str) -> tuple[str, ...]:
        """The fields that a letter of `kind` cannot do without."""
        return self.needs + (OF_VISIT if self.name == "prepare" and kind in AFTER_VISIT else ())

    def fields_for(self, kind: str) -> tuple[str, ...]:
        """The fields that a letter of `kind` is asked for."""
        return tuple(name for name in self.fields if kind in AFTER_VISIT or name not in OF_VISIT)

    def suits(self, update: ReferralUpdate) -> bool:
        """Whether the letter is signed, or is not, as the move wants it."""
        return self.unsigned in (None, update.lacks_signature)


TABLE = (
    # Once more, if something is wrong with it: then it has to be signed and approved again.
    LetterMove(
        "prepare",
        _("Prepare the letter"),
        frozenset({Status.DUE, Status.PREPARED, Status.APPROVED, Status.FAILED}),
        Status.PREPARED,
        PREPARERS,
        needs=("contact_point",),
        may=(*OF_VISIT, "note"),
    ),
    # By the clinician whom the letter names, and nobody else: see services.letters.
    LetterMove(
        "sign",
        _("I have read this letter and stand behind it"),
        frozenset({Status.PREPARED}),
        Status.PREPARED,
        SIGNERS,
        unsigned=True,
    ),
    LetterMove(
        "approve",
        _("Approve letter and number"),
        frozenset({Status.PREPARED}),
        Status.APPROVED,
        REFERRERS,
        needs=("last_four",),
        unsigned=False,
    ),
    LetterMove("send", _("Send it"), frozenset({Status.APPROVED}), None, REFERRERS, needs=("way",)),
    LetterMove(
        "confirm",
        _("It arrived"),
        frozenset({Status.SENT}),
        Status.CONFIRMED,
        REFERRERS,
        needs=("pages", "arrived_at", "proof"),
    ),
    LetterMove(
        "fail",
        _("It did not arrive"),
        frozenset({Status.APPROVED, Status.SENT}),
        Status.FAILED,
        REFERRERS,
        needs=("failure",),
        may=("comment",),
        leaves=False,
    ),
    LetterMove(
        "withdraw",
        _("Withdraw it"),
        frozenset({Status.DUE, Status.PREPARED, Status.APPROVED, Status.SENDING, Status.FAILED}),
        Status.WITHDRAWN,
        REFERRERS,
        needs=("comment",),
        leaves=False,
    ),
)
LETTER_MOVES = {move.name: move for move in TABLE}
