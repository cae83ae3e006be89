"""What is repeated, when, and under which name; what a client makes of peers that answer wrong, late or not at all."""

from __future__ import annotations

import asyncio
import json
import pickle
from http.server import BaseHTTPRequestHandler
from typing import Any

import grpc
import pytest
from peers import grpc_peer, http_peer, refusal, reply

import vectron
from vectron._messages import message_class
from vectron._retrying import RetryBudget, WriteOrigins, pause_before
from vectron.errors import ErrorDetails, error_of

POINTS = [{"id": "a", "vector": [1, 0, 0]}]
WRITTEN = json.dumps({"upserted": 1, "writeToken": "t"}).encode()


def overloaded(retry: str = "0.010s") -> bytes:
    info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "OVERLOADED"}
    delay = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": retry}
    return json.dumps({"code": 8, "message": "full", "details": [info, delay]}).encode()


def test_a_write_is_repeated_under_one_name() -> None:
    def answer(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        first = len(peer.seen) == 1
        reply(handler, 429 if first else 200, overloaded() if first else WRITTEN)

    with http_peer(answer) as peer, vectron.connect(peer.url) as db:
        assert db.upsert("c", POINTS).upserted == 1
        origins = [json.loads(body)["origin"] for _, _, body in peer.seen]
        assert len(origins) == 2 and origins[0] == origins[1]
        db.upsert("c", POINTS)
        assert json.loads(peer.seen[-1][2])["origin"]["sequence"] == origins[0]["sequence"] + 1
        assert json.loads(peer.seen[-1][2])["origin"]["pending_from"] == origins[0]["sequence"] + 1


def test_requests_over_rest_have_one_of_each_header_and_no_cookie_of_an_earlier_answer() -> None:
    def answer(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        reply(handler, 200, WRITTEN, set_cookie="tracked=1; Path=/")

    async def asynchronously() -> None:
        async with vectron.AsyncClient(peer.url, api_key="key") as client:
            await client.upsert("c", POINTS)
            await client.upsert("c", POINTS)
            await client.delete_collection("c")

    with http_peer(answer) as peer:
        with vectron.connect(peer.url, api_key="key") as db:
            db.upsert("c", POINTS)
            db.upsert("c", POINTS)
            db.delete_collection("c")
        asyncio.run(asynchronously())
        for _, headers, body in peer.seen:
            told = {name.lower(): value for name, value in headers.items()}
            assert len(told) == len(headers) and "cookie" not in told
            assert told["host"] == peer.url.removeprefix("http://") and told["authorization"] == "Bearer key"
            assert told.get("content-length", "0") == str(len(body)) and "transfer-encoding" not in told
            assert told.get("content-type") == ("application/json" if body else None)
        assert [len(body) > 0 for _, _, body in peer.seen] == [True, True, False] * 2


def test_what_makes_something_each_time_is_not_repeated() -> None:
    with http_peer(lambda handler, _: reply(handler, 503, b"no")) as peer, vectron.connect(peer.url) as db:
        with pytest.raises(vectron.UnavailableError):
            db.create_collection("c", dimension=3)
        assert len(peer.seen) == 1
        with pytest.raises(vectron.UnavailableError):
            db.list_collections()
        assert len(peer.seen) == 1 + 5


def test_the_error_has_what_the_server_says() -> None:
    def answer(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        reply(handler, 429, overloaded("2.5s"), x_request_id="r-1")

    with http_peer(answer) as peer, vectron.connect(peer.url, api_key="k", retries=0) as db:
        with pytest.raises(vectron.ResourceExhaustedError) as raised:
            db.list_collections()
        error = raised.value
        assert (error.code, error.retryable, error.retry_after, error.request_id) == ("OVERLOADED", True, 2.5, "r-1")
        assert peer.seen[0][1]["authorization"] == "Bearer k"
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is type(error) and again.details == error.details


def test_no_retry_goes_beyond_the_deadline() -> None:
    with http_peer(lambda handler, _: reply(handler, 429, overloaded("60s"))) as peer, vectron.connect(peer.url, timeout=5) as db:
        with pytest.raises(vectron.ResourceExhaustedError):
            db.list_collections()
        assert len(peer.seen) == 1


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (200, b"<html>", "INTERNAL"),
        (200, b"[1]", "INTERNAL"),
        (200, b'{"details": 5}', "INTERNAL"),
        (404, b"<html>", "NOT_FOUND"),
        (502, b"", "UNAVAILABLE"),
        (413, b"", "PAYLOAD_TOO_LARGE"),
        (302, b"", "INTERNAL"),
        (400, b'{"details": [{"reason": "FROM_THE_FUTURE"}], "message": "m"}', "INTERNAL"),
        (400, b'{"details": "odd"}', "INTERNAL"),
        (400, b'{"details": [{"reason": "OVERLOADED", "metadata": {"retryAfterMs": "odd"}}]}', "OVERLOADED"),
    ],
)
def test_answers_of_others_are_errors_of_the_client(status: int, body: bytes, code: str) -> None:
    with http_peer(lambda handler, _: reply(handler, status, body)) as peer, vectron.connect(peer.url, retries=0) as db:
        with pytest.raises(vectron.VectronError) as raised:
            db.list_collections()
        assert raised.value.code == code


def test_a_connection_that_is_cut_is_repeated() -> None:
    def answer(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        if len(peer.seen) == 1:
            handler.close_connection = True
            handler.connection.close()
        else:
            reply(handler, 200, WRITTEN)

    with http_peer(answer) as peer, vectron.connect(peer.url) as db:
        assert db.upsert("c", POINTS).upserted == 1


def test_a_peer_that_is_silent_or_slow_is_given_up() -> None:
    import threading

    over = threading.Event()

    def answer(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        if "slow" in handler.path:
            handler.send_response(200)
            handler.send_header("content-length", "1000000")
            handler.end_headers()
            while not over.wait(0.02):
                handler.wfile.write(b"x")
                handler.wfile.flush()
        over.wait()

    async def wait(url: str, name: str) -> None:
        async with vectron.AsyncClient(url, timeout=0.3, retries=0) as db:
            await db.collection_status(name)

    with http_peer(answer) as peer:
        for name in ("slow", "silent"):
            with vectron.connect(peer.url, timeout=0.3, retries=0) as db, pytest.raises(vectron.DeadlineExceededError):
                db.collection_status(name)
            with pytest.raises(vectron.DeadlineExceededError):
                asyncio.run(wait(peer.url, name))
        over.set()


def test_grpc_says_when_to_come_back() -> None:
    sequences: list[int] = []

    def answer(data: bytes, context: grpc.ServicerContext) -> bytes:
        request = message_class("vectron.v1.UpsertRequest").FromString(data)
        sequences.append(request.origin.sequence)
        if len(sequences) == 1:
            status = refusal("OVERLOADED", "full", 0.01).SerializeToString()
            context.set_trailing_metadata((("grpc-status-details-bin", status),))
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "full")
        if len(sequences) == 3:
            context.set_trailing_metadata((("grpc-retry-pushback-ms", "7000"),))
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "full")
        if len(sequences) == 4:
            return b"\xff\xff\xff"
        made: bytes = message_class("vectron.v1.UpsertResponse")(upserted=1).SerializeToString()
        return made

    with grpc_peer("Upsert", answer) as url, vectron.connect(url, timeout=5) as db:
        assert db.upsert("c", POINTS).upserted == 1
        assert sequences == [1, 1]
        with pytest.raises(vectron.ResourceExhaustedError) as raised:
            db.upsert("c", POINTS)
        assert (raised.value.code, raised.value.retry_after) == ("OVERLOADED", 7.0) and len(sequences) == 3
        with pytest.raises(vectron.InternalError):
            db.upsert("c", POINTS)
        with pytest.raises(vectron.UnimplementedError):
            db.count("c")


def test_the_next_gateway_is_used_when_one_fails() -> None:
    with http_peer(lambda handler, _: reply(handler, 200, WRITTEN)) as peer:
        with vectron.connect(["http://127.0.0.1:9", peer.url]) as db:
            assert db.upsert("c", POINTS).upserted == 1
            assert db.upsert("c", POINTS).upserted == 1
        with vectron.connect("grpc://127.0.0.1:9", retries=1) as db, pytest.raises(vectron.UnavailableError):
            db.upsert("c", POINTS)


def test_a_stream_that_is_lost_goes_on_under_the_same_names() -> None:
    seen: list[list[tuple[int, int]]] = []

    def answer(batches: Any, context: grpc.ServicerContext) -> Any:
        seen.append([])
        for data in batches:
            batch = message_class("vectron.v1.UpsertBatch").FromString(data)
            seen[-1].append((batch.sequence, batch.upsert.origin.sequence))
            if len(seen) == 1 and batch.sequence == 3:
                context.abort(grpc.StatusCode.UNAVAILABLE, "gone")
            written = message_class("vectron.v1.UpsertResponse")(upserted=1)
            yield message_class("vectron.v1.UpsertAck")(sequence=batch.sequence, written=written).SerializeToString()

    async def acks(url: str) -> list[int]:
        async with vectron.AsyncClient(url) as db:
            return [ack.batch async for ack in db.upsert_stream("c", [POINTS] * 6, max_in_flight=2)]

    with grpc_peer("UpsertStream", answer, stream=True) as url:
        with vectron.connect(url) as db:
            assert [ack.batch for ack in db.upsert_stream("c", [POINTS] * 6, max_in_flight=2)] == list(range(6))
        assert len(seen) == 2 and seen[0][2] == seen[1][0] and seen[1][-1] == (6, 6)
        seen.clear()
        assert asyncio.run(acks(url)) == list(range(6))
        assert len(seen) == 2 and seen[0][2] == seen[1][0]


def test_retries_are_a_fifth_of_the_calls_beyond_a_hundred() -> None:
    budget = RetryBudget()
    assert sum(budget.take() for _ in range(200)) == 100
    for _ in range(50):
        budget.called()
    assert sum(budget.take() for _ in range(200)) in (9, 10)


def test_pauses_grow_and_are_no_shorter_than_what_is_asked_for() -> None:
    silent = error_of("UNAVAILABLE", "gone", ErrorDetails(retry_after=30))
    asked = error_of("OVERLOADED", "full", ErrorDetails(retry_after=2))
    for tries in range(1, 50):
        longest = min(5, 0.05 * 2 ** (tries - 1))
        assert longest / 2 <= pause_before(tries, silent) <= longest
        assert 2 + longest / 2 <= pause_before(tries, asked) <= 2 + longest


def test_names_say_which_writes_are_under_way() -> None:
    origins = WriteOrigins()
    first, second = origins.take(), origins.take()
    assert (first["sequence"], second["sequence"], second["pending_from"]) == (1, 2, 1)
    origins.release(first)
    assert origins.take()["pending_from"] == 2
    assert len(first["client"]) == 16 and WriteOrigins().take()["client"] != first["client"]


@pytest.mark.parametrize(
    "url",
    ["", "127.0.0.1:8080", "ftp://a", "http://", "http://u:p@a", "http://a?b", "http://a#b", "grpc://a/b", "http://a:b", None, []],
)
def test_addresses_that_are_none_are_refused(url: Any) -> None:
    with pytest.raises(vectron.InvalidArgumentError) as raised:
        vectron.connect(url)
    assert raised.value.details.field == "url" and "u:p" not in str(raised.value)


@pytest.mark.parametrize(
    "options",
    [{"api_key": "a b"}, {"api_key": "a\n"}, {"timeout": 0}, {"timeout": -1}, {"timeout": "5"}, {"retries": -1}, {"retries": 1.5}]
    + [{"ca": "nowhere.pem"}, {"timeout": float("nan")}],
)
def test_options_that_are_wrong_are_refused(options: Any) -> None:
    with pytest.raises(vectron.InvalidArgumentError):
        vectron.connect("https://127.0.0.1:1", **options)


def test_a_client_that_is_closed_says_so() -> None:
    for url in ("http://127.0.0.1:9", "grpc://127.0.0.1:9"):
        db = vectron.connect(url)
        db.close()
        with pytest.raises(vectron.CancelledError):
            db.list_collections()
