"""A Vectron of the checkout, in one process on free ports, for tests."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@dataclass
class Server:
    """Started at once; the ports stay the same over restarts."""

    data: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="vectron-python-")))
    http: int = field(default_factory=free_port)
    grpc: int = field(default_factory=free_port)
    process: subprocess.Popen[str] | None = None

    def start(self) -> Server:
        program = [os.environ.get("VECTRON_NODE", "node"), str(ROOT / "apps/cli/bin/vectron.js"), "serve"]
        where = ["--data", str(self.data), "--http", f"127.0.0.1:{self.http}", "--grpc", f"127.0.0.1:{self.grpc}"]
        options = ["--no-sample", "--registration", "open"]
        # Settings of a server are VECTRON_ and its name; others of that kind it refuses.
        env = {name: value for name, value in os.environ.items() if not name.startswith("VECTRON_")}
        self.process = subprocess.Popen(program + where + options, stdout=subprocess.PIPE, text=True, env=env)
        assert self.process.stdout is not None
        printed = ""
        for line in self.process.stdout:
            printed += line
            if re.search(r"ready", line):
                return self
        raise RuntimeError(f"the server ended with {self.process.wait()}: {printed}")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait()
            self.process = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.data, ignore_errors=True)

    @property
    def api_key(self) -> str:
        key: str = json.loads((self.data / "bootstrap.json").read_text())["apiKey"]
        return key

    @property
    def rest_url(self) -> str:
        return f"http://127.0.0.1:{self.http}"

    @property
    def grpc_url(self) -> str:
        return f"grpc://127.0.0.1:{self.grpc}"
