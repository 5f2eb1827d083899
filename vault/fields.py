"""Model fields whose column holds a token of `vault.crypto`. The model needs a `public_id` that never changes."""

import datetime
import json
from dataclasses import dataclass

from django.db import models

from vault import crypto


@dataclass(frozen=True)
class Sealed:
    """A token as it stands in the database, not yet decrypted."""

    token: str


class SealedAttribute:
    """Decrypts when read, so that a list which shows no names decrypts none."""

    def __init__(self, field):
        self.field = field

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        if self.field.attname not in instance.__dict__:
            instance.refresh_from_db(fields=[self.field.attname])
        value = instance.__dict__[self.field.attname]
        if isinstance(value, Sealed):
            text = crypto.decrypt(value.token, self.field.place(instance))
            value = instance.__dict__[self.field.attname] = self.field.from_text(text)
        return value

    def __set__(self, instance, value):
        instance.__dict__[self.field.attname] = value


class EncryptedTextField(models.Field):
    """Text, encrypted at rest; "" is stored as "" (P33). No lookup but `=""`: search by a keyed hash instead."""

    empty = ""

    def __init__(self, *args, **kwargs):
        kwargs.setdefault("default", self.empty)
        kwargs.setdefault("blank", True)
        super().__init__(*args, **kwargs)

    def deconstruct(self):
        name, path, args, kwargs = super().deconstruct()
        if kwargs.get("default") == self.empty:
            del kwargs["default"]
        if kwargs.get("blank"):
            del kwargs["blank"]
        return name, path, args, kwargs

    def get_internal_type(self):
        return "TextField"

    def contribute_to_class(self, cls, name, **kwargs):
        super().contribute_to_class(cls, name, **kwargs)
        setattr(cls, self.attname, SealedAttribute(self))

    def place(self, instance):
        """Where a value of `instance` belongs; a token is readable there only."""
        return f"{self.model._meta.label_lower}.{self.attname}:{instance.public_id}"

    def to_text(self, value):
        return str(value)

    def from_text(self, text):
        return text

    def seal(self, instance, value):
        """`value` as it goes into the column of `instance`."""
        if isinstance(value, Sealed):
            return value
        if value == self.empty or value is None:
            return Sealed("")
        return Sealed(crypto.encrypt(self.to_text(value), self.place(instance)))

    def pre_save(self, model_instance, add):
        return self.seal(model_instance, model_instance.__dict__[self.attname])

    def get_prep_value(self, value):
        if isinstance(value, Sealed):
            return value.token
        if value == "":
            return value
        # Reached by update() or filter() with a plain value: it would land in the database unencrypted.
        raise TypeError(f"{self.name} is encrypted: seal a value before it goes into a query.")

    def from_db_value(self, value, expression, connection):
        return Sealed(value) if value else self.empty

    def formfield(self, **kwargs):
        return None  # never edited in a generic form


class EncryptedJSONField(EncryptedTextField):
    """A JSON value, encrypted at rest; an empty object is stored as ""."""

    @property
    def empty(self):
        return {}

    def __init__(self, *args, **kwargs):
        kwargs.setdefault("default", dict)
        super().__init__(*args, **kwargs)

    def deconstruct(self):
        name, path, args, kwargs = super().deconstruct()
        if kwargs.get("default") is dict:
            del kwargs["default"]
        return name, path, args, kwargs

    def to_text(self, value):
        return json.dumps(value, ensure_ascii=True)

    def from_text(self, text):
        return json.loads(text)


class EncryptedDateField(EncryptedTextField):
    """A date, encrypted at rest; None is stored as ""."""

    empty = None

    def __init__(self, *args, **kwargs):
        kwargs.setdefault("default", None)
        super().__init__(*args, **kwargs)

    def to_text(self, value):
        return value.isoformat()

    def from_text(self, text):
        return datetime.date.fromisoformat(text)


def encrypted_fields(model) -> list[EncryptedTextField]:
    """The encrypted fields of `model`."""
    return [field for field in model._meta.concrete_fields if isinstance(field, EncryptedTextField)]
