"""Haystack document store for Vectron."""

from .document_store import VectronDocumentStore

__all__ = ["VectronDocumentStore"]
