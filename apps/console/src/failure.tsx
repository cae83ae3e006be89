import { Alert } from '@mantine/core';
import { VectronError } from '@vectron/errors';

/** What went wrong, with the stable code a person can search for. */
export function Failure({ error }: { error: unknown }) {
  if (!error) return null;
  const wrong = error instanceof SyntaxError ? 'Not JSON' : 'Failed';
  const title = error instanceof VectronError ? error.code : wrong;
  return (
    <Alert color="red" title={title} role="alert">
      {error instanceof Error ? error.message : String(error)}
    </Alert>
  );
}
