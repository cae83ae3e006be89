# Made of _async/client.py by scripts/sdk-python-sync.mjs.
"""The client for data."""

from __future__ import annotations

from collections.abc import Iterator, Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from .._acks import BatchAck, BatchProgress, whole
from .._connecting import Pem, connection
from .._documents import document
from .._generated import methods as m
from .._generated.answers import (
    Alias,
    Changes,
    CollectionInfo,
    CollectionSettings,
    CollectionStatus,
    CountResult,
    DeletePointsResult,
    DeleteResult,
    FacetResult,
    Indexes,
    NamedVector,
    Page,
    PayloadIndex,
    QueryResult,
    RecallMeasurement,
    SearchResult,
    StoredPoint,
    Token,
    UpdatePointsResult,
    UpsertResult,
)
from .._points import Consistency, PointInput, points_fields, settings_fields
from .._requests import (
    Fields,
    batch_vectors,
    given,
    index_target,
    named,
    query_fields,
    selecting,
    sought,
)
from .._results import QueryOutcome, SearchBatchResult
from .._values import PayloadInput, Vector
from ..errors import LostChanges, VectronError, error_of, internal, invalid
from ..filters import Filter
from .account import AccountMethods
from .admin import Admin
from .bulk import upsert_all
from .io import AnyIterable
from .reading import ChangeStream, Snapshot
from .transport import Caller
from .upserts import UpsertEach, UpsertSession, Batches

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd
    import pyarrow as pa

Settings = Mapping[str, Any]
T = TypeVar("T")


