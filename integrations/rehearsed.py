"""A provider for what is only rehearsed: it asks nothing while an engine is at work, and writes nothing at all."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import deepcopy
from functools import partial
from itertools import count
from typing import Any

from integrations.sync.provider import Accepted, Answer, Export, RemoteRecord, RequestRefused, Values

MADE_UP = "rehearsed"  # how ids begin that no record has


class NotAsked(Exception):
    """An engine needs an answer that was not asked for yet."""

    def __init__(self, ask: Callable[[], None]) -> None:
        super().__init__("It has to be asked first.")
        self.ask = ask


class Rehearsed:
    """A provider that asks nothing by itself, knows what was asked, and pretends to write. ``writes``: calls saved."""

    def __init__(self, provider: Any) -> None:
        self._provider = provider
        self._answers: dict[str, Any] = {}
        self.begin()

    def begin(self) -> None:
        self.writes, self._made_up = 0, count(1)
        self._made: dict[str, Values] = {}

    def forget(self) -> None:
        """Answers about records are of no use to the next ones."""
        self._answers = {key: answer for key, answer in self._answers.items() if key.startswith("describe")}

    def __getattr__(self, name: str) -> Any:
        return partial(self._answer, name)

    def _answer(self, name: str, *args: Any, **kwargs: Any) -> Any:
        key = f"{name} {args!r} {kwargs!r}"
        if key not in self._answers:
            raise NotAsked(partial(self._ask, key, name, *args, **kwargs))
        answer = self._answers[key]
        if isinstance(answer, RequestRefused):
            raise answer
        return deepcopy(answer)  # engines bring values into their form in place

    def _ask(self, key: str, name: str, *args: Any, **kwargs: Any) -> None:
        try:
            answer = getattr(self._provider, name)(*args, **kwargs)
        except RequestRefused as refusal:
            answer = refusal
        self._answers[key] = list(answer) if isinstance(answer, Iterator) else answer

    @property
    def real(self) -> Any:
        return self._provider

    @property
    def calls(self) -> int:
        return int(self._provider.calls)

    def clock(self) -> Any:
        return self._provider.clock()

    def start_export(self, remote_object: str, fields: Sequence[str], since: Any) -> Export:
        raise RequestRefused("REHEARSED", "a preview reads page by page.")

    def retrieve(self, remote_object: str, ids: Sequence[str], fields: Sequence[str]) -> list[RemoteRecord | None]:
        """What was only made here is as it was made."""
        known = [id_ for id_ in ids if not id_.startswith(MADE_UP)]
        found = dict(zip(known, self._answer("retrieve", remote_object, known, fields), strict=True)) if known else {}
        return [found.get(id_) if id_ in found else self._as_made(remote_object, id_, fields) for id_ in ids]

    def _as_made(self, remote_object: str, id_: str, fields: Sequence[str]) -> RemoteRecord | None:
        payload, now = self._made.get(id_), self.clock()
        values = {name: payload.get(name) for name in fields} if payload else {}
        return RemoteRecord(remote_object, id_, values, now, now) if payload else None

    def related(
        self, remote_object: str, field: str, ids: Sequence[str], fields: Sequence[str], **options: Any
    ) -> list[RemoteRecord]:
        known = [id_ for id_ in ids if not id_.startswith(MADE_UP)]
        found: list[RemoteRecord] = (
            self._answer("related", remote_object, field, known, fields, **options) if known else []
        )
        return found

    def create(self, remote_object: str, payloads: Sequence[Values], **options: Any) -> list[Answer]:
        self.writes += bool(payloads)
        made = {f"{MADE_UP}{next(self._made_up):09}": payload for payload in payloads}
        self._made |= made
        return [Accepted(remote_id) for remote_id in made]

    def upsert(self, remote_object: str, field: str, payloads: Sequence[Values], **options: Any) -> list[Answer]:
        return self.create(remote_object, payloads)

    def update_many(
        self, remote_object: str, batches: Iterable[Sequence[tuple[str, Values]]], **options: Any
    ) -> Iterator[list[Answer]]:
        for changes in batches:
            self.writes += bool(changes)
            yield [Accepted(remote_id) for remote_id, _ in changes]

    def delete(self, remote_object: str, ids: Sequence[str]) -> list[Answer]:
        self.writes += bool(ids)
        return [Accepted(remote_id) for remote_id in ids]
