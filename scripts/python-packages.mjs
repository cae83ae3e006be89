// What the checks of the Python packages have in common: environments that are kept outside the checkout, wheels, stages.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cache, hashOf, root } from './setup.mjs';

// The checkout stays as it is.
process.env.PYTHONDONTWRITEBYTECODE = '1';

const PIP = ['-m', 'pip', '--quiet', '--disable-pip-version-check'];
const environments = join(cache, 'sdk-python');

/**
 * For the check `name`, with the Python that is called `python`. `requirements`: the file, in the checkout, whose content environments
 * depend on. A command that fails ends the process with what it printed.
 */
export function pythonPackages(name, { python, requirements }) {
  function must([command, ...args], options = {}) {
    const { status, error, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8', ...options });
    if (status === 0) return stdout;
    console.error(
      `${name}: ${command} ${args.join(' ')} failed\n${error?.message ?? ''}${stdout ?? ''}${stderr ?? ''}`,
    );
    process.exit(1);
  }

  const version = must([python, '-c', 'import platform; print(platform.python_version())']).trim();

  const pathOf = (kind) => join(environments, `${kind}-${version}-${hashOf([requirements]).slice(0, 16)}`);
  const pythonIn = (path) => join(path, 'bin/python');

  /** The Python of an environment that was made already; undefined: there is none. */
  const existing = (kind) => [pythonIn(pathOf(kind))].find((own) => existsSync(own));

  /** The Python of an environment of its own, made once; `install`: arguments of pip install. */
  function environment(kind, install) {
    const path = pathOf(kind);
    const own = pythonIn(path);
    if (existsSync(own)) return own;
    mkdirSync(environments, { recursive: true });
    // Renamed once it is complete: programs of an environment name its old folder, and modules are run by its Python instead.
    const marked = `${path}.unfinished`;
    rmSync(path, { recursive: true, force: true });
    rmSync(marked, { recursive: true, force: true });
    must([python, '-m', 'venv', marked]);
    must([join(marked, 'bin/python'), ...PIP, 'install', ...install]);
    renameSync(marked, path);
    return own;
  }

  /** The wheel of the package in `folder`, in a folder that goes with this process. Throws when it has machine code. */
  function wheelOf(own, folder) {
    const wheels = mkdtempSync(join(tmpdir(), 'vectron-wheel-'));
    process.on('exit', () => rmSync(wheels, { recursive: true, force: true }));
    must([own, ...PIP, 'wheel', '--no-deps', '--no-build-isolation', '--wheel-dir', wheels, folder]);
    const [made, ...others] = readdirSync(wheels);
    if (others.length > 0 || !made.endsWith('-py3-none-any.whl')) {
      throw new Error(`not one pure wheel: ${made} ${others}`);
    }
    return join(wheels, made);
  }

  /** Into an environment, in place of what is there of the same packages, and without what they need. */
  const install = (own, wheels) => must([own, ...PIP, 'install', '--force-reinstall', '--no-deps', ...wheels]);

  /** What a file of requirements pins, without what that needs; nothing is done for what is there already. */
  const addTo = (own, file) => must([own, ...PIP, 'install', '--no-deps', '-r', file]);

  const stages = [];
  function stage(what, work) {
    const started = Date.now();
    const made = work();
    stages.push(`${what} ${((Date.now() - started) / 1000).toFixed(0)} s`);
    return made;
  }

  const report = () => console.log(`${name} on Python ${version}: ${stages.join(', ')}`);
  return {
    addTo,
    environment,
    existing,
    install,
    must,
    report,
    stage,
    version,
    wheelOf,
    typesCache: join(environments, `mypy-${name}`),
  };
}
