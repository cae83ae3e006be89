"""``vectordbbench-vectron``: VectorDBBench's command line with a command for Vectron."""

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
            "--url", default="grpc://127.0.0.1:8081", show_default=True, help="grpc://, grpcs://, http:// or https://"
        ),
    ]
    api_key: Annotated[
        str | None,
        click.option(
            "--api-key",
            envvar="VECTRON_API_KEY",
            help="API key; better in VECTRON_API_KEY, where no other user sees it",
        ),
    ]
    collection: Annotated[
        str, click.option("--collection", default="vectordbbench", show_default=True, help="Dropped with --drop-old")
    ]
    shards: Annotated[int, click.option("--shards", type=click.IntRange(min=1), default=1, show_default=True)]
    replicas: Annotated[int, click.option("--replicas", type=click.IntRange(min=1), default=1, show_default=True)]
    m: Annotated[int, click.option("--m", type=int, default=16, show_default=True, help="HNSW: neighbours of a point")]
    ef_construction: Annotated[
        int,
        click.option("--ef-construction", type=int, default=200, show_default=True, help="HNSW: candidates of a build"),
    ]
    ef: Annotated[int | None, click.option("--ef", type=int, help="HNSW: candidates of a search")]
    recall: Annotated[
        float | None, click.option("--recall", type=float, help="Instead of --ef: the recall that the server aims at")
    ]


@cli.command(name="vectron")
@click_parameter_decorators_from_typed_dict(VectronTypedDict)
def vectron(**parameters: Unpack[VectronTypedDict]) -> None:
    """Runs a case against a Vectron."""
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
