import { connect } from '@vectron/sdk';
import { type ProcessSystem, type System, startSingle, tempDir } from '../harness/system.js';

const FLAGS = ['--no-sample', '--registration', 'invite'];

/** A server with the collection `animals`; `flags`: beside those that all have. */
export async function startWithAnimals(...flags: readonly string[]): Promise<ProcessSystem> {
  const system = await startSingle(tempDir('console'), [...FLAGS, ...flags]);
  const db = connect(system.http, { apiKey: system.adminKey });
  await db.createCollection('animals', { dimension: 2, rerank: { enabled: true } });
  const animals = { cat: [1, 0.1], tiger: [1, 0.2], lion: [1, 0.3], trout: [0.1, 1], salmon: [0.2, 1] };
  await db.upsert(
    'animals',
    Object.entries(animals).map(([id, vector]) => ({ id, vector, payload: { name: id } })),
  );
  return system;
}

/** The server of the same data at the same address, after it was killed. */
export const startAgain = ({ data, http }: System): Promise<ProcessSystem> =>
  startSingle(data, [...FLAGS, '--http', new URL(http).host]);
