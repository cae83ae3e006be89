"""Haystack's document store on Vectron."""

from .document_store import VectronDocumentStore

__all__ = ["VectronDocumentStore"]
