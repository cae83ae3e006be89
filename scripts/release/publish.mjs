// node scripts/release/publish.mjs [--dry-run]: publishes build/archives to npm with provenance, from a workflow of GitHub alone. Says why
// not when it may not; with --dry-run it says so and goes on to what npm would do.
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { archivesInOrder, checkSums } from './archives.mjs';
import { archives, manifest, version } from './folders.mjs';
import { reasonsAgainst } from './may-publish.mjs';

const isDry = process.argv.includes('--dry-run');
const {
  GITHUB_API_URL: api,
  GITHUB_REF: ref,
  GITHUB_REPOSITORY: slug,
  GITHUB_SHA: sha,
  GITHUB_TOKEN: token,
} = process.env;
for (const [name, value] of Object.entries({
  GITHUB_API_URL: api,
  GITHUB_REF: ref,
  GITHUB_REPOSITORY: slug,
  GITHUB_SHA: sha,
  GITHUB_TOKEN: token,
})) {
  if (!value) throw new Error(`${name} is not set: packages are published by .github/workflows/release.yml`);
}

async function runsOfCi() {
  const url = `${api}/repos/${slug}/actions/workflows/ci.yml/runs?head_sha=${sha}&per_page=100`;
  const headers = { authorization: `Bearer ${token}`, accept: 'application/vnd.github+json' };
  const response = await fetch(url, { headers });
  if (!response.ok)
    throw new Error(`the runs of CI could not be asked for: ${response.status} ${await response.text()}`);
  return (await response.json()).workflow_runs;
}

/** What npm has of this version already, after a run that ended in the middle. */
function isPublished(file) {
  const name = basename(file, `-${version}.tgz`).replace(/^vectron-/, '@vectron/');
  const { status, stdout } = spawnSync('npm', ['view', `${name}@${version}`, 'dist.integrity'], { encoding: 'utf8' });
  if (status !== 0 || stdout.trim() === '') return false;
  const [{ integrity }] = JSON.parse(execFileSync('npm', ['pack', file, '--dry-run', '--json'], { encoding: 'utf8' }));
  if (stdout.trim() !== integrity)
    throw new Error(`npm has another ${name}@${version}: ${stdout.trim()}, and this is ${integrity}`);
  return true;
}

checkSums();
const reasons = reasonsAgainst({ ref, sha, slug, manifest, runs: await runsOfCi(), files: readdirSync(archives) });
for (const reason of reasons) console.error(`not to be published: ${reason}`);
if (reasons.length > 0 && !isDry) process.exit(1);
for (const file of archivesInOrder()) {
  if (isPublished(file)) {
    console.log(`${basename(file)} is published`);
    continue;
  }
  const how = isDry ? ['--dry-run'] : ['--provenance'];
  execFileSync('npm', ['publish', file, '--access', 'public', ...how], { stdio: 'inherit' });
}
