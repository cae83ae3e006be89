"""Retrievers for a VectronDocumentStore."""

from .retrievers import VectronEmbeddingRetriever, VectronHybridRetriever, VectronKeywordRetriever, VectronSparseEmbeddingRetriever

__all__ = [
    "VectronEmbeddingRetriever",
    "VectronHybridRetriever",
    "VectronKeywordRetriever",
    "VectronSparseEmbeddingRetriever",
]
