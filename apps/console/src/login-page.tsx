import { Button, Card, Center, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { api, session } from './api';
import { Failure } from './failure';

export function LoginPage() {
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const navigate = useNavigate();
  const login = useMutation({
    mutationFn: () => api.POST('/v1/users/login', { body: { email, password } }),
    onSuccess: ({ jwtToken }) => {
      session.start(jwtToken);
      void navigate({ to: '/' });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    login.mutate();
  };
  return (
    <Center h="100vh">
      <Card withBorder w={380} p="xl">
        <form onSubmit={submit}>
          <Stack>
            <Title order={2}>Vectron</Title>
            <Text size="sm" c="dimmed">
              The first administrator is in bootstrap.json of the data directory.
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
          </Stack>
        </form>
      </Card>
    </Center>
  );
}
