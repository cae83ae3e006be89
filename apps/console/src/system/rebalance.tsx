import { Button, Group, List, Modal, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation } from '@tanstack/react-query';
import type { Answer } from '@vectron/rest-client';
import { api } from '../api';
import { Failure } from '../failure';
import { Loading } from '../frame/loaded';

type Plan = Answer<'post', '/v1/admin/rebalance'>;

/** Shows what the planner would do now, and has it begin. */
export function Rebalance({ onDone }: { onDone: () => Promise<void> }) {
  const [opened, dialog] = useDisclosure();
  const plan = useMutation({ mutationFn: () => api.POST('/v1/admin/rebalance', { body: { dryRun: true } }) });
  const begin = useMutation({
    mutationFn: () => api.POST('/v1/admin/rebalance', { body: { dryRun: false } }),
    onSuccess: () => {
      dialog.close();
      return onDone();
    },
  });
  const open = () => {
    begin.reset();
    plan.mutate();
    dialog.open();
  };
  return (
    <>
      <Button variant="default" onClick={open}>
        Rebalance
      </Button>
      <Modal opened={opened} onClose={dialog.close} title="What the planner would do now" size="lg">
        <Stack>
          {plan.isPending && <Loading rows={2} />}
          <Failure error={plan.error ?? begin.error} />
          {plan.data && <Actions plan={plan.data} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={dialog.close}>
              Close
            </Button>
            <Button
              loading={begin.isPending}
              disabled={(plan.data?.actions.length ?? 0) === 0}
              onClick={() => begin.mutate()}
            >
              Begin
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}

function Actions({ plan: { actions, blocked } }: { plan: Plan }) {
  return (
    <Stack gap="xs">
      {actions.length === 0 && <Text size="sm">Nothing: the cluster is balanced as far as it can be.</Text>}
      <List size="sm">
        {actions.map(({ kind, shardId, collection, from, to, reason }) => (
          <List.Item key={`${kind} ${shardId} ${from} ${to}`}>
            {kind} of shard {shardId} of {collection}
            {to === '' ? '' : ` from ${from.slice(0, 8)} to ${to.slice(0, 8)}`}: {reason}
          </List.Item>
        ))}
        {blocked.map((reason) => (
          <List.Item key={reason}>
            <Text size="sm" c="red" span>
              blocked
            </Text>
            : {reason}
          </List.Item>
        ))}
      </List>
    </Stack>
  );
}
