import { Command } from 'commander';
import { alertCommands } from './commands/alerts.js';
import { auditCommands } from './commands/audit.js';
import { benchCommand } from './commands/bench.js';
import { changesCommand } from './commands/changes.js';
import { clusterCommands } from './commands/cluster.js';
import { collectionCommands, pointCommands, searchCommand } from './commands/data.js';
import { drillCommand } from './commands/drill.js';
import { importCommand } from './commands/import.js';
import { keyCommands } from './commands/keys.js';
import { aliasCommands, indexCommands } from './commands/query.js';
import { recallCommand } from './commands/recall.js';
import { serveCommand, serviceCommands, withFlags } from './commands/services.js';
import { storageCommands } from './commands/storage.js';
import { systemCommands } from './commands/system.js';
import { userCommands } from './commands/users.js';
import { clientKnobs } from './config.js';

/** The command line with all of its commands. */
export function vectronProgram(): Command {
  const program = new Command('vectron')
    .description('Vectron, a distributed vector database')
    .version('0.1.0')
    .showSuggestionAfterError()
    .exitOverride((error) => {
      process.exit(error.exitCode === 0 ? 0 : 2);
    });
  serveCommand(program);
  serviceCommands(program);
  const client = (parent: Command, name: string, help: string) =>
    withFlags(parent.command(name).description(help), clientKnobs.knobs).option('--json', 'print JSON');
  collectionCommands(program, client);
  pointCommands(program, client);
  searchCommand(program, client);
  recallCommand(program, client);
  importCommand(program, client);
  indexCommands(program, client);
  aliasCommands(program, client);
  userCommands(program, client);
  keyCommands(program, client);
  systemCommands(program, client);
  clusterCommands(program, client);
  alertCommands(program, client);
  auditCommands(program, client);
  changesCommand(program, client);
  drillCommand(program);
  storageCommands(program);
  benchCommand(program, client);
  return program;
}
