// Keys whose limits are small, so that scenarios can go beyond them: a key that may make few requests a second, one for whose change feeds
// there is no room, and one of an account that may store next to nothing.
import { once } from 'node:events';
import { connect } from '@vectron/sdk';
import { WebSocket } from 'ws';

/** Flags for the servers, or the gateways, that the scenarios are played against: accounts of plan FREE have small quotas. */
export const SMALL_QUOTAS = ['--free-max-points', '4', '--free-max-collections', '1'];
/** Flags for one more server, or gateway: a key makes two requests a second, and there is room for one change feed. */
export const SMALL_LIMITS = ['--rate-limit', '2', '--tenant-rate-limit', '1000000', '--max-watches', '1'];

const PASSWORD = 'a good password of the scenarios';
/** Probes until the room for change feeds is known to be taken. */
const MOST_PROBES = 1_000;

/**
 * Makes the keys, with a collection for each. `main` and `limited`: the addresses (`rest`, `grpc`) of what was started with SMALL_QUOTAS and
 * with SMALL_LIMITS, and the key of an administrator there. Gives `keys`, which runners find in VECTRON_SCENARIO_KEYS, and `close`.
 */
export async function smallLimits(main, limited) {
  const slow = await limitedKey(limited, 'slow');
  const watching = await limitedKey(limited, 'watching');
  const db = connect(limited.admin, { apiKey: limited.key });
  await db.createCollection('limited', { dimension: 2 });
  await db.close();
  const socket = await takeRoom(limited.rest, watching);
  const at = ({ rest, grpc }, key) => ({ rest, grpc, key });
  const keys = { slow: at(limited, slow), watching: at(limited, watching), full: at(main, await keyOfFree(main)) };
  return { keys, close: () => socket.terminate() };
}

async function limitedKey({ admin, key }, name) {
  const db = connect(admin, { apiKey: key });
  const made = await db.createApiKey(name, { role: 'write' });
  await db.close();
  return made.key;
}

/** A key of an account of plan FREE that has a collection, `full`. */
async function keyOfFree({ rest }) {
  const anybody = connect(rest);
  const email = 'free@example.org';
  await anybody.register(email, PASSWORD);
  const { token } = await anybody.login(email, PASSWORD);
  await anybody.close();
  const db = connect(rest, { apiKey: token });
  const { key } = await db.createApiKey('full', { role: 'write' });
  await db.createCollection('full', { dimension: 2 });
  await db.close();
  return key;
}

/** Takes the room for change feeds with a WebSocket for searches, which counts as one and stays open. */
async function takeRoom(rest, key) {
  const url = `${rest.replace('http', 'ws')}/v1/collections/limited/points/search/stream`;
  const socket = new WebSocket(url, ['vectron', `bearer.${key}`]);
  await once(socket, 'open');
  const db = connect(rest, { apiKey: key, retries: 1 });
  for (let probe = 0; probe < MOST_PROBES; probe++) {
    const code = await db.listChanges('limited').then(
      () => 'OK',
      (error) => error.code,
    );
    if (code === 'OVERLOADED') return db.close().then(() => socket);
    if (code !== 'OK' && code !== 'RATE_LIMITED') throw new Error(`a change feed ends with ${code}`);
  }
  throw new Error('the room for change feeds is not taken');
}
