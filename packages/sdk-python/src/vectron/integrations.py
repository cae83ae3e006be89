"""
For packages that put a framework's store on Vectron. An operation is written once, as a generator that yields steps: functions that take a
client and call one of its methods. :meth:`Clients.run` performs it on the blocking client, :meth:`Clients.arun` on the one for asyncio::

    def count(name: str) -> Steps[int]:
        found = yield lambda db: db.count(name)
        return found.count

It is not a second interface to the server, and no place for what a framework alone needs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

from ._async.client import AsyncClient
from ._generated.answers import StoredPoint
from ._points import Consistency, Point
from ._sync.client import Client
from .errors import AlreadyExistsError, NotFoundError
from .filters import Condition, Filter, where

__all__ = [
    "MOST_IDS",
    "Clients",
    "Step",
    "Steps",
    "delete_points",
    "everything",
    "if_there_is_one",
    "read_by_ids",
    "read_points",
    "restore_floats",
    "whole_floats",
    "write_points",
]

T = TypeVar("T")
# A client of either kind in, and the answer out, which the driver waits for when it is awaitable.
Step: TypeAlias = Callable[[Any], Any]
Steps: TypeAlias = Generator[Step, Any, T]

MOST_IDS = 1000
"""Maximum number of ids in one request of these functions."""


class Clients:
    """
    One client of each kind: the given ones, or clients that are created when they are first used, with the options of
    :func:`vectron.connect` or, without a ``url``, with those of the given client of the other kind. A client for asyncio belongs to one
    event loop: there is one for each event loop that makes calls. Can be shared between threads.
    """

    def __init__(
        self,
        url: str | Sequence[str] | None = None,
        *,
        client: Client | None = None,
        async_client: AsyncClient | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        if url is None and client is None and async_client is None:
            raise ValueError("no server was named: pass a url or a client")
        self._url = url
        self._options = dict(options or {})
        self._given = client
        self._given_async = async_client
        self._made: Client | None = None
        self._made_async: dict[asyncio.AbstractEventLoop, AsyncClient] = {}

    @property
    def blocking(self) -> Client:
        """Returns the blocking client."""
        if self._given is not None:
            return self._given
        if self._made is None:
            self._made = Client(**self._connecting(self._given_async))
        return self._made

    @property
    def of_this_loop(self) -> AsyncClient:
        """Returns the client for asyncio. Raises RuntimeError outside of an event loop."""
        if self._given_async is not None:
            return self._given_async
        loop = asyncio.get_running_loop()
        client = self._made_async.get(loop)
        if client is None:
            # A client keeps its loop: those of loops that are over are let go here.
            for one in [other for other in self._made_async if other.is_closed()]:
                del self._made_async[one]
            client = self._made_async[loop] = AsyncClient(**self._connecting(self._given))
        return client

    def _connecting(self, given: Client | AsyncClient | None) -> dict[str, Any]:
        """Address and options of a client that is made; ``given`` is that of the other kind."""
        if self._url is not None or given is None:
            return {"url": self._url, **self._options}
        return given._connecting

    def run(self, steps: Steps[T]) -> T:
        client = self.blocking
        try:
            step = next(steps)
            while True:
                try:
                    answer = step(client)
                except Exception as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(answer)
        except StopIteration as end:
            result: T = end.value
            return result

    async def arun(self, steps: Steps[T]) -> T:
        client = self.of_this_loop
        try:
            step = next(steps)
            while True:
                try:
                    answer = await step(client)
                except Exception as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(answer)
        except StopIteration as end:
            result: T = end.value
            return result

    def close(self) -> None:
        """Closes the blocking client if it was created here; a given client stays open."""
        made, self._made = self._made, None
        if made is not None:
            made.close()

    async def aclose(self) -> None:
        """Closes the client for asyncio of this event loop if it was created here; a given client stays open."""
        made = self._made_async.pop(asyncio.get_running_loop(), None)
        if made is not None:
            await made.close()


def everything() -> Condition:
    """Returns a filter that matches every point, for calls that refuse an empty filter because it can be a mistake."""
    return where.none()


def write_points(
    collection: str, points: Sequence[Point], settings: Callable[[], Mapping[str, Any]], *, batch_size: int = 100
) -> Steps[int]:
    """
    Writes points as ``upsert_all`` does. If the collection does not exist, it is created with ``settings``: the options of
    ``create_collection``. Returns the number of points written.
    """
    if not points:
        return 0

    def write(part: Sequence[Point]) -> Step:
        return lambda db: db.upsert_all(collection, part, batch_size=batch_size)

    # The first batch goes alone: others that were on their way when it is refused would be written once there is a collection, and a second
    # time after that.
    first = points[:batch_size]
    try:
        written: int = yield write(first)
    except NotFoundError as error:
        if error.code != "COLLECTION_NOT_FOUND":
            raise
        made = dict(settings())
        try:
            yield lambda db: db.create_collection(collection, **made)
        except AlreadyExistsError:
            # Another writer was first.
            pass
        written = yield write(first)
    if len(points) > len(first):
        written += yield write(points[batch_size:])
    return written


def read_points(
    collection: str,
    filter: Filter | None = None,
    *,
    include_vectors: bool = False,
    consistency: Consistency | None = "linearizable",
) -> Steps[list[StoredPoint]]:
    """Returns all points that match, in the order of their ids; none if the collection does not exist."""
    found: list[StoredPoint] = []
    cursor: str | None = None
    while True:
        options: dict[str, Any] = {"limit": 1000, "cursor": cursor, "filter": filter}
        options |= {"include_vectors": include_vectors, "consistency": consistency}

        def read(db: Any, options: Mapping[str, Any] = options) -> Any:
            return db.list_points(collection, **options)

        page = yield from if_there_is_one(read, None)
        if page is None:
            return found
        found += page.points
        cursor = page.next_cursor
        if not cursor:
            return found


def read_by_ids(
    collection: str,
    ids: Iterable[str],
    filter: Filter | None = None,
    *,
    include_vectors: bool = False,
    consistency: Consistency | None = "linearizable",
) -> Steps[list[StoredPoint]]:
    """Returns the points that exist and match, in the order of the given ids; an id that occurs twice is read once."""
    asked = list(dict.fromkeys(ids))
    found: dict[str, StoredPoint] = {}
    for start in range(0, len(asked), MOST_IDS):
        chosen: Filter = where.ids(*asked[start : start + MOST_IDS])
        if filter is not None:
            chosen = where.all(chosen, filter)
        points = yield from read_points(collection, chosen, include_vectors=include_vectors, consistency=consistency)
        found |= {one.id: one for one in points}
    return [found[id] for id in asked if id in found]


def delete_points(collection: str, *, ids: Sequence[str] | None = None, filter: Filter | None = None) -> Steps[int]:
    """Deletes the points that are selected by ids, by a filter, or by both, and returns their number. The collection need not exist."""
    gone = yield from if_there_is_one(lambda db: db.delete_points(collection, ids=ids, filter=filter), None)
    return 0 if gone is None else gone.deleted


def if_there_is_one(step: Step, otherwise: Any) -> Steps[Any]:
    """Returns the answer of a step, or ``otherwise`` if the collection does not exist. Other errors are raised."""
    try:
        return (yield step)
    except NotFoundError as error:
        if error.code != "COLLECTION_NOT_FOUND":
            raise
        return otherwise


def whole_floats(value: Any) -> list[list[str | int]]:
    """
    Returns the positions, as keys and indices, of floats without a fraction: JSON has only one type of number, and the server returns
    such values as integers. For :func:`restore_floats`.
    """
    if isinstance(value, float):
        return [[]] if value.is_integer() else []
    items: Iterable[tuple[str | int, Any]]
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, (list, tuple)) else ()
    return [[key, *place] for key, one in items for place in whole_floats(one)]


def restore_floats(value: Any, places: Any) -> Any:
    """
    Converts the integers at these positions of a value to floats, in place, and returns the value; positions that no longer exist are
    ignored.
    """
    for place in places if isinstance(places, list) else ():
        value = _float_at(value, place) if isinstance(place, list) else value
    return value


def _float_at(value: Any, place: list[Any]) -> Any:
    if not place:
        return float(value) if type(value) is int else value
    key = place[0]
    if (isinstance(value, dict) and key in value) or (isinstance(value, list) and type(key) is int and 0 <= key < len(value)):
        value[key] = _float_at(value[key], place[1:])
    return value
