"""LangChain's VectorStore on Vectron."""

from .vectorstore import VectronVectorStore

__all__ = ["VectronVectorStore"]
