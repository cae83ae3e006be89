// The Python packages for frameworks, and the client of VectorDBBench, as their users get them: their wheels and the SDK's are built and installed in one environment with
// the frameworks, where ruff, mypy --strict and the tests run, README snippets among them, against servers of the checkout.
// Environments are kept outside the checkout. --python PROGRAM: another Python than python3. --only NAME: of one package
// (langchain, llama-index, haystack, vectordbbench). What is behind -- goes to pytest.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pythonPackages } from './python-packages.mjs';
import { root } from './setup.mjs';

const { values, positionals } = parseArgs({
  options: { python: { type: 'string', default: 'python3' }, only: { type: 'string' } },
  allowPositionals: true,
});
const requirements = 'packages/sdk-python/tests/frameworks.txt';
const { addTo, environment, install, must, report, stage, typesCache, version, wheelOf } = pythonPackages(
  'python-frameworks',
  { python: values.python, requirements },
);

/**
 * `module`: of the package; `oldest`: minor version of Python 3 that the framework runs on; `more`: what is installed besides, without
 * what that needs.
 */
const FRAMEWORKS = {
  langchain: { folder: 'packages/langchain-python', module: 'langchain_vectron', oldest: 10 },
  'llama-index': { folder: 'packages/llama-index-python', module: 'llama_index.vector_stores.vectron', oldest: 10 },
  haystack: { folder: 'packages/haystack-python', module: 'haystack_integrations', oldest: 11 },
  vectordbbench: { folder: 'bench/vectordbbench', oldest: 11, more: 'bench/vectordbbench/tests/requirements.txt' },
};
if (values.only !== undefined && !Object.hasOwn(FRAMEWORKS, values.only)) {
  throw new Error(`--only takes one of ${Object.keys(FRAMEWORKS).join(', ')}`);
}
const minor = Number(version.split('.')[1]);
const chosen = Object.entries(FRAMEWORKS)
  .filter(([name, { oldest }]) => minor >= oldest && (values.only ?? name) === name)
  .map(([name, { folder, ...about }]) => ({ name, ...about, folder: join(root, folder) }));
if (chosen.length === 0) throw new Error(`${values.only} needs a newer Python than ${version}`);

const python = stage('environment', () => environment('frameworks', ['-r', join(root, requirements)]));
for (const { name, more } of chosen)
  if (more !== undefined) stage(`environment of ${name}`, () => addTo(python, join(root, more)));
stage('wheels', () => {
  const folders = [join(root, 'packages/sdk-python'), ...chosen.map(({ folder }) => folder)];
  install(
    python,
    folders.map((folder) => wheelOf(python, folder)),
  );
});
const env = {
  ...process.env,
  VECTRON_NODE: process.execPath,
  // Frameworks report to their makers unless they are told not to.
  HAYSTACK_TELEMETRY_ENABLED: 'False',
  LANGSMITH_TRACING: 'false',
};
const shown = { env, stdio: 'inherit' };
stage('ruff', () => {
  const folders = chosen.map(({ folder }) => folder);
  must([python, '-m', 'ruff', 'check', '--no-cache', ...folders], shown);
  must([python, '-m', 'ruff', 'format', '--no-cache', '--check', ...folders], shown);
});
stage('mypy', () => {
  // VectorDBBench says no types.
  for (const { folder, module } of chosen.filter((one) => one.module !== undefined)) {
    const options = { ...shown, cwd: folder, env: { ...env, MYPYPATH: 'src:tests:../sdk-python/tests' } };
    must([python, '-m', 'mypy', '--strict', '--cache-dir', typesCache, '-p', module], options);
    must([python, '-m', 'mypy', '--strict', '--cache-dir', typesCache, 'tests'], options);
  }
});
for (const { name, folder } of chosen) {
  stage(name, () =>
    must([python, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', ...positionals], { ...shown, cwd: folder }),
  );
}
report();
