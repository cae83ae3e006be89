import { Button, Modal, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api } from '../../api';
import { Failure } from '../../failure';
import { writeTokens } from '../write-tokens';

interface Props {
  readonly collection: string;
  readonly ids: readonly string[];
  /** Deletes one point only as long as it has this version. */
  readonly ifVersion?: string;
  readonly onDone: () => void;
}

/** Deletes points by id once that was confirmed. */
export function DeletePoints({ collection, ids, ifVersion, onDone }: Props) {
  const [opened, dialog] = useDisclosure();
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: () =>
      api.POST('/v1/collections/{collection}/points/delete', {
        params: { path: { collection } },
        body: { ids: [...ids], ...(ifVersion === undefined ? {} : { ifVersion }) },
      }),
    onSuccess: async (answer) => {
      writeTokens.keep(collection, answer);
      dialog.close();
      onDone();
      await Promise.all(
        ['count', 'status', 'points'].map((key) => queries.invalidateQueries({ queryKey: [key, collection] })),
      );
    },
  });
  const what = ids.length === 1 ? ids[0] : `${ids.length} points`;
  return (
    <>
      <Button size="xs" color="red" variant="light" disabled={ids.length === 0} onClick={dialog.open}>
        Delete
      </Button>
      <Modal opened={opened} onClose={dialog.close} title={`Delete ${what}?`}>
        <Stack>
          <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
            {ids.slice(0, 10).join(', ')}
            {ids.length > 10 ? ` and ${ids.length - 10} others` : ''} will be gone for good.
          </Text>
          <Failure error={remove.error} />
          <Button color="red" data-autofocus loading={remove.isPending} onClick={() => remove.mutate()}>
            Delete {what}
          </Button>
        </Stack>
      </Modal>
    </>
  );
}
