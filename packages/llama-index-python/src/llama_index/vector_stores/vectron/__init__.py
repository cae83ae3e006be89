"""LlamaIndex vector store for Vectron."""

from .base import VectronVectorStore

__all__ = ["VectronVectorStore"]
