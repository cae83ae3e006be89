import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { credentials, loadPackageDefinition, type Metadata, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { VectronProcess } from '../harness/process.js';
import { type ProcessSystem, rest, startSingle, tempDir } from '../harness/system.js';

const EXAMPLE = join(process.cwd(), 'examples/nestjs');

interface Found {
  readonly id: string;
  readonly title: string;
  readonly score: number;
}
type Outcome = { found: Found[] } | { error: ServiceError; metadata: Metadata };
interface Library {
  find(question: object, done: (error: ServiceError | null, answer: { found: Found[] }) => void): void;
  close(): void;
}

/** A client of the application's own service. */
function libraryAt(address: string): Library {
  // biome-ignore lint/suspicious/noExplicitAny: what is loaded at run time has no types
  const loaded = loadPackageDefinition(loadSync(join(EXAMPLE, 'proto/library.proto'))) as any;
  return new loaded.library.v1.Library(address, credentials.createInsecure());
}
const found = (library: Library, question: object) =>
  new Promise<Outcome>((resolve) =>
    library.find(question, (error, answer) => resolve(error ? { error, metadata: error.metadata } : answer)),
  );

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** The program as it is built, in an empty folder. */
async function start(environment: Record<string, string>) {
  const grpc = `127.0.0.1:${await freePort()}`;
  const main = `cd '${tempDir('library')}' && exec '${process.execPath}' '${join(EXAMPLE, 'dist/main.js')}'`;
  const environmentOf = { HTTP_PORT: '0', GRPC_ADDRESS: grpc, NO_COLOR: '1', ...environment };
  const program = new VectronProcess(['-c', main], environmentOf, ['bash']);
  const [, http] = await program.until(/REST on (http:\S+),/);
  return { program, http, library: libraryAt(grpc) };
}

describe('the example of NestJS', () => {
  let system: ProcessSystem;
  beforeAll(async () => {
    system = await startSingle();
  });
  afterAll(() => system?.stop());

  const homes: [string, () => Record<string, string>][] = [
    ['a server over gRPC', () => ({ VECTRON_URL: `grpc://${system.grpc}`, VECTRON_API_KEY: system.adminKey })],
    ['a server over REST', () => ({ VECTRON_URL: system.http, VECTRON_API_KEY: system.adminKey })],
    ['a database of its own', () => ({})],
  ];
  it.each(homes)('imports documents and finds them over REST and gRPC, with %s', async (_, environment) => {
    const { program, http, library } = await start(environment());
    try {
      const words = 'a leader replicates a log';
      const { status, body } = await rest(http, 'GET', `/documents?text=${encodeURIComponent(words)}`);
      expect([status, body.map(({ id }: Found) => id)[0], body.length]).toEqual([200, 'raft', 3]);
      const old = await rest(http, 'GET', '/documents?text=merged&since=2010&limit=10');
      expect(old.body.map(({ id }: Found) => id).sort()).toEqual(['hnsw', 'raft']);
      const answer = (await found(library, { text: 'the words of a query', limit: 1 })) as { found: Found[] };
      const title = 'The probabilistic relevance framework';
      expect(answer.found).toEqual([{ id: 'bm25', title, score: expect.any(Number) }]);
      expect((await rest(http, 'GET', '/health')).body).toMatchObject({ info: { vectron: { database: 'ok' } } });

      // What is wrong is said by Vectron, under the status of each wire.
      const many = await rest(http, 'GET', '/documents?text=a&limit=1000000');
      expect(many).toMatchObject({ status: 400, body: { code: 'INVALID_ARGUMENT', field: 'topK' } });
      const refused = (await found(library, { text: 'a', limit: 1_000_000 })) as { error: ServiceError };
      expect(refused.error).toMatchObject({ code: 3, details: expect.stringMatching(/top_?k/i) });
      const { metadata } = refused as unknown as { metadata: Metadata };
      expect([metadata.get('vectron-code'), metadata.get('vectron-field')]).toEqual([['INVALID_ARGUMENT'], ['topK']]);
    } finally {
      library.close();
      await program.stop();
    }
    expect(program.output).not.toMatch(/error/i);
  });

  it('says so, and keeps the request id, when the server is stopped or has refused it', async () => {
    const own = await startSingle();
    const { key } = { key: own.adminKey };
    const { program, http, library } = await start({ VECTRON_URL: `grpc://${own.grpc}`, VECTRON_API_KEY: key });
    try {
      const { db } = await collectionRemoved(own);
      const gone = (await found(library, { text: 'a' })) as { error: ServiceError; metadata: Metadata };
      expect(gone.error.code).toBe(5);
      expect(gone.metadata.get('vectron-code')).toEqual(['COLLECTION_NOT_FOUND']);
      expect(gone.metadata.get('x-request-id')).toEqual([expect.stringMatching(/^[\w-]{8,}$/)]);
      await db.close();
      await own.processes[0].stop('SIGKILL');
      expect(await rest(http, 'GET', '/health')).toMatchObject({
        status: 503,
        body: { error: { vectron: { code: 'UNAVAILABLE' } } },
      });
    } finally {
      library.close();
      await program.stop();
      await own.stop();
    }
    expect(program.output).not.toContain(key);
  });
});

async function collectionRemoved({ http, adminKey }: ProcessSystem) {
  const { connect } = await import('@vectron/sdk');
  const db = connect(http, { apiKey: adminKey });
  await db.deleteCollection('library');
  return { db };
}
