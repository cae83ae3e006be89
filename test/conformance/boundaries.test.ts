import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const filesBelow = (folder: string, suffix: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(suffix) && !/node_modules|dist|native/.test(file))
    .map((file) => join(folder, file));

/** Where a package may look, with the reason each rule exists. */
const LOWER: Record<string, string[]> = {
  // The vocabulary everybody shares depends on nothing.
  errors: [],
  proto: [],
  config: ['errors'],
  observability: ['errors'],
  // Transport, state and core know the vocabulary, not each other.
  rpc: ['errors', 'proto', 'observability'],
  metastore: ['errors'],
  engine: ['errors', 'proto'],
  // What points and collections may be, whoever stores them.
  model: ['errors', 'proto'],
  // Speaks to endpoints outside; knows nothing of collections.
  embeddings: ['errors'],
  routing: ['errors', 'proto', 'rpc', 'observability'],
  // Runs in browsers, too: it knows no more than paths, bodies and errors.
  'rest-client': ['errors'],
  // The embedded home is the core and its catalogue in this process; `connect` loads neither.
  sdk: ['errors', 'proto', 'rpc', 'rest-client', 'model', 'metastore', 'engine', 'embeddings'],
  // A client as others are: it knows no way to a server but the SDK.
  mcp: ['errors', 'model', 'sdk'],
  // A package of its own for users of NestJS: it knows what other users of the SDK know.
  nestjs: ['sdk'],
  // What users install beside the SDK knows its interface alone.
  langchain: ['sdk'],
};
const APPS = ['auth', 'gateway', 'placement-driver', 'reranker', 'worker'];

const importsOf = (file: string): string[] =>
  [...readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1]);
const sources = [...filesBelow('packages', '.ts'), ...filesBelow('apps', '.ts')].filter(
  (file) => !file.includes('console/') && !/\.(test|contract)\.ts$/.test(file),
);

/** Groups of files that import each other, directly or through others; an import of a type counts as well. */
function importCircles(folder: string): string[][] {
  const files = filesBelow(folder, '.ts');
  const imports = new Map(
    files.map((file) => {
      const own = importsOf(file).filter((path) => path.startsWith('.'));
      return [file, own.map((path) => join(dirname(file), path.replace(/\.js$/, '.ts')))];
    }),
  );
  const reachable = new Map<string, Set<string>>();
  for (const file of files) {
    const reached = new Set<string>();
    const open = [file];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const fresh = (imports.get(next) ?? []).filter((path) => !reached.has(path));
      for (const path of fresh) reached.add(path);
      open.push(...fresh);
    }
    reachable.set(file, reached);
  }
  const both = (a: string, b: string) => reachable.get(a)?.has(b) && reachable.get(b)?.has(a);
  const circles = files.map((file) => files.filter((other) => both(file, other)));
  return circles.filter((circle, at) => circle[0] === files[at]);
}

