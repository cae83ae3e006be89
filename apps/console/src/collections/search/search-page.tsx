import { Button, Card, Group, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useEffect, useState } from 'react';
import { api, type SearchAnswer } from '../../api';
import { Failure } from '../../failure';
import { Loading } from '../../frame/loaded';
import { useLinkState } from '../link-state';
import { useCollection } from '../names';
import { Retry } from '../retry';
import { useIndexes, useStatus } from '../status/status';
import { writeTokens } from '../write-tokens';
import { type Ask, callOf, NEW_ASK, readAsk, type SearchCall } from './ask';
import { CodePanel } from './code-panel';
import { MeasuredRecall } from './measured-recall';
import { FoundByQuery, FoundBySearch, type QueryAnswer } from './results';
import { type Searchable, SearchForm } from './search-form';

/** Searches of every kind; the one that was made last stands in the link, and is made when the link is opened. */
export function SearchPage() {
  const collection = useCollection();
  const [{ ask: linked }, setLink] = useLinkState(['ask'] as const);
  const [ask, setAsk] = useState(() => readAsk(linked) ?? NEW_ASK);
  const of = useSearchable(collection);
  useEffect(() => {
    const other = readAsk(linked);
    if (other !== undefined) setAsk(other);
  }, [linked]);
  const made = useMade(collection, readAsk(linked), linked);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const text = JSON.stringify(ask);
    if (text === linked) void made.refetch();
    else setLink({ ask: text });
  };
  const change = (next: Ask) => {
    const isNew = next.consistency === 'at_least' && ask.consistency !== 'at_least';
    setAsk(isNew ? { ...next, writeToken: next.writeToken || writeTokens.of(collection) } : next);
  };
  const isEmpty = ask.branches.some(({ value }) => value.trim() === '');
  return (
    <Stack>
      <form onSubmit={submit} aria-label="search">
        <SearchForm ask={ask} onChange={change} of={of}>
          <Group>
            <Button type="submit" loading={made.isFetching} disabled={isEmpty}>
              Search
            </Button>
          </Group>
        </SearchForm>
      </form>
      <Retry error={of.declared.error} onRetry={() => of.declared.refetch()} />
      <Failure error={made.error} />
      {made.isFetching && !made.data && <Loading />}
      {made.data && !made.error && <Found collection={collection} {...made.data} />}
      {made.data && (
        <Card withBorder>
          <Stack gap="xs">
            <Title order={2}>The same request as code</Title>
            <CodePanel collection={collection} call={made.data.call} />
          </Stack>
        </Card>
      )}
      {made.data?.call.verb === 'search' && (
        <MeasuredRecall key={linked} collection={collection} body={made.data.call.body} />
      )}
      {!linked && (
        <Text c="dimmed">
          Choose what is searched for. Several branches make a hybrid search, such as a vector and words, whose results
          are fused.
        </Text>
      )}
    </Stack>
  );
}

type Made = { readonly call: SearchCall; readonly answer: SearchAnswer | QueryAnswer };

function useMade(collection: string, ask: Ask | undefined, linked: string) {
  return useQuery({
    queryKey: ['search', collection, linked],
    enabled: ask !== undefined,
    queryFn: async (): Promise<Made> => {
      const call = callOf(ask as Ask);
      const path = { params: { path: { collection } } };
      const answer =
        call.verb === 'search'
          ? await api.POST('/v1/collections/{collection}/points/search', { ...path, body: call.body })
          : await api.POST('/v1/collections/{collection}/points/query', { ...path, body: call.body as never });
      return { call, answer };
    },
    retry: false,
    // An answer is of its moment, and a question that is asked again gets another one.
    gcTime: 0,
  });
}

function Found({ collection, call, answer }: Made & { collection: string }) {
  if (call.verb === 'search') return <FoundBySearch collection={collection} found={answer as SearchAnswer} />;
  return <FoundByQuery collection={collection} found={answer as QueryAnswer} body={call.body} />;
}

function useSearchable(collection: string): Searchable & { readonly declared: ReturnType<typeof useIndexes> } {
  const status = useStatus(collection).data;
  const indexesOf = useIndexes(collection);
  const declared = indexesOf.data;
  const indexes = declared?.indexes.flatMap(({ index }) => index ?? []) ?? [];
  return {
    declared: indexesOf,
    rerank: status?.rerank?.enabled === true,
    embedding: (status?.embedding?.provider ?? '') !== '',
    namedVectors: declared?.namedVectors.flatMap(({ name }) => name ?? []) ?? [],
    sparseVectors: declared?.sparseVectors ?? [],
    textPaths: indexes.filter(({ type }) => type === 'text').flatMap(({ path }) => path ?? []),
    paths: indexes.flatMap(({ path }) => path ?? []),
  };
}
