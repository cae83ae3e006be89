import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { VectronError } from '@vectron/errors';
import { api } from '../api';
import { Failure } from '../failure';
import { session } from '../session';

/** Ends the login at the server, which refuses its tokens from then on, and forgets it here. */
export function LogOut() {
  const logout = useMutation({
    mutationFn: () => api.POST('/v1/auth/logout', { body: {} }).catch(unlessEnded),
    onSuccess: () => session.forget(),
  });
  return (
    <>
      <Button variant="default" size="xs" loading={logout.isPending} onClick={() => logout.mutate()}>
        Log out
      </Button>
      <Modal opened={logout.isError} onClose={() => logout.reset()} title="You are still logged in on the server">
        <Stack>
          <Text size="sm">The server did not end it. You can try again, or only forget it in this browser.</Text>
          <Failure error={logout.error} />
          <Group>
            <Button loading={logout.isPending} onClick={() => logout.mutate()}>
              Try again
            </Button>
            <Button variant="default" onClick={() => session.forget()}>
              Forget it here
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}

function unlessEnded(error: unknown): undefined {
  if (error instanceof VectronError && error.code === 'UNAUTHENTICATED') return undefined;
  throw error;
}
