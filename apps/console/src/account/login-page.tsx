import { Anchor, Button, PasswordInput, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { Link, useRouter, useSearch } from '@tanstack/react-router';
import type { Answer } from '@vectron/rest-client';
import { useState } from 'react';
import { api, apiOf } from '../api';
import { Failure } from '../failure';
import { placeAfterLogin } from '../frame/place-after-login';
import { session } from '../session';
import { Entrance } from './entrance';
import { firstPage } from './first-page';
import { useNewPassword } from './new-password';

type Login = Answer<'post', '/v1/users/login'>;

export function LoginPage() {
  const [limited, setLimited] = useState<{ login: Login; password: string }>();
  const router = useRouter();
  // Once more: the router passes parameters on that a route has not taken.
  const { to } = placeAfterLogin(useSearch({ from: '/login' }).to);
  const enter = async (login: Login) => {
    session.start(login);
    router.history.push(`/console${to ?? (await firstPage())}`);
  };
  if (limited !== undefined) return <ChangeForm {...limited} onDone={() => enter(limited.login)} />;
  return (
    <LoginForm
      onLogin={(login, password) => (login.user?.mustChangePassword ? setLimited({ login, password }) : enter(login))}
    />
  );
}

function LoginForm({ onLogin }: { onLogin: (login: Login, password: string) => void }) {
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const login = useMutation({
    mutationFn: () => api.POST('/v1/users/login', { body: { email, password } }),
    onSuccess: (answer) => onLogin(answer, password),
  });
  return (
    <Entrance title="Vectron" onSubmit={() => login.mutate()}>
      <Text size="sm" c="dimmed">
        The e-mail address and the first password of the administrator are in bootstrap.json of the data directory.
      </Text>
      <TextInput
        label="E-mail"
        name="email"
        autoComplete="username"
        required
        value={email}
        onChange={(e) => setEmail(e.target.value)}
      />
      <PasswordInput
        label="Password"
        name="password"
        autoComplete="current-password"
        required
        value={password}
        onChange={(e) => setPassword(e.target.value)}
      />
      <Failure error={login.error} />
      <Button type="submit" loading={login.isPending}>
        Log in
      </Button>
      <Anchor component={Link} to="/register" size="sm">
        I have an invitation
      </Anchor>
    </Entrance>
  );
}

/** A login whose password must be changed may do nothing else: it becomes the one of this tab when that is done. */
function ChangeForm({ login, password, onDone }: { login: Login; password: string; onDone: () => void }) {
  const chosen = useNewPassword();
  const change = useMutation({
    mutationFn: () =>
      apiOf(login.jwtToken).POST('/v1/user/password', {
        body: { currentPassword: password, newPassword: chosen.password },
      }),
    onSuccess: onDone,
  });
  return (
    <Entrance title="Choose a password" onSubmit={() => change.mutate()}>
      <Text size="sm" c="dimmed">
        The password of {login.user?.email} was given by somebody else. Choose one that you alone know.
      </Text>
      {chosen.inputs}
      <Failure error={change.error} />
      <Button type="submit" loading={change.isPending} disabled={!chosen.ready}>
        Change password
      </Button>
    </Entrance>
  );
}
