// The Python packages of a release: their source archives and wheels, with bills of materials and checksums, in build/python.
//   --pack     makes them, and checks them as PyPI will
//   --check    checks that those in build/python are all, and are what their checksums say
//   --try      installs each into an empty environment, from build/python and what it needs from the package index, and imports it; the SDK
//              also speaks to a server of this checkout, unless there is --without-server
// npm run release:dry:python does all of it. --python PROGRAM: another Python than python3. --only NAME,...: try these packages alone.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pythonPackages } from '../python-packages.mjs';
import { startServer } from '../running-server.mjs';
import { sha256, writeSums } from './archives.mjs';
import { root, version } from './folders.mjs';
import { archivesOf, checkPythonArchives, PYTHON_PACKAGES, PYTHON_SUMS, pythonArchives } from './python-archives.mjs';
import { checkBill, pythonBill } from './sbom.mjs';

const { values: options } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    pack: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    try: { type: 'boolean', default: false },
    only: { type: 'string', default: Object.keys(PYTHON_PACKAGES).join() },
    'without-server': { type: 'boolean', default: false },
  },
});
const { python } = options;
const requirements = 'scripts/release/python-requirements.txt';
const { environment, must, version: pythonVersion } = pythonPackages('release', { python, requirements });
const minor = Number(pythonVersion.split('.')[1]);
const temporary = mkdtempSync(join(tmpdir(), 'vectron-python-'));
process.on('exit', () => rmSync(temporary, { recursive: true, force: true }));

/** What a source archive has, and nothing else: the licence lies in the root of the repository. */
function sourceOf(name) {
  const from = join(root, 'packages', PYTHON_PACKAGES[name].folder);
  const folder = join(temporary, name);
  mkdirSync(folder);
  const isSource = (path) => !path.includes('__pycache__');
  for (const part of ['src', 'README.md', 'pyproject.toml'])
    cpSync(join(from, part), join(folder, part), { recursive: true, filter: isSource });
  cpSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  return folder;
}

/** What a wheel needs, as it says itself, without what belongs to extras. */
const NEEDS = `
import json, re, sys, zipfile
wheel = zipfile.ZipFile(sys.argv[1])
names = wheel.namelist()
metadata = wheel.read(next(n for n in names if n.endswith(".dist-info/METADATA"))).decode()
lines = metadata.split("\\n\\n", 1)[0].splitlines()
needs = [re.match(r"Requires-Dist: ([\\w.-]+)", one)[1] for one in lines if one.startswith("Requires-Dist:") and "extra ==" not in one]
print(json.dumps({"needs": needs, "names": names}))
`;

/** Versions and licences of packages that are installed. */
const INSTALLED = `
import importlib.metadata, json, sys
def of(name):
    told = importlib.metadata.metadata(name)
    classes = [one.rsplit(" :: ", 1)[1] for one in told.get_all("Classifier", []) if one.startswith("License ::")]
    given = told["License-Expression"] or (told["License"] if len(told["License"] or "") < 64 else None)
    return {"name": name, "version": told["Version"], "license": given or (classes or [None])[0]}
print(json.dumps([of(one) for one in sys.argv[1:]]))
`;

async function pack() {
  const tools = environment('release', ['-r', join(root, requirements)]);
  // What the packages are tested with: the bills of materials name those versions.
  const frameworks = 'packages/sdk-python/tests/frameworks.txt';
  const tested = pythonPackages('release', { python, requirements: frameworks });
  const testedPython = tested.environment('frameworks', ['-r', join(root, frameworks)]);
  rmSync(pythonArchives, { recursive: true, force: true });
  mkdirSync(pythonArchives, { recursive: true });
  const made = [];
  for (const name of Object.keys(PYTHON_PACKAGES)) {
    const { source, wheel, bill } = archivesOf(name);
    must([tools, '-m', 'hatchling', 'build', '--directory', pythonArchives], { cwd: sourceOf(name) });
    const { needs, names } = JSON.parse(must([tools, '-c', NEEDS, join(pythonArchives, wheel)]));
    for (const wanted of ['/py.typed', '/licenses/LICENSE'])
      if (!names.some((one) => one.endsWith(wanted))) throw new Error(`${wheel} has no ${wanted}`);
    const others = needs.filter((one) => !Object.hasOwn(PYTHON_PACKAGES, one));
    const dependencies = JSON.parse(must([testedPython, '-c', INSTALLED, ...others]));
    const own = needs.filter((one) => Object.hasOwn(PYTHON_PACKAGES, one));
    const text = pythonBill({ name, dependencies, own });
    await checkBill(name, text, [...others, ...own]);
    writeFileSync(join(pythonArchives, bill), text);
    made.push(...[source, wheel, bill].map((file) => join(pythonArchives, file)));
  }
  writeSums(made, pythonArchives, PYTHON_SUMS);
  const archives = made.filter((file) => !file.endsWith('.json'));
  console.log(must([tools, '-m', 'twine', 'check', '--strict', ...archives]).trim());
  for (const file of made) console.log(`${sha256(file)}  ${file.slice(pythonArchives.length + 1)}`);
}

/** In an empty environment: fails unless what is installed of ours comes from build/python. */
function install(name) {
  const folder = join(temporary, `try-${name}`);
  must([python, '-m', 'venv', folder]);
  const own = join(folder, 'bin/python');
  const report = join(temporary, `${name}.json`);
  const pip = ['-m', 'pip', '--quiet', '--disable-pip-version-check', 'install', '--report', report];
  must([own, ...pip, '--find-links', pythonArchives, '--only-binary', ':all:', `${name}==${version}`]);
  const installed = JSON.parse(readFileSync(report, 'utf8')).install;
  for (const { metadata, download_info: from } of installed) {
    const isOwn = Object.hasOwn(PYTHON_PACKAGES, metadata.name);
    if (isOwn && !from.url.startsWith('file://')) throw new Error(`${metadata.name} comes from ${from.url}`);
  }
  const { module } = PYTHON_PACKAGES[name];
  const program = `import importlib.metadata, ${module}; assert importlib.metadata.version("${name}") == "${version}"`;
  must([own, '-c', program], { cwd: temporary });
  console.log(`ok  ${name} in an empty environment of Python ${pythonVersion}, with ${installed.length - 1} others`);
  return own;
}

async function tryAll() {
  const names = options.only.split(',').filter((name) => minor >= PYTHON_PACKAGES[name].oldest);
  const [sdk] = names.map(install);
  if (options['without-server'] || names[0] !== 'vectron') return;
  const server = await startServer('release-python');
  process.on('exit', () => server.kill());
  const env = { ...process.env, VECTRON_REST: server.url, VECTRON_API_KEY: server.apiKey };
  must([sdk, join(root, 'packages/sdk-python/tests/without_extras.py')], { env, cwd: temporary, stdio: 'inherit' });
  await server.stop();
  console.log('ok  vectron speaks to a server of this checkout');
}

if (options.pack) await pack();
if (options.pack || options.check || options.try) checkPythonArchives();
if (options.try) await tryAll();
if (!options.pack && !options.check && !options.try) throw new Error('say --pack, --check or --try');
console.log(`${pythonArchives} has ${readdirSync(pythonArchives).length} files`);
