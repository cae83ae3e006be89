"""What VectorDBBench sees of Vectron, here and in another process."""

from __future__ import annotations

import multiprocessing
import pickle

import pytest
from vectordb_bench.backend.clients import DB
from vectordb_bench.backend.clients.api import MetricType

from vectron_vectordbbench import VECTRON, VectronConfig, VectronIndexConfig
from vectron_vectordbbench.registration import register


def test_vectron_is_one_of_their_databases_and_the_others_are_as_they_were() -> None:
    assert DB("Vectron") is DB.Vectron is VECTRON is register()
    assert VECTRON.init_cls.__name__ == "Vectron"
    assert VECTRON.config_cls is VectronConfig and VECTRON.case_config_cls() is VectronIndexConfig
    assert DB.Test.init_cls.__name__ == "Test" and DB.Test.config_cls.__name__ == "TestConfig"
    assert pickle.loads(pickle.dumps([VECTRON, DB.Milvus])) == [VECTRON, DB.Milvus]


def name_of(database: DB) -> str:
    return f"{database.name} {database.init_cls.__module__}"


def test_a_process_that_is_given_it_knows_it() -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(name_of, (VECTRON,)) == "Vectron vectron_vectordbbench.client"


def test_what_vectron_does_not_have_is_refused() -> None:
    assert VectronIndexConfig(metric_type=MetricType.L2, ef=40).search_param() == {"ef": 40}
    with pytest.raises(ValueError, match="not HAMMING"):
        VectronIndexConfig(metric_type=MetricType.HAMMING).index_param()
    with pytest.raises(ValueError):
        VectronIndexConfig(recall=1.0)


def test_a_key_is_no_part_of_what_is_shown() -> None:
    config = VectronConfig(url="grpc://127.0.0.1:8081", api_key="vk_secret")
    assert "vk_secret" not in repr(config) and config.to_dict()["api_key"] == "vk_secret"
