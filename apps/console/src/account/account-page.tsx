import { Alert, Button, Card, PasswordInput, Stack, Table, Text, Title } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api, type User } from '../api';
import { Failure } from '../failure';
import { Loaded } from '../frame/loaded';
import { Page } from '../frame/page';
import { moment } from '../moment';
import { session } from '../session';
import { useInheritance } from './inheritance';
import { useNewPassword } from './new-password';
import { useProfileQuery } from './profile';

export function AccountPage() {
  const profile = useProfileQuery();
  return (
    <Page title="Your account">
      <Stack maw={480}>
        <Loaded query={profile}>{({ user }) => user && <Facts user={user} />}</Loaded>
        <ChangePassword />
        <DeleteAccount />
      </Stack>
    </Page>
  );
}

function Facts({ user }: { user: User }) {
  const facts = [
    ['E-mail', user.email],
    ['Role', user.role],
    ['Made', moment(user.createdAt)],
    ['Tenant', user.tenantId],
    ['Last login', moment(user.lastLoginAt)],
  ];
  return (
    <Table>
      <Table.Tbody>
        {facts.map(([label, value]) => (
          <Table.Tr key={label}>
            <Table.Th>{label}</Table.Th>
            <Table.Td>{value}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function ChangePassword() {
  const [currentPassword, setCurrent] = useState('');
  const chosen = useNewPassword();
  const change = useMutation({
    mutationFn: () => api.POST('/v1/user/password', { body: { currentPassword, newPassword: chosen.password } }),
    onSuccess: () => {
      setCurrent('');
      chosen.clear();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate();
  };
  return (
    <Card withBorder>
      <form onSubmit={submit} aria-label="change password">
        <Stack>
          <Title order={2}>Change password</Title>
          <Text size="sm" c="dimmed">
            This ends your other sessions.
          </Text>
          <PasswordInput
            label="Password now"
            name="current-password"
            autoComplete="current-password"
            required
            value={currentPassword}
            onChange={(e) => setCurrent(e.target.value)}
          />
          {chosen.inputs}
          <Failure error={change.error} />
          {change.isSuccess && <Alert color="teal">The password was changed.</Alert>}
          <Button type="submit" loading={change.isPending} disabled={!chosen.ready}>
            Change password
          </Button>
        </Stack>
      </form>
    </Card>
  );
}

function DeleteAccount() {
  const [password, setPassword] = useState('');
  const inheritance = useInheritance();
  const remove = useMutation({
    mutationFn: () => api.POST('/v1/user/delete', { body: { password, ...inheritance.choice } }),
    onSuccess: () => session.forget(),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    remove.mutate();
  };
  return (
    <Card withBorder>
      <form onSubmit={submit} aria-label="delete account">
        <Stack>
          <Title order={2}>Delete account</Title>
          <Text size="sm" c="dimmed">
            The account and its API keys are permanently deleted.
          </Text>
          {inheritance.inputs}
          <PasswordInput
            label="Password"
            name="password"
            autoComplete="current-password"
            required
            value={password}
            onChange={(e) => setPassword(e.target.value)}
          />
          <Failure error={remove.error} />
          <Button type="submit" color="red" loading={remove.isPending}>
            Delete account
          </Button>
        </Stack>
      </form>
    </Card>
  );
}
