# Made of _async/reading.py by scripts/sdk-python-sync.mjs.
"""Changes as they happen, and the points of one moment."""

from __future__ import annotations

from collections.abc import Iterator, Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from .._generated.answers import Change, SnapshotShard, StoredPoint
from ..errors import LostChanges, VectronError
from ..filters import Filter

if TYPE_CHECKING:
    from .client import Client


class ChangeStream:
    """
    Changes in log order a shard and without a gap, until the loop is left. CHANGES_GONE: the log does not reach back to the cursor any more.
    """

    def __init__(
        self,
        client: Client,
        collection: str,
        *,
        cursor: str | None,
        start: Literal["now"] | None,
        wait: float,
        on_lost: Callable[[LostChanges], object] | None,
    ) -> None:
        self._client = client
        self._collection = collection
        self._cursor = cursor
        self._start: Literal["now"] | None = start
        self._wait = wait
        self._on_lost = on_lost

    @property
    def cursor(self) -> str | None:
        """
        Where another stream goes on without missing anything. It moves once all changes of one answer of the server were taken, so that a
        reader who stops in between sees the changes of that answer again.
        """
        return self._cursor

    def __iter__(self) -> Iterator[Change]:
        while True:
            start = None if self._cursor else self._start
            try:
                found = self._client.list_changes(self._collection, cursor=self._cursor, start=start, wait=self._wait)
            except VectronError as error:
                lost = error.details.lost
                if lost is None or self._on_lost is None:
                    raise
                self._on_lost(lost)
                self._cursor = lost.cursor
                continue
            for change in found.changes:
                yield change
            self._cursor = found.next_cursor


class Snapshot:
    """
    The points of a collection as of one moment. It holds disk space until it is closed, or was not read for ``expires_after`` seconds. It is
    lost with the worker that holds a part of it: its pages then end with SNAPSHOT_GONE, and another one has to be opened.
    """

    def __init__(self, client: Client, collection: str, opened: Any) -> None:
        self._client = client
        self.collection = collection
        self.token: str = opened.snapshot
        """For ``list_points``."""
        self.cursor: str = opened.cursor
        """For ``changes`` and ``list_changes``: all that happened after this moment, and nothing before."""
        self.count: int = opened.points
        """Points in it."""
        self.expires_after: float = opened.expires_after_ms / 1000
        self.shards: list[SnapshotShard] = opened.shards
        """The moment: of each shard, the last write that is in it."""

    def points(self, *, filter: Filter | None = None, include_vectors: bool = True, page_size: int = 1000) -> Iterator[StoredPoint]:
        """Its points by id."""
        return self._client.points(
            self.collection,
            page_size=page_size,
            include_vectors=include_vectors,
            filter=filter,
            snapshot=self.token,
        )

    def close(self) -> bool:
        """Whether it was open."""
        return self._client.close_snapshot(self.collection, self.token)

    def __enter__(self) -> Snapshot:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