describe('TypeScript boundaries', () => {
  it('files of a package do not import each other in a circle', () => {
    for (const folder of ['apps/gateway/src', 'packages/model/src', 'packages/sdk/src']) {
      expect([folder, importCircles(folder)]).toEqual([folder, []]);
    }
  });

  it('no service of the data path takes more than five dependencies', () => {
    const crowded = filesBelow('apps/gateway/src/data', '.ts').flatMap((file) => {
      const taken = /constructor\(([^{]*)\) \{/.exec(readFileSync(file, 'utf8'))?.[1] ?? '';
      const count = [...taken.matchAll(/\w+\??: /g)].length;
      return count > 5 ? [`${file}: ${count}`] : [];
    });
    expect(crowded).toEqual([]);
  });

  it('packages look down only, and apps never into apps, except the command line that composes them', () => {
    const broken = sources.flatMap((file) => {
      const [kind, name] = file.split('/');
      const allowed = kind === 'packages' ? LOWER[name] : [...Object.keys(LOWER), ...(name === 'cli' ? APPS : [])];
      return importsOf(file)
        .filter((path) => path.startsWith('@vectron/'))
        .map((path) => path.split('/')[1])
        .filter((target) => target !== name && !allowed.includes(target))
        .map((target) => `${file} imports ${target}`);
    });
    expect(broken).toEqual([]);
    expect(sources.length).toBeGreaterThan(80);
  });

  it('only rpc imports grpc-js, only engine loads the addon, only a config.ts reads the environment', () => {
    const broken = sources.flatMap((file) => {
      const own = (prefix: string) => file.startsWith(prefix);
      const text = readFileSync(file, 'utf8');
      return [
        !own('packages/rpc/') &&
          !own('packages/proto/') &&
          // The metadata of a gRPC service that is the user's.
          file !== 'packages/nestjs/src/grpc.ts' &&
          importsOf(file).includes('@grpc/grpc-js') &&
          `${file}: grpc-js`,
        !own('packages/engine/') &&
          importsOf(file).some((path) => path.includes('native/index')) &&
          `${file}: the addon`,
        !file.endsWith('/config.ts') && /process\.env\b/.test(text) && `${file}: the environment`,
      ].filter((fault) => fault !== false);
    });
    expect(broken).toEqual([]);
  });
});

const CRATES: Record<string, string[]> = {
  kernels: [],
  hnsw: ['kernels'],
  storage: [],
  // hnsw and storage meet only here, so that work on the index never compiles RocksDB.
  shard: ['hnsw', 'kernels', 'storage'],
  raft: ['shard', 'storage'],
  napi: ['raft', 'shard'],
};

/** Copies of others' crates, which say in their README what was changed (docs/adr/0049-memory-and-start.md). */
const COPIES = ['base2histogram'];

describe('Rust boundaries', () => {
  it('crates depend downwards only; a seventh crate needs a decision record', () => {
    expect(
      readdirSync('crates')
        .filter((name) => !COPIES.includes(name))
        .sort(),
    ).toEqual(
      Object.keys(CRATES)
        .map((name) => `vectron-${name}`)
        .sort(),
    );
    for (const [name, allowed] of Object.entries(CRATES)) {
      const manifest = readFileSync(`crates/vectron-${name}/Cargo.toml`, 'utf8').split('[dev-dependencies]')[0];
      const used = [...manifest.matchAll(/^vectron-(\w+)\./gm)].map((match) => match[1]);
      expect([name, used.filter((one) => !allowed.includes(one))]).toEqual([name, []]);
    }
  });

  it('unsafe stays in kernels and napi, core::arch in kernels, napi in napi', () => {
    const broken = filesBelow('crates', '.rs').flatMap((file) => {
      const text = readFileSync(file, 'utf8').replace(/\/\/.*$/gm, '');
      const crate = file.split('/')[1];
      return [
        /\bunsafe\b/.test(text) && !['vectron-kernels', 'vectron-napi'].includes(crate) && `${file}: unsafe`,
        /core::arch/.test(text) && crate !== 'vectron-kernels' && `${file}: core::arch`,
        /\bnapi::/.test(text) && crate !== 'vectron-napi' && `${file}: napi`,
      ].filter((fault) => fault !== false);
    });
    expect(broken).toEqual([]);
  });

  it('every synchronous export of the addon catches panics', () => {
    const text = readFileSync('crates/vectron-napi/src/lib.rs', 'utf8');
    const exports = [...text.matchAll(/#\[napi([^\]]*)\]\s*pub (async )?fn (\w+)/g)];
    expect(exports.length).toBeGreaterThanOrEqual(8);
    expect(
      exports.filter(([, options, isAsync]) => !isAsync && !options.includes('catch_unwind')).map((match) => match[3]),
    ).toEqual([]);
  });
});

describe('documents', () => {
  it('name files that exist', () => {
    for (const document of ['docs/ARCHITECTURE.md', 'README.md', 'CONTRIBUTING.md', 'docs/recipes/add-an-rpc.md']) {
      const text = readFileSync(document, 'utf8');
      const paths = [...text.matchAll(/`((?:apps|packages|crates|proto|test|bench|docs)\/[\w./-]+)`/g)].map(
        (match) => match[1],
      );
      const links = [...text.matchAll(/\]\((?!http)([\w./-]+)\)/g)].map((match) => join(document, '..', match[1]));
      expect([document, [...paths, ...links].filter((path) => !existsSync(path))]).toEqual([document, []]);
    }
  });
});

describe('the lock file', () => {
  it('has every platform package that a dependency names, so that npm ci works everywhere', () => {
    const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
      packages: Record<string, { optionalDependencies?: Record<string, string>; resolved?: string }>;
    };
    const present = Object.keys(lock.packages);
    const missing = Object.entries(lock.packages).flatMap(([path, one]) =>
      Object.keys(one.optionalDependencies ?? {})
        .filter((name) => !present.some((other) => other.endsWith(`node_modules/${name}`)))
        .map((name) => `${path} wants ${name}`),
    );
    expect(missing).toEqual([]);
    expect(Object.values(lock.packages).filter((one) => one.resolved?.startsWith('http'))).toEqual([]);
  });
});
