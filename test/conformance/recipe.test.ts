import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { VectronProcess } from '../harness/process.js';
import { reasonOf, rest, tempDir } from '../harness/system.js';

const root = process.cwd();
const NOT_COPIED = new Set(['node_modules', '.git', 'dist', 'bench', 'target']);

/** The code block of the recipe with this word behind its language. */
function block(word: string): string {
  const recipe = readFileSync(join(root, 'docs/recipes/add-an-rpc.md'), 'utf8');
  const found = new RegExp(`\`\`\`\\w+ ${word}\\n([\\s\\S]*?)\`\`\``).exec(recipe);
  if (found === null) throw new Error(`the recipe has no block ${word}`);
  return found[1];
}

/** A checkout with the same dependencies, whose own packages are its own. */
function copyOfCheckout(): string {
  const copy = tempDir('recipe');
  for (const name of readdirSync(root)) {
    if (NOT_COPIED.has(name)) continue;
    cpSync(join(root, name), join(copy, name), {
      recursive: true,
      filter: (path) => !NOT_COPIED.has(path.split('/').at(-1) as string) && !path.endsWith('.tsbuildinfo'),
    });
  }
  mkdirSync(join(copy, 'node_modules/@vectron'), { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name !== '@vectron') symlinkSync(join(root, 'node_modules', name), join(copy, 'node_modules', name));
  }
  for (const folder of ['packages', 'apps']) {
    for (const name of readdirSync(join(copy, folder))) {
      symlinkSync(join(copy, folder, name), join(copy, 'node_modules/@vectron', name));
    }
  }
  return copy;
}

/** Puts text before the last `}` of the first declaration that matches. */
function insertInto(file: string, declaration: RegExp, text: string): void {
  const source = readFileSync(file, 'utf8');
  const start = source.search(declaration);
  const end = source.indexOf('\n}\n', start);
  if (start === -1 || end === -1) throw new Error(`${file} has no ${declaration}`);
  writeFileSync(file, `${source.slice(0, end + 1)}${text}${source.slice(end + 1)}`);
}

describe('the recipe for a new call', () => {
  const copy = copyOfCheckout();
  let server: VectronProcess | undefined;
  afterAll(async () => {
    await server?.stop();
    rmSync(copy, { recursive: true, force: true });
  });

  it('gives a route with access, audit and a limit by one edit of a proto and one method', async () => {
    const run = (...args: string[]) => execFileSync(process.execPath, args, { cwd: copy, stdio: 'pipe' });
    const proto = join(copy, 'proto/apigateway/apigateway.proto');
    insertInto(proto, /^service VectronService/m, block('service'));
    writeFileSync(proto, readFileSync(proto, 'utf8') + block('messages'));
    const controller = join(copy, 'apps/gateway/src/wire/grpc/vectron.grpc.controller.ts');
    insertInto(controller, /^export class VectronGrpcController/m, block('method'));
    run('scripts/proto.mjs');
    run('node_modules/typescript/bin/tsc', '-b');
    run('scripts/openapi.mjs');
    const api = JSON.parse(readFileSync(join(copy, 'docs/openapi.json'), 'utf8'));
    expect(api.paths['/v1/collections/{collection}/ids'].get).toMatchObject({
      operationId: 'listPointIds',
      summary: 'List the ids of the first points of a collection',
    });

    const data = tempDir('recipe-data');
    const listen = ['--http', '127.0.0.1:0', '--grpc', '127.0.0.1:0', '--no-sample'];
    server = new VectronProcess(['serve', '--data', data, ...listen], {}, [
      process.execPath,
      join(copy, 'apps/cli/bin/vectron.js'),
    ]);
    const [, url] = await server.until(/REST\s+(http:\/\/[\d.:]+)\/v1[\s\S]*ready; stop/);
    const { apiKey: key } = JSON.parse(readFileSync(join(data, 'bootstrap.json'), 'utf8')) as { apiKey: string };
    const call = (path: string, token?: string) => rest(url, 'GET', `/v1/collections/${path}`, { key: token });
    const post = (path: string, body: object) => rest(url, 'POST', path, { key, body });
    await post('/v1/collections', { name: 'papers', dimension: 2 });
    const points = ['b', 'a'].map((id) => ({ id, vector: [1, 2] }));
    await post('/v1/collections/papers/points', { points });
    const reader = (await post('/v1/keys', { role: 'read' })).body.fullKey as string;
    const elsewhere = (await post('/v1/keys', { collections: ['others'] })).body.fullKey as string;

    expect((await call('papers/ids?limit=100', key)).body).toEqual({ ids: ['a', 'b'] });
    expect(reasonOf((await call('papers/ids?limit=101', key)).body)).toBe('INVALID_ARGUMENT');
    expect((await call('papers/ids')).status).toBe(401);
    expect((await call('papers/ids', reader)).status).toBe(403);
    expect((await call('papers/ids', elsewhere)).status).toBe(404);
    const { entries } = (await rest(url, 'GET', '/v1/admin/audit', { key })).body;
    const results = (entries as { action: string; result: string }[])
      .filter(({ action }) => action === 'listPointIds')
      .map(({ result }) => result);
    expect(results.sort()).toEqual([
      'COLLECTION_NOT_FOUND',
      'INVALID_ARGUMENT',
      'OK',
      'PERMISSION_DENIED',
      'UNAUTHENTICATED',
    ]);
  });
});
