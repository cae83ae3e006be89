import { existsSync, statfsSync, statSync } from 'node:fs';
import { isIP, connect as tcpConnect } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { toVectronError } from '@vectron/errors';
import type { VectronClient } from '@vectron/sdk';
import { bootstrapFile } from './bootstrap-file.js';

/** One thing that was looked at. */
export interface Finding {
  readonly what: string;
  readonly state: 'ok' | 'warning' | 'failed' | 'not checked';
  readonly detail: string;
  /** What to do; empty: nothing. */
  readonly remedy: string;
}

/** How long a server may take to take a connection. */
export const CONNECT_MS = 5_000;
/** A certificate that ends within this time is told. */
const CERTIFICATE_DAYS = 14;
/** Clocks that are further apart than this make tokens expire early or late. */
const SKEW_MS = 30_000;
/** Share of a disk that should be free, and below which the server refuses writes soon. */
const FREE_SHARE = 0.1;
const DAY_MS = 86_400_000;

export const ok = (what: string, detail: string): Finding => ({ what, state: 'ok', detail, remedy: '' });
const warning = (what: string, detail: string, remedy: string): Finding => ({ what, state: 'warning', detail, remedy });
const failed = (what: string, detail: string, remedy: string): Finding => ({ what, state: 'failed', detail, remedy });
const unknown = (what: string, detail: string): Finding => ({ what, state: 'not checked', detail, remedy: '' });

/** Whether this Node runs Vectron. */
export function nodeFinding(version = process.versions.node): Finding {
  const [major, minor] = version.split('.').map(Number);
  const fits = major > 20 || (major === 20 && minor >= 19);
  if (!fits) return failed('Node', version, 'install Node 20.19 or newer');
  return ok('Node', version);
}

/** What a data directory of a single server on this machine looks like; nothing where there is none. */
export function dataFindings(data: string): Finding[] {
  if (!existsSync(data)) return [];
  const findings: Finding[] = [];
  const { bavail, blocks } = statfsSync(data);
  const free = blocks === 0 ? 1 : bavail / blocks;
  const percent = `${Math.floor(free * 100)} % free`;
  findings.push(
    free < FREE_SHARE
      ? warning(`disk of ${data}`, percent, 'free some space: a nearly full disk makes a server refuse writes')
      : ok(`disk of ${data}`, percent),
  );
  const secrets = bootstrapFile(data);
  if (existsSync(secrets) && process.platform !== 'win32') {
    const mode = statSync(secrets).mode & 0o777;
    findings.push(
      (mode & 0o077) === 0
        ? ok(secrets, 'readable by its owner only')
        : failed(
            secrets,
            `mode ${mode.toString(8)}: others can read the administrator's key`,
            `chmod 600 ${secrets}, and replace the key in it`,
          ),
    );
  }
  return findings;
}

/** Host and port of an address such as `https://host:8080` or `grpc://host:9090`. */
function endpointOf(address: string): { host: string; port: number; secure: boolean } {
  const { hostname, port, protocol } = new URL(address);
  const secure = protocol === 'https:' || protocol === 'grpcs:';
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || (secure ? 443 : 80), secure };
}

/** Whether one address of a server takes connections, and how long its certificate is good. `ca`: PEM of authorities. */
export async function reachFindings(address: string, ca?: string): Promise<Finding[]> {
  const what = `connection to ${address}`;
  let endpoint: ReturnType<typeof endpointOf>;
  try {
    endpoint = endpointOf(address);
  } catch {
    return [failed(what, 'is no address', 'give --url as http(s)://HOST:PORT or grpc(s)://HOST:PORT')];
  }
  try {
    await connected(endpoint, undefined);
  } catch (error) {
    return [failed(what, (error as Error).message, remedyOf(error as NodeJS.ErrnoException, endpoint))];
  }
  if (!endpoint.secure) return [ok(what, 'is taken')];
  try {
    const until = await connected(endpoint, { ca });
    const days = Math.floor((until.getTime() - Date.now()) / DAY_MS);
    const good = `good for ${days} days`;
    return [
      ok(what, 'is taken'),
      days < CERTIFICATE_DAYS
        ? warning('certificate of the server', good, 'renew it')
        : ok('certificate of the server', good),
    ];
  } catch (error) {
    const { message } = error as Error;
    return [
      ok(what, 'is taken'),
      failed('certificate of the server', message, certificateRemedy(error as NodeJS.ErrnoException)),
    ];
  }
}

/** Ends with the moment at which the certificate of the server ends; without TLS, with the moment of the connection. */
function connected({ host, port }: { host: string; port: number }, tls: { ca?: string } | undefined): Promise<Date> {
  return new Promise((resolve, reject) => {
    const server = { host, port, timeout: CONNECT_MS };
    const name = isIP(host) === 0 ? { servername: host } : {};
    const socket = tls === undefined ? tcpConnect(server) : tlsConnect({ ...server, ...name, ca: tls.ca });
    socket.once('error', reject);
    socket.once('timeout', () => socket.destroy(new Error(`no answer within ${CONNECT_MS / 1_000} s`)));
    socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
      const until = 'getPeerCertificate' in socket ? new Date(socket.getPeerCertificate().valid_to) : new Date();
      socket.destroy();
      resolve(until);
    });
  });
}

