import { Alert, Card, Stack, Table, Text, Title } from '@mantine/core';
import type { Answer } from '@vectron/rest-client';
import type { ReactNode } from 'react';
import type { SearchAnswer } from '../../api';
import { Failure } from '../../failure';
import { shownValue } from '../path';
import { Payload } from '../payload';
import { FindSimilar, PointLink } from '../points/points-table';
import { Wide } from '../wide';
import { HighlightedPayload, useHighlights } from './highlights';
import { ShardReads } from './shard-reads';
import { Timeline } from './timeline';

export type QueryAnswer = Answer<'post', '/v1/collections/{collection}/points/query'>;
type Hit = SearchAnswer['results'][number];
type Recall = Pick<SearchAnswer, 'recallEstimate' | 'recallInterval' | 'recallUnmet'>;

/** What is known of the recall of an answer. */
export function recallText({ recallEstimate, recallInterval, recallUnmet }: Recall): string {
  const unmet = recallUnmet ? ', the recall that was asked for is not reached' : '';
  // A mean of 1 may also have been measured; then its interval begins below.
  if (recallEstimate === 1 && (recallInterval?.low ?? 1) === 1) return `, exact${unmet}`;
  if (recallEstimate === undefined) return unmet;
  const between = recallInterval && ` (${recallInterval.low.toFixed(3)} to ${recallInterval.high.toFixed(3)})`;
  return `, recall of ${recallEstimate.toFixed(3)}${between ?? ''} expected${unmet}`;
}

function walkText({ shards, recallEstimate, recallInterval }: SearchAnswer): string {
  if (recallEstimate === 1 && (recallInterval?.low ?? 1) === 1) return '';
  const ef = Math.max(...shards.map((shard) => shard.ef));
  const slack = Math.max(...shards.map((shard) => shard.slack ?? Number.NEGATIVE_INFINITY));
  if (Number.isFinite(slack)) return `, slack ${slack.toFixed(3)}`;
  return ef === 0 ? '' : `, ef ${ef}`;
}

/** How a filter was met. */
function selectionText({ shards }: SearchAnswer): string {
  const matching = shards.reduce((sum, shard) => sum + Number(shard.matching), 0);
  if (matching === 0) return '';
  const slow = shards.some((shard) => shard.unindexed) ? ', payloads were read: an index would make it faster' : '';
  return `, ${matching} points considered (${[...new Set(shards.map((shard) => shard.plan))].join(', ')})${slow}`;
}

/** The answer of a search, and how it came about where that was asked. */
export function FoundBySearch({ collection, found }: { collection: string; found: SearchAnswer }) {
  return (
    <>
      <Summary>
        {found.results.length} results, {found.shardsAnswered} of {found.shardsAsked} shards
        {found.complete ? '' : ': incomplete'}
        {walkText(found)}
        {recallText(found)}
        {selectionText(found)}
        {found.rerankedBy ? `, reranked by ${found.rerankedBy}` : ''}
        {found.rerankSkipped ? `, not reranked: ${found.rerankSkipped}` : ''}
        {found.servedFrom ? `, from ${found.servedFrom}` : ''}
      </Summary>
      <Incomplete shards={found.shards} />
      {found.whyNot && <WhyNot {...found.whyNot} />}
      <Hits collection={collection} hits={found.results} />
      {found.explanation && <Timeline explanation={found.explanation} />}
      {found.explanation && <ShardReads shards={found.shards} />}
    </>
  );
}

function Incomplete({ shards }: Pick<SearchAnswer, 'shards'>) {
  const lost = shards.filter(({ errorCode, stopped }) => errorCode || stopped);
  if (lost.length === 0) return null;
  return (
    <Alert color="yellow" title="Points may be missing">
      {lost
        .map(({ shardId, errorCode }) => `shard ${shardId}: ${errorCode || 'its budget ended before the search'}`)
        .join('; ')}
    </Alert>
  );
}

function WhyNot({ id, step, reason, score, exactRank }: NonNullable<SearchAnswer['whyNot']>) {
  const place =
    exactRank > 0
      ? ` Its exact score is ${score.toFixed(4)}, place ${exactRank.toLocaleString('en')} of all points.`
      : '';
  return (
    <Alert
      title={`${id}: ${step.replaceAll('_', ' ')}`}
      color={step === 'returned' ? 'teal' : 'indigo'}
      data-testid="why-not"
    >
      {reason}.{place}
    </Alert>
  );
}

/** The answer of a query: fused results or groups, and what each branch found. */
export function FoundByQuery({ collection, found, body }: { collection: string; found: QueryAnswer; body: object }) {
  const { marks: highlights, error } = useHighlights(collection, body, [
    ...found.results,
    ...found.groups.flatMap(({ results }) => results),
  ]);
  return (
    <>
      <Summary>
        {found.groups.length > 0 ? `${found.groups.length} groups` : `${found.results.length} results`},{' '}
        {found.shardsAnswered} of {found.shardsAsked} shards
        {found.complete ? '' : ': incomplete'}
      </Summary>
      <Stack gap={2} data-testid="branches">
        {found.branches.map((branch, at) => (
          <Text key={at} size="sm" c="dimmed">
            Branch {at + 1}: {branch.candidates} candidates ({[...new Set(branch.plans)].join(', ')})
            {recallText(branch)}
            {branch.unindexed ? ', payloads were read: an index would make it faster' : ''}
          </Text>
        ))}
      </Stack>
      <Failure error={error} />
      {found.groups.length === 0 ? (
        <Hits collection={collection} hits={found.results} highlights={highlights} />
      ) : (
        found.groups.map(({ value, results }) => (
          <Card withBorder key={shownValue(value)}>
            <Title order={3}>{shownValue(value)}</Title>
            <Hits collection={collection} hits={results} highlights={highlights} />
          </Card>
        ))
      )}
    </>
  );
}

function Summary({ children }: { children: ReactNode }) {
  return (
    <Text size="sm" c="dimmed" data-testid="summary" role="status">
      {children}
    </Text>
  );
}

interface HitsProps {
  readonly collection: string;
  readonly hits: readonly Hit[];
  readonly highlights?: ReturnType<typeof useHighlights>['marks'];
}

function Hits({ collection, hits, highlights }: HitsProps) {
  if (hits.length === 0) return <Text c="dimmed">Nothing was found.</Text>;
  return (
    <Wide label="results" minWidth={480}>
      <Table striped aria-label="results">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Score</Table.Th>
            <Table.Th>Id</Table.Th>
            <Table.Th>Payload</Table.Th>
            <Table.Th />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {hits.map((hit) => (
            <Table.Tr key={hit.id}>
              <Table.Td title={hit.explanation}>{hit.score.toFixed(4)}</Table.Td>
              <Table.Td style={{ overflowWrap: 'anywhere', minWidth: 80 }}>
                <PointLink collection={collection} id={hit.id} />
              </Table.Td>
              <Table.Td>
                {highlights?.has(hit.id) ? (
                  <HighlightedPayload value={hit.payload ?? {}} marks={highlights.get(hit.id) ?? new Map()} />
                ) : (
                  <Payload value={hit.payload ?? {}} />
                )}
              </Table.Td>
              <Table.Td>
                <FindSimilar collection={collection} id={hit.id} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Wide>
  );
}
