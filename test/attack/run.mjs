/**
 * Attacks a Vectron of its own, on loopback, while a normal load goes on, and judges whether it held.
 *
 *   node test/attack/run.mjs [--seed N] [--only NAME,NAME] [--form each|mix|both] [--short] [--tls] [--home single|cluster]
 *                            [--seconds N] [--json] [--list] [--keep-going]
 *
 * README.md says what is attacked and what is asserted. Prints the seed, a table and the verdicts; exits 1 when one is bad.
 * `--short` is what runs in CI: every attack for a moment, and no time counts. `--json` prints a line for each round.
 */
import { parseArgs } from 'node:util';
import { Campaign } from './campaign/campaign.mjs';
import { catalogue } from './campaign/catalogue.mjs';
import { gotOf, table } from './campaign/report.mjs';
import { alone, pairs } from './campaign/schedule.mjs';

const { values: options } = parseArgs({
  options: {
    seed: { type: 'string' },
    only: { type: 'string' },
    form: { type: 'string' },
    short: { type: 'boolean', default: false },
    tls: { type: 'boolean', default: false },
    home: { type: 'string', default: 'single' },
    seconds: { type: 'string' },
    scale: { type: 'string' },
    json: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
});
const SHORT = { seconds: 0.5, scale: 0.05 };
const MIX_ROUNDS = 10;
const MIX_SECONDS = 5;

const { seed, attacks } = await planned();
if (options.list) {
  for (const { name, sends, mustNot } of attacks) console.log(`${name}\n  sends ${sends}\n  must not ${mustNot}`);
  process.exit(0);
}
const form = options.form ?? (options.short ? 'each' : 'both');
const scale = Number(options.scale ?? (options.short ? SHORT.scale : 1));
const secondsOf = (attack) => Number(options.seconds ?? (options.short ? SHORT.seconds : attack.seconds));
const say = (line) => options.json || console.log(line);
say(`seed ${seed}; again: node test/attack/run.mjs --seed ${seed}${options.short ? ' --short' : ''}`);

const began = performance.now();
const rounds = [];
const bad = [];
await campaign({ tls: options.tls }, options.tls ? attacks.filter(({ overTls }) => overTls) : attacks);
if (!options.tls && options.home === 'single' && options.only === undefined) {
  await campaign(
    { tls: true },
    attacks.filter(({ overTls }) => overTls),
    'each',
  );
}
say(table(rounds));
for (const line of bad) say(`BAD  ${line}`);
say(`${rounds.length} rounds in ${Math.round((performance.now() - began) / 1_000)} s, ${bad.length} complaints`);
process.exit(bad.length === 0 ? 0 : 1);

async function planned() {
  const all = await catalogue();
  const wanted = options.only?.split(',');
  const chosen = wanted === undefined ? all : all.filter(({ name }) => wanted.some((one) => name.startsWith(one)));
  if (chosen.length === 0) throw new Error(`no attack is named ${options.only}; --list lists them`);
  return { seed: Number(options.seed ?? Date.now() % 1_000_000), attacks: chosen };
}

/** One server with its rounds. */
async function campaign(home, chosen, only = form) {
  const runs = new Campaign({
    ...{ seed, form: options.short ? 'short' : 'full', timed: !options.short, say },
    home: { kind: options.home, flags: options.short ? ['--search-timeout-ms', '60000'] : [], ...home },
  });
  try {
    await runs.begin();
    if (only !== 'mix') {
      for (const round of alone(chosen, seed)) await one(runs, round, secondsOf, home);
    }
    if (only !== 'each') {
      for (const round of pairs(chosen, seed, MIX_ROUNDS)) await one(runs, round, () => MIX_SECONDS, home);
    }
  } catch (error) {
    fault('the campaign', [error.stack, runs.log]);
  } finally {
    await runs.end();
  }
  const { acknowledged, lost } = runs;
  say(`${acknowledged} acknowledged points read back, ${lost.length} of them lost`);
  if (options.json)
    console.log(JSON.stringify({ name: 'acknowledged writes', tls: home.tls, acknowledged, complaints: lost }));
  if (lost.length > 0) fault('acknowledged writes', lost.slice(0, 5));
}

async function one(runs, chosen, seconds, { tls }) {
  const round = await runs.round(chosen, { seconds, scale });
  rounds.push(round);
  const name = `${chosen.map((attack) => attack.name).join(' + ')}${tls ? ' (TLS)' : ''}`;
  const { result } = round.attacks[0];
  if (options.json)
    console.log(JSON.stringify({ name, complaints: round.complaints, sent: result.sent, got: result.got }));
  say(
    `${round.complaints.length === 0 ? 'ok  ' : 'BAD '} ${name}: ${round.attacks.map(({ result }) => `${result.sent} sent, ${gotOf(result.got)}`).join(' + ')}`,
  );
  if (round.complaints.length > 0) fault(name, round.complaints);
}

function fault(name, complaints) {
  for (const complaint of complaints) bad.push(`${name}: ${complaint}`);
}
