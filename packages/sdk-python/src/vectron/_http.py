"""httpx as the SDK uses it: what is the same in every request to a server is made once."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import httpx

from ._rest import RestCall

# Paths whose URLs are kept: those of searches and upserts are few.
_PATHS = 256
LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=100, keepalive_expiry=4.0)


class _NoCookies(httpx.Cookies):
    """Keeps no cookie of an answer: a server of Vectron sets none, and to look for them took an eighth of a search's CPU."""

    def extract_cookies(self, response: httpx.Response) -> None:
        pass


class _Cookieless:
    @property
    def cookies(self) -> httpx.Cookies:
        return _NoCookies()

    @cookies.setter
    def cookies(self, cookies: Any) -> None:
        raise AttributeError("this client does not keep cookies")


class HttpClient(_Cookieless, httpx.Client):
    pass


class AsyncHttpClient(_Cookieless, httpx.AsyncClient):
    pass


class Requests:
    """Requests to the server at ``base``; ``headers``: of all of them."""

    def __init__(self, base: str, headers: httpx.Headers) -> None:
        self._headers = headers
        self._url = lru_cache(_PATHS)(lambda path: httpx.URL(base + path))

    def made(self, call: RestCall, timeout: float | None) -> httpx.Request:
        """``timeout``: seconds of each step of the request; None: no limit."""
        url = self._url(call.path)
        headers = httpx.Headers(self._headers)
        headers["host"] = url.netloc.decode("ascii")
        if call.body is not None:
            headers["content-type"] = "application/json"
        body = call.body or b""
        if body or call.verb in ("POST", "PUT"):
            headers["content-length"] = str(len(body))
        steps = {step: timeout for step in ("connect", "read", "write", "pool")}
        # A stream is sent with these headers; with content, httpx would make all of them anew.
        return httpx.Request(call.verb, url, headers=headers, stream=httpx.ByteStream(body), extensions={"timeout": steps})
