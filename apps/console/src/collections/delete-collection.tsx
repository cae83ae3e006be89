import { Button, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { api } from '../api';
import { Failure } from '../failure';

/** Deletes a collection once its name was typed. */
export function DeleteCollection({ name }: { name: string }) {
  const [opened, dialog] = useDisclosure();
  const [typed, setTyped] = useState('');
  const navigate = useNavigate();
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: () => api.DELETE('/v1/collections/{name}', { params: { path: { name } } }),
    onSuccess: async () => {
      await navigate({ to: '/' });
      queries.removeQueries({ queryKey: ['status', name] });
      await queries.invalidateQueries({ queryKey: ['collections'] });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (typed === name) remove.mutate();
  };
  const close = () => {
    dialog.close();
    setTyped('');
    remove.reset();
  };
  return (
    <>
      <Button color="red" variant="light" size="xs" onClick={dialog.open}>
        Delete collection
      </Button>
      <Modal opened={opened} onClose={close} title={`Delete ${name}?`}>
        <form onSubmit={submit}>
          <Stack>
            <Text size="sm">The collection and all its points are permanently deleted.</Text>
            <TextInput
              label={`Type ${name} to confirm`}
              name="typed-name"
              autoComplete="off"
              data-autofocus
              value={typed}
              onChange={(e) => setTyped(e.target.value)}
            />
            <Failure error={remove.error} />
            <Button type="submit" color="red" disabled={typed !== name} loading={remove.isPending}>
              Delete {name}
            </Button>
          </Stack>
        </form>
      </Modal>
    </>
  );
}
