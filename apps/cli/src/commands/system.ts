import type { Command } from 'commander';
import { type ClientOptions, withClient } from '../client.js';
import { show, words } from '../output.js';
import type { Define } from '../program.js';
import { watchable, watched } from '../watching.js';

export function systemCommands(program: Command, client: Define): void {
  watchable(client(program, 'stats', 'show totals over all tenants')).action((options: ClientOptions) =>
    watched(options, () =>
      withClient(options, async (db) => {
        const { gateway, ...totals } = await db.admin.stats();
        const own = Object.entries(gateway ?? {}).map(([key, value]) => [`gateway ${words(key)}`, value]);
        const rows = [...Object.entries(totals).map(([key, value]) => [words(key), value]), ...own];
        show({ ...totals, gateway }, options.json === true, { head: ['', ''], rows });
      }),
    ),
  );
  watchable(client(program, 'health', 'check every service now; exits with an error if one is down')).action(
    (options: ClientOptions) =>
      watched(options, async () => {
        const health = await withClient(options, (db) => db.admin.health());
        const services = health.services.map((one) => [one.service, one.status, `${one.latencyMs.toFixed(1)} ms`]);
        const workers = health.workers.map((one) => [
          `worker ${one.workerId.slice(0, 8)}`,
          one.healthy ? 'ok' : 'down',
          `${one.shards} shards`,
        ]);
        show(health, options.json === true, { head: ['service', 'state', ''], rows: [...services, ...workers] });
        process.exitCode = health.status === 'ok' ? 0 : 1;
      }),
  );
}
