"""LangChain vector store for Vectron."""

from .vectorstore import VectronVectorStore

__all__ = ["VectronVectorStore"]