function remedyOf({ code }: NodeJS.ErrnoException, { host, port }: { host: string; port: number }): string {
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `no address is known for ${host}: correct --url, or the DNS`;
  if (code === 'ECONNREFUSED')
    return `nothing listens on port ${port} of ${host}: start the server there (vectron serve), or correct --url`;
  return `something between here and ${host} drops the connection: look at firewalls and the address that the server listens on (--listen)`;
}

function certificateRemedy({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'CERT_HAS_EXPIRED') return 'renew it';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return 'use a name in --url that the certificate has, or a certificate with that name';
  if (/wrong version number|packet length/i.test(message))
    return 'the server speaks no TLS on this port: http:// or grpc:// in --url';
  return '--ca-file names the authority that the certificate is of';
}

/** How far the clock of the server is from the one here, by the date of a REST answer. */
export function clockFinding(date: string | null, now = Date.now()): Finding {
  const at = date === null ? Number.NaN : Date.parse(date);
  if (Number.isNaN(at)) return unknown('clock of the server', 'it says no date');
  const skew = now - at;
  const seconds = `${Math.round(Math.abs(skew) / 1_000)} s ${skew > 0 ? 'behind' : 'ahead of'} the one here`;
  if (Math.abs(skew) < SKEW_MS) return ok('clock of the server', 'as the one here');
  return warning(
    'clock of the server',
    seconds,
    'set both by NTP: tokens and expiries are compared with the clock of the server',
  );
}

/** What the server says of itself, as far as the key may ask. */
export async function serverFindings(db: VectronClient): Promise<Finding[]> {
  let role: string;
  try {
    const account = await db.profile();
    role = account.role;
    const first = ok('key', `of ${account.email || account.id}, role ${role}`);
    return [
      first,
      ...(await healthFindings(db)),
      ...(await collectionFindings(db)),
      ...(role === 'admin' ? await adminFindings(db) : [unknown('shards and alerts', "the key is no administrator's")]),
    ];
  } catch (cause) {
    const error = toVectronError(cause);
    const remedy =
      error.code === 'UNAUTHENTICATED'
        ? 'vectron login keeps a key, --api-key-file names one, and a single server leaves its own in <data>/bootstrap.json'
        : 'see the log of the server';
    return [failed('key', `${error.code}: ${error.message}`, remedy)];
  }
}

/** A question that some keys may not ask is no fault. */
async function asked(what: string, ask: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await ask();
  } catch (cause) {
    const { code, message } = toVectronError(cause);
    if (code === 'PERMISSION_DENIED' || code === 'UNIMPLEMENTED') return [unknown(what, message)];
    return [failed(what, `${code}: ${message}`, 'see the log of the gateway, and vectron health')];
  }
}

const healthFindings = (db: VectronClient) =>
  asked('services', async () => {
    const { services, workers } = await db.admin.health();
    const down = [
      ...services.filter(({ status }) => status !== 'ok').map(({ service, error }) => `${service} (${error})`),
      ...workers.filter(({ healthy }) => !healthy).map(({ workerId }) => `worker ${workerId.slice(0, 8)}`),
    ];
    if (down.length === 0) return [ok('services', `${services.length} services and ${workers.length} workers are up`)];
    return [failed('services', `down: ${down.join(', ')}`, 'start what is down, or read its log')];
  });

const collectionFindings = (db: VectronClient) =>
  asked('indexes', async () => {
    const findings: Finding[] = [];
    const collections = await db.listCollections();
    for (const { name } of collections) {
      const { indexes } = await db.listIndexes(name);
      for (const { path, ready, unread, unreadExample } of indexes) {
        const what = `index ${path} of ${name}`;
        if (!ready)
          findings.push(warning(what, 'is being built', 'filters read payloads until it is: vectron indexes list'));
        if (unread === 0) continue;
        const such = unreadExample === undefined ? '' : `, such as ${unreadExample.value} of ${unreadExample.id}`;
        findings.push(
          warning(
            what,
            `${unread} values are not of its type${such}`,
            'correct them, or make an index of another type',
          ),
        );
      }
    }
    if (findings.length === 0) findings.push(ok('indexes', `those of ${collections.length} collections are ready`));
    return findings;
  });

const adminFindings = (db: VectronClient) =>
  asked('shards and alerts', async () => {
    const [shards, alerts] = await Promise.all([db.admin.shards(), db.admin.alerts({ status: 'open' })]);
    const weak = shards.filter(({ leader, healthyReplicas, voters }) => leader === 0 || healthyReplicas < voters);
    const findings = [
      weak.length === 0
        ? ok('shards', `${shards.length} with a leader and all replicas current`)
        : failed(
            'shards',
            `${weak.length} of ${shards.length} lack a leader or a current replica`,
            'vectron cluster shards says which; start the workers that are down',
          ),
    ];
    if (alerts.length === 0) findings.push(ok('alerts', 'none is open'));
    for (const { rule, subject, level, message } of alerts) {
      const detail = `${subject}: ${message}`;
      findings.push(
        level === 'critical'
          ? failed(`alert ${rule}`, detail, 'vectron alerts list')
          : warning(`alert ${rule}`, detail, 'vectron alerts list'),
      );
    }
    return findings;
  });
