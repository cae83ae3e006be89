import { Anchor, Button, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { api } from '../api';
import { Failure } from '../failure';
import { session } from '../session';
import { Entrance } from './entrance';
import { firstPage } from './first-page';
import { useNewPassword } from './new-password';

/** Makes an account and logs it in. Whether that takes an invitation is the server's to say. */
export function RegisterPage() {
  const [invitation, setInvitation] = useState('');
  const [email, setEmail] = useState('');
  const chosen = useNewPassword();
  const navigate = useNavigate();
  const register = useMutation({
    mutationFn: async () => {
      const { password } = chosen;
      await api.POST('/v1/users/register', { body: { email, password, invitation: invitation.trim() } });
      return api.POST('/v1/users/login', { body: { email, password } });
    },
    onSuccess: async (login) => {
      session.start(login);
      await navigate({ to: await firstPage() });
    },
  });
  return (
    <Entrance title="Make an account" onSubmit={() => register.mutate()}>
      <Text size="sm" c="dimmed">
        Who invited you has sent you a token. Leave it out where everybody may register.
      </Text>
      <TextInput
        label="Invitation"
        name="invitation"
        autoComplete="off"
        value={invitation}
        onChange={(e) => setInvitation(e.target.value)}
      />
      <TextInput
        label="E-mail"
        name="email"
        autoComplete="username"
        required
        value={email}
        onChange={(e) => setEmail(e.target.value)}
      />
      {chosen.inputs}
      <Failure error={register.error} />
      <Button type="submit" loading={register.isPending} disabled={!chosen.ready}>
        Make the account
      </Button>
      <Anchor component={Link} to="/login" size="sm">
        I have an account
      </Anchor>
    </Entrance>
  );
}
