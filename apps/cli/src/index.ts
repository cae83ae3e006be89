import 'reflect-metadata';
import { toVectronError, type VectronError } from '@vectron/errors';
import { Command } from 'commander';
import { keyCommands, systemCommands, userCommands } from './commands/account.js';
import { alertCommands } from './commands/alerts.js';
import { auditCommands } from './commands/audit.js';
import { benchCommand } from './commands/bench.js';
import { changesCommand } from './commands/changes.js';
import { clusterCommands } from './commands/cluster.js';
import { collectionCommands, importCommand, pointCommands, searchCommand } from './commands/data.js';
import { drillCommand } from './commands/drill.js';
import { aliasCommands, indexCommands } from './commands/query.js';
import { serveCommand, serviceCommands, withFlags } from './commands/services.js';
import { storageCommands } from './commands/storage.js';
import { clientKnobs, SERVICES } from './config.js';

export { LocalCluster, type LocalClusterInfo, type LocalClusterOptions } from './local/local-cluster.js';
export { startSingleServer } from './single-server.js';
export { SERVICES };

/** What a failed command exits with; 0 is success, 2 also stands for wrong usage. */
const EXIT_CODES: Record<number, number> = { 400: 2, 413: 2, 404: 3, 401: 4, 403: 4, 503: 5, 504: 5, 429: 5 };

export async function run(argv: string[]): Promise<void> {
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
  try {
    await program.parseAsync(argv);
  } catch (cause) {
    const error = toVectronError(cause);
    console.error(`vectron: ${error.code}: ${error.message}${hintFor(error)}`);
    if (error.code === 'INTERNAL' && error.cause !== undefined) console.error(error.cause);
    process.exit(EXIT_CODES[error.spec.http] ?? 1);
  }
}

function hintFor({ code, message }: VectronError): string {
  if (code !== 'UNAVAILABLE') return '';
  if (/certificate/i.test(message))
    return '; --ca-file names the authority of a certificate that the system does not know';
  return '; is the server running? (npx vectron serve)';
}
