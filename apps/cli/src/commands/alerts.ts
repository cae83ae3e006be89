import type { Alert, AlertRule } from '@vectron/sdk';
import type { Command } from 'commander';
import { type ClientOptions, withClient } from '../client.js';
import { numberFlag } from '../number-flag.js';
import { show } from '../output.js';
import type { Define } from '../program.js';

const at = (ms: number | undefined) => (ms === undefined ? '' : new Date(ms).toISOString());

export function alertCommands(program: Command, client: Define): void {
  const group = program.command('alerts').description('what the system warns of, and the rules it does so by');
  client(group, 'list', 'alerts, the newest first')
    .option('--status <status>', 'open or resolved')
    .option('--level <level>', 'warning or critical')
    .action((options: ClientOptions) =>
      withClient(options, async (db) => {
        const { status, level } = options as { status?: 'open'; level?: 'warning' };
        const alerts = await db.admin.alerts({ status, level });
        showAlerts(alerts, options);
      }),
    );
  client(group, 'resolve <id>', 'close an alert').action((id: string, options: ClientOptions) =>
    withClient(options, async (db) => {
      await db.admin.resolveAlert(id);
      show({ resolved: id }, options.json === true, { head: ['resolved'], rows: [[id]] });
    }),
  );
  client(group, 'rules', 'what alerts are opened for').action((options: ClientOptions) =>
    withClient(options, async (db) => showRules(await db.admin.alertRules(), options)),
  );
  client(group, 'set-rule <rule>', 'change a rule; what is not given stays')
    .option('--enable', 'open alerts for it')
    .option('--disable', 'open none')
    .option('--level <level>', 'warning or critical')
    .option('--threshold <n>', 'in the unit of the rule', numberFlag)
    .action((rule: string, options: ClientOptions) =>
      withClient(options, async (db) => {
        const { enable, disable, level, threshold } = options as Record<string, never>;
        const enabled = disable === true ? false : enable;
        showRules([await db.admin.setAlertRule(rule, { enabled, level, threshold })], options);
      }),
    );
}

function showAlerts(alerts: readonly Alert[], options: ClientOptions): void {
  const rows = alerts.map((one) => [
    one.id,
    one.level,
    one.status,
    one.rule,
    one.message,
    at(one.openedAtMs),
    at(one.resolvedAtMs),
    one.resolvedBy,
  ]);
  const head = ['id', 'level', 'status', 'rule', 'message', 'opened', 'resolved', 'by'];
  show(alerts, options.json === true, { head, rows });
}

function showRules(rules: readonly AlertRule[], options: ClientOptions): void {
  const rows = rules.map(({ rule, enabled, level, threshold }) => [rule, enabled ? 'on' : 'off', level, threshold]);
  show(rules, options.json === true, { head: ['rule', '', 'level', 'threshold'], rows });
}
