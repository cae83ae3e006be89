"""How a client reaches servers: their addresses, and the options of a connection, checked."""

from __future__ import annotations

import math
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias, Union
from urllib.parse import urlsplit

from .errors import VectronError, invalid

# PEM text, or the file that has it.
Pem: TypeAlias = Union[str, bytes, Path]
_SCHEMES = {"http": ("rest", False), "https": ("rest", True), "grpc": ("grpc", False), "grpcs": ("grpc", True)}


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where a server is. ``host``: with its port; ``base``: of REST, before /v1."""

    wire: str
    secure: bool
    host: str
    base: str


@dataclass(frozen=True, slots=True)
class Connection:
    """Options of one client, checked. ``timeout``: seconds that a call may take; None: any time."""

    addresses: tuple[ServerAddress, ...]
    api_key: str | None
    timeout: float | None
    retries: int
    tls: Tls


@dataclass(frozen=True, slots=True)
class Tls:
    """What is trusted and shown over TLS, as PEM; None: the system's authorities, and no certificate."""

    ca: bytes | None
    certificate: bytes | None
    key: bytes | None

    def context(self) -> ssl.SSLContext:
        """For REST."""
        try:
            context = ssl.create_default_context(cadata=None if self.ca is None else self.ca.decode("ascii"))
            if self.certificate is not None and self.key is not None:
                # The standard library reads certificates from files alone.
                with TemporaryDirectory() as folder:
                    file = Path(folder, "client.pem")
                    file.touch(mode=0o600)
                    file.write_bytes(self.certificate + b"\n" + self.key)
                    context.load_cert_chain(file)
            return context
        except (ssl.SSLError, ValueError) as cause:
            raise invalid("ca", f"ca and client_certificate must be certificates in PEM format: {cause}") from cause

    def authorities(self) -> bytes | None:
        """The authorities for gRPC; None: those of grpcio, where those of the system are not known."""
        if self.ca is not None:
            self.context()
            return self.ca
        system = ssl.create_default_context().get_ca_certs(binary_form=True)
        return "".join(map(ssl.DER_cert_to_PEM_cert, system)).encode() or None


def connection(
    url: str | Sequence[str],
    *,
    api_key: str | None,
    timeout: float,
    retries: int,
    ca: Pem | None,
    client_certificate: tuple[Pem, Pem] | None,
) -> Connection:
    urls = [one.strip() for one in url.split(",")] if isinstance(url, str) else list(url or ())
    if not urls:
        raise invalid("url", "pass the URL of at least one server")
    if api_key is not None and (not isinstance(api_key, str) or not re.fullmatch(r"[\x21-\x7e]+", api_key)):
        raise invalid("api_key", "api_key must contain only the key: it has characters that no key contains")
    if isinstance(retries, bool) or not isinstance(retries, int) or not 0 <= retries <= 1000:
        raise invalid("retries", "retries must be an integer from 0 to 1,000")
    certificate, key = client_certificate or (None, None)
    tls = Tls(_pem(ca, "ca"), _pem(certificate, "client_certificate"), _pem(key, "client_certificate"))
    return Connection(tuple(map(server_address, urls)), api_key, seconds(timeout), retries, tls)


def seconds(timeout: float) -> float | None:
    """Of a call; None: any time."""
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or not timeout > 0:
        raise invalid("timeout", "timeout must be a number of seconds greater than 0, or math.inf")
    return None if math.isinf(timeout) else float(timeout)


def _pem(given: Pem | None, at: str) -> bytes | None:
    if given is None:
        return None
    if isinstance(given, str) and "-----BEGIN" in given:
        return given.encode()
    if isinstance(given, bytes):
        return given
    try:
        return Path(given).read_bytes()
    except OSError as cause:
        raise invalid(at, f"{at} must be PEM text or a file that can be read: {cause}") from cause


def server_address(url: str) -> ServerAddress:
    """The server at ``url``. Raises INVALID_ARGUMENT, which does not repeat what may be a secret."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except (ValueError, TypeError, AttributeError) as cause:
        raise _refused("must be a URL such as http://127.0.0.1:8080") from cause
    scheme = _SCHEMES.get(parts.scheme)
    if scheme is None:
        raise _refused("must begin with http://, https://, grpc:// or grpcs://")
    if not parts.hostname:
        raise _refused("must contain a host")
    if parts.username or parts.password or "@" in parts.netloc:
        raise _refused("must not contain a user or a password; pass the API key as api_key")
    if re.search(r"[?#]", url):
        raise _refused("must not contain a query or a fragment")
    path = re.sub(r"/v1$", "", parts.path.rstrip("/"))
    wire, secure = scheme
    if wire == "grpc" and path:
        raise _refused("must not contain a path over gRPC")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    if port is not None:
        host += f":{port}"
    return ServerAddress(wire, secure, host, f"{parts.scheme}://{host}{path}")


def _refused(what: str) -> VectronError:
    return invalid("url", f"the URL of a server {what}")
