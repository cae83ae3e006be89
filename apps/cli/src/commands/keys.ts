import type { Command } from 'commander';
import { type ClientOptions, withClient } from '../client.js';
import { moment } from '../moment.js';
import { show } from '../output.js';
import type { Define } from '../program.js';
import { giveSecret } from '../secret-output.js';

export function keyCommands(program: Command, client: Define): void {
  const group = program.command('keys').description('API keys');
  createCommand(group, client);
  client(group, 'list', 'list the API keys of the account').action((options: ClientOptions) =>
    withClient(options, async (db) => {
      const keys = await db.listApiKeys();
      show(keys, options.json === true, {
        head: ['prefix', 'name', 'role', 'collections', 'expires'],
        rows: keys.map(({ prefix, name, role, collections, expiresAt }) => [
          ...[prefix, name, role, collections.join(', ') || 'all'],
          expiresAt?.toLocaleString('en-GB') ?? 'never',
        ]),
      });
    }),
  );
  client(
    group,
    'rotate-signing',
    'sign tokens with a new key; tokens signed with the old key remain valid until they expire',
  ).action((options: ClientOptions) =>
    withClient(options, async (db) => {
      const kid = await db.admin.rotateSigningKey();
      show({ kid }, options.json === true, { head: ['new key'], rows: [[kid]] });
    }),
  );
  client(group, 'delete <prefix>', 'revoke an API key').action((prefix: string, options: ClientOptions) =>
    withClient(options, async (db) => {
      await db.deleteApiKey(prefix);
      show({ deleted: prefix }, options.json === true, { head: ['deleted'], rows: [[prefix]] });
    }),
  );
}

function createCommand(group: Command, client: Define): void {
  client(group, 'create <name>', 'create an API key; it is shown once')
    .option('--role <role>', 'read, write, metrics or admin', 'write')
    .option('--collection <name...>', 'restrict the key to these collections')
    .option('--expires <when>', '12h, 7d or a date; default: never')
    .option('--out <file>', 'write the key to this new file, for use with --api-key-file, instead of printing it')
    .action((name: string, options: ClientOptions) =>
      withClient(options, (db) =>
        giveSecret(options, async () => {
          const made = await db.createApiKey(name, {
            role: options.role as string,
            collections: options.collection as string[] | undefined,
            expiresAt: moment(options.expires as string | undefined, 'expires'),
          });
          const { prefix, role, expiresAt } = made.info;
          const until =
            expiresAt === undefined ? 'it never expires' : `good until ${expiresAt.toLocaleString('en-GB')}`;
          const about = `API key ${prefix} (${role}), ${until}; it is shown this once`;
          return { secret: made.key, answer: made, about };
        }),
      ),
    );
}
