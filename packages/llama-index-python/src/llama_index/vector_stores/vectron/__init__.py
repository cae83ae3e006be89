"""LlamaIndex' vector store on Vectron."""

from .base import VectronVectorStore

__all__ = ["VectronVectorStore"]
