"""What queries and searches need and SQLite lacks: functions for its statements."""

import math
import sqlite3
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from localorg import clock
from localorg.soql.calendar import in_zone, zone

EARTH = {"km": 6371.0, "mi": 3958.8}  # radius

Number = int | float


def teach(connection: sqlite3.Connection) -> None:
    connection.create_function("in_zone", 2, in_zone, deterministic=True)
    connection.create_function("shown", 4, shown, deterministic=True)
    connection.create_function("distance", 5, distance, deterministic=True)
    connection.create_function("digits", 1, digits, deterministic=True)


def shown(value: str | Number | None, kind: str, scale: int, zone_name: str) -> str | None:
    """What FORMAT() makes of a value, in the words of the en_US locale."""
    if value is None:
        return None
    match kind:
        case "currency":
            sign = "-" if float(value) < 0 else ""
            return f"{sign}${_grouped(value, scale).removeprefix('-')}"
        case "percent":
            return f"{_grouped(value, scale)}%"
        case "int" | "double":
            return _grouped(value, 0 if kind == "int" else scale)
        case "date":
            day = date.fromisoformat(str(value))
            return f"{day.month}/{day.day}/{day.year}"
        case "datetime":
            moment = clock.read(str(value)).astimezone(zone(zone_name))
            return f"{moment.month}/{moment.day}/{moment.year}, {moment.hour % 12 or 12}:{moment:%M} {moment:%p}"
    return str(value)


def digits(text: str | None) -> str | None:
    return None if text is None else "".join(filter(str.isdigit, text))


def _grouped(value: str | Number, scale: int) -> str:
    rounded = Decimal(str(value)).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
    return f"{rounded:,f}"


def distance(
    latitude: float | None, longitude: float | None, other_latitude: float, other_longitude: float, unit: str
) -> float | None:
    """Along the great circle, in miles or kilometres; nothing for a place that is not known."""
    if latitude is None or longitude is None:
        return None
    here, there = math.radians(latitude), math.radians(other_latitude)
    across = math.radians(other_longitude - longitude)
    chord = math.sin((there - here) / 2) ** 2 + math.cos(here) * math.cos(there) * math.sin(across / 2) ** 2
    return 2 * EARTH[unit] * math.asin(min(1.0, math.sqrt(chord)))
