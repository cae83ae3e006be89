import { Button, Group, Modal, Select, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useInheritance } from '../account/inheritance';
import { api, type Removal, type User } from '../api';
import { Failure } from '../failure';
import { ShownOnce } from '../shown-once';
import { ROLES, type Role } from './roles';

const pathOf = (user: User) => ({ params: { path: { user_id: user.id } } });

/** The role of somebody's account, which an administrator may change. */
export function RoleOf({ user }: { user: User }) {
  const queries = useQueryClient();
  const setRole = useMutation({
    mutationFn: (role: Role) => api.PUT('/v1/admin/users/{user_id}/role', { ...pathOf(user), body: { role } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['users'] }),
  });
  return (
    <>
      <Select
        aria-label={`role of ${user.email}`}
        size="xs"
        w={110}
        data={ROLES}
        value={user.role}
        onChange={(role) => role !== null && role !== user.role && setRole.mutate(role as Role)}
        allowDeselect={false}
        disabled={setRole.isPending}
      />
      <Failure error={setRole.error} />
    </>
  );
}

/** What else an administrator does to somebody's account. */
export function UserActions({ user }: { user: User }) {
  const queries = useQueryClient();
  const onSuccess = () => queries.invalidateQueries({ queryKey: ['users'] });
  const setDisabled = useMutation({
    mutationFn: (disabled: boolean) =>
      api.PUT('/v1/admin/users/{user_id}/disabled', { ...pathOf(user), body: { disabled } }),
    onSuccess,
  });
  return (
    <>
      <Group gap={4} wrap="nowrap">
        <Button
          size="compact-xs"
          variant="subtle"
          loading={setDisabled.isPending}
          onClick={() => setDisabled.mutate(!user.disabled)}
        >
          {user.disabled ? 'enable' : 'disable'}
        </Button>
        <ResetPassword user={user} onDone={onSuccess} />
        <Remove user={user} onDone={onSuccess} />
      </Group>
      <Failure error={setDisabled.error} />
    </>
  );
}

function ResetPassword({ user, onDone }: { user: User; onDone: () => Promise<void> }) {
  const [opened, dialog] = useDisclosure();
  const reset = useMutation({
    mutationFn: () => api.POST('/v1/admin/users/{user_id}/reset-password', { ...pathOf(user), body: {} }),
  });
  const close = () => {
    dialog.close();
    reset.reset();
    if (reset.isSuccess) void onDone();
  };
  return (
    <>
      <Button size="compact-xs" variant="subtle" onClick={dialog.open}>
        reset password
      </Button>
      <Modal opened={opened} onClose={close} title={`Reset the password of ${user.email}?`}>
        <Stack>
          <Text size="sm">
            This ends their sessions. You get a one-time password; they must choose their own password when they log in
            with it.
          </Text>
          <Failure error={reset.error} />
          {reset.data ? (
            <ShownOnce what="the password" secret={reset.data.password} id="new-password" />
          ) : (
            <Button loading={reset.isPending} onClick={() => reset.mutate()}>
              Reset password
            </Button>
          )}
        </Stack>
      </Modal>
    </>
  );
}

function Remove({ user, onDone }: { user: User; onDone: () => Promise<void> }) {
  const [opened, dialog] = useDisclosure();
  const [removal, setRemoval] = useState<Removal>();
  const close = () => {
    dialog.close();
    if (removal !== undefined) void onDone();
  };
  return (
    <>
      <Button size="compact-xs" color="red" variant="subtle" onClick={dialog.open}>
        remove
      </Button>
      <Modal opened={opened} onClose={close} title={removal ? `${user.email} was removed` : `Remove ${user.email}?`}>
        {removal ? <Removed removal={removal} /> : <RemoveForm user={user} onRemoved={setRemoval} />}
      </Modal>
    </>
  );
}

function RemoveForm({ user, onRemoved }: { user: User; onRemoved: (removal: Removal) => void }) {
  const inheritance = useInheritance();
  const remove = useMutation({
    mutationFn: () =>
      api.DELETE('/v1/admin/users/{user_id}', {
        params: { path: { user_id: user.id }, query: inheritance.choice },
      }),
    onSuccess: onRemoved,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    remove.mutate();
  };
  return (
    <form onSubmit={submit} aria-label="remove">
      <Stack>
        <Text size="sm">The account and its API keys are permanently deleted.</Text>
        {inheritance.inputs}
        <Failure error={remove.error} />
        <Button type="submit" color="red" loading={remove.isPending}>
          Remove {user.email}
        </Button>
      </Stack>
    </form>
  );
}

function Removed({ removal }: { removal: Removal }) {
  const facts: [string, string[]][] = [
    ['Deleted collections', removal.deletedCollections],
    ['Collections of the heir now', removal.handedCollections],
    ['Collections that stay with the tenant', removal.keptCollections],
  ];
  return (
    <Stack gap="xs" data-testid="removal">
      <Text size="sm">The account is gone, with {removal.deletedKeys} API keys.</Text>
      {facts.map(([label, names]) => (
        <Text key={label} size="sm">
          {label}: {names.join(', ') || 'none'}
        </Text>
      ))}
    </Stack>
  );
}
