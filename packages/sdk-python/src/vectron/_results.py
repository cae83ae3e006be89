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
    A row for each search and a column for each place, the best first. Places of searches that found fewer points have None as their
    id and NaN as their score.
    """

    ids: npt.NDArray[np.object_]
    scores: npt.NDArray[np.float32]


@dataclass(slots=True)
class SearchBatchResult(Sequence[SearchResult]):
    """What many searches found: a :class:`SearchResult` for each vector, in their order."""

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
        """Ids and scores as arrays of shape (searches, most hits of one). Raises ImportError without NumPy."""
        import numpy

        shape = (len(self.searches), max((len(one.hits) for one in self.searches), default=0))
        ids = numpy.full(shape, None, dtype=object)
        scores = numpy.full(shape, numpy.nan, dtype=numpy.float32)
        for row, one in enumerate(self.searches):
            ids[row, : len(one.hits)] = [hit.id for hit in one.hits]
            scores[row, : len(one.hits)] = [hit.score for hit in one.hits]
        return NumpyResults(ids, scores)

    def to_pandas(self) -> pd.DataFrame:
        """A row for each hit, with the number of its search in the column ``search``. Raises ImportError without pandas."""
        from .frames import hits_to_pandas

        return hits_to_pandas([(row, hit) for row, one in enumerate(self.searches) for hit in one.hits])


@dataclass(slots=True)
class Tokens:
    """What keeps a login going. Both tokens are secrets."""

    token: str
    """For ``connect``'s ``api_key``, until ``expires_at``."""
    expires_at: datetime | None
    refresh_token: str
    """For ``refresh``, once."""


@dataclass(slots=True)
class Login(Tokens):
    account: Account


@dataclass(slots=True)
class CreatedInvitation:
    """The token is shown this once."""

    token: str
    invitation: Invitation


@dataclass(slots=True)
class CreatedApiKey:
    """The full key is shown this once."""

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
