// Whether this commit may be published.

import { RELEASED } from './archives.mjs';
import { repositoryAddress } from './folders.mjs';

/**
 * Why not, a sentence each; none when it may. `ref`: what was pushed; `sha`: its commit; `slug`: `owner/name` of the repository that
 * this runs for; `manifest`: package.json; `runs`: runs of ci.yml for the commit, as GitHub lists them; `files`: the archives there are.
 */
export function reasonsAgainst({ ref, sha, slug, manifest, runs, files }) {
  const reasons = [];
  const { version, repository } = manifest;
  if (ref !== `refs/tags/v${version}`)
    reasons.push(`package.json has version ${version}, and what was pushed is ${ref}`);
  if (repository === undefined) {
    reasons.push(
      'package.json names no repository, which npm compares with the one that provenance proves: set it to the address of the project',
    );
  } else if (repositoryAddress(repository).toLowerCase() !== `https://github.com/${slug}`.toLowerCase()) {
    reasons.push(
      `package.json names ${repositoryAddress(repository)} as its repository, and this runs for https://github.com/${slug}`,
    );
  }
  // A pull request runs with another commit than the one it names, and may come from anybody.
  const tested = runs.filter(({ head_sha: commit, event }) => commit === sha && event === 'push');
  if (tested.length === 0) reasons.push(`CI did not run for commit ${sha}`);
  else if (!tested.some(({ status, conclusion }) => status === 'completed' && conclusion === 'success')) {
    const seen = tested.map(({ status, conclusion }) => conclusion ?? status).join(', ');
    reasons.push(`no run of CI for commit ${sha} succeeded: ${seen}`);
  }
  const lacking = RELEASED.filter((name) => !files.includes(name));
  if (lacking.length > 0) reasons.push(`archives are missing: ${lacking.join(', ')}`);
  return reasons;
}
