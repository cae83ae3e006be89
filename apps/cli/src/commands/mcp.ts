import type { Command } from 'commander';
import type { ClientOptions } from '../client.js';
import { clientKnobs, mcpKnobs } from '../config.js';
import { withFlags } from '../knob-flags.js';

export function mcpCommand(program: Command): void {
  const help =
    'serve collections to language models with the Model Context Protocol, over stdio or HTTP; read-only unless --write is given';
  withFlags(program.command('mcp').description(help), { ...clientKnobs.knobs, ...mcpKnobs.knobs }).action(
    async (options: ClientOptions) => (await import('../mcp-server.js')).runMcp(options),
  );
}
