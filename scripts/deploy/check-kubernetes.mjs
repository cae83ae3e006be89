// npm run kubernetes:check: builds what is in deploy/kubernetes with kubectl and compares every object with the published schema of its kind, in the
// oldest and the newest version that is promised. Needs kubectl and kubernetes-validate (pip install kubernetes-validate).
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { root } from '../release/folders.mjs';

const VERSIONS = ['1.30', '1.35', '1.37'];
/** Not part of Kubernetes: no schema here. */
const OTHERS = /^cert-manager\.io\//;

for (const [tool, args, from] of [
  ['kubectl', ['version', '--client'], 'https://kubernetes.io/docs/tasks/tools/'],
  ['kubernetes-validate', ['--version'], 'pip install kubernetes-validate'],
]) {
  if (spawnSync(tool, args).status !== 0) throw new Error(`${tool} is missing: ${from}`);
}

const work = mkdtempSync(join(tmpdir(), 'vectron-kubernetes-'));
try {
  cpSync(join(root, 'deploy/kubernetes'), work, { recursive: true });
  // The names that the page has; what is in them is not looked at.
  const secrets = join(work, 'own-authority/secrets');
  mkdirSync(secrets, { recursive: true });
  const pairs = ['service', 'prometheus', 'server'].flatMap((name) => [`${name}.pem`, `${name}.key`]);
  for (const name of ['ca.pem', ...pairs, 'cluster.token', 'metrics.token']) writeFileSync(join(secrets, name), name);
  for (const kind of ['base', 'cert-manager', 'own-authority']) {
    const built = execFileSync('kubectl', ['kustomize', join(work, kind)], { encoding: 'utf8' });
    const objects = parseAllDocuments(built).map((document) => document.toJS());
    const known = join(work, `${kind}.json`);
    writeFileSync(
      known,
      objects
        .filter(({ apiVersion }) => !OTHERS.test(apiVersion))
        .map((one) => JSON.stringify(one))
        .join('\n---\n'),
    );
    for (const version of VERSIONS) {
      const { status, stdout, stderr } = spawnSync(
        'kubernetes-validate',
        ['--strict', '--quiet', '-k', version, known],
        { encoding: 'utf8' },
      );
      if (status !== 0) throw new Error(`${kind}, Kubernetes ${version}:\n${stdout}${stderr}`);
    }
    const others = objects.filter(({ apiVersion }) => OTHERS.test(apiVersion)).length;
    console.log(
      `ok      ${kind}: ${objects.length - others} objects, Kubernetes ${VERSIONS.join(', ')}; ${others} of others NOT CHECKED`,
    );
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
