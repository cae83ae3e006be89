// The runner of the TypeScript SDK: plays every scenario over REST and gRPC in a server or cluster, or in an embedded database.
// ../scenarios/README.md says what its environment is and what it prints.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, open } from '@vectron/sdk';
import { play } from './play.mjs';
import { scenarios } from './scenarios.mjs';
import { performer } from './typescript-calls.mjs';

const { VECTRON_SCENARIO_HOME: home, VECTRON_API_KEY: apiKey, VECTRON_RESTART, VECTRON_SCENARIOS } = process.env;
const { VECTRON_SCENARIO_KEYS } = process.env;
const only = VECTRON_SCENARIOS?.split(',');

/** What plays calls over each wire, how it is called, and how it is ended. */
async function wires() {
  if (home === 'embedded') {
    const dir = mkdtempSync(join(tmpdir(), 'vectron-scenarios-'));
    const db = await open(dir);
    const close = async () => {
      await db.close();
      rmSync(dir, { recursive: true, force: true });
    };
    return [{ wire: 'embedded', perform: performer(db), close }];
  }
  const { VECTRON_REST: rest, VECTRON_GRPC: grpc, VECTRON_REST_GATEWAYS, VECTRON_GRPC_GATEWAYS } = process.env;
  // In a cluster also with the addresses of all gateways, which the client chooses among by itself.
  const several = { 'rest-gateways': VECTRON_REST_GATEWAYS, 'grpc-gateways': VECTRON_GRPC_GATEWAYS };
  const addresses = { rest, grpc, ...(VECTRON_REST_GATEWAYS === undefined ? {} : several) };
  return Object.entries(addresses).map(([wire, address]) => {
    const db = connect(address, { apiKey });
    const own = performer(db);
    /** Clients with other keys, by what steps say of those. */
    const others = new Map();
    const other = (key) => {
      const name = JSON.stringify(key);
      if (!others.has(name)) others.set(name, connectAs(key, wire, address));
      return performer(others.get(name));
    };
    const asRole = async (role, call, fields) => {
      const { key, info } = await db.createApiKey('scenario', { role });
      return other(key)(call, fields).finally(() => db.deleteApiKey(info.prefix));
    };
    const perform = (call, fields, key) => {
      if (key === undefined) return own(call, fields);
      return key.role === undefined ? other(key)(call, fields) : asRole(key.role, call, fields);
    };
    const close = () => Promise.all([db, ...others.values()].map((one) => one.close()));
    return { wire, perform, close };
  });
}

/** A client with a key that is written in a step, or with one that the harness has made. */
function connectAs(key, wire, address) {
  if (typeof key === 'string') return connect(address, { apiKey: key });
  const { of: name, retries, ...unknown } = key;
  const made = JSON.parse(VECTRON_SCENARIO_KEYS ?? '{}')[name];
  if (made === undefined || Object.keys(unknown).length > 0) {
    throw new Error(
      'apiKey is a key, { role: read }, or { of: name, retries: 0 } with the name of one that the harness has made',
    );
  }
  return connect(wire.startsWith('rest') ? made.rest : made.grpc, {
    apiKey: made.key,
    ...(retries === undefined ? {} : { retries }),
  });
}

async function restart() {
  const { ok, status } = await fetch(VECTRON_RESTART, { method: 'POST' });
  if (!ok) throw new Error(`the gateways were not restarted: ${status}`);
}

let failed = 0;
const mine = scenarios().filter(({ homes, name }) => homes.includes(home) && (only?.includes(name) ?? true));
for (const { wire, perform, close } of await wires()) {
  for (const scenario of mine) {
    const collection = `${scenario.name}-${wire}-${randomBytes(4).toString('hex')}`;
    try {
      await play(scenario, { collection, perform, restart });
      console.log(`ok ${home} ${wire} ${scenario.name}`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED ${home} ${wire} ${scenario.name}`);
      console.error(`${home}, ${wire}, ${scenario.name}: ${error.message}`);
    }
  }
  await close();
}
process.exitCode = failed === 0 && mine.length > 0 ? 0 : 1;
