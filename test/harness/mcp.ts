import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { CLI } from './process.js';

/** The official client of the Model Context Protocol, and what the tests ask of it. */
export interface McpClient {
  readonly client: Client;
  /** What a tool answers; an error is thrown as a McpToolError. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of any shape
  call(tool: string, args?: Record<string, unknown>): Promise<any>;
  close(): Promise<void>;
}

/** An answer with `isError`. */
export class McpToolError extends Error {
  constructor(
    readonly body: { code: string; message: string; requestId?: string; field?: string; retryable: boolean },
    readonly text: string,
  ) {
    super(`${body.code}: ${body.message}`);
  }
}

const newClient = () => new Client({ name: 'vectron-tests', version: '0.1.0' });

async function withCalls(client: Client): Promise<McpClient> {
  // The client holds answers against the schemas that it knows of.
  await client.listTools();
  return {
    client,
    async call(tool, args = {}) {
      const answer = await client.callTool({ name: tool, arguments: args });
      const [{ text }] = answer.content as { text: string }[];
      if (answer.isError === true) {
        const { error } = JSON.parse(text) as { error: McpToolError['body'] };
        throw new McpToolError(error, text);
      }
      if (text !== JSON.stringify(answer.structuredContent)) throw new Error('text and structuredContent differ');
      return answer.structuredContent;
    },
    close: () => client.close(),
  };
}

export interface StdioMcp extends McpClient {
  readonly pid: number;
  /** What it has written to stderr. */
  stderr(): string;
}

/** `vectron mcp` as a process that the client starts. */
export async function startStdioMcp(args: readonly string[], env: Record<string, string> = {}): Promise<StdioMcp> {
  const { PATH = '' } = process.env;
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [CLI, 'mcp', ...args],
    env: { PATH, ...env },
    stderr: 'pipe',
  });
  let said = '';
  transport.stderr?.on('data', (bytes) => {
    said += bytes;
  });
  const client = newClient();
  await client.connect(transport);
  return { ...(await withCalls(client)), pid: transport.pid as number, stderr: () => said };
}

/** A client of a server at `url`, which shows `token`. */
export async function connectHttpMcp(url: string, token: string): Promise<McpClient> {
  const headers = { authorization: `Bearer ${token}` };
  const client = newClient();
  // Its types do not know exactOptionalPropertyTypes, which the transport interface was declared with.
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }) as never);
  return withCalls(client);
}
