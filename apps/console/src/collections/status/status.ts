import { queryOptions, useQuery } from '@tanstack/react-query';
import { api } from '../../api';

/** The query of the shards, counts and settings of a collection, asked for every five seconds. */
export const statusOf = (name: string) =>
  queryOptions({
    queryKey: ['status', name],
    queryFn: () => api.GET('/v1/collections/{name}/status', { params: { path: { name } } }),
    refetchInterval: 5_000,
  });
export const useStatus = (name: string) => useQuery(statusOf(name));

/** What is declared for a collection, and how far its indexes are built. */
export const useIndexes = (collection: string, refetchInterval: number | false = false) =>
  useQuery({
    queryKey: ['indexes', collection],
    queryFn: () => api.GET('/v1/collections/{collection}/indexes', { params: { path: { collection } } }),
    refetchInterval,
  });

export const mebibytes = (bytes: string | number): string =>
  `${(Number(bytes) / 2 ** 20).toLocaleString('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 })} MiB`;
