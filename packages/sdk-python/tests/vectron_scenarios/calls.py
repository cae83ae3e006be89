"""Calls of a scenario, which are RPCs in the form of REST, as verbs of this SDK; and its answers in the form of REST again."""

from __future__ import annotations

import base64
import dataclasses
import inspect
import itertools
import re
from array import array
from collections.abc import AsyncIterable, AsyncIterator, Callable
from datetime import datetime
from typing import Any

import numpy

from vectron import AtLeast, Bounded, SearchBatchResult, VectronError
from vectron.errors import error_of

Given = dict[str, Any]
# What is called otherwise in the SDK.
_OPTIONS = {"include_metadata": "include_payload", "timeout_ms": "budget_ms", "from": "start"}
_ANSWERS = {"hits": "results", "expiresAt": "expiresAtMs"}
# Names of RPCs with words in capitals.
_SPELLED = {"CreateAPIKey": "CreateApiKey", "ListAPIKeys": "ListApiKeys", "DeleteAPIKey": "DeleteApiKey"}
_NO_COLLECTION = {"ListCollections", "ListAliases", "UpdateAliases", "QueryBatch", "CreateAPIKey", "ListAPIKeys", "DeleteAPIKey"}
# Requests that call their collection `name`.
_OF_COLLECTIONS = {"CreateCollection", "DeleteCollection", "GetCollectionStatus", "UpdateCollection"}


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def options_of(given: Given) -> Given:
    """Options by their names in the SDK; values stay, but for those that it has a type for."""
    made: Given = {}
    for name, value in given.items():
        option = _OPTIONS.get(snake(name), snake(name))
        made[option] = _consistency(value) if option == "consistency" else value
    if "wait_ms" in made:
        made["wait"] = made.pop("wait_ms") / 1000
    if isinstance(made.get("order_by"), dict):
        made |= {"order_by": made["order_by"]["path"], "descending": made["order_by"].get("descending")}
    return made


def _consistency(given: Given) -> Any:
    if given["level"] == "at_least":
        return AtLeast(given["writeToken"])
    return Bounded(given.get("maxStalenessMs", 0)) if given["level"] == "bounded" else given["level"]


def point_of(given: Given) -> Given:
    return {snake(name): value for name, value in given.items()}


def fields_of(given: Any) -> Any:
    """Settings with their names in snake case, at every level."""
    if isinstance(given, list):
        return [fields_of(one) for one in given]
    return {snake(name): fields_of(one) for name, one in given.items()} if isinstance(given, dict) else given


def branch_of(given: Given) -> Given:
    keep = ("filter", "vector")
    return {snake(name): one if name in keep else fields_of(one) for name, one in given.items()}


def query_of(given: Given) -> Given:
    made = options_of(given)
    made["branches"] = [branch_of(one) for one in made["branches"]]
    if "rescore_vector_f32" in made:
        made["rescore_vector"] = numpy.frombuffer(base64.b64decode(made.pop("rescore_vector_f32")), dtype="<f4")
    for name in ("group_by", "diversity"):
        if name in made:
            made[name] = fields_of(made[name])
    return made


