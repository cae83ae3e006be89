# Made of _async/reading.py by scripts/sdk-python-sync.mjs.
"""Streams of changes, and snapshots."""

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
    Changes in log order within each shard and without gaps, until the loop is left. Ends with CHANGES_GONE if the changes after the
    cursor are no longer kept.
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
        The position from which another stream can continue without missing a change. It advances when all changes of one answer of the
        server were read, so that a reader who stops before gets the changes of that answer again.
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
    A consistent view of the points of a collection at one time. It occupies disk space until it is closed, or has not been read for
    ``expires_after`` seconds. It is lost if a worker that holds a part of it restarts; its pages then end with SNAPSHOT_GONE, and a new
    snapshot must be opened.
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
        """Returns the points of the snapshot in the order of their ids."""
        return self._client.points(
            self.collection,
            page_size=page_size,
            include_vectors=include_vectors,
            filter=filter,
            snapshot=self.token,
        )

    def close(self) -> bool:
        """Closes the snapshot. Returns True if it was open."""
        return self._client.close_snapshot(self.collection, self.token)

    def __enter__(self) -> Snapshot:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
