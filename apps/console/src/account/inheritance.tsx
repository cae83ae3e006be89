import { Radio, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';

type Choice = 'keep' | 'heir' | 'delete';

/** What becomes of the collections of a tenant when its last account goes. `choice`: the fields of the request. */
export function useInheritance() {
  const [what, setWhat] = useState<Choice>('keep');
  const [heir, setHeir] = useState('');
  return {
    choice: { heir: what === 'heir' ? heir : '', deleteCollections: what === 'delete' },
    inputs: (
      <Radio.Group
        label="Collections, when the tenant has no other account"
        value={what}
        onChange={(value) => setWhat(value as Choice)}
      >
        <Stack gap="xs" mt="xs">
          <Radio value="keep" label="There are none, or the tenant has other accounts" />
          <Radio value="heir" label="Hand them to another account" />
          {what === 'heir' && (
            <TextInput
              label="Heir: e-mail or id"
              name="heir"
              required
              value={heir}
              onChange={(e) => setHeir(e.target.value)}
            />
          )}
          <Radio value="delete" label="Delete them with their points" />
        </Stack>
      </Radio.Group>
    ),
  };
}
