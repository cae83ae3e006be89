import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomSecret, secretFile } from '@vectron/auth';
import { VectronError } from '@vectron/errors';
import { EtcdServer, freePorts } from '@vectron/metastore';
import { type CertificateFiles, clusterCertificate } from './certificates.js';
import { ServiceChild } from './service-child.js';

export interface LocalClusterOptions {
  /** Everything it keeps. */
  readonly dir: string;
  readonly workers: number;
  readonly searchOnlyWorkers?: number;
  readonly placementDrivers: number;
  readonly gateways: number;
  readonly auths?: number;
  readonly etcdMembers: number;
  /** The etcd server's program. */
  readonly etcdBinary: string;
  /** Of the first gateway: REST; gRPC is the next one. Default: free ones. */
  readonly httpPort?: number;
  /** More flags, by service (`worker`, `pd`, `gateway`, `auth`, `reranker`) or, after those, by name (`gateway-2`). */
  readonly flags?: Readonly<Record<string, readonly string[]>>;
  readonly onProgress?: (line: string) => void;
  /** Aborted: the start ends with CANCELLED, and nothing of the cluster runs any more. */
  readonly signal?: AbortSignal;
  /** A process ended that was not asked to. */
  readonly onExit?: (name: string) => void;
}

interface Layout {
  readonly services: Record<string, { service: string; ports: number[] }>;
  readonly etcdPorts: number[];
}

/** What a local cluster tells of itself. */
export interface LocalClusterInfo {
  readonly dir: string;
  readonly http: string[];
  readonly grpc: string[];
  readonly apiKey: string;
  readonly processes: { name: string; service: string; pid: number | undefined; address: string; log: string }[];
}

const PORTS: Record<string, number> = { pd: 1, auth: 1, worker: 2, reranker: 1, gateway: 2 };

/**
 * A real cluster of processes on this machine: etcd with mutual TLS, placement drivers, auth, workers, reranker, gateways,
 * each on loopback ports that stay its own. For people who try things, for tests and for drills.
 */
export class LocalCluster {
  readonly #children = new Map<string, ServiceChild>();
  #layout: Layout;
  #etcd: EtcdServer | undefined;
  #certificates: { authority: string; certificate: string; key: string } | undefined;
  #isStopped = false;

  private constructor(private readonly options: LocalClusterOptions) {
    const file = this.#layoutFile;
    this.#layout = existsSync(file)
      ? (JSON.parse(readFileSync(file, 'utf8')) as Layout)
      : { services: {}, etcdPorts: [] };
  }

  static async start(options: LocalClusterOptions): Promise<LocalCluster> {
    mkdirSync(options.dir, { recursive: true, mode: 0o700 });
    const cluster = new LocalCluster(options);
    const { signal } = options;
    const cut = () => void cluster.stop();
    signal?.addEventListener('abort', cut);
    try {
      await cluster.#start();
      signal?.throwIfAborted();
    } catch (error) {
      await cluster.stop();
      if (!signal?.aborted) throw error;
      throw new VectronError('CANCELLED', 'the start of the cluster was stopped', { cause: error });
    } finally {
      signal?.removeEventListener('abort', cut);
    }
    return cluster;
  }

