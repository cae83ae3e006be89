import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { workerKnobs } from '@vectron/worker/config';
import { parseAllDocuments } from 'yaml';
import { SERVICES } from '../../apps/cli/src/config.js';

interface Container {
  readonly name: string;
  readonly image: string;
  readonly args: string[];
  readonly env: { readonly name: string }[];
  readonly envFrom?: { readonly configMapRef: { readonly name: string } }[];
  readonly ports: { readonly containerPort: number }[];
  readonly startupProbe: object;
  readonly readinessProbe: object;
  readonly livenessProbe: object;
  readonly resources: object;
  readonly securityContext: object;
}
interface Resource {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data: Record<string, string>;
  readonly spec: {
    readonly serviceName: string;
    readonly replicas: number;
    readonly dnsNames: string[];
    readonly ports: { readonly port: number }[];
    readonly selector: { readonly matchLabels: Record<string, string> };
    readonly podSelector: { readonly matchLabels?: Record<string, string> };
    readonly ingress?: { readonly ports: { readonly port: number }[] }[];
    readonly template: { readonly spec: { readonly containers: Container[]; readonly securityContext: object } };
  };
}

const BASE = 'deploy/kubernetes/base';
const objectsOf = (file: string) =>
  parseAllDocuments(readFileSync(file, 'utf8')).map((document) => document.toJS() as Resource);
const objects = readdirSync(BASE)
  .filter((file) => file !== 'kustomization.yaml')
  .flatMap((file) => objectsOf(join(BASE, file)));
const ofKind = (kind: string) => objects.filter((one) => one.kind === kind);
const named = (kind: string, name: string) => ofKind(kind).find(({ metadata }) => metadata.name === name) as Resource;
const sets = ofKind('StatefulSet').map((set) => ({ set, container: set.spec.template.spec.containers[0] }));
const own = sets.filter(({ container }) => container.image === 'vectron');

describe('deploy/kubernetes', () => {
  it('builds what is in its folder', () => {
    const text = readFileSync(join(BASE, 'kustomization.yaml'), 'utf8');
    const listed = [...text.matchAll(/^ {2}- ([\w-]+\.yaml)$/gm)].map(([, file]) => file);
    expect([...listed, 'kustomization.yaml'].sort()).toEqual(readdirSync(BASE).sort());
  });

  it('gives each service flags and settings that it has', () => {
    expect(own.map(({ container }) => container.args[0]).sort()).toEqual([
      'auth',
      'gateway',
      'pd',
      'reranker',
      'worker',
    ]);
    for (const { container } of own) {
      const [service, ...flags] = container.args;
      const knobs = [...Object.values(SERVICES[service]), ...Object.values(SERVICES['every service'])];
      expect(knobs.map(({ flag }) => `--${flag}`)).toEqual(
        expect.arrayContaining(flags.map((flag) => flag.replace(/=.*/, ''))),
      );
      // What all services get may be for some of them.
      const everywhere = Object.values(SERVICES).flatMap((set) => Object.values(set).map(({ env }) => env as string));
      const shared = (container.envFrom ?? []).flatMap(({ configMapRef }) =>
        Object.keys(named('ConfigMap', configMapRef.name).data),
      );
      expect(everywhere).toEqual(expect.arrayContaining(shared));
      const settings = container.env.map(({ name }) => name).filter((name) => name !== 'POD');
      expect([service, knobs.map(({ env }) => env)]).toEqual([service, expect.arrayContaining(settings)]);
    }
  });

  it('has probes, resources, no root and no writable root for all', () => {
    for (const { set, container } of sets) {
      expect(set.spec.template.spec.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 10001 });
      expect(container).toMatchObject({
        ...{ startupProbe: {}, readinessProbe: {}, livenessProbe: {} },
        resources: { requests: {}, limits: {} },
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
      });
    }
  });

  it('reaches members by names and ports that there are, and lets in what has to come in', () => {
    for (const { set, container } of sets) {
      // The kubelet alone asks at etcd's port of figures.
      const ports = container.ports.map(({ containerPort }) => containerPort).filter((port) => port !== 2381);
      expect(named('Service', set.spec.serviceName).spec.ports.map(({ port }) => port)).toEqual(ports);
      const { name } = set.metadata;
      const open = named('NetworkPolicy', name).spec.ingress?.flatMap((rule) => rule.ports.map(({ port }) => port));
      expect([...new Set(open)].sort()).toEqual(ports.sort());
    }
    const text = JSON.stringify(objects);
    const members = [...text.matchAll(/\b([a-z]+)-(\d)\.([a-z]+):(\d+)/g)];
    expect(members.length).toBeGreaterThan(6);
    for (const [, name, at, service, port] of members) {
      const { set, container } = sets.find((one) => one.set.metadata.name === name) as (typeof sets)[number];
      expect([service, Number(at) < set.spec.replicas]).toEqual([set.spec.serviceName, true]);
      expect(container.ports.map(({ containerPort }) => containerPort)).toContain(Number(port));
    }
  });

  it('may lose one of each kind that has several, and the certificate names what is compared', () => {
    const several = sets.filter(({ set }) => set.spec.replicas > 1).map(({ set }) => set.metadata.name);
    expect(
      ofKind('PodDisruptionBudget')
        .map(({ metadata }) => metadata.name)
        .sort(),
    ).toEqual(several.sort());
    const certificate = objectsOf('deploy/kubernetes/cert-manager/certificates.yaml').find(
      ({ kind, metadata }) => kind === 'Certificate' && metadata.name === 'vectron-cluster',
    );
    const members = Array.from({ length: named('StatefulSet', 'etcd').spec.replicas }, (_, at) => `etcd-${at}.etcd`);
    expect(certificate?.spec.dnsNames).toEqual(
      expect.arrayContaining(['vectron-cluster', 'vectron-worker', 'localhost', ...members]),
    );
  });

  it('serves metrics of every service to Prometheus, with a token and a certificate that open nothing else', () => {
    const link = named('ConfigMap', 'vectron-link').data;
    expect(link.VECTRON_METRICS_LISTEN).toBe('0.0.0.0:9464');
    expect(link.VECTRON_METRICS_TOKEN_FILE).toBe('/run/vectron/token/metrics.token');
    for (const { container } of own) expect(container.ports).toContainEqual({ name: 'metrics', containerPort: 9464 });
    const scraper = objectsOf('deploy/kubernetes/cert-manager/certificates.yaml').find(
      ({ kind, metadata }) => kind === 'Certificate' && metadata.name === 'vectron-scraper',
    );
    expect(scraper?.spec.dnsNames).toEqual(['prometheus']);
    expect(scraper?.spec).toMatchObject({ usages: ['digital signature', 'client auth'] });
    const names = own.map(({ container }) => container.args[0]).sort();
    const jobs = readFileSync('docs/prometheus/kubernetes.yml', 'utf8');
    expect(
      /regex: ([a-z|]+), action: keep }\n {6}- { source_labels: \[__meta_kubernetes_pod_name/
        .exec(jobs)?.[1]
        .split('|')
        .sort(),
    ).toEqual(names);
  });

  it('has workers of no zone where the node has no label', () => {
    const env = { VECTRON_WORKER_ZONE: '', VECTRON_WORKER_REGION: '' };
    expect(workerKnobs.load({ flags: {}, env })).toMatchObject({ zone: '', region: '' });
  });
});
