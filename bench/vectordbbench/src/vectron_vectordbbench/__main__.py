"""``vectordbbench-vectron``: the command line of VectorDBBench with a command for Vectron."""

from __future__ import annotations

from typing import Annotated, Unpack

import click
from pydantic import SecretStr

# Before anything of theirs that takes a DB.
from vectron_vectordbbench import VECTRON, VectronConfig, VectronIndexConfig

from vectordb_bench.cli.cli import (  # isort: skip
    CommonTypedDict,
    cli,
    click_parameter_decorators_from_typed_dict,
    run,
)


class VectronTypedDict(CommonTypedDict):
    url: Annotated[
        str,
        click.option(
            "--url",
            default="grpc://127.0.0.1:8081",
            show_default=True,
            help="URL of the server: grpc://, grpcs://, http:// or https://",
        ),
    ]
    api_key: Annotated[
        str | None,
        click.option(
            "--api-key",
            envvar="VECTRON_API_KEY",
            help="API key; prefer VECTRON_API_KEY, which other users cannot see",
        ),
    ]
    collection: Annotated[
        str,
        click.option(
            "--collection",
            default="vectordbbench",
            show_default=True,
            help="Name of the collection; deleted with --drop-old",
        ),
    ]
    shards: Annotated[int, click.option("--shards", type=click.IntRange(min=1), default=1, show_default=True)]
    replicas: Annotated[int, click.option("--replicas", type=click.IntRange(min=1), default=1, show_default=True)]
    m: Annotated[int, click.option("--m", type=int, default=16, show_default=True, help="HNSW: links of a graph node")]
    ef_construction: Annotated[
        int,
        click.option(
            "--ef-construction", type=int, default=200, show_default=True, help="HNSW: candidates during the build"
        ),
    ]
    ef: Annotated[int | None, click.option("--ef", type=int, help="HNSW: candidates during a search")]
    recall: Annotated[
        float | None, click.option("--recall", type=float, help="Recall that the server must reach, instead of --ef")
    ]


@cli.command(name="vectron")
@click_parameter_decorators_from_typed_dict(VectronTypedDict)
def vectron(**parameters: Unpack[VectronTypedDict]) -> None:
    """Run a case against a Vectron server."""
    key = parameters["api_key"]
    run(
        db=VECTRON,
        db_config=VectronConfig(
            db_label=parameters["db_label"],
            url=parameters["url"],
            api_key=None if key is None else SecretStr(key),
            collection=parameters["collection"],
            shards=parameters["shards"],
            replicas=parameters["replicas"],
        ),
        db_case_config=VectronIndexConfig(
            m=parameters["m"],
            ef_construction=parameters["ef_construction"],
            ef=parameters["ef"],
            recall=parameters["recall"],
        ),
        **parameters,
    )


def main() -> None:
    cli()


if __name__ == "__main__":
    main()
