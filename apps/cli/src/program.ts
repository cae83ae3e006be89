import { Command } from 'commander';
import { VERSION } from './version.js';

/** Makes a command of a client below another one: with the flags that find the server. */
export type Define = (parent: Command, name: string, help: string) => Command;

interface Commands {
  /** The words after `vectron` that these commands stand under. */
  readonly names: readonly string[];
  /** Loads what they need, and gives what adds them to the program. */
  load(): Promise<(program: Command, client: Define) => void>;
}

/** All commands, in the order in which they are shown. Each part is loaded by who runs one of its commands, or shows all. */
export const COMMANDS: readonly Commands[] = [
  { names: ['serve'], load: async () => (await import('./commands/services.js')).serveCommand },
  {
    names: ['gateway', 'pd', 'worker', 'auth', 'reranker'],
    load: async () => (await import('./commands/services.js')).serviceCommands,
  },
  { names: ['collections'], load: async () => (await import('./commands/data.js')).collectionCommands },
  { names: ['points'], load: async () => (await import('./commands/data.js')).pointCommands },
  { names: ['search'], load: async () => (await import('./commands/data.js')).searchCommand },
  { names: ['recall'], load: async () => (await import('./commands/recall.js')).recallCommand },
  { names: ['import'], load: async () => (await import('./commands/import.js')).importCommand },
  { names: ['indexes'], load: async () => (await import('./commands/query.js')).indexCommands },
  { names: ['aliases'], load: async () => (await import('./commands/query.js')).aliasCommands },
  { names: ['users'], load: async () => (await import('./commands/users.js')).userCommands },
  { names: ['keys'], load: async () => (await import('./commands/keys.js')).keyCommands },
  { names: ['stats', 'health'], load: async () => (await import('./commands/system.js')).systemCommands },
  {
    names: ['cluster', 'workers', 'rebalance'],
    load: async () => (await import('./commands/cluster.js')).clusterCommands,
  },
  { names: ['alerts'], load: async () => (await import('./commands/alerts.js')).alertCommands },
  { names: ['audit'], load: async () => (await import('./commands/audit.js')).auditCommands },
  { names: ['changes'], load: async () => (await import('./commands/changes.js')).changesCommand },
  { names: ['drill'], load: async () => (await import('./commands/drill.js')).drillCommand },
  { names: ['verify', 'export'], load: async () => (await import('./commands/storage.js')).storageCommands },
  { names: ['bench'], load: async () => (await import('./commands/bench.js')).benchCommand },
];

/**
 * The command line: with the command that stands under `word` alone, where there is one, else with all of its commands.
 * The version is told without any.
 */
export async function vectronProgram(word?: string): Promise<Command> {
  const program = new Command('vectron')
    .description('Vectron, a distributed vector database')
    .version(VERSION)
    .showSuggestionAfterError()
    .exitOverride((error) => {
      process.exit(error.exitCode === 0 ? 0 : 2);
    });
  if (word === '--version' || word === '-V') return program;
  const [{ clientKnobs }, { withFlags }] = await Promise.all([import('./config.js'), import('./knob-flags.js')]);
  const client: Define = (parent, name, help) =>
    withFlags(parent.command(name).description(help), clientKnobs.knobs).option('--json', 'print JSON');
  const named = COMMANDS.filter(({ names }) => word !== undefined && names.includes(word));
  for (const { load } of named.length > 0 ? named : COMMANDS) (await load())(program, client);
  return program;
}
