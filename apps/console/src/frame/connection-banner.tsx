import { Alert } from '@mantine/core';
import { useConnection } from './connection';

/** Says that the server does not answer, on every page, for as long as it is so. */
export function ConnectionBanner() {
  const connection = useConnection();
  if (connection === 'up') return null;
  const isDown = connection === 'down';
  return (
    <Alert
      data-testid="connection"
      role="alert"
      color={isDown ? 'red' : 'yellow'}
      mb="md"
      title={isDown ? 'The server cannot be reached' : 'The server answers slowly'}
    >
      {isDown
        ? 'What the page shows may be out of date, and changes are not saved. It tries again automatically.'
        : 'A request has waited for more than three seconds.'}
    </Alert>
  );
}
