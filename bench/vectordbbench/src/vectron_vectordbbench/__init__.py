"""
VectorDBBench's client for Vectron: a ``VectorDB`` of theirs, its configurations, and their registration.

Importing this package registers Vectron with VectorDBBench in this process (see :mod:`.registration`). It does not change files of theirs,
and their web page does not list Vectron: their page is a program of its own, which does not import this package.
"""

from .config import VectronConfig, VectronIndexConfig
from .registration import register

VECTRON = register()
"""Vectron's member of ``vectordb_bench.backend.clients.DB``."""

__all__ = ["VECTRON", "VectronConfig", "VectronIndexConfig"]
