import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ProcessSystem, startSingle } from '../harness/system.js';
import { Attack } from './attackers/attack.js';
import { Others } from './attackers/others.js';

const FIRST_SECONDS = 3;
const SECONDS = 8;

describe('compressed messages cost what they are unpacked, and no more than their method allows', () => {
  let system: ProcessSystem;
  let others: Others;

  beforeAll(async () => {
    system = await startSingle();
    others = await Others.on(system);
  });
  afterAll(async () => {
    await others?.close();
    await system?.stop();
  });

  it.each([
    ['http2', 'gzip', '/vectron.v1.VectronService/Upsert', true],
    ['http2', 'deflate', '/vectron.v1.VectronService/Search', true],
    ['http2', 'gzip', '/vectron.auth.v1.AuthService/Login', false],
    ['http', 'gzip', '/v1/collections/others/points', true],
    ['http', 'gzip', '/v1/users/login', false],
  ] as const)('%s, %s, %s, with a key: %s', async (protocol, encoding, path, known) => {
    const port = Number(/:(\d+)$/.exec(protocol === 'http' ? system.http : system.grpc)?.[1]);
    const token = known ? system.adminKey : '';
    const flags = { port, protocol, encoding, path, token };
    // What the runtime takes for its first large message it keeps: more of them must not add to it.
    await others.during(new Attack('bombs.mjs', { ...flags, seconds: FIRST_SECONDS }));
    const before = others.memory();
    const attack = new Attack('bombs.mjs', { ...flags, seconds: SECONDS });
    let most = 0;
    const looking = setInterval(() => {
      most = Math.max(most, others.memory());
    }, 50);
    const { rounds, sent } = await others.during(attack).finally(() => clearInterval(looking));
    console.log(
      `${sent} bombs; memory ${Math.round(before / 2 ** 20)} MiB before, ${Math.round(most / 2 ** 20)} MiB at most`,
    );
    expect(sent).toBeGreaterThan(0);
    expect(rounds).toBeGreaterThan(0);
    await others.memoryIsBack(before);
  });
});
