import type { IncomingMessage } from 'node:http';

/** Which requests a listener takes, by their headers. */
export interface GuardOptions {
  /** What `Host` may name besides the loopback names of this machine, without a port. */
  readonly hosts: readonly string[];
  /** Web origins whose pages may call, such as `https://app.example.org`. */
  readonly origins: readonly string[];
}

const LOOPBACK = ['localhost', '127.0.0.1', '::1'];

/**
 * Keeps out pages of other sites, which a browser may bring here by a name that they have bound to this machine's address (DNS
 * rebinding): such a request names the page's host, and its origin.
 */
export class RequestGuard {
  readonly #hosts: ReadonlySet<string>;
  readonly #origins: ReadonlySet<string>;

  constructor({ hosts, origins }: GuardOptions) {
    this.#hosts = new Set([...LOOPBACK, ...hosts.map((host) => host.toLowerCase())]);
    this.#origins = new Set(origins);
  }

  /** Why the request is refused; undefined: it is not. */
  refusal({ headers }: IncomingMessage): string | undefined {
    const host = hostOf(headers.host);
    if (host === undefined || !this.#hosts.has(host))
      return 'the Host header names another server: --hosts says by which names this one is reached';
    if (headers.origin !== undefined && !this.#origins.has(headers.origin))
      return 'pages of this origin may not call: --origins lists those that may';
    return undefined;
  }
}

/** `example.org` of `Example.org:8080`; undefined when it is no host. */
function hostOf(header: string | undefined): string | undefined {
  if (header === undefined || !URL.canParse(`http://${header}`)) return undefined;
  const { hostname, username, pathname } = new URL(`http://${header}`);
  return username !== '' || pathname !== '/' ? undefined : hostname.replace(/^\[|\]$/g, '');
}
