"""The objects of the org: what they hold and what may be done with them."""

from localorg.schema.model import Child, Field, RecordType, SObject, Value
from localorg.schema.notation import load
from localorg.schema.schema import Schema

__all__ = ["Child", "Field", "RecordType", "SObject", "Schema", "Value", "load"]
