"""When a call is repeated, and after how long."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Mapping
from typing import Any

from ._generated import methods as m
from ._generated.methods import Method
from .errors import VectronError

# What makes something each time it is called, or is refused once it has happened: the first try may have succeeded. A refresh is
# repeated: a server takes a refresh token again within seconds.
ONCE = frozenset(
    one.path
    for one in (
        *(m.CREATE_COLLECTION, m.SUBMIT_FEEDBACK, m.REGISTER_USER, m.CREATE_APIKEY, m.INVITE_USER),
        *(m.CHANGE_PASSWORD, m.DELETE_USER, m.REMOVE_USER),
        *(m.MOVE_REPLICA, m.SPLIT_SHARD, m.REBALANCE, m.ROTATE_SIGNING_KEY),
    )
)
# Seconds: bounds of the pauses between tries, which double each time; each is at least half of that.
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 5.0
# Retries that a client may make at once after a quiet time, and how many more each of its calls allows.
_MOST = 100.0
_SHARE = 0.2


class RetryBudget:
    """
    How much of what a client sends may be retries: a fifth of its calls, beyond what it has saved up, so that a server which has too much
    to do gets a fifth more from its clients, and not a multiple (as in Finagle's RetryBudget and gRFC A6).
    """

    def __init__(self) -> None:
        self._left = _MOST
        self._lock = threading.Lock()

    def called(self) -> None:
        with self._lock:
            self._left = min(_MOST, self._left + _SHARE)

    def take(self) -> bool:
        """Whether a retry may be made, which is paid for with that."""
        with self._lock:
            if self._left < 1:
                return False
            self._left -= 1
            return True


class WriteOrigins:
    """
    Names the writes of a client, so that a shard applies one that is sent to it twice only once. A name is in use until its write is
    answered; the shard forgets what is older than the oldest in use.
    """

    def __init__(self) -> None:
        self._client = os.urandom(16)
        # In the order of their numbers.
        self._in_flight: dict[int, None] = {}
        self._next = 1
        self._lock = threading.Lock()

    def take(self) -> dict[str, Any]:
        with self._lock:
            sequence = self._next
            self._next += 1
            self._in_flight[sequence] = None
            return {"client": self._client, "sequence": sequence, "pending_from": next(iter(self._in_flight))}

    def release(self, origin: Mapping[str, Any]) -> None:
        with self._lock:
            self._in_flight.pop(origin["sequence"], None)


def is_named(method: Method, request: Mapping[str, Any]) -> bool:
    """Points that a filter chooses are changed by several writes, which have no one name."""
    return method.named and (method not in (m.UPDATE_POINTS, m.DELETE_POINTS) or bool(request.get("ids")))


def pause_before(tries: int, error: VectronError) -> float:
    """Seconds before the ``tries``-th retry. One that cannot be reached says nothing of when: another server may be there."""
    longest = backoff(tries)
    asked = (error.retry_after or 0.0) if error.spec.grpc == "RESOURCE_EXHAUSTED" else 0.0
    return asked + longest


def backoff(tries: int) -> float:
    longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(tries - 1, 10))
    return longest * (0.5 + random.random() / 2)
