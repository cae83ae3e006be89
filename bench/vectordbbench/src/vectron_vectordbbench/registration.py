"""
Registers ``DB.Vectron`` with VectorDBBench.

Databases are members of an ``Enum`` of VectorDBBench, whose properties return the classes of each member by chains of
``if``, without a way to add further databases. This module therefore adds the member to the ``Enum`` of this process,
and its three properties answer for that member and call the original ones for every other member. A run starts
further processes, which receive the member pickled: unpickling it registers Vectron there.
"""

from __future__ import annotations

from typing import Any

from aenum import extend_enum
from vectordb_bench.backend.clients import DB

from .config import VectronConfig, VectronIndexConfig

NAME = "Vectron"


def register() -> DB:
    """Registers Vectron once and returns its member."""
    if NAME in DB.__members__:
        return DB[NAME]
    member: DB = extend_enum(DB, NAME, NAME)
    init_cls, config_cls, case_config_cls = DB.init_cls, DB.config_cls, DB.case_config_cls

    reduce_ex = DB.__reduce_ex__

    def own_reduce_ex(self: DB, protocol: Any) -> Any:
        return (register, ()) if self is member else reduce_ex(self, protocol)

    def own_init_cls(self: DB) -> Any:
        if self is not member:
            return init_cls.fget(self)
        from .client import Vectron

        return Vectron

    def own_config_cls(self: DB) -> Any:
        return VectronConfig if self is member else config_cls.fget(self)

    def own_case_config_cls(self: DB, index_type: Any = None) -> Any:
        return VectronIndexConfig if self is member else case_config_cls(self, index_type)

    DB.__reduce_ex__ = own_reduce_ex
    DB.init_cls = property(own_init_cls)
    DB.config_cls = property(own_config_cls)
    DB.case_config_cls = own_case_config_cls
    return member
