"""
VectorDBBench client for Vectron: an implementation of ``VectorDB``, its configurations, and their registration.

Importing this package registers Vectron with VectorDBBench in this process (see :mod:`.registration`). It does not
change files of VectorDBBench, whose web page does not list Vectron because it is a separate program that does not
import this package.
"""

from .config import VectronConfig, VectronIndexConfig
from .registration import register

VECTRON = register()
"""Vectron's member of ``vectordb_bench.backend.clients.DB``."""

__all__ = ["VECTRON", "VectronConfig", "VectronIndexConfig"]
