"""Plays one scenario with one client."""

from __future__ import annotations

import asyncio
import inspect
import re
import urllib.request
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from vectron import VectronError
from vectron.errors import ErrorDetails, error_of

from .calls import Calls, camel, settled
from .loading import filled
from .matching import difference


class Failed(Exception):
    """An answer is not what the scenario says."""


class Play:
    """
    ``connect`` makes a client with another API key: a key, or what a step says of one that the harness has made. ``restart``: an address of
    which POST restarts the gateways; None: there is none.
    """

    def __init__(self, scenario: dict[str, Any], client: Any, connect: Callable[[Any], Any], restart: str | None) -> None:
        self._scenario = scenario
        self._connect = connect
        self._client = client
        self._restart = restart
        self._collection = f"scenario-{scenario['name']}-{uuid.uuid4().hex[:12]}"
        self._calls = Calls(client, self._collection)
        self._kept: dict[str, Any] = {}

    async def run(self) -> None:
        """Raises Failed, or what went wrong otherwise."""
        settings = self._scenario.get("collection")
        if settings is not None:
            await self._calls.answer("CreateCollection", settings)
        try:
            await self._steps(self._scenario["steps"], "steps")
        finally:
            try:
                await settled(self._client.delete_collection(self._collection))
            except VectronError as error:
                if error.code != "COLLECTION_NOT_FOUND":
                    raise

    async def _steps(self, steps: list[dict[str, Any]], at: str) -> None:
        for place, step in enumerate(steps):
            await self._step(step, f"{at}[{place}]")

    async def _step(self, step: dict[str, Any], at: str) -> None:
        kinds: dict[str, Callable[[dict[str, Any], str], Any]] = {
            "call": self._call,
            "restart": self._restarted,
            "times": self._repeated,
            "together": self._together,
        }
        for kind, play in kinds.items():
            if kind in step:
                await play(step, at)
                return
        raise ValueError(f"{at}: not understood: {step}")

    async def _call(self, step: dict[str, Any], at: str) -> None:
        unknown = set(step) - {"call", "with", "answer", "error", "keep", "what", "apiKey", "atMost"}
        if unknown or ("atMost" in step and "error" not in step):
            raise ValueError(f"{at}: not understood: {step}")
        given = filled(step.get("with", {}), self._collection, self._kept)
        async with self._asking(filled(step.get("apiKey"), self._collection, self._kept)) as calls:
            answer, refused = await _outcome(calls, step["call"], given)
            for _ in range(step.get("atMost", 1) - 1):
                if refused is not None and (not refused.retryable or refused.code == _expected(step)["code"]):
                    break
                answer, refused = await _outcome(calls, step["call"], given)
        if refused is not None:
            return self._refused(step, refused, at)
        if "error" in step:
            raise Failed(f"{at}: {step['call']} succeeded, and not with the error {step['error']}: {answer}")
        wanted = _named(step.get("answer", {}), self._collection, self._kept)
        found = difference(wanted, answer, self._kept)
        if found is not None:
            raise Failed(f"{at}: {step['call']}: {found}")
        for name, path in step.get("keep", {}).items():
            self._kept[name] = _at(answer, path)

    @asynccontextmanager
    async def _asking(self, key: Any) -> AsyncIterator[Calls]:
        """Calls with the key of a step; None: that of the play."""
        if key is None:
            yield self._calls
            return
        made = None
        if isinstance(key, dict) and set(key) == {"role"}:
            made = await settled(self._client.create_api_key("scenario", role=key["role"]))
        other = self._connect(key if made is None else made.key)
        try:
            yield Calls(other, self._collection)
        finally:
            await settled(other.close())
            if made is not None:
                await settled(self._client.delete_api_key(made.info.prefix))

    def _refused(self, step: dict[str, Any], error: VectronError, at: str) -> None:
        if "error" not in step:
            raise Failed(f"{at}: {step['call']}: {error}") from error
        told: dict[str, Any] = {"code": error.code, "field": error.details.field, "retryable": error.retryable}
        if error.retry_after is not None:
            told["retryAfterMs"] = error.retry_after * 1000
        found = difference(_expected(step), told, self._kept, "the error")
        if found is not None:
            raise Failed(f"{at}: {step['call']}: {found} ({error})") from error

    async def _repeated(self, step: dict[str, Any], at: str) -> None:
        for _ in range(step["times"]):
            await self._steps(step["steps"], f"{at}.steps")

    async def _together(self, step: dict[str, Any], at: str) -> None:
        calls = [self._step(one, f"{at}.together[{place}]") for place, one in enumerate(step["together"])]
        if inspect.iscoroutinefunction(self._client.close):
            await asyncio.gather(*calls)
        else:
            # A client that blocks holds up its thread.
            await asyncio.gather(*(asyncio.to_thread(asyncio.run, one) for one in calls))

    async def _restarted(self, step: dict[str, Any], at: str) -> None:
        if step["restart"] != "gateways" or self._restart is None:
            raise ValueError(f"{at}: nothing can be restarted here: {step['restart']}")
        request = urllib.request.Request(self._restart, method="POST")
        restarting = asyncio.create_task(asyncio.to_thread(lambda: urllib.request.urlopen(request).read()))
        while not restarting.done():
            await self._steps(step["during"], f"{at}.during")
            await asyncio.sleep(0)
        await restarting


async def _outcome(calls: Calls, name: str, given: dict[str, Any]) -> tuple[Any, VectronError | None]:
    """The answer of a call, or its error."""
    try:
        return await calls.answer(name, given), None
    except VectronError as error:
        return None, error
    except TypeError as error:
        # A name that a verb does not have: the language refuses it before anything is sent.
        named = re.search(r"unexpected keyword argument '(\w+)'", str(error))
        if named is None:
            raise
        return None, error_of("INVALID_ARGUMENT", str(error), ErrorDetails(field=camel(named[1])))


def _expected(step: dict[str, Any]) -> dict[str, Any]:
    """What a step says of its error."""
    wanted = step["error"]
    return {"code": wanted} if isinstance(wanted, str) else wanted


def _named(value: Any, collection: str, kept: dict[str, Any]) -> Any:
    """What an answer should be, with names filled in; matchers stay."""
    if isinstance(value, (str, int, float)) or value is None:
        return filled(value, collection, kept)
    if isinstance(value, list):
        return [_named(one, collection, kept) for one in value]
    if set(value) in ({"$points"}, {"$vector"}):
        return filled(value, collection, kept)
    return {key: _named(one, collection, kept) for key, one in value.items()}


def _at(answer: Any, path: str) -> Any:
    for part in re.findall(r"[^.\[\]]+", path):
        answer = answer[int(part)] if isinstance(answer, list) else answer[part]
    return answer
