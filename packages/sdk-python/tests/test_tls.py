"""TLS over both wires: authorities to trust, and certificates to show. The certificates are made by openssl."""

from __future__ import annotations

import json
import ssl
import subprocess
import threading
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
import pytest
from peers import HttpPeer, reply

import vectron
from vectron._messages import message_class


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ca, server (of 127.0.0.1) and client: each with .pem and .key."""
    folder = tmp_path_factory.mktemp("tls")
    new = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    # Python 3.13 takes certificates with what RFC 5280 asks for alone.
    usage = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"]
    openssl(folder, *new, *usage, "-subj", "/CN=ca", "-keyout", "ca.key", "-out", "ca.pem")
    for name in ("server", "client"):
        signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=CA:FALSE"]
        openssl(folder, *new, *signed, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem")
    return folder


def call(url: str, **options: object) -> int:
    with vectron.connect(url, retries=0, timeout=20, **options) as db:  # type: ignore[arg-type]
        return db.upsert("c", [{"id": "a", "vector": [1.0]}]).upserted


def refuses_and_takes(url: str, folder: Path) -> None:
    own = (folder / "client.pem", folder / "client.key")
    text = (folder / "ca.pem").read_text()
    assert call(url, ca=text, client_certificate=own) == 1
    assert call(url, ca=folder / "ca.pem", client_certificate=tuple(one.read_text() for one in own)) == 1
    for options in ({"client_certificate": own}, {"ca": text}):
        with pytest.raises(vectron.UnavailableError):
            call(url, **options)
    with pytest.raises(vectron.InvalidArgumentError):
        call(url, ca="-----BEGIN CERTIFICATE-----\nodd\n-----END CERTIFICATE-----\n")


def test_rest_over_tls(certificates: Path) -> None:
    peer = HttpPeer(lambda handler, _: reply(handler, 200, json.dumps({"upserted": 1, "writeToken": "t"}).encode()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    context.load_verify_locations(certificates / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    peer.socket = context.wrap_socket(peer.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=peer.serve_forever, args=(0.02,), daemon=True).start()
    try:
        refuses_and_takes(peer.url.replace("http", "https"), certificates)
    finally:
        peer.shutdown()
        peer.server_close()


def test_grpc_over_tls(certificates: Path) -> None:
    def answer(_data: bytes, _context: grpc.ServicerContext) -> bytes:
        made: bytes = message_class("vectron.v1.UpsertResponse")(upserted=1).SerializeToString()
        return made

    server = grpc.server(futures.ThreadPoolExecutor(4))
    handlers: dict[str, Any] = {"Upsert": grpc.unary_unary_rpc_method_handler(answer)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("vectron.v1.VectronService", handlers),))
    key, certificate, authority = (certificates / name for name in ("server.key", "server.pem", "ca.pem"))
    shown = [(key.read_bytes(), certificate.read_bytes())]
    credentials = grpc.ssl_server_credentials(shown, authority.read_bytes(), require_client_auth=True)
    port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    try:
        refuses_and_takes(f"grpcs://127.0.0.1:{port}", certificates)
    finally:
        server.stop(None).wait()
