import { PasswordInput } from '@mantine/core';
import { useState } from 'react';

/** A password that is typed twice. `ready`: it is long enough, and both are equal. */
export function useNewPassword() {
  const [first, setFirst] = useState('');
  const [second, setSecond] = useState('');
  return {
    password: first,
    ready: first.length >= 8 && first === second,
    clear: () => {
      setFirst('');
      setSecond('');
    },
    inputs: (
      <>
        <PasswordInput
          label="New password"
          description="8 to 128 characters"
          name="new-password"
          autoComplete="new-password"
          required
          minLength={8}
          maxLength={128}
          value={first}
          onChange={(e) => setFirst(e.target.value)}
        />
        <PasswordInput
          label="New password once more"
          name="new-password-again"
          autoComplete="new-password"
          required
          value={second}
          onChange={(e) => setSecond(e.target.value)}
          error={second !== '' && !first.startsWith(second) ? 'The two passwords differ.' : undefined}
        />
      </>
    ),
  };
}
