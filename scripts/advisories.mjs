// npm run advisories: whether a dependency has a known fault, a licence that is not allowed or an unknown source. Rust by
// cargo-deny and deny.toml, npm by `npm audit`. What cannot be checked here is said to be not checked, which is no pass: the
// exit code is 0 when all was checked and is well, 1 when something was found, 2 when something was not checked.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './setup.mjs';

/** A clone of https://github.com/RustSec/advisory-db, for a machine that cannot fetch one. */
const LOCAL_DATABASE = process.env.VECTRON_ADVISORY_DB;
/** The name that cargo-deny gives the clone of that address. */
const CLONE = 'advisory-db-3157b0e258782691';

const call = (command, args, options = {}) =>
  spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 256 << 20, ...options });

/** @returns {{ outcome: 'passed' | 'FAILED' | 'NOT CHECKED', why?: string }} */
function crates() {
  if (call('cargo', ['deny', '--version']).status !== 0) {
    return { outcome: 'NOT CHECKED', why: 'cargo-deny is not installed: cargo install cargo-deny --locked' };
  }
  const work = mkdtempSync(join(tmpdir(), 'vectron-advisories-'));
  try {
    const metadata = call('cargo', ['metadata', '--locked', '--format-version', '1', '--all-features']);
    if (metadata.status !== 0) return { outcome: 'NOT CHECKED', why: `cargo metadata: ${lastLine(metadata.stderr)}` };
    writeFileSync(join(work, 'metadata.json'), metadata.stdout);
    const args = ['deny', '--metadata-path', join(work, 'metadata.json')];
    // What needs no database comes first: it can be said in any case.
    const own = call('cargo', [...args, '--offline', 'check', 'bans', 'licenses', 'sources', '--allow', 'duplicate']);
    if (own.status !== 0) return { outcome: 'FAILED', why: own.stderr };
    if (LOCAL_DATABASE !== undefined) {
      if (!existsSync(join(LOCAL_DATABASE, 'crates'))) {
        return {
          outcome: 'NOT CHECKED',
          why: `VECTRON_ADVISORY_DB: ${LOCAL_DATABASE} is no clone of the advisory database`,
        };
      }
      symlinkSync(LOCAL_DATABASE, join(work, CLONE));
      const config = readFileSync(join(root, 'deny.toml'), 'utf8').replace('[advisories]', `$&\ndb-path = '${work}'`);
      writeFileSync(join(work, 'deny.toml'), config);
      args.push('--offline', '--config', join(work, 'deny.toml'));
    }
    const { status, stderr } = call('cargo', [...args, 'check', 'advisories']);
    if (status === 0) return { outcome: 'passed' };
    if (/^error\[/m.test(stderr)) return { outcome: 'FAILED', why: stderr };
    return {
      outcome: 'NOT CHECKED',
      why: `no advisory database: ${lastLine(stderr)} (VECTRON_ADVISORY_DB may name a clone)`,
    };
  } finally {
    rmSync(work, { recursive: true });
  }
}

function packages() {
  const { stdout, error } = call('npm', ['audit', '--json', '--audit-level=high'], { timeout: 60_000 });
  let report;
  try {
    report = JSON.parse(stdout);
  } catch {
    return { outcome: 'NOT CHECKED', why: `npm audit: ${error?.message ?? 'no answer'}` };
  }
  const counts = report.metadata?.vulnerabilities;
  if (counts === undefined) return { outcome: 'NOT CHECKED', why: `npm audit: ${report.message ?? 'no report'}` };
  const found = Object.values(report.vulnerabilities ?? {}).filter(({ severity }) => /high|critical/.test(severity));
  if (found.length === 0) return { outcome: 'passed' };
  return { outcome: 'FAILED', why: found.map(({ name, severity }) => `${name}: ${severity}`).join('\n') };
}

const lastLine = (text) => text.trim().split('\n').at(-1);

const outcomes = [
  ['crates', crates()],
  ['npm packages', packages()],
];
for (const [what, { outcome, why }] of outcomes) console.log(`advisories: ${what}: ${outcome}${why ? `\n${why}` : ''}`);
const any = (wanted) => outcomes.some(([, { outcome }]) => outcome === wanted);
if (any('FAILED')) process.exitCode = 1;
else if (any('NOT CHECKED')) process.exitCode = 2;
