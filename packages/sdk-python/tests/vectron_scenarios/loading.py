"""Scenarios as the other languages read them: YAML 1.2, with its core schema. Data that stands for points is made here, too."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import numpy
import yaml

FOLDER = Path(__file__).resolve().parents[4] / "test/conformance/scenarios"


class CoreLoader(yaml.SafeLoader):
    """PyYAML reads YAML 1.1, in which `no` is false and 2024-01-02 a date."""


CoreLoader.yaml_implicit_resolvers = {}
_CORE = (
    ("null", r"^(?:null|Null|NULL|~|)$", ["n", "N", "~", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^[-+]?[0-9]+$", list("-+0123456789")),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", list("-+.0123456789")),
)
for _tag, _pattern, _first in _CORE:
    CoreLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), _first)
CoreLoader.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(node.value))
CoreLoader.add_constructor("tag:yaml.org,2002:float", lambda loader, node: float(node.value))

_SCENARIO = {"name", "what", "homes", "collection", "steps"}


def scenarios() -> list[dict[str, Any]]:
    """Those that ``VECTRON_SCENARIOS`` names, with commas between them; all without it."""
    named = os.environ.get("VECTRON_SCENARIOS")
    loaded = []
    for path in sorted(FOLDER.glob("*.yaml")):
        scenario = yaml.load(path.read_text("utf-8"), CoreLoader)
        unknown = set(scenario) - _SCENARIO
        if unknown or scenario["name"] != path.stem:
            raise ValueError(f"{path.name}: not understood: {unknown or scenario['name']}")
        if named is None or path.stem in named.split(","):
            loaded.append(scenario)
    return loaded


def made_vector(i: int, dimension: int) -> list[float]:
    values = [((i * 31 + j * 17) % 97) / 97 - 0.5 for j in range(dimension)]
    rounded: list[float] = numpy.asarray(values, dtype=numpy.float32).tolist()
    return rounded


def made_points(count: int, dimension: int, prefix: str, start: int) -> list[dict[str, Any]]:
    return [
        {"id": f"{prefix}{i}", "vector": made_vector(i, dimension), "payload": {"i": i, "even": i % 2 == 0}}
        for i in range(start, start + count)
    ]


def filled(value: Any, collection: str, kept: dict[str, Any]) -> Any:
    """A request with what stands for a value replaced by it."""
    if isinstance(value, str):
        whole = re.fullmatch(r"\$\{(\w+)\}", value)
        if whole:
            return kept[whole[1]]
        return re.sub(r"\$\{(\w+)\}", lambda found: str(kept[found[1]]), value.replace("$collection", collection))
    if isinstance(value, list):
        return [filled(one, collection, kept) for one in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"$points"}:
        asked = value["$points"]
        return made_points(asked["count"], asked["dimension"], asked.get("prefix", "p-"), asked.get("from", 0))
    if set(value) == {"$vector"}:
        return made_vector(value["$vector"]["i"], value["$vector"]["dimension"])
    if set(value) == {"$text"}:
        repeat: str = value["$text"]["repeat"]
        return repeat * value["$text"]["count"]
    if set(value) == {"$from"}:
        return kept[value["$from"]]
    unknown = [key for key in value if key.startswith("$")]
    if unknown:
        raise ValueError(f"not understood: {unknown}")
    return {key: filled(one, collection, kept) for key, one in value.items()}
