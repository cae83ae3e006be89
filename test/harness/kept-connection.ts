import { Agent, type IncomingMessage, request as send } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown> & { readonly [key: string]: never };
  readonly text: string;
}

/** A connection that is kept: what is sent on it goes to one gateway. */
export class KeptConnection {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(
    private readonly http: string,
    public key: string,
  ) {}

  call(method: string, path: string, body?: object): Promise<Answer> {
    return this.open(method, path, body).answer;
  }

  /** `later`: the head is sent, and `request` is to be ended with the body; it emits `continue` when the server has begun. */
  open(method: string, path: string, body?: object | 'later') {
    const { hostname: host, port } = new URL(this.http);
    const headers = {
      authorization: `Bearer ${this.key}`,
      'content-type': 'application/json',
      ...(body === 'later' && { expect: '100-continue' }),
    };
    const request = send({ host, port, method, path, headers, agent: this.#agent });
    const answer = new Promise<Answer>((resolve, reject) => {
      request.on('response', (response: IncomingMessage) => {
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => {
          const body = text.startsWith('{') ? JSON.parse(text) : {};
          resolve({ status: response.statusCode ?? 0, text, body });
        });
        response.on('error', reject);
      });
      request.on('error', reject);
    });
    if (body !== 'later') request.end(body === undefined ? undefined : JSON.stringify(body));
    return { request, answer };
  }

  close(): void {
    this.#agent.destroy();
  }
}
