// Generates clients from docs/openapi.json with five generators, compiles them, and runs the programs of test/clients with
// them against a server of its own. Tools and packages are installed once, outside the checkout.
// --only NAME: one of them. --document FILE: another document. --keep: leaves the generated code and prints where it is.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startServer } from './running-server.mjs';
import { cache, hashOf, root } from './setup.mjs';

const OPENAPI_GENERATOR = '7.25.0';
const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    document: { type: 'string', default: join(root, 'docs/openapi.json') },
    keep: { type: 'boolean', default: false },
  },
});
const document = resolve(values.document);
const programs = 'test/clients';
const tools = join(cache, 'clients');
const node = (program, ...args) => [process.execPath, join(root, 'node_modules', program), ...args];

/** Each one: the commands that make its program from the document, run in a copy of its folder, and the one that runs it. */
const clients = {
  typescript: () => {
    const make = (folder) => {
      symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
      return [
        node('openapi-typescript/bin/cli.js', document, '-o', 'schema.ts'),
        node('typescript/bin/tsc', '-p', '.'),
      ];
    };
    return { make, run: [process.execPath, 'dist/main.js'] };
  },
  'python-client': () => {
    const python = pythonWith('python-client');
    const generate = [
      python,
      '-m',
      'openapi_python_client',
      'generate',
      '--meta',
      'none',
      '--config',
      'generator.yaml',
    ];
    return {
      make: () => [[...generate, '--path', document, '--output-path', 'vectron_client', '--fail-on-warning']],
      run: [python, 'main.py'],
    };
  },
  'python-openapi-generator': () => {
    const python = pythonWith('python-openapi-generator');
    return { make: () => [openapiGenerator()], run: [python, 'main.py'] };
  },
  go: () => {
    const make = (folder) => {
      mkdirSync(join(folder, 'vectron'));
      return [
        ['go', 'tool', 'oapi-codegen', '-config', 'oapi-codegen.yaml', document],
        ['go', 'build', '-o', 'program', '.'],
      ];
    };
    return { make, run: ['./program'] };
  },
  java: () => ({
    make: () => [openapiGenerator(), ['mvn', '--quiet', '--batch-mode', 'process-classes']],
    run: ['java', '-cp', 'target/classes:target/lib/*', 'Main'],
  }),
};

/** Ends the process with what the command printed when it fails. */
function must([command, ...args], options) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', ...options });
  if (status === 0) return;
  console.error(`generated-clients: ${command} ${args.join(' ')} failed\n${error?.message ?? ''}${stdout}${stderr}`);
  process.exit(1);
}

/** Makes `path` once: `make` gets another path, which becomes it when nothing failed. */
function once(path, make) {
  if (existsSync(path)) return;
  mkdirSync(tools, { recursive: true });
  const made = mkdtempSync(`${path}-`);
  make(made);
  renameSync(made, path);
}

/** A Python that has the packages of `test/clients/<client>/requirements.txt`. */
function pythonWith(client) {
  const requirements = join(programs, client, 'requirements.txt');
  const environment = join(tools, `${client}-${hashOf([requirements]).slice(0, 16)}`);
  once(environment, (made) => {
    must(['python3', '-m', 'venv', made]);
    const pip = [join(made, 'bin/python'), '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
    must([...pip, '-r', join(root, requirements)]);
  });
  return join(environment, 'bin/python');
}

/** The command that generates by the `openapi-generator.yaml` of the folder it runs in. */
function openapiGenerator() {
  const folder = join(tools, `openapi-generator-${OPENAPI_GENERATOR}`);
  once(folder, (made) => {
    const artifact = `org.openapitools:openapi-generator-cli:${OPENAPI_GENERATOR}`;
    const copy = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy';
    must(['mvn', '--quiet', '--batch-mode', copy, `-Dartifact=${artifact}`, `-DoutputDirectory=${made}`]);
  });
  const jar = join(folder, `openapi-generator-cli-${OPENAPI_GENERATOR}.jar`);
  return ['java', '-jar', jar, 'generate', '-i', document, '-c', 'openapi-generator.yaml', '-o', '.'];
}

const wanted = values.only === undefined ? Object.keys(clients) : [values.only];
const server = await startServer('generated-clients');
const env = {
  ...process.env,
  VECTRON_URL: server.url,
  VECTRON_API_KEY: server.apiKey,
  SCENARIO: join(root, programs, 'scenario.json'),
};
process.on('exit', () => server.kill());
for (const name of wanted) {
  const started = Date.now();
  const folder = mkdtempSync(join(tmpdir(), `vectron-client-${name}-`));
  cpSync(join(root, programs, name), folder, { recursive: true });
  const { make, run } = clients[name]();
  for (const command of make(folder)) must(command, { cwd: folder });
  const made = Date.now();
  must(run, { cwd: folder, env });
  const [making, running] = [made - started, Date.now() - made].map((ms) => (ms / 1000).toFixed(0));
  console.log(`${name}: generated and compiled in ${making} s, ran in ${running} s`);
  if (values.keep) console.log(`  in ${folder}`);
  else rmSync(folder, { recursive: true });
}
await server.stop();
