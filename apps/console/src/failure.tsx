import { Alert } from '@mantine/core';
import { ApiError } from './api';

/** What went wrong, with the stable code a person can search for. */
export function Failure({ error }: { error: unknown }) {
  if (!error) return null;
  const wrong = error instanceof SyntaxError ? 'Not JSON' : 'Cannot reach the server';
  const title = error instanceof ApiError ? error.reason : wrong;
  return (
    <Alert color="red" title={title} role="alert">
      {error instanceof Error ? error.message : String(error)}
    </Alert>
  );
}
