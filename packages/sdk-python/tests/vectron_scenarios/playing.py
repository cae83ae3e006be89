"""Plays one scenario with one client."""

from __future__ import annotations

import asyncio
import re
import urllib.request
import uuid
from collections.abc import Callable
from typing import Any

from vectron import VectronError

from .calls import Calls, camel, settled
from .loading import filled
from .matching import difference


class Failed(Exception):
    """An answer is not what the scenario says."""


class Play:
    """``connect`` makes a client with another API key. ``restart``: an address of which POST restarts the gateways; None: there is none."""

    def __init__(self, scenario: dict[str, Any], client: Any, connect: Callable[[str], Any], restart: str | None) -> None:
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
        }
        for kind, play in kinds.items():
            if kind in step:
                await play(step, at)
                return
        raise ValueError(f"{at}: not understood: {step}")

    async def _call(self, step: dict[str, Any], at: str) -> None:
        unknown = set(step) - {"call", "with", "answer", "error", "keep", "what", "apiKey"}
        if unknown:
            raise ValueError(f"{at}: not understood: {unknown}")
        given = filled(step.get("with", {}), self._collection, self._kept)
        try:
            answer = await self._answer(step, given)
        except VectronError as error:
            return self._refused(step, error.code, error.details.field, error.retryable, error, at)
        except TypeError as error:
            # A name that a verb does not have: the language refuses it before anything is sent.
            named = re.search(r"unexpected keyword argument '(\w+)'", str(error))
            if named is None:
                raise
            return self._refused(step, "INVALID_ARGUMENT", camel(named[1]), False, error, at)
        if "error" in step:
            raise Failed(f"{at}: {step['call']} succeeded, and not with the error {step['error']}: {answer}")
        wanted = _named(step.get("answer", {}), self._collection, self._kept)
        found = difference(wanted, answer, self._kept)
        if found is not None:
            raise Failed(f"{at}: {step['call']}: {found}")
        for name, path in step.get("keep", {}).items():
            self._kept[name] = _at(answer, path)

    async def _answer(self, step: dict[str, Any], given: dict[str, Any]) -> Any:
        key = step.get("apiKey")
        if key is None:
            return await self._calls.answer(step["call"], given)
        if isinstance(key, str):
            return await self._answer_to(key, step["call"], given)
        if set(key) != {"role"}:
            raise ValueError(f"not understood: {key}")
        made = await settled(self._client.create_api_key("scenario", role=key["role"]))
        try:
            return await self._answer_to(made.key, step["call"], given)
        finally:
            await settled(self._client.delete_api_key(made.info.prefix))

    async def _answer_to(self, key: str, call: str, given: dict[str, Any]) -> Any:
        other = self._connect(key)
        try:
            return await Calls(other, self._collection).answer(call, given)
        finally:
            await settled(other.close())

    def _refused(self, step: dict[str, Any], code: str, field: str | None, retryable: bool, error: Exception, at: str) -> None:
        if "error" not in step:
            raise Failed(f"{at}: {step['call']}: {error}") from error
        wanted = step["error"]
        told = {"code": code, "field": field, "retryable": retryable}
        expected = {"code": wanted} if isinstance(wanted, str) else wanted
        if set(expected) - set(told):
            raise ValueError(f"{at}: not understood: {expected}")
        if any(told[name] != value for name, value in expected.items()):
            raise Failed(f"{at}: {step['call']}: {told} ({error}), and not {expected}") from error

    async def _repeated(self, step: dict[str, Any], at: str) -> None:
        for _ in range(step["times"]):
            await self._steps(step["steps"], f"{at}.steps")

    async def _restarted(self, step: dict[str, Any], at: str) -> None:
        if step["restart"] != "gateways" or self._restart is None:
            raise ValueError(f"{at}: nothing can be restarted here: {step['restart']}")
        request = urllib.request.Request(self._restart, method="POST")
        restarting = asyncio.create_task(asyncio.to_thread(lambda: urllib.request.urlopen(request).read()))
        while not restarting.done():
            await self._steps(step["during"], f"{at}.during")
            await asyncio.sleep(0)
        await restarting


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
