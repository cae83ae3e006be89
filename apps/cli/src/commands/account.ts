import type { Command } from 'commander';
import { type ClientOptions, withClient } from '../client.js';
import { show, words } from '../output.js';

type Define = (parent: Command, name: string, help: string) => Command;

export function userCommands(program: Command, client: Define): void {
  const group = program.command('users').description('accounts');
  const credentials = (command: Command) =>
    command.requiredOption('--email <address>').requiredOption('--password <password>', '8 to 128 characters');
  credentials(client(group, 'register', 'make an account')).action((options: ClientOptions) =>
    withClient(options, async (db) => {
      const account = await db.register(options.email as string, options.password as string);
      show(account, options.json === true, {
        head: ['id', 'email', 'role'],
        rows: [[account.id, account.email, account.role]],
      });
    }),
  );
  credentials(client(group, 'login', 'e-mail and password for a token')).action((options: ClientOptions) =>
    withClient(options, async (db) => {
      const { token, account } = await db.login(options.email as string, options.password as string);
      show({ token, account }, options.json === true, { head: ['token'], rows: [[token]] });
    }),
  );
  client(group, 'role <id> <role>', "change a user's role: read, write or admin").action(
    (id: string, role: string, options: ClientOptions) =>
      withClient(options, async (db) => {
        const account = await db.admin.setUserRole(id, role);
        show(account, options.json === true, {
          head: ['id', 'email', 'role'],
          rows: [[account.id, account.email, account.role]],
        });
      }),
  );
  client(group, 'profile', 'who the key belongs to').action((options: ClientOptions) =>
    withClient(options, async (db) => {
      const account = await db.profile();
      show(account, options.json === true, {
        head: ['id', 'email', 'role'],
        rows: [[account.id, account.email, account.role]],
      });
    }),
  );
}

export function keyCommands(program: Command, client: Define): void {
  const group = program.command('keys').description('API keys');
  client(group, 'create <name>', 'make an API key; it is shown once')
    .option('--role <role>', 'read, write or admin', 'write')
    .option('--collection <name...>', 'the only collections it may touch')
    .action((name: string, options: ClientOptions) =>
      withClient(options, async (db) => {
        const made = await db.createApiKey(name, {
          role: options.role as string,
          collections: options.collection as string[] | undefined,
        });
        show(made, options.json === true, { head: ['key'], rows: [[made.key]] });
      }),
    );
  client(group, 'list', 'API keys of the account').action((options: ClientOptions) =>
    withClient(options, async (db) => {
      const keys = await db.listApiKeys();
      show(keys, options.json === true, {
        head: ['prefix', 'name', 'role'],
        rows: keys.map((key) => [key.prefix, key.name, key.role]),
      });
    }),
  );
  client(group, 'rotate-signing', 'sign tokens with a new key; those of the old one are good until they expire').action(
    (options: ClientOptions) =>
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

export function systemCommands(program: Command, client: Define): void {
  client(program, 'stats', 'totals over all tenants').action((options: ClientOptions) =>
    withClient(options, async (db) => {
      const { gateway, ...totals } = await db.admin.stats();
      const own = Object.entries(gateway ?? {}).map(([key, value]) => [`gateway ${words(key)}`, value]);
      const rows = [...Object.entries(totals).map(([key, value]) => [words(key), value]), ...own];
      show({ ...totals, gateway }, options.json === true, { head: ['', ''], rows });
    }),
  );
  client(program, 'health', 'every service, asked now; fails when one is down').action(
    async (options: ClientOptions) => {
      const health = await withClient(options, (db) => db.admin.health());
      const services = health.services.map((one) => [one.service, one.status, `${one.latencyMs.toFixed(1)} ms`]);
      const workers = health.workers.map((one) => [
        `worker ${one.workerId.slice(0, 8)}`,
        one.healthy ? 'ok' : 'down',
        `${one.shards} shards`,
      ]);
      show(health, options.json === true, { head: ['service', 'state', ''], rows: [...services, ...workers] });
      if (health.status !== 'ok') process.exitCode = 1;
    },
  );
}