  get #layoutFile(): string {
    return join(this.options.dir, 'cluster.json');
  }

  async #start(): Promise<void> {
    const { dir, etcdMembers, placementDrivers, auths = 1, workers, searchOnlyWorkers = 0, gateways } = this.options;
    const progress = this.options.onProgress ?? (() => {});
    await secretFile(this.#tokenFile, randomSecret);
    const certificates = join(dir, 'certificates');
    this.#certificates = await clusterCertificate(certificates, 'local', LOOPBACK, 'other');
    this.#serviceCertificates = await clusterCertificate(certificates, 'service', LOOPBACK, 'service');
    await this.#plan();
    progress(`etcd: ${etcdMembers} member${etcdMembers === 1 ? '' : 's'}`);
    this.#etcd = await EtcdServer.start({
      binary: this.options.etcdBinary,
      dir,
      members: etcdMembers,
      ports: this.#layout.etcdPorts,
      tls: this.#certificates,
      signal: this.options.signal,
      onExit: (member) => this.options.onExit?.(`etcd-${member + 1}`),
    });
    const up = async (names: readonly string[]) => {
      await Promise.all(names.map((name) => this.startService(name)));
      progress(names.map((name) => `${name} on ${this.addressOf(name)}`).join(', '));
    };
    await up([...names('pd', placementDrivers), ...names('auth', auths)]);
    // One after the other, so that each gets the number of its name.
    for (const name of names('worker', workers + searchOnlyWorkers)) await up([name]);
    await up(names('reranker', 1));
    await up(names('gateway', gateways));
  }

  get #tokenFile(): string {
    return join(this.options.dir, 'secrets', 'cluster.token');
  }

  /** Which ports belong to whom; what was planned by an earlier start stays. */
  async #plan(): Promise<void> {
    const {
      workers,
      searchOnlyWorkers = 0,
      placementDrivers,
      gateways,
      auths = 1,
      etcdMembers,
      httpPort,
    } = this.options;
    const wanted: [string, number][] = [
      ['pd', placementDrivers],
      ['auth', auths],
      ['worker', workers + searchOnlyWorkers],
      ['reranker', 1],
      ['gateway', gateways],
    ];
    for (const [service, count] of wanted) for (const name of names(service, count)) await this.#place(name, service);
    if (httpPort !== undefined && this.#layout.services['gateway-1'] !== undefined) {
      this.#layout.services['gateway-1'].ports = [httpPort, httpPort + 1];
    }
    const etcdPorts =
      this.#layout.etcdPorts.length > 0 ? this.#layout.etcdPorts : await freePorts(2 * etcdMembers, this.#promised);
    if (etcdPorts.length !== 2 * etcdMembers) {
      throw new VectronError(
        'CONFLICT',
        `${this.options.dir} was created with ${etcdPorts.length / 2} etcd members; start it with the same number`,
      );
    }
    this.#save({ ...this.#layout, etcdPorts });
  }

  /** Ports of services that may not be up yet. */
  get #promised(): number[] {
    return [...this.#layout.etcdPorts, ...Object.values(this.#layout.services).flatMap(({ ports }) => ports)];
  }

  async #place(name: string, service: string): Promise<void> {
    if (this.#layout.services[name] !== undefined) return;
    const ports = await freePorts(PORTS[service], this.#promised);
    this.#save({ ...this.#layout, services: { ...this.#layout.services, [name]: { service, ports } } });
  }

  #save(layout: Layout): void {
    this.#layout = layout;
    writeFileSync(this.#layoutFile, `${JSON.stringify(layout, null, 2)}\n`, { mode: 0o600 });
  }

  #ofService = (service: string): string[] =>
    Object.entries(this.#layout.services).flatMap(([name, one]) => (one.service === service ? [name] : []));

  /** `host:port` of a service's first port. */
  addressOf(name: string): string {
    const placed = this.#layout.services[name];
    if (placed === undefined) throw new VectronError('NOT_FOUND', `this cluster has no ${name}`);
    return `127.0.0.1:${placed.ports[0]}`;
  }

  #args(name: string): string[] {
    const { service, ports } = this.#layout.services[name];
    const { dir } = this.options;
    const at = (port: number) => `127.0.0.1:${port}`;
    const all = (of: string) =>
      this.#ofService(of)
        .map((one) => this.addressOf(one))
        .join(',');
    const token = ['--cluster-token-file', this.#tokenFile];
    const tls = this.#serviceCertificates
      ? [
          '--cluster-tls-ca',
          this.#serviceCertificates.authority,
          '--cluster-tls-cert',
          this.#serviceCertificates.certificate,
          '--cluster-tls-key',
          this.#serviceCertificates.key,
        ]
      : [];
    const etcd = this.#certificates
      ? [
          '--etcd',
          this.etcd.endpoints.join(','),
          '--etcd-tls-ca',
          this.#certificates.authority,
          '--etcd-tls-cert',
          this.#certificates.certificate,
          '--etcd-tls-key',
          this.#certificates.key,
        ]
      : [];
    const data = ['--data', join(dir, name)];
    const isSearchOnly =
      service === 'worker' && Number(name.split('-')[1]) > this.options.workers && !this.#added.has(name);
    const own: Record<string, string[]> = {
      pd: ['--listen', at(ports[0]), ...data, ...etcd],
      // All auth processes have the secrets in common.
      auth: ['--listen', at(ports[0]), '--data', dir, ...etcd],
      worker: [
        '--listen',
        at(ports[0]),
        '--raft-listen',
        `${raftHost(name)}:${ports[1]}`,
        '--pd',
        all('pd'),
        ...data,
        ...(isSearchOnly ? ['--search-only', 'true'] : []),
      ],
      reranker: ['--listen', at(ports[0]), '--pd', all('pd')],
      gateway: [
        '--http',
        at(ports[0]),
        '--grpc',
        at(ports[1]),
        '--pd',
        all('pd'),
        '--auth',
        all('auth'),
        '--reranker',
        all('reranker'),
        ...data,
      ],
    };
    return [
      ...own[service],
      ...token,
      ...tls,
      ...(this.options.flags?.[service] ?? []),
      ...(this.options.flags?.[name] ?? []),
    ];
  }

  #serviceCertificates: CertificateFiles | undefined;
  readonly #added = new Set<string>();

  /** What services of this cluster show each other. */
  get serviceTls(): CertificateFiles | undefined {
    return this.#serviceCertificates;
  }

  get etcdBinary(): string {
    return this.options.etcdBinary;
  }

  get etcd(): EtcdServer {
    if (this.#etcd === undefined) throw new VectronError('UNAVAILABLE', 'etcd is not started');
    return this.#etcd;
  }

  /** Starts a service that is not running, on the ports it had. */
  async startService(name: string): Promise<void> {
    if (this.#isStopped) throw new VectronError('CANCELLED', 'the cluster was stopped; start it again');
    const child =
      this.#children.get(name) ??
      new ServiceChild(
        name,
        this.#layout.services[name].service,
        this.#args(name),
        join(this.options.dir, name),
        (ended) => this.options.onExit?.(ended),
      );
    this.#children.set(name, child);
    await child.start();
  }

  child(name: string): ServiceChild {
    const child = this.#children.get(name);
    if (child === undefined) throw new VectronError('NOT_FOUND', `this cluster has no ${name}`);
    return child;
  }

  /** Names of the running services of a kind. */
  running(service: string): string[] {
    return this.#ofService(service).filter((name) => this.#children.get(name)?.running === true);
  }

  /** Stops a service and starts it again on its data. */
  async restart(name: string, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.child(name).stop(signal);
    await this.startService(name);
  }

  /** Shards of which a worker has files. */
  storedShards(worker: string): number[] {
    const dir = join(this.options.dir, worker, 'worker', 'shards');
    return existsSync(dir) ? readdirSync(dir).map(Number) : [];
  }

  /** One worker more; its name. */
  async addWorker(): Promise<string> {
    const numbers = this.#ofService('worker').map((name) => Number(name.split('-')[1]));
    const name = `worker-${Math.max(0, ...numbers) + 1}`;
    this.#added.add(name);
    await this.#place(name, 'worker');
    await this.startService(name);
    return name;
  }

  get info(): LocalClusterInfo {
    const { dir } = this.options;
    const gateways = this.#ofService('gateway').map((name) => this.child(name).lines);
    const { apiKey } = JSON.parse(readFileSync(join(dir, 'bootstrap.json'), 'utf8')) as { apiKey: string };
    const members = this.etcd.pids.map((pid, member) => ({
      name: `etcd-${member + 1}`,
      service: 'etcd',
      pid,
      address: this.etcd.endpoints[member],
      log: join(dir, `etcd-${member + 1}`),
    }));
    const services = [...this.#children.values()].map((child) => ({
      name: child.name,
      service: child.service,
      pid: child.pid,
      address: child.lines.http ?? child.lines.grpc ?? '',
      log: child.log,
    }));
    return {
      dir,
      http: gateways.map((lines) => lines.http),
      grpc: gateways.map((lines) => lines.grpc),
      apiKey,
      processes: [...members, ...services],
    };
  }

  /** Stops everything, those that others need last. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const service of ['gateway', 'reranker', 'worker', 'auth', 'pd']) {
      const children = [...this.#children.values()].filter((child) => child.service === service);
      await Promise.all(children.map((child) => child.stop()));
    }
    await this.#etcd?.stop();
  }
}

const LOOPBACK = ['localhost', '127.0.0.1'];

/** An address of its own on loopback, so that one worker can be cut off from the others (nft, `vectron drill partition`). */
export const raftHost = (worker: string): string => `127.0.1.${Number(worker.split('-')[1])}`;

const names = (service: string, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `${service}-${at + 1}`);
