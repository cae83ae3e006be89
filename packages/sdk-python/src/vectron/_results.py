"""Answers that are made of several parts of what a server sends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, overload

from ._generated.answers import Account, ApiKeyInfo, Invitation, QueryResult, SearchHit, SearchResult
from .errors import VectronError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd


@dataclass(slots=True)
class NumpyResults:
    """
    Arrays with a row for each search and a column for each rank, best first. Searches with fewer results have None as the id and NaN as
    the score of the missing ones.
    """

    ids: npt.NDArray[np.object_]
    scores: npt.NDArray[np.float32]


@dataclass(slots=True)
class SearchBatchResult(Sequence[SearchResult]):
    """The answers of a batch of searches: a :class:`SearchResult` for each vector, in their order."""

    searches: list[SearchResult]

    def __len__(self) -> int:
        return len(self.searches)

    @overload
    def __getitem__(self, at: int) -> SearchResult: ...

    @overload
    def __getitem__(self, at: slice) -> list[SearchResult]: ...

    def __getitem__(self, at: int | slice) -> SearchResult | list[SearchResult]:
        return self.searches[at]

    def __iter__(self) -> Iterator[SearchResult]:
        return iter(self.searches)

    def to_numpy(self) -> NumpyResults:
        """Returns ids and scores as arrays of shape (searches, maximum number of hits). Raises ImportError without NumPy."""
        import numpy

        shape = (len(self.searches), max((len(one.hits) for one in self.searches), default=0))
        ids = numpy.full(shape, None, dtype=object)
        scores = numpy.full(shape, numpy.nan, dtype=numpy.float32)
        for row, one in enumerate(self.searches):
            ids[row, : len(one.hits)] = [hit.id for hit in one.hits]
            scores[row, : len(one.hits)] = [hit.score for hit in one.hits]
        return NumpyResults(ids, scores)

    def to_pandas(self) -> pd.DataFrame:
        """
        Returns a data frame with a row for each hit; the column ``search`` is the position of its search. Raises ImportError without
        pandas.
        """
        from .frames import hits_to_pandas

        return hits_to_pandas([(row, hit) for row, one in enumerate(self.searches) for hit in one.hits])


@dataclass(slots=True)
class Tokens:
    """The tokens that continue a login. Both are secrets."""

    token: str
    """Access token for ``api_key`` of ``connect``, valid until ``expires_at``."""
    expires_at: datetime | None
    refresh_token: str
    """Token for ``refresh``, valid once."""


@dataclass(slots=True)
class Login(Tokens):
    account: Account


@dataclass(slots=True)
class CreatedInvitation:
    """An invitation with its token, which is shown only here."""

    token: str
    invitation: Invitation


@dataclass(slots=True)
class CreatedApiKey:
    """An API key with its full key, which is shown only here."""

    key: str
    info: ApiKeyInfo


QueryOutcome = QueryResult | VectronError

__all__ = [
    "CreatedApiKey",
    "CreatedInvitation",
    "Login",
    "NumpyResults",
    "QueryOutcome",
    "SearchBatchResult",
    "SearchHit",
    "Tokens",
]
