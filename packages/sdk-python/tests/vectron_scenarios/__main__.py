"""``python -m vectron_scenarios``: plays all scenarios of this home; its environment says where (test/conformance/scenarios/README.md)."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import traceback
from typing import Any

import vectron

from .calls import settled
from .loading import scenarios
from .playing import Failed, Play


async def _played(scenario: dict[str, Any], wire: str, url: str, kind: Any, restart: str | None) -> None:
    made = json.loads(os.environ.get("VECTRON_SCENARIO_KEYS", "{}"))

    def connect(key: str | dict[str, Any]) -> Any:
        if isinstance(key, str):
            return kind(url, api_key=key)
        options = dict(key)
        of = made[options.pop("of")]
        return kind(of[wire], api_key=of["key"], **options)

    client = connect(os.environ["VECTRON_API_KEY"])
    try:
        await Play(scenario, client, connect, restart).run()
    finally:
        await settled(client.close())


def main() -> int:
    home = os.environ["VECTRON_SCENARIO_HOME"]
    urls = {"rest": os.environ["VECTRON_REST"], "grpc": os.environ["VECTRON_GRPC"]}
    kinds = {"": vectron.Client, "-async": vectron.AsyncClient}
    failed = 0
    for scenario in scenarios():
        if home not in scenario.get("homes", ["server", "cluster", "embedded"]):
            continue
        for wire, url in urls.items():
            for suffix, kind in kinds.items():
                told = f"{home} {wire}{suffix} {scenario['name']}"
                try:
                    asyncio.run(_played(scenario, wire, url, kind, os.environ.get("VECTRON_RESTART")))
                    print(f"ok {told}", flush=True)
                except Exception as error:
                    failed += 1
                    print(f"FAILED {told}", flush=True)
                    if isinstance(error, Failed):
                        print(f"  {error}", file=sys.stderr)
                    else:
                        traceback.print_exc()
    return 1 if failed > 0 else 0


if __name__ == "__main__":
    sys.exit(main())
