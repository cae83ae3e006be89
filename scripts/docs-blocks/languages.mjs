// How a block of each language is run or, where it is data or cannot run, read. Each gives an exit status and what was printed.
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { parseAllDocuments } from 'yaml';
import { root } from '../content-hash.mjs';
import { pythonPackages } from '../python-packages.mjs';
import { keeping, perform, performProgram } from './place.mjs';

const REQUIREMENTS = 'packages/sdk-python/tests/requirements.txt';
/** What a command prints when it serves. */
const SERVES = /ready; stop|MCP server at/;

let programs = 0;
const nextName = (prefix, suffix = '') => {
  programs += 1;
  return `${prefix}-${programs}${suffix}`;
};

export const runShell = async (block, place) => {
  const args = ['-c', keeping(place, place.bound(block.code))];
  if (!block.background) return perform(place, 'bash', args);
  const { cwd, env } = place;
  const child = spawn('bash', args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  place.started.push(child);
  let printed = '';
  const serves = await new Promise((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        printed += chunk;
        if (SERVES.test(printed)) resolve(true);
      });
    }
    child.once('exit', () => resolve(false));
  });
  return { status: serves ? 0 : 1, printed };
};

function runTypeScript(block, place) {
  const { ts: before = '', tsEnd: after = '' } = /^import /m.test(block.code) ? {} : place.before;
  const compilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
  };
  const { outputText } = ts.transpileModule(place.bound(`${before}${block.code}${after}`), { compilerOptions });
  const file = join(place.cwd, nextName('block', '.mjs'));
  writeFileSync(file, outputText);
  return performProgram(place, [process.execPath, file]);
}

let python;
/** Python with what the client needs; the client itself is that of this checkout. */
function pythonOf() {
  python ??= pythonPackages('docs-blocks', { python: 'python3', requirements: REQUIREMENTS }).environment('tools', [
    '-r',
    join(root, REQUIREMENTS),
  ]);
  return python;
}

function runPython(block, place) {
  const file = join(place.cwd, nextName('block', '.py'));
  writeFileSync(file, place.bound(block.code));
  return performProgram(place, [pythonOf(), file]);
}

/** A module of its own, which takes the client from this checkout. */
function runGo(block, place) {
  const cwd = join(place.cwd, nextName('go'));
  mkdirSync(cwd);
  const sdk = join(root, 'packages/sdk-go');
  cpSync(join(sdk, 'go.sum'), join(cwd, 'go.sum'));
  const module = readFileSync(join(sdk, 'go.mod'), 'utf8')
    .replace(/^module .*$/m, 'module example.org/docs')
    .replace('require (', `require vectron.dev/sdk-go v0.1.0\n\nreplace vectron.dev/sdk-go => ${sdk}\n\nrequire (`);
  writeFileSync(join(cwd, 'go.mod'), module);
  writeFileSync(join(cwd, 'main.go'), place.bound(block.code));
  return performProgram(place, ['go', 'run', '-mod=mod', '.'], cwd);
}

function readJson({ code }) {
  try {
    JSON.parse(code);
    return { status: 0, printed: '' };
  } catch (error) {
    return { status: 1, printed: error.message };
  }
}

const read = (faults) => ({ status: faults.length === 0 ? 0 : 1, printed: faults.join('\n') });
const readYaml = ({ code }) =>
  read(parseAllDocuments(code).flatMap(({ errors }) => errors.map(({ message }) => message)));
const readShell = ({ code }, place) => perform(place, 'bash', ['-n', '-c', code]);
const readPython = ({ code }, place) =>
  perform(place, 'python3', ['-c', 'import ast, sys; ast.parse(sys.stdin.read())'], code);
const readTypeScript = ({ code }) => {
  const { diagnostics } = ts.transpileModule(code, { reportDiagnostics: true });
  return read(diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')));
};

const DATA = { json: readJson, yaml: readYaml };
export const RUN = { sh: runShell, ts: runTypeScript, python: runPython, go: runGo, ...DATA };
/** Of a block that is not run: whether it is one of its language at all. */
export const READ = { sh: readShell, ts: readTypeScript, python: readPython, ...DATA };
export const isData = (language) => language in DATA;
