import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import type { VectronClient } from '@vectron/sdk';
import { mcpServer } from './server.js';
import type { McpSettings } from './settings.js';

export interface ServingStdio {
  /** Resolves when the client has closed the standard input, or after `close`. */
  readonly ended: Promise<void>;
  /** Ends the calls in progress. The Vectron client remains open. */
  close(): Promise<void>;
}

/** Largest message of the client, bytes: the connection ends at a larger one. */
const MAX_MESSAGE_BYTES = 10 << 20;

/** Serves the client that started this process, over its standard input and output. */
export async function serveStdio(client: VectronClient, settings: McpSettings): Promise<ServingStdio> {
  const server = mcpServer(client, settings);
  const ended = new Promise<void>((resolve) => {
    server.onclose = resolve;
  });
  const transport = new StdioServerTransport(process.stdin, process.stdout, { maxBufferSize: MAX_MESSAGE_BYTES });
  await server.connect(transport);
  const answered = whenAnswered(transport);
  // The SDK's transport does not watch for the end of its input.
  process.stdin.once('end', () => answered(() => void server.close()));
  return { ended, close: () => server.close() };
}

/**
 * Counts the requests that have no answer yet; what is returned calls `then` when there are none. A client that has written all that it
 * asks may close its end at once, as `echo ... | vectron mcp` does.
 */
function whenAnswered(transport: StdioServerTransport): (then: () => void) => void {
  let open = 0;
  let done: (() => void) | undefined;
  const { onmessage } = transport;
  transport.onmessage = (message) => {
    if ('id' in message && 'method' in message) open += 1;
    onmessage?.(message);
  };
  const send = transport.send.bind(transport);
  transport.send = (message) => {
    // Nobody may be there to read it: what is counted is that it was written.
    const sent = send(message);
    if ('id' in message && !('method' in message)) {
      open -= 1;
      if (open === 0) done?.();
    }
    return sent;
  };
  return (then) => {
    if (open === 0) then();
    else done = then;
  };
}
