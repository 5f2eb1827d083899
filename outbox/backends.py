from django.core.mail.backends.base import BaseEmailBackend


class MailServerUnset(OSError):
    """No mail server is named in EMAIL_URL: sending fails, it never counts as sent."""


class UnsetBackend(BaseEmailBackend):
    def send_messages(self, email_messages):
        raise MailServerUnset