class Client(AccountMethods):
    """
    A client of Vectron over REST (``http://``, ``https://``) or gRPC (``grpc://``, ``grpcs://``), depending on the URL. Errors are
    :class:`VectronError` with a stable ``code``; calls that failed for a temporary reason were already repeated within their time limit.
    Points are on disk when an upsert returns. Every call accepts ``timeout``: the time limit of the call with its retries in seconds;
    None: that of the client. A client can be shared.

    ``url``: URL of a server, or of several equal servers (a list, or separated by commas), which are used in turn if one fails.
    ``api_key``: API key, login token or SDK token. ``timeout``: time limit of a call in seconds, or ``math.inf``. ``retries``: maximum
    number of retries of a call; all calls of a client together can cause at most a fifth as many retries, beyond the first hundred.
    ``ca``: certificate authorities of the server as PEM, or as a file; None: those of the system. ``client_certificate``: certificate and
    key, each as PEM or as a file.
    """

    admin: Admin
    """Management calls, for administrators."""

    def __init__(
        self,
        url: str | Sequence[str],
        *,
        api_key: str | None = None,
        timeout: float = 30.0,
        retries: int = 4,
        ca: Pem | None = None,
        client_certificate: tuple[Pem, Pem] | None = None,
    ) -> None:
        options = {"api_key": api_key, "timeout": timeout, "retries": retries, "ca": ca}
        self._caller = Caller(connection(url, client_certificate=client_certificate, **options))  # type: ignore[arg-type]
        # For a client of the other kind, of the same servers (vectron.integrations).
        self._connecting: dict[str, Any] = {"url": url, "client_certificate": client_certificate, **options}
        self._call = self._caller.call
        self.admin = Admin(self._caller)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._caller.close()

    # Collections

    def create_collection(
        self,
        name: str,
        *,
        dimension: int,
        distance: Literal["cosine", "euclidean", "dot"] | None = None,
        shards: int | None = None,
        replicas: int | None = None,
        durability: Literal["fsync", "relaxed"] | None = None,
        vectors: Settings | None = None,
        indexes: Sequence[PayloadIndex | Settings] | None = None,
        sparse_vectors: Sequence[str] | None = None,
        named_vectors: Sequence[NamedVector | Settings] | None = None,
        embedding: Settings | None = None,
        rerank: Settings | None = None,
        hnsw_m: int | None = None,
        hnsw_ef_construction: int | None = None,
        timeout: float | None = None,
    ) -> None:
        """
        Creates a collection. CreateCollectionRequest in proto/apigateway/apigateway.proto describes each setting. Raises VectronError
        with COLLECTION_EXISTS if there is one with this name.
        """
        request = given(
            name=named(name, "name"),
            dimension=dimension,
            distance=distance,
            shards=shards,
            replicas=replicas,
            durability=durability,
            hnsw_m=hnsw_m,
            hnsw_ef_construction=hnsw_ef_construction,
            sparse_vectors=None if sparse_vectors is None else list(sparse_vectors),
            vectors=vectors,
            embedding=embedding,
            rerank=rerank,
        )
        for field, values in (("indexes", indexes), ("named_vectors", named_vectors)):
            if values is not None:
                request[field] = [settings_fields(one, f"{field}[{at}]") for at, one in enumerate(values)]
        self._call(m.CREATE_COLLECTION, request, timeout)

    def update_collection(
        self,
        name: str,
        *,
        durability: Literal["fsync", "relaxed"] | None = None,
        rerank: Settings | None = None,
        embedding: Settings | None = None,
        timeout: float | None = None,
    ) -> CollectionSettings:
        """Changes settings while the collection serves requests, and returns all settings. Arguments that are None remain unchanged."""
        request = given(name=named(name, "name"), durability=durability, rerank=rerank, embedding=embedding)
        settings: CollectionSettings | None = (self._call(m.UPDATE_COLLECTION, request, timeout)).settings
        return needed(settings, "settings")

    def delete_collection(self, name: str, *, timeout: float | None = None) -> None:
        self._call(m.DELETE_COLLECTION, {"name": named(name, "name")}, timeout)

    def list_collections(self, *, timeout: float | None = None) -> list[CollectionInfo]:
        details: list[CollectionInfo] = (self._call(m.LIST_COLLECTIONS, {}, timeout)).details
        return details

    def collection_status(self, name: str, *, timeout: float | None = None) -> CollectionStatus:
        status: CollectionStatus = self._call(m.GET_COLLECTION_STATUS, {"name": named(name, "name")}, timeout)
        return status

    # Writes

    def upsert(self, collection: str, points: Iterable[PointInput], *, timeout: float | None = None) -> UpsertResult:
        """Writes points: all of them, or none if one is invalid. If several points have the same id, the last one is stored."""
        request = {"collection": named(collection), "points": points_fields(points)}
        written: UpsertResult = self._call(m.UPSERT, request, timeout)
        return written

    def upsert_stream(self, collection: str, batches: Batches, *, max_in_flight: int = 4) -> Iterator[BatchAck]:
        """
        Writes batches with up to ``max_in_flight`` (1 to 1,000) of them in progress, and returns the outcomes in the order of the
        batches. The next batch is requested when there is capacity for it. A batch that fails has the error in its ack, and the stream
        continues: the batch is not sent again, because later ones can already be written. Of two batches that share a point, the later
        one wins. Over gRPC the stream is one call; if the call is lost, batches without an ack are sent again and applied only once. Over
        REST each batch is a request.
        """
        most = whole("max_in_flight", max_in_flight, 1, 1000)
        if self._caller.transport.streams:
            return UpsertSession(self._caller, collection, most).acks(batches)
        return UpsertEach(lambda points: self.upsert(collection, points), most).acks(batches)

    def upsert_all(
        self,
        collection: str,
        points: AnyIterable[PointInput],
        *,
        batch_size: int = 100,
        batch_bytes: int = 4 << 20,
        max_in_flight: int = 4,
        on_progress: Callable[[BatchProgress], object] | None = None,
    ) -> int:
        """
        Writes points from any iterable in batches, several at a time, in bounded memory, by :meth:`upsert_stream`. A batch that is
        refused for a temporary reason is written again; one that is too large for the server is sent in halves. Stops at the first batch
        that fails; batches that were acknowledged before are on disk. Returns the number of points written.
        """
        return upsert_all(
            self,
            collection,
            points,
            batch_size=batch_size,
            batch_bytes=batch_bytes,
            max_in_flight=max_in_flight,
            on_progress=on_progress,
        )

    def upsert_dataframe(
        self,
        collection: str,
        frame: pd.DataFrame,
        *,
        id: str = "id",
        vector: str = "vector",
        payload: Sequence[str] | None = None,
        batch_size: int = 100,
        on_progress: Callable[[BatchProgress], object] | None = None,
    ) -> int:
        """
        Writes the rows of a pandas data frame, as :meth:`upsert_all` does: ``id`` and ``vector`` are columns, ``payload`` consists of the
        other columns or of the given ones. Missing values are omitted; times are converted to RFC 3339. Returns the number of points
        written.
        """
        from ..frames import points_of_frame

        points = points_of_frame(frame, id=id, vector=vector, payload=payload)
        return self.upsert_all(collection, points, batch_size=batch_size, on_progress=on_progress)

    def upsert_arrow(
        self,
        collection: str,
        table: pa.Table | pa.RecordBatch | pa.RecordBatchReader,
        *,
        id: str = "id",
        vector: str = "vector",
        payload: Sequence[str] | None = None,
        batch_size: int = 100,
        on_progress: Callable[[BatchProgress], object] | None = None,
    ) -> int:
        """
        Writes the rows of an Arrow table or of a reader of record batches, in bounded memory; ``vector`` is a column of lists of numbers.
        Returns the number of points written.
        """
        from ..frames import points_of_arrow

        points = points_of_arrow(table, id=id, vector=vector, payload=payload)
        return self.upsert_all(collection, points, batch_size=batch_size, on_progress=on_progress)

    def delete(self, collection: str, id: str, *, timeout: float | None = None) -> DeleteResult:
        gone: DeleteResult = self._call(m.DELETE, given(collection=named(collection), id=id), timeout)
        return gone

    def update_points(
        self,
        collection: str,
        *,
        ids: Sequence[str] | None = None,
        filter: Filter | None = None,
        replace: PayloadInput | None = None,
        remove: Sequence[str] | None = None,
        set: PayloadInput | None = None,
        if_version: int | None = None,
        timeout: float | None = None,
    ) -> UpdatePointsResult:
        """
        Changes payload fields: ``replace`` is the new payload, ``remove`` a list of paths, and ``set`` contains values by path; they are
        applied in this order. Points that a filter selects are changed in steps of at most 1,000, each of which is atomic.
        """
        request = selecting(collection, filter, ids=None if ids is None else list(ids), if_version=if_version)
        request |= given(remove=None if remove is None else list(remove))
        for name, value in (("replace", replace), ("set", set)):
            if value is not None:
                request[name] = document(value, name)
        updated: UpdatePointsResult = self._call(m.UPDATE_POINTS, request, timeout)
        return updated

    def delete_points(
        self,
        collection: str,
        *,
        ids: Sequence[str] | None = None,
        filter: Filter | None = None,
        if_version: int | None = None,
        timeout: float | None = None,
    ) -> DeletePointsResult:
        request = selecting(collection, filter, ids=None if ids is None else list(ids), if_version=if_version)
        deleted: DeletePointsResult = self._call(m.DELETE_POINTS, request, timeout)
        return deleted

    # Reads

    def get(
        self, collection: str, id: str, *, consistency: Consistency | None = None, timeout: float | None = None
    ) -> StoredPoint | None:
        """Returns a point by its id; None if it does not exist."""
        try:
            answer = self._call(m.GET, selecting(collection, None, consistency, id=id), timeout)
        except VectronError as error:
            if error.code == "POINT_NOT_FOUND":
                return None
            raise
        found: StoredPoint | None = answer.point
        return needed(found, "point")

    def search(
        self,
        collection: str,
        vector: Vector | None = None,
        *,
        text: str | None = None,
        like_id: str | None = None,
        top_k: int | None = None,
        filter: Filter | None = None,
        consistency: Consistency | None = None,
        include_payload: bool = True,
        include_vectors: bool | None = None,
        ef: int | None = None,
        recall: float | None = None,
        exact: bool | None = None,
        score_threshold: float | None = None,
        using: str | None = None,
        query: str | None = None,
        explain: bool | None = None,
        why_not: str | None = None,
        budget_ms: int | None = None,
        timeout: float | None = None,
    ) -> SearchResult:
        """
        Finds the nearest neighbours of exactly one of ``vector``, ``text`` (with an embedding provider) and the stored point ``like_id``.
        SearchRequest in proto/apigateway/apigateway.proto describes each option; ``budget_ms`` is its ``timeout_ms``, the time after
        which the server answers with the results found so far.
        """
        request = selecting(
            collection,
            filter,
            consistency,
            top_k=top_k,
            include_metadata=include_payload,
            include_vectors=include_vectors,
            ef=ef,
            recall=recall,
            exact=exact,
            score_threshold=score_threshold,
            using=using,
            query=query,
            explain=explain,
            why_not=why_not,
            timeout_ms=budget_ms,
        )
        found: SearchResult = self._call(m.SEARCH, request | sought(vector, text, like_id), timeout)
        return found

    def search_batch(
        self,
        collection: str,
        vectors: Sequence[Vector] | npt.NDArray[Any],
        *,
        top_k: int | None = None,
        filter: Filter | None = None,
        consistency: Consistency | None = None,
        include_payload: bool = True,
        include_vectors: bool | None = None,
        ef: int | None = None,
        recall: float | None = None,
        exact: bool | None = None,
        score_threshold: float | None = None,
        using: str | None = None,
        budget_ms: int | None = None,
        timeout: float | None = None,
    ) -> SearchBatchResult:
        """
        Searches with 1 to 1,000 vectors in one call: a list of vectors, or an array with a row for each. The answers are those of
        separate searches. If one of the vectors is invalid, the whole call fails, and the error names it.
        """
        request = selecting(
            collection,
            filter,
            consistency,
            top_k=top_k,
            include_metadata=include_payload,
            include_vectors=include_vectors,
            ef=ef,
            recall=recall,
            exact=exact,
            score_threshold=score_threshold,
            using=using,
            timeout_ms=budget_ms,
        )
        found = self._call(m.SEARCH_BATCH, {**request, "vectors": batch_vectors(vectors)}, timeout)
        return SearchBatchResult(found.answers)

    def query(
        self,
        collection: str,
        branches: Sequence[Mapping[str, Any]],
        *,
        top_k: int | None = None,
        filter: Filter | None = None,
        fusion: Literal["rrf", "weighted"] | None = None,
        rrf_k: int | None = None,
        rescore_vector: Vector | None = None,
        diversity: Settings | None = None,
        group_by: Settings | None = None,
        consistency: Consistency | None = None,
        include_payload: bool = True,
        include_vectors: bool | None = None,
        score_threshold: float | None = None,
        budget_ms: int | None = None,
        timeout: float | None = None,
    ) -> QueryResult:
        """
        Searches with several branches at once, and fuses their results into one answer. Each branch is a dict with exactly one of
        ``vector``, ``embed``, ``like_id``, ``sparse``, ``text`` and ``examples``, and optionally ``filter``, ``limit``, ``weight``,
        ``ef``, ``recall``, ``exact``, ``score_threshold`` and ``using``; QueryBranch in proto/apigateway/apigateway.proto describes them.
        """
        options = {
            "collection": named(collection),
            "branches": branches,
            "top_k": top_k,
            "filter": filter,
            "fusion": fusion,
            "rrf_k": rrf_k,
            "rescore_vector": rescore_vector,
            "diversity": diversity,
            "group_by": group_by,
            "consistency": consistency,
            "include_payload": include_payload,
            "include_vectors": include_vectors,
            "score_threshold": score_threshold,
            "budget_ms": budget_ms,
        }
        found: QueryResult = self._call(m.QUERY, query_fields(options), timeout)
        return found

    def query_batch(self, queries: Sequence[Mapping[str, Any]], *, timeout: float | None = None) -> list[QueryOutcome]:
        """
        Runs queries, each a dict with its ``collection`` and the options of :meth:`query`. Returns a result or an error for each query.
        """
        request = {"queries": [query_fields(one, f"queries[{at}]") for at, one in enumerate(queries)]}
        outcomes = (self._call(m.QUERY_BATCH, request, timeout)).outcomes
        return [error_of(one.error_code, one.error_message) if one.answer is None else one.answer for one in outcomes]

    def count(
        self,
        collection: str,
        *,
        filter: Filter | None = None,
        estimate: bool | None = None,
        consistency: Consistency | None = None,
        timeout: float | None = None,
    ) -> CountResult:
        """
        Counts the points that match a filter, or all points. ``estimate``: use a sample where the indexes cannot give the exact number.
        """
        request = selecting(collection, filter, consistency, estimate=estimate)
        counted: CountResult = self._call(m.COUNT_POINTS, request, timeout)
        return counted

    def facets(
        self,
        collection: str,
        path: str,
        *,
        filter: Filter | None = None,
        limit: int | None = None,
        consistency: Consistency | None = None,
        timeout: float | None = None,
    ) -> FacetResult:
        """Returns the values at a path of the payload, with the number of points that have each: at most ``limit`` values, default 10."""
        request = selecting(collection, filter, consistency, path=path, limit=limit)
        found: FacetResult = self._call(m.FACET_POINTS, request, timeout)
        return found

    def list_points(
        self,
        collection: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        include_vectors: bool | None = None,
        filter: Filter | None = None,
        order_by: str | None = None,
        descending: bool | None = None,
        snapshot: str | None = None,
        consistency: Consistency | None = None,
        timeout: float | None = None,
    ) -> Page:
        """
        Returns one page of points by id, or by the values at ``order_by``; ``limit``: 1 to 1,000, default 20. :meth:`points` returns all
        pages.
        """
        if descending is not None and order_by is None:
            raise invalid("descending", "descending requires order_by")
        ordered = None if order_by is None else given(path=order_by, descending=descending)
        others = given(limit=limit, cursor=cursor, include_vectors=include_vectors, order_by=ordered, snapshot=snapshot)
        page: Page = self._call(m.LIST_POINTS, selecting(collection, filter, consistency) | others, timeout)
        return page

    def points(
        self,
        collection: str,
        *,
        page_size: int = 1000,
        include_vectors: bool | None = None,
        filter: Filter | None = None,
        order_by: str | None = None,
        descending: bool | None = None,
        snapshot: str | None = None,
        consistency: Consistency | None = None,
    ) -> Iterator[StoredPoint]:
        """Returns all points, or those that match a filter. Pages are fetched while the result is read."""
        cursor: str | None = None
        while True:
            page = self.list_points(
                collection,
                limit=page_size,
                cursor=cursor,
                include_vectors=include_vectors,
                filter=filter,
                order_by=order_by,
                descending=descending,
                snapshot=snapshot,
                consistency=consistency,
            )
            for point in page.points:
                yield point
            cursor = page.next_cursor
            if cursor is None:
                return

    def to_pandas(self, collection: str, *, filter: Filter | None = None, include_vectors: bool = True) -> pd.DataFrame:
        """
        Returns the points, or those that match a filter, as a data frame with the columns id, vector and the top level of the payloads.
        """
        from ..frames import points_to_pandas

        points = [one for one in self.points(collection, filter=filter, include_vectors=include_vectors)]
        return points_to_pandas(points)

    def measure_recall(
        self,
        collection: str,
        *,
        queries: int | None = None,
        top_k: int | None = None,
        ef: int | None = None,
        recall: float | None = None,
        using: str | None = None,
        filter: Filter | None = None,
        budget_ms: int | None = None,
        timeout: float | None = None,
    ) -> RecallMeasurement:
        """Measures the recall of searches: sampled queries are answered both approximately and exactly, and the results are compared."""
        request = selecting(collection, filter, queries=queries, top_k=top_k, ef=ef, recall=recall, using=using, timeout_ms=budget_ms)
        wait = (budget_ms or 10_000) / 1000
        measured: RecallMeasurement = self._call(m.MEASURE_RECALL, request, timeout, wait)
        return measured

    # Indexes and aliases

    def create_index(
        self,
        collection: str,
        index: PayloadIndex | Settings | None = None,
        *,
        sparse_vector: str | None = None,
        named_vector: NamedVector | Settings | None = None,
        timeout: float | None = None,
    ) -> bool:
        """
        Declares an index or a vector on every shard; the index is then built in the background. Returns True if the declaration is new.
        """
        request = given(collection=named(collection)) | index_target(index, sparse_vector, named_vector)
        return bool((self._call(m.CREATE_INDEX, request, timeout)).created)

    def delete_index(
        self,
        collection: str,
        index: PayloadIndex | Settings | None = None,
        *,
        sparse_vector: str | None = None,
        named_vector: NamedVector | Settings | None = None,
        timeout: float | None = None,
    ) -> bool:
        """Deletes an index or a vector. Returns True if it existed."""
        request = given(collection=named(collection)) | index_target(index, sparse_vector, named_vector)
        return bool((self._call(m.DELETE_INDEX, request, timeout)).existed)

    def list_indexes(self, collection: str, *, timeout: float | None = None) -> Indexes:
        found: Indexes = self._call(m.LIST_INDEXES, {"collection": named(collection)}, timeout)
        return found

    def analyze(
        self,
        collection: str,
        text: str,
        *,
        path: str | None = None,
        index: PayloadIndex | Settings | None = None,
        timeout: float | None = None,
    ) -> list[Token]:
        """
        Returns the terms of a text for the text index at ``path``, or for one with the settings ``index``. Positions count UTF-16 code
        units.
        """
        request = given(collection=named(collection), text=text, path=path)
        if index is not None:
            request["index"] = settings_fields(index, "index")
        tokens: list[Token] = (self._call(m.ANALYZE, request, timeout)).tokens
        return tokens

    def list_aliases(self, *, timeout: float | None = None) -> list[Alias]:
        aliases: list[Alias] = (self._call(m.LIST_ALIASES, {}, timeout)).aliases
        return aliases

    def update_aliases(
        self,
        *,
        set: Mapping[str, str] | None = None,
        delete: Sequence[str] | None = None,
        timeout: float | None = None,
    ) -> None:
        """Sets and deletes aliases in one transaction. ``set``: names of collections by alias; ``delete``: aliases."""
        request: Fields = {}
        if set is not None:
            request["set"] = [given(alias=alias, collection=name) for alias, name in set.items()]
        if delete is not None:
            request["delete"] = list(delete)
        self._call(m.UPDATE_ALIASES, request, timeout)

    # Moments and changes

    def snapshot(self, collection: str, *, timeout: float | None = None) -> Snapshot:
        """
        Opens a consistent view of the points at one time, with the cursor of the changes after it: both together give an exact copy.
        Close it after reading it, or use it in a ``with`` statement.
        """
        opened = self._call(m.OPEN_SNAPSHOT, {"collection": named(collection)}, timeout)
        return Snapshot(self, collection, opened)

    def close_snapshot(self, collection: str, snapshot: str, *, timeout: float | None = None) -> bool:
        """Closes a snapshot. Returns True if it was open."""
        request = given(collection=named(collection), snapshot=snapshot)
        return bool((self._call(m.CLOSE_SNAPSHOT, request, timeout)).existed)

    def list_changes(
        self,
        collection: str,
        *,
        cursor: str | None = None,
        start: Literal["now"] | None = None,
        wait: float | None = None,
        timeout: float | None = None,
    ) -> Changes:
        """
        Returns the changes after the cursor, in log order within each shard and without gaps; without a cursor, from the oldest change
        that is kept, or with ``start="now"`` from now on. Waits up to ``wait`` seconds for the first change. Raises VectronError with
        CHANGES_GONE if the changes after the cursor are no longer kept; ``details.lost`` of the error describes which are missing, and
        contains the cursor after them.
        """
        wait_ms = None if wait is None else round(wait * 1000)
        request = given(collection=named(collection), cursor=cursor or None, wait_ms=wait_ms)
        if start is not None:
            request["from"] = start
        changes: Changes = self._call(m.LIST_CHANGES, request, timeout, wait or 0.0)
        return changes

    def changes(
        self,
        collection: str,
        *,
        cursor: str | None = None,
        start: Literal["now"] | None = None,
        wait: float = 30.0,
        on_lost: Callable[[LostChanges], object] | None = None,
    ) -> ChangeStream:
        """
        Returns the changes as a stream that continues as long as it is read; another stream can continue from its ``cursor``.
        ``on_lost``: called when changes are no longer kept, and the stream continues after them; without it, the stream ends with
        CHANGES_GONE.
        """
        return ChangeStream(self, collection, cursor=cursor, start=start, wait=wait, on_lost=on_lost)

    def feedback(
        self,
        collection: str,
        items: Sequence[Settings],
        *,
        query_id: str | None = None,
        query: str | None = None,
        timeout: float | None = None,
    ) -> str:
        """
        Stores a user's judgement of an answer: each item has a ``result_id`` and relevance_score, clicked, position or comment. Returns
        the id of the feedback.
        """
        request = given(collection=named(collection), query_id=query_id, query=query, feedback_items=list(items))
        return str((self._call(m.SUBMIT_FEEDBACK, request, timeout)).feedback_id)


def needed(value: T | None, what: str) -> T:
    if value is None:
        raise internal(f"the answer of the server does not contain {what}")
    return value
