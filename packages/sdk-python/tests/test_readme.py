"""The snippets of the README run as they stand, one after the other, against a server at the addresses that they name."""

from __future__ import annotations

import re
from pathlib import Path

from server import Server

README = Path(__file__).parents[1] / "README.md"


def test_the_snippets_run(server: Server) -> None:
    snippets = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    assert len(snippets) >= 6
    names: dict[str, object] = {"API_KEY": server.api_key, "__name__": "snippets"}
    for snippet in snippets:
        source = snippet.replace("127.0.0.1:8081", f"127.0.0.1:{server.grpc}").replace("127.0.0.1:8080", f"127.0.0.1:{server.http}")
        exec(compile(source, str(README), "exec"), names)
