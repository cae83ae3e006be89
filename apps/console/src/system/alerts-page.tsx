import { Badge, Button, NumberInput, SegmentedControl, Select, Stack, Switch, Text, Title } from '@mantine/core';
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Answer } from '@vectron/rest-client';
import { useState } from 'react';
import { api } from '../api';
import { Failure } from '../failure';
import { DataTable } from '../frame/data-table';
import { Empty, Loaded } from '../frame/loaded';
import { Page } from '../frame/page';
import { momentMs } from '../moment';

type Alert = Answer<'get', '/v1/alerts'>['alerts'][number];
type Rule = Answer<'get', '/v1/alerts/rules'>['rules'][number];

const EVERY_MS = 5_000;
const LEVELS = ['warning', 'critical'];
/** What the threshold of a rule means, in the words of the API's documentation. */
const MEANINGS: Readonly<Record<string, string>> = {
  worker_down: 'A worker sends no heartbeat. It has no threshold.',
  under_replicated: 'Healthy replicas that a shard lacks.',
  replication_lag: 'Log entries that a replica is behind.',
  index_lag: 'Points of a shard that wait for the index.',
  disk: 'Share of a disk that is used, from 0 to 1.',
  error_rate: "Share of the last minute's requests that failed for reasons that are not the callers', from 0 to 1.",
  recall_unmet: 'Share of the searches of five minutes whose wanted recall was not reached, from 0 to 1.',
};

/** What rules have found wrong, and the rules. */
export function AlertsPage() {
  const [status, setStatus] = useState('open');
  const queries = useQueryClient();
  const list = useQuery({
    queryKey: ['alerts', status],
    queryFn: () => api.GET('/v1/alerts', { params: { query: { status: status as 'open' } } }),
    refetchInterval: EVERY_MS,
    placeholderData: keepPreviousData,
  });
  const reload = () => queries.invalidateQueries({ queryKey: ['alerts'] });
  return (
    <Page
      title="Alerts"
      about="The gateway checks its rules every ten seconds. An alert closes when its cause is over, or when somebody resolves it."
    >
      <SegmentedControl
        aria-label="which alerts"
        data={[
          { value: 'open', label: 'Open' },
          { value: 'resolved', label: 'Resolved' },
          { value: '', label: 'All' },
        ]}
        value={status}
        onChange={setStatus}
        w={260}
      />
      <Loaded
        query={list}
        isEmpty={({ alerts }) => alerts.length === 0}
        empty={<Empty title={status === 'open' ? 'No alert is open' : 'There is no such alert'} />}
      >
        {({ alerts }) => <Alerts alerts={alerts} onResolved={reload} />}
      </Loaded>
      <Title order={2}>Rules</Title>
      <Rules />
    </Page>
  );
}

function Alerts({ alerts, onResolved }: { alerts: readonly Alert[]; onResolved: () => Promise<void> }) {
  const resolve = useMutation({
    mutationFn: (id: string) => api.POST('/v1/alerts/{id}/resolve', { params: { path: { id } }, body: {} }),
    onSuccess: onResolved,
  });
  return (
    <Stack gap="xs">
      <Failure error={resolve.error} />
      <DataTable
        label="alerts"
        rows={alerts}
        keyOf={({ id }) => id}
        columns={[
          {
            head: 'Level',
            cell: ({ level }) => (
              <Badge color={level === 'critical' ? 'red' : 'orange'} variant="light">
                {level}
              </Badge>
            ),
          },
          { head: 'Rule', cell: ({ rule }) => rule },
          { head: 'What', cell: ({ message }) => message },
          {
            head: 'Actions',
            cell: ({ id, status, subject }) =>
              status === 'open' && (
                <Button
                  size="compact-xs"
                  variant="default"
                  aria-label={`resolve the alert of ${subject}`}
                  loading={resolve.isPending && resolve.variables === id}
                  onClick={() => resolve.mutate(id)}
                >
                  resolve
                </Button>
              ),
          },
          { head: 'Opened', cell: ({ openedAtMs }) => momentMs(openedAtMs) },
          {
            head: 'Closed',
            cell: ({ resolvedAtMs, resolvedBy }) =>
              resolvedAtMs === undefined ? 'open' : `${momentMs(resolvedAtMs)}, ${resolvedBy}`,
          },
        ]}
      />
    </Stack>
  );
}

function Rules() {
  const queries = useQueryClient();
  const rules = useQuery({ queryKey: ['alert-rules'], queryFn: () => api.GET('/v1/alerts/rules') });
  const change = useMutation({
    mutationFn: ({ rule, ...body }: { rule: string; enabled?: boolean; level?: string; threshold?: number }) =>
      api.PUT('/v1/alerts/rules/{rule}', { params: { path: { rule } }, body: body as { enabled?: boolean } }),
    onSettled: () => queries.invalidateQueries({ queryKey: ['alert-rules'] }),
  });
  const isBusy = (rule: string) => change.isPending && change.variables.rule === rule;
  return (
    <Stack gap="xs">
      <Failure error={change.error} />
      <Loaded query={rules}>
        {(data) => (
          <DataTable
            label="alert rules"
            rows={data.rules}
            keyOf={({ rule }) => rule}
            columns={[
              {
                head: 'On',
                cell: ({ rule, enabled }) => (
                  <Switch
                    aria-label={`${rule} is on`}
                    checked={enabled}
                    disabled={isBusy(rule)}
                    onChange={(e) => change.mutate({ rule, enabled: e.currentTarget.checked })}
                  />
                ),
              },
              {
                head: 'Rule',
                cell: ({ rule }) => (
                  <>
                    <Text size="sm" fw={600}>
                      {rule}
                    </Text>
                    <Text size="xs" c="dimmed" miw={180}>
                      {MEANINGS[rule]}
                    </Text>
                  </>
                ),
              },
              {
                head: 'Level',
                cell: ({ rule, level }) => (
                  <Select
                    aria-label={`level of ${rule}`}
                    size="xs"
                    w={110}
                    data={LEVELS}
                    value={level}
                    allowDeselect={false}
                    disabled={isBusy(rule)}
                    onChange={(value) => value !== null && value !== level && change.mutate({ rule, level: value })}
                  />
                ),
              },
              {
                head: 'Threshold',
                cell: (rule) => (
                  <Threshold
                    key={rule.threshold}
                    rule={rule}
                    onChange={(threshold) => change.mutate({ rule: rule.rule, threshold })}
                  />
                ),
              },
            ]}
          />
        )}
      </Loaded>
    </Stack>
  );
}

/** Sent when the field is left or Enter is pressed, so that no half of a number is. */
function Threshold({ rule, onChange }: { rule: Rule; onChange: (threshold: number) => void }) {
  const [value, setValue] = useState<number | string>(rule.threshold);
  if (rule.rule === 'worker_down') return <Text size="sm">none</Text>;
  const commit = () => {
    if (value === '' || Number(value) === rule.threshold) setValue(rule.threshold);
    else onChange(Number(value));
  };
  return (
    <NumberInput
      aria-label={`threshold of ${rule.rule}`}
      size="xs"
      w={110}
      min={0}
      step={rule.threshold < 1 ? 0.01 : 1}
      value={value}
      onChange={setValue}
      onBlur={commit}
      onKeyDown={(e) => e.key === 'Enter' && commit()}
    />
  );
}