async def settled(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value


async def listed(values: Any, count: int | None = None) -> list[Any]:
    """Items of an iterable of either kind: all, or so many."""
    if isinstance(values, AsyncIterable) or hasattr(values, "__aiter__"):
        items: list[Any] = []
        iterator: AsyncIterator[Any] = values.__aiter__()
        while count is None or len(items) < count:
            try:
                items.append(await iterator.__anext__())
            except StopAsyncIteration:
                break
        return items
    return list(values) if count is None else list(itertools.islice(values, count))


class Calls:
    """One client, of either kind, and the collection of the play."""

    def __init__(self, client: Any, collection: str) -> None:
        self.client = client
        self.collection = collection

    async def answer(self, name: str, given: Given) -> Any:
        """In the form of REST. Raises VectronError; ValueError for a call that is not known."""
        key = "name" if name in _OF_COLLECTIONS else "collection"
        if key in given and name not in _NO_COLLECTION:
            other = dict(given)
            return await Calls(self.client, other.pop(key)).answer(name, other)
        special: Callable[[Given], Any] | None = getattr(self, f"_{snake(_SPELLED.get(name, name))}", None)
        if special is not None:
            return rest_form(await special(given))
        verb = _VERBS.get(name)
        if verb is None:
            raise ValueError(f"the call {name} is not known")
        own = () if name in _NO_COLLECTION else (self.collection,)
        answer = await settled(getattr(self.client, verb)(*own, **options_of(given)))
        wrapped = _WRAPPED.get(name)
        return rest_form(answer if wrapped is None else {wrapped: answer})

    async def _upsert(self, given: Given) -> Any:
        return await settled(self.client.upsert(self.collection, [point_of(one) for one in given["points"]]))

    async def _upsert_stream(self, given: Given) -> Any:
        batches = ([point_of(one) for one in batch] for batch in given["batches"])
        acks = await listed(self.client.upsert_stream(self.collection, batches))
        return {"acks": [_ack(one) for one in acks]}

    async def _get(self, given: Given) -> Any:
        point = await settled(self.client.get(self.collection, **options_of(given)))
        if point is None:
            raise error_of("POINT_NOT_FOUND", "the client gave no point")
        return {"point": point}

    async def _list_points(self, given: Given) -> Any:
        asked = options_of(given)
        if not asked.pop("all", False):
            page = rest_form(await settled(self.client.list_points(self.collection, **asked)))
            # The wire has an empty text where there are no more.
            return {"nextCursor": "", **page}
        if "limit" in asked:
            asked["page_size"] = asked.pop("limit")
        return {"points": await listed(self.client.points(self.collection, **asked))}

    async def _changes(self, given: Given) -> Any:
        stream = self.client.changes(self.collection, cursor=given.get("cursor"), wait=1.0)
        return {"changes": await listed(stream, given["count"])}

    async def _query(self, given: Given) -> Any:
        made = query_of(given)
        return await settled(self.client.query(self.collection, made.pop("branches"), **made))

    async def _query_batch(self, given: Given) -> Any:
        queries = [query_of({"collection": self.collection, **one}) for one in given["queries"]]
        outcomes = await settled(self.client.query_batch(queries))
        return {"outcomes": [_outcome(one) for one in outcomes]}

    async def _create_collection(self, given: Given) -> Any:
        await settled(self.client.create_collection(self.collection, **fields_of(given)))
        return {"success": True}

    async def _delete_collection(self, given: Given) -> Any:
        await settled(self.client.delete_collection(self.collection))
        return {"success": True}

    async def _update_collection(self, given: Given) -> Any:
        return {"settings": await settled(self.client.update_collection(self.collection, **fields_of(given)))}

    async def _create_index(self, given: Given) -> Any:
        return {"created": await settled(self.client.create_index(self.collection, **fields_of(given)))}

    async def _delete_index(self, given: Given) -> Any:
        return {"existed": await settled(self.client.delete_index(self.collection, **fields_of(given)))}

    async def _update_aliases(self, given: Given) -> Any:
        made = {one["alias"]: one["collection"] for one in given.get("set", ())}
        await settled(self.client.update_aliases(set=made, delete=given.get("delete")))
        return {}

    async def _open_snapshot(self, given: Given) -> Any:
        made = await settled(self.client.snapshot(self.collection))
        return {"snapshot": made.token, "cursor": made.cursor, "points": made.count, "shards": made.shards}

    async def _close_snapshot(self, given: Given) -> Any:
        return {"existed": await settled(self.client.close_snapshot(self.collection, given["snapshot"]))}

    async def _create_api_key(self, given: Given) -> Any:
        made = await settled(self.client.create_api_key(**options_of(given)))
        return {"fullKey": made.key, "keyInfo": {"keyPrefix": made.info.prefix, "role": made.info.role}}

    async def _list_api_keys(self, given: Given) -> Any:
        return {"keys": [{"keyPrefix": one.prefix, "role": one.role} for one in await settled(self.client.list_api_keys())]}

    async def _delete_api_key(self, given: Given) -> Any:
        await settled(self.client.delete_api_key(given["keyPrefix"]))
        return {"success": True}

    async def _submit_feedback(self, given: Given) -> Any:
        asked = options_of(given)
        items = [fields_of(one) for one in asked.pop("feedback_items")]
        return {"feedbackId": await settled(self.client.feedback(self.collection, items, **asked))}


def _ack(ack: Any) -> Given:
    if ack.error is not None:
        return {"batch": ack.batch, "error": ack.error.code}
    return {"batch": ack.batch, "upserted": ack.upserted, "writeToken": ack.write_token}


def _outcome(outcome: Any) -> Given:
    return {"errorCode": outcome.code} if isinstance(outcome, VectronError) else {"answer": outcome}


_VERBS = {
    "Analyze": "analyze",
    "CountPoints": "count",
    "Delete": "delete",
    "DeletePoints": "delete_points",
    "FacetPoints": "facets",
    "GetCollectionStatus": "collection_status",
    "ListAliases": "list_aliases",
    "ListChanges": "list_changes",
    "ListCollections": "list_collections",
    "ListIndexes": "list_indexes",
    "MeasureRecall": "measure_recall",
    "Search": "search",
    "SearchBatch": "search_batch",
    "UpdatePoints": "update_points",
}
_WRAPPED = {"Analyze": "tokens", "ListAliases": "aliases", "ListCollections": "details"}


def rest_form(value: Any) -> Any:
    """An answer of the SDK as REST has it; what is None is absent."""
    if isinstance(value, SearchBatchResult):
        return {"answers": [rest_form(one) for one in value]}
    if isinstance(value, (array, list, tuple)):
        return [rest_form(one) for one in value]
    if isinstance(value, datetime):
        return round(value.timestamp() * 1000)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        named = ((one.name, getattr(value, one.name)) for one in dataclasses.fields(value))
        # Keys of payloads are the user's.
        return {
            _ANSWERS.get(camel(name), camel(name)): one if name == "payload" else rest_form(one) for name, one in named if one is not None
        }
    return {key: rest_form(one) for key, one in value.items()} if isinstance(value, dict) else value
