import { parse } from 'yaml';

/** What the rules read of a workflow of GitHub. */
export interface Workflow {
  on: Record<string, unknown>;
  permissions?: Record<string, string> | string;
  jobs: Record<string, Job>;
}
interface Job {
  needs?: string[];
  if?: string;
  permissions?: Record<string, string> | string;
  strategy?: { matrix: Matrix };
  steps: { uses?: string; run?: string; with?: Record<string, unknown>; env?: Record<string, string> }[];
}
interface Matrix {
  platform?: string[];
  python?: string[];
  node?: number[];
  include?: { platform: string; runner: string; crossed?: boolean }[];
}

const NODES = [20, 22, 24];
const PYTHONS = ['3.10', '3.11', '3.12', '3.13'];
/** The job that publishes, and those that need it or take its place. */
const PUBLISH = 'publish';
/** The job that publishes to PyPI, once npm has what belongs to it. */
const PUBLISH_PYTHON = 'publish-python';
const AFTER = [PUBLISH_PYTHON, 'announce'];
const INSTEAD = ['rehearse'];
/** Beyond reading the repository. */
const PERMISSIONS: Record<string, object> = {
  rehearse: { contents: 'read', actions: 'read' },
  publish: { contents: 'read', actions: 'read', 'id-token': 'write' },
  [PUBLISH_PYTHON]: { contents: 'read', 'id-token': 'write' },
  announce: { contents: 'write' },
};
const ON_A_TAG = "github.event_name == 'push' && startsWith(github.ref, 'refs/tags/v')";

const ITS_PLATFORM = '$' + '{{ matrix.platform }}';

const isEqual = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
const sorted = (names: Iterable<string>) => [...names].sort();
const runsOf = ({ steps }: Job) => steps.map(({ run = '' }) => run).join('\n');

/** Jobs that must have succeeded before `name` begins, directly or by others. */
function neededBy(name: string, jobs: Record<string, Job>, seen = new Set<string>()): Set<string> {
  for (const needed of jobs[name]?.needs ?? []) {
    if (seen.has(needed)) continue;
    seen.add(needed);
    neededBy(needed, jobs, seen);
  }
  return seen;
}

