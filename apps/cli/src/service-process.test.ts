import { expect, it, jest } from '@jest/globals';
import { VectronError } from '@vectron/errors';
import { createLogger } from '@vectron/observability';
import { whenReachable } from './service-process.js';

const logger = createLogger('test', 'fatal');

it('a start waits for a store that does not answer yet, however often, and ends with any other error', async () => {
  jest.useFakeTimers();
  let asked = 0;
  const started = whenReachable(logger, async () => {
    asked += 1;
    if (asked < 30) throw new VectronError('UNAVAILABLE', 'etcd does not answer');
    return 'started';
  });
  await jest.advanceTimersByTimeAsync(300_000);
  expect([await started, asked]).toEqual(['started', 30]);
  jest.useRealTimers();
  const wrong = whenReachable(logger, () => Promise.reject(new VectronError('INVALID_ARGUMENT', 'no such prefix')));
  await expect(wrong).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});
