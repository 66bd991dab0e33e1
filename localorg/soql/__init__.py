"""SOQL: text -> tree -> SQL -> records."""
