"""State and country picklists: text and code of a place go together, and a state lies in its country."""

from dataclasses import dataclass

from localorg.dml.work import Row
from localorg.errors import RecordRefused, refuse_record
from localorg.schema import Field, SObject
from localorg.setup.places import Place, by_code, by_name, countries


def complete(sobject: SObject, row: Row, old: Row | None) -> None:
    """Check the places in ``row`` and add what they leave out. Raises RecordRefused."""
    for code in sobject.place_codes:
        _Address(sobject, code.removesuffix("CountryCode"), row, old or {}).complete()


@dataclass(frozen=True)
class _Address:
    """``row``: what is about to be written; ``old``: the whole row before."""

    sobject: SObject
    stem: str
    row: Row
    old: Row

    def complete(self) -> None:
        if not (self._is_named("Country") or self._is_named("State")):
            return
        country = self._place("Country", countries())
        if country is None:
            self._refuse_state()
        state = self._place("State", country.states) if country else None
        for part, place in (("Country", country), ("State", state)):
            self.row[f"{self.stem}{part}"] = place.name if place else None
            self.row[f"{self.stem}{part}Code"] = place.code if place else None

    def _place(self, part: str, places: tuple[Place, ...]) -> Place | None:
        """The place that text and code name; the one stored before if neither is given."""
        if not self._is_named(part):
            return self._kept(part, places)
        text, code = (self.row.get(f"{self.stem}{part}{end}") for end in ("", "Code"))
        by_its_name = None if text is None else by_name(places, str(text))
        by_its_code = None if code is None else by_code(places, str(code))
        if text is not None and by_its_name is None:
            raise _unknown(part, self._field(part))
        if code is not None and by_its_code is None:
            raise _unknown(part, self._field(f"{part}Code"))
        if by_its_name and by_its_code and by_its_name != by_its_code:
            field = self._field(part)
            raise _refuse(f"Mismatched integration value and ISO code for field: {field.label}", field)
        return by_its_name or by_its_code

    def _kept(self, part: str, places: tuple[Place, ...]) -> Place | None:
        code = self.old.get(f"{self.stem}{part}Code")
        found = None if code is None else by_code(places, str(code))
        if code is not None and found is None:
            field = self._field(f"{part}Code")
            message = f"The existing country/territory doesn't recognize the state value for field: {field.label}"
            raise _refuse(message, field)
        return found

    def _refuse_state(self) -> None:
        """An address without country has no state."""
        for part in ("State", "StateCode"):
            field = self._field(part)
            value = self.row.get(field.name, None if self._is_named("State") else self.old.get(field.name))
            if value is not None:
                message = "A country/territory must be specified before specifying a state value for field: "
                raise _refuse(f"{message}{field.label}", field)

    def _is_named(self, part: str) -> bool:
        return f"{self.stem}{part}" in self.row or f"{self.stem}{part}Code" in self.row

    def _field(self, part: str) -> Field:
        return self.sobject.fields[f"{self.stem}{part}"]


def _unknown(part: str, field: Field) -> RecordRefused:
    kind, many = ("country/territory", "countries") if part == "Country" else ("state", "states")
    message = (
        f"There's a problem with this {part.lower()}, even though it may appear correct. "
        f"Please select a {kind} from the list of valid {many}.: {field.label}"
    )
    return _refuse(message, field)


def _refuse(message: str, field: Field) -> RecordRefused:
    return refuse_record("FIELD_INTEGRITY_EXCEPTION", message, field.name)
