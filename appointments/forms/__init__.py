from appointments.forms.base import StepForm
from appointments.forms.questions import FORMS

__all__ = ["FORMS", "StepForm"]
