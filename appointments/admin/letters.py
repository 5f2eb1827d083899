"""The letters on the page of a referral."""


class LettersMixin:
    """The section of letters.

    `letter_actions` says which button is whose: its name → function of (the admin, request, referral), which answers
    with `self._done(…)` or `self._page(…)`.
    """

    letter_actions = {}

    def letters_context(self, request, referral, groups, bound=None) -> dict:
        """What _letters.html takes beside `referral`; `bound` is the form that was posted and goes back."""
        return {}
