"""Model fields whose column holds a token of `vault.crypto`. The model needs a `public_id` that never changes.

A value is bound to its model, field and `public_id`: who renames a model or a field re-encrypts its values.
"""

import datetime
import json
from dataclasses import dataclass, field

from django.core import checks
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.functional import Promise

from vault import crypto


@dataclass(frozen=True)
class Sealed:
    """A token as it stands in the database, not yet decrypted."""

    token: str = field(repr=False)


class Carried(Sealed):
    """A token on its way from a fixture into the database: never read, only written."""


class SealedAttribute:
    """Decrypts when read, so that a list which shows no names decrypts none."""

    def __init__(self, field):
        self.field = field

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        value = self.field.raw_value(instance)
        if type(value) is Sealed:
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

    def check(self, **kwargs):
        return [*super().check(**kwargs), *self._check_public_id()]

    def _check_public_id(self):
        try:
            if self.model._meta.get_field("public_id").unique:
                return []
        except FieldDoesNotExist:
            pass
        return [checks.Error("A model with an encrypted field needs a unique public_id.", obj=self, id="vault.E003")]

    def get_internal_type(self):
        return "TextField"

    def contribute_to_class(self, cls, name, **kwargs):
        super().contribute_to_class(cls, name, **kwargs)
        setattr(cls, self.attname, SealedAttribute(self))

    def place(self, instance):
        """Where a value of `instance` belongs; a token is readable there only."""
        return f"{self.model._meta.label_lower}.{self.attname}:{instance.public_id}"

    def raw_value(self, instance):
        """The value as `instance` holds it, perhaps still sealed; a deferred one is fetched."""
        if self.attname not in instance.__dict__:
            rows = self.model._base_manager.using(instance._state.db)
            instance.__dict__[self.attname] = rows.values_list(self.attname, flat=True).get(pk=instance.pk)
        return instance.__dict__[self.attname]

    def to_text(self, value):
        if not isinstance(value, str | Promise):
            # No "False" and no "None" in the place of words. The message names the field, never the value.
            raise TypeError(f"{self.name} takes text, not {type(value).__name__}.")
        return str(value)

    def from_text(self, text):
        return text

    def is_empty(self, value):
        return value is None or value == self.empty

    def seal(self, instance, value):
        """`value` as it goes into the column of `instance`."""
        if isinstance(value, Sealed):
            return value
        if self.is_empty(value):
            return Sealed("")
        return Sealed(crypto.encrypt(self.to_text(value), self.place(instance)))

    def pre_save(self, model_instance, add):
        value = self.raw_value(model_instance)
        if add and type(value) is Sealed:
            # A copy of a row, which has another public_id: carried over as it is, the token would never be read again.
            value = getattr(model_instance, self.attname)
        return self.seal(model_instance, value)

    def get_prep_value(self, value):
        if isinstance(value, Sealed):
            return value.token
        if self.is_empty(value):
            return ""
        # Reached by update() or filter() with a plain value: it would land in the database unencrypted.
        raise TypeError(f"{self.name} is encrypted: assign it and save the row; search by a keyed hash.")

    def from_db_value(self, value, expression, connection):
        return Sealed(value) if value else self.empty

    def clean(self, value, model_instance):
        # Django's own asks to_python first, and that is ours for fixtures.
        self.validate(value, model_instance)
        self.run_validators(value)
        return value

    def formfield(self, **kwargs):
        return None  # never edited in a generic form

    # Fixtures carry tokens: `dumpdata` writes no word in clear, and `loaddata` brings them back.

    def value_from_object(self, obj):
        return self.seal(obj, self.raw_value(obj))

    def value_to_string(self, obj):
        return self.value_from_object(obj).token

    def to_python(self, value):
        return Carried(value)


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
        if not isinstance(value, datetime.date) or isinstance(value, datetime.datetime):
            raise TypeError(f"{self.name} takes a date, not {type(value).__name__}.")
        return value.isoformat()

    def from_text(self, text):
        return datetime.date.fromisoformat(text)


def encrypted_fields(model) -> list[EncryptedTextField]:
    """The encrypted fields of `model`."""
    return [field for field in model._meta.concrete_fields if isinstance(field, EncryptedTextField)]