/** Faults of every workflow: permissions beyond reading that are not declared above, and actions that may change under a name. */
export function faultsOfAny(text: string): string[] {
  const { permissions, jobs }: Workflow = parse(text);
  const faults = isEqual(permissions, { contents: 'read' }) ? [] : ['the workflow has more permissions than to read'];
  for (const [, action, rest] of text.matchAll(/uses: *([^\s#]+)(.*)/g)) {
    if (!/^[\w./-]+@[0-9a-f]{40}$/.test(action ?? '')) faults.push(`${action} is not pinned by a commit`);
    else if (!/^ # v\d+\.\d+\.\d+$/.test(rest ?? '')) faults.push(`${action} does not say its version`);
  }
  for (const [name, { steps }] of Object.entries(jobs)) {
    const keeps = steps.some(
      (step) => step.uses?.startsWith('actions/checkout@') && step.with?.['persist-credentials'] !== false,
    );
    if (keeps) faults.push(`${name} leaves the token of the checkout to all that it runs`);
  }
  return faults;
}

/** Faults of the release workflow. `platforms`: those that packages are made for; `crossed`: of these, those that are cross-compiled. */
export function faultsOfRelease(text: string, platforms: string[], crossed: string[]): string[] {
  const { on, jobs }: Workflow = parse(text);
  const faults = faultsOfAny(text);
  const all = Object.keys(jobs);
  const publishing = all.filter((name) => /npm publish|publish\.mjs(?! --dry-run)/.test(runsOf(jobs[name] as Job)));
  if (!isEqual(publishing, [PUBLISH])) faults.push(`jobs that publish: ${publishing.join(', ')}`);
  const uploading = all.filter((name) => /twine upload/.test(runsOf(jobs[name] as Job)));
  if (!isEqual(uploading, [PUBLISH_PYTHON])) faults.push(`jobs that publish to PyPI: ${uploading.join(', ')}`);
  const before = sorted(all.filter((name) => ![PUBLISH, ...AFTER, ...INSTEAD].includes(name)));
  for (const name of [PUBLISH, ...INSTEAD]) {
    const needed = sorted(neededBy(name, jobs));
    if (!isEqual(needed, before))
      faults.push(`${name} needs ${needed.join(', ')}, and is to need ${before.join(', ')}`);
  }
  for (const name of AFTER) if (!neededBy(name, jobs).has(PUBLISH)) faults.push(`${name} does not wait for ${PUBLISH}`);
  for (const name of [PUBLISH, ...AFTER])
    if (jobs[name]?.if !== ON_A_TAG) faults.push(`${name} is not for pushed tags of versions alone`);
  for (const name of before) if (jobs[name]?.if !== undefined) faults.push(`${name} may be skipped`);
  if (!isEqual(on, { push: { tags: ['v*'] }, workflow_dispatch: null }))
    faults.push('it starts otherwise than by a tag or by hand');
  for (const [name, job] of Object.entries(jobs)) {
    if (!isEqual(job.permissions, PERMISSIONS[name]))
      faults.push(`${name} has permissions ${JSON.stringify(job.permissions)}`);
    if (name !== PUBLISH && JSON.stringify(job).includes('secrets.')) faults.push(`${name} gets a secret`);
    if (JSON.stringify(job).includes('continue-on-error')) faults.push(`${name} goes on after a failure`);
  }
  return [...faults, ...faultsOfPython(jobs), ...faultsOfPlatforms(jobs, platforms, crossed)];
}

function faultsOfPython(jobs: Record<string, Job>): string[] {
  const faults: string[] = [];
  const { python = [] } = jobs['python-smoke']?.strategy?.matrix ?? {};
  if (!isEqual(python, PYTHONS)) faults.push(`it tries Python ${python.join(', ')}`);
  const commands = [
    ['python', '--pack'],
    ['python-smoke', '--try --without-server'],
    ['rehearse', '--check'],
    [PUBLISH_PYTHON, '--check'],
  ] as const;
  for (const [name, how] of commands) {
    const lines = runsOf(jobs[name] as Job).split('\n');
    if (!lines.includes(`node scripts/release/python.mjs ${how}`))
      faults.push(`${name} does not run python.mjs ${how}`);
  }
  const upload = runsOf(jobs[PUBLISH_PYTHON] as Job);
  if (!upload.includes('twine upload --non-interactive --skip-existing --attestations'))
    faults.push(`${PUBLISH_PYTHON} publishes without proof of where the packages were built`);
  return faults;
}

function faultsOfPlatforms(jobs: Record<string, Job>, platforms: string[], crossed: string[]): string[] {
  const faults: string[] = [];
  const matrixOf = (name: string): Matrix => jobs[name]?.strategy?.matrix ?? {};
  const wanted = sorted(platforms);
  const builds = matrixOf('build').include ?? [];
  const built = sorted(builds.map(({ platform }) => platform));
  if (!isEqual(built, wanted)) faults.push(`it builds ${built.join(', ')}, and packages are for ${wanted.join(', ')}`);
  const { platform = [], node = [], include = [] } = matrixOf('smoke');
  for (const tried of [sorted(platform), sorted(include.map((one) => one.platform))])
    if (!isEqual(tried, wanted)) faults.push(`it tries ${tried.join(', ')}, and packages are for ${wanted.join(', ')}`);
  if (!isEqual(node, NODES)) faults.push(`it tries Node ${node.join(', ')}`);
  const elsewhere = sorted(builds.filter((one) => one.crossed === true).map(({ platform }) => platform));
  if (!isEqual(elsewhere, sorted(crossed)))
    faults.push(`it cross-compiles ${elsewhere.join(', ')}, and compilers.mjs ${sorted(crossed).join(', ')}`);
  const commands: [string, string, number][] = [
    ['build', `build-addon.mjs ${ITS_PLATFORM}`, 1],
    ['build', `cross.mjs ${ITS_PLATFORM} --profile dist --without-smoke`, 1],
    ['smoke', `smoke.mjs ${ITS_PLATFORM}`, 2],
  ];
  for (const [name, command, times] of commands) {
    const runs = runsOf(jobs[name] as Job).split(command).length - 1;
    if (runs !== times) faults.push(`${name} does not run ${command} in ${times} of its steps`);
  }
  if (!runsOf(jobs.packages as Job).includes('--all-platforms')) faults.push('packages are made without all platforms');
  return faults;
}
