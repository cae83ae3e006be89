import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, where } from '@vectron/sdk';
import ts from 'typescript';
import { VectronProcess } from '../harness/process.js';
import { type System, startSingle, tempDir } from '../harness/system.js';

const blocks = (language: string): string[] =>
  [...readFileSync('README.md', 'utf8').matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))].map(
    (match) => match[1],
  );

const PASSWORD = 'a password for the readme';
/** What the README's commands leave in the working directory. */
const SECRET_FILES = ['ada.invitation', 'ada.token'];

/** Ports that nobody listens on at the moment. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  for (const server of servers) server.close();
  return ports;
}

describe('the README', () => {
  let system: System;
  beforeAll(async () => {
    system = await startSingle(undefined, ['--registration', 'closed']);
  });
  const removeSecrets = () => {
    for (const file of SECRET_FILES) rmSync(file, { force: true });
  };
  beforeAll(removeSecrets);
  afterAll(async () => {
    removeSecrets();
    await system?.stop();
  });

  it('has commands that work as they stand', () => {
    // `npm start` is what runs already; `npm test` is what runs this; the benchmarks take minutes; the security
    // tests run beside this, with what is about TLS and the audit log; clusters are run by control-plane.test.ts, drills by
    // scripts/test.mjs.
    const skipped =
      /^(npm start|npm test|npx vectron bench|npm run bench:.*|npm run test:security|npx vectron serve .*|openssl .*|npx vectron .* --ca-file .*|npx vectron cluster (local|certificates .*)|npx vectron audit verify .*|npx vectron drill .*)$/;
    const commands = blocks('sh')
      .map((text) => text.replace(/\\\n/g, ' '))
      .flatMap((text) => text.trim().split('\n'))
      .filter((line) => !skipped.test(line));
    expect(commands.length).toBeGreaterThanOrEqual(6);
    const env = {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      VECTRON_URL: system.http,
      VECTRON_API_KEY: system.adminKey,
    };
    for (const command of commands) {
      // There is no terminal here on which a password could be asked for.
      const asking = /^npx vectron users (register|login) /.test(command) ? ' --password-stdin' : '';
      const { status, stdout, stderr } = spawnSync(
        'bash',
        ['-c', command.replace('http://127.0.0.1:8080', system.http) + asking],
        { env, encoding: 'utf8', input: `${PASSWORD}\n` },
      );
      expect([command, status, stderr]).toEqual([command, 0, expect.not.stringMatching(/error/i)]);
      if (command.includes('curl'))
        expect(JSON.parse(stdout)).toMatchObject({ complete: true, results: [{ id: 'a' }] });
    }
  });

  it('has commands for TLS that work as they stand, and a start that shows its sample over no listener', async () => {
    const [commands] = blocks('sh').filter((text) => text.includes('--tls-cert'));
    const [certificate, serve, ...searches] = commands.trim().split('\n');
    const cwd = tempDir('readme-tls');
    const [http, grpc] = await freePorts(2);
    const bound = (command: string) =>
      command
        .replace('npx vectron', `'${process.execPath}' '${process.cwd()}/apps/cli/bin/vectron.js'`)
        .replace(':8080', `:${http}`)
        .replace(':8081', `:${grpc}`);
    const shell = (command: string) =>
      spawnSync('sh', ['-c', bound(command)], { cwd, encoding: 'utf8', env: { PATH: process.env.PATH } });
    expect([certificate.split(' ')[0], shell(certificate).status]).toEqual(['openssl', 0]);
    const server = new VectronProcess(['-c', `cd '${cwd}' && exec ${bound(serve)}`], {}, ['bash']);
    try {
      await server.until(/ready; stop/);
      expect(server.output).toMatch(new RegExp(`try it.*--url https://127.0.0.1:${http} --ca-file server.pem`, 's'));
      expect(server.output).toMatch(/0\.\d{4}.*(exim4|postfix|mail)/);
      expect(searches.map((command) => command.match(/--url (\w+):/)?.[1])).toEqual(['https', 'grpcs']);
      for (const command of searches) {
        const { status, stdout, stderr } = shell(command);
        expect([command, status, stderr]).toEqual([command, 0, '']);
        expect(stdout).toContain('exim4');
        // Without the file nobody is believed, and the error says what to do.
        const distrusting = shell(command.replace(/ --ca-file \S+/, ''));
        expect(distrusting.status).not.toBe(0);
        expect(distrusting.stderr).toContain('--ca-file names the authority');
      }
    } finally {
      await server.stop();
    }
  });

  it('has TypeScript examples that work as they stand', () => {
    const vectors = mkdtempSync(join(tmpdir(), 'vectron-readme-'));
    const [connected, embedded] = blocks('ts');
    for (const [example, shown, expected] of [
      [connected, 'complete', 'a true\n'],
      [embedded, 'recallEstimate', 'a 1\n'],
    ]) {
      const file = join('packages/sdk', `readme-${process.pid}.mjs`);
      const code = example
        .replace('http://127.0.0.1:8080', system.http)
        .replace('./vectors', vectors)
        .replace("'@vectron/sdk'", "'./dist/index.js'");
      writeFileSync(file, `${code}\nconsole.log(hits[0].id, ${shown});\nprocess.exit(0);\n`);
      try {
        const answer = execFileSync(process.execPath, [file], {
          env: { VECTRON_API_KEY: system.adminKey },
          encoding: 'utf8',
        });
        expect(answer).toBe(expected);
      } finally {
        rmSync(file);
      }
    }
    rmSync(vectors, { recursive: true });
  });

  it("has an SDK whose README's programs work as they stand", async () => {
    await using db = connect(system.http, { apiKey: system.adminKey });
    // The README's own commands may have made it.
    await db.createCollection('papers', { dimension: 4 }).catch(() => undefined);
    const text = readFileSync('packages/sdk/README.md', 'utf8');
    const programs = Array.from(text.matchAll(/```ts\n([\s\S]*?)```/g), ([, program]) => program);
    expect(programs.length).toBe(3);
    for (const program of programs) {
      const file = join('packages/sdk', `readme-${process.pid}.mjs`);
      const here = program
        .replace(/127\.0\.0\.1:8081|10\.0\.0\.\d:8081/g, system.grpc)
        .replace("'@vectron/sdk'", "'./dist/index.js'")
        .replace('AbortSignal.timeout(500)', 'AbortSignal.timeout(60_000)');
      const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
      writeFileSync(file, ts.transpileModule(here, { compilerOptions }).outputText);
      try {
        const { status, stderr } = spawnSync(process.execPath, [file], {
          env: { VECTRON_API_KEY: system.adminKey },
          encoding: 'utf8',
        });
        expect([program, status, stderr]).toEqual([program, 0, '']);
      } finally {
        rmSync(file);
      }
    }
    const { count } = await db.count('papers', { filter: where.field('n').gte(0), consistency: 'linearizable' });
    expect([count, (await db.get('papers', 'one'))?.id]).toEqual([1_000, 'one']);
  });

  it('gRPC tools work against the server: reflection, health and error details, seen by buf curl', () => {
    const curl = (args: string[]) =>
      spawnSync('node_modules/.bin/buf', ['curl', '--protocol', 'grpc', '--http2-prior-knowledge', ...args], {
        encoding: 'utf8',
      });
    const url = `http://${system.grpc}`;
    const key = [
      '--reflect-header',
      `authorization: Bearer ${system.adminKey}`,
      '-H',
      `authorization: Bearer ${system.adminKey}`,
    ];
    expect(curl([...key, '--list-methods', url]).stdout).toContain('vectron.v1.VectronService/Search');
    const listed = curl([...key, `${url}/vectron.v1.VectronService/ListCollections`]);
    expect(JSON.parse(listed.stdout).collections).toContain('debian-packages');
    const health = curl(['--schema', 'proto', `${url}/grpc.health.v1.Health/Check`]);
    expect(JSON.parse(health.stdout)).toEqual({ status: 'SERVING' });
    expect(curl(['--list-methods', url])).toMatchObject({ status: 1, stdout: '' });
    const wrong = curl([...key, '-d', '{"collection":"none","vector":[1]}', `${url}/vectron.v1.VectronService/Search`]);
    const { code, details } = JSON.parse(wrong.stderr) as { code: string; details: { type: string; value: string }[] };
    expect([code, details[0].type]).toEqual(['not_found', 'google.rpc.ErrorInfo']);
    expect(Buffer.from(details[0].value, 'base64').toString()).toContain('COLLECTION_NOT_FOUND');
  });
});
