import { Command } from 'commander';
import { VERSION } from './version.js';

/** Makes a command of a client below another one: with the flags that find the server. */
export type Define = (parent: Command, name: string, help: string) => Command;

interface Commands {
  /** What they are shown under in the help. */
  readonly group: string;
  /** The words after `vectron` that these commands stand under. */
  readonly names: readonly string[];
  /** Loads what they need, and gives what adds them to the program. */
  load(): Promise<(program: Command, client: Define) => void>;
}

/** All commands, in the order in which they are shown. Each part is loaded by who runs one of its commands, or shows all. */
export const COMMANDS: readonly Commands[] = [
  { group: 'Servers', names: ['serve'], load: async () => (await import('./commands/services.js')).serveCommand },
  {
    group: 'Servers',
    names: ['gateway', 'pd', 'worker', 'auth', 'reranker'],
    load: async () => (await import('./commands/services.js')).serviceCommands,
  },
  { group: 'Data', names: ['collections'], load: async () => (await import('./commands/data.js')).collectionCommands },
  { group: 'Data', names: ['points'], load: async () => (await import('./commands/data.js')).pointCommands },
  { group: 'Data', names: ['search'], load: async () => (await import('./commands/data.js')).searchCommand },
  { group: 'Data', names: ['import'], load: async () => (await import('./commands/import.js')).importCommand },
  { group: 'Data', names: ['indexes'], load: async () => (await import('./commands/query.js')).indexCommands },
  { group: 'Data', names: ['aliases'], load: async () => (await import('./commands/query.js')).aliasCommands },
  { group: 'Data', names: ['changes'], load: async () => (await import('./commands/changes.js')).changesCommand },
  {
    group: 'Accounts',
    names: ['login', 'logout'],
    load: async () => (await import('./commands/login.js')).loginCommands,
  },
  { group: 'Accounts', names: ['profiles'], load: async () => (await import('./commands/login.js')).profileCommands },
  { group: 'Accounts', names: ['users'], load: async () => (await import('./commands/users.js')).userCommands },
  { group: 'Accounts', names: ['keys'], load: async () => (await import('./commands/keys.js')).keyCommands },
  { group: 'Operation', names: ['doctor'], load: async () => (await import('./commands/doctor.js')).doctorCommand },
  {
    group: 'Operation',
    names: ['stats', 'health'],
    load: async () => (await import('./commands/system.js')).systemCommands,
  },
  {
    group: 'Operation',
    names: ['slow-queries'],
    load: async () => (await import('./commands/slow-queries.js')).slowQueryCommands,
  },
  { group: 'Operation', names: ['recall'], load: async () => (await import('./commands/recall.js')).recallCommand },
  {
    group: 'Operation',
    names: ['cluster', 'workers', 'rebalance'],
    load: async () => (await import('./commands/cluster.js')).clusterCommands,
  },
  { group: 'Operation', names: ['alerts'], load: async () => (await import('./commands/alerts.js')).alertCommands },
  { group: 'Operation', names: ['audit'], load: async () => (await import('./commands/audit.js')).auditCommands },
  {
    group: 'Operation',
    names: ['verify', 'export'],
    load: async () => (await import('./commands/storage.js')).storageCommands,
  },
  { group: 'Tools', names: ['mcp'], load: async () => (await import('./commands/mcp.js')).mcpCommand },
  { group: 'Tools', names: ['shell'], load: async () => (await import('./commands/shell.js')).shellCommand },
  { group: 'Tools', names: ['bench'], load: async () => (await import('./commands/bench.js')).benchCommand },
  { group: 'Tools', names: ['drill'], load: async () => (await import('./commands/drill.js')).drillCommand },
  {
    group: 'Tools',
    names: ['completion'],
    load: async () => (await import('./commands/completion.js')).completionCommand,
  },
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
  const { clientKnobs } = await import('./config.js');
  const { withFlags } = await import('./knob-flags.js');
  const { addExamples } = await import('./help.js');
  const client: Define = (parent, name, help) =>
    withFlags(parent.command(name).description(help), clientKnobs.knobs).option('--json', 'print JSON');
  const named = COMMANDS.filter(({ names }) => word !== undefined && names.includes(word));
  for (const { group, load } of named.length > 0 ? named : COMMANDS) {
    const before = program.commands.length;
    (await load())(program, client);
    for (const command of program.commands.slice(before)) command.helpGroup(`${group}:`);
  }
  addExamples(program);
  return program;
}
