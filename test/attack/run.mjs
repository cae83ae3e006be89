/**
 * Attacks a Vectron of its own, on loopback, while a normal load goes on, and judges whether it held.
 *
 *   node test/attack/run.mjs [--seed N] [--only NAME,NAME] [--form each|mix|both] [--tls only|none|both] [--short]
 *                            [--home single|cluster] [--seconds N] [--scale SHARE] [--json] [--list]
 *
 * README.md says what is attacked and what is asserted. Prints the seed, the verdict of each round, a table of figures and
 * the complaints; exits 1 when there is one. `--short` is what runs in CI: every attack for a moment, two at a time, and no time counts.
 * `--json` prints a line for each round instead, `--list` only what the rounds would be.
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
    tls: { type: 'string' },
    short: { type: 'boolean', default: false },
    home: { type: 'string', default: 'single' },
    seconds: { type: 'string' },
    scale: { type: 'string' },
    json: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
});
const SHORT = { seconds: 1, scale: 0.1 };
const MIX = { rounds: 10, seconds: 5 };
/** With TLS an attack of 20 seconds shows after a few whether it is another one than without. */
const MOST_SECONDS_TLS = 4;

const seed = Number(options.seed ?? Date.now() % 1_000_000);
const scale = Number(options.scale ?? (options.short ? SHORT.scale : 1));
const plans = planned(await wanted());
if (options.list) {
  for (const { rounds } of plans) for (const { name, attacks } of rounds) list(name, attacks);
  process.exit(0);
}
const say = (line) => options.json || console.log(line);
say(`seed ${seed}; again: node test/attack/run.mjs --seed ${seed}${options.short ? ' --short' : ''}`);
const began = performance.now();
const done = [];
const bad = [];
for (const plan of plans) await carryOut(plan);
if (done.length > 0) say(table(done));
for (const line of bad) say(`BAD  ${line}`);
say(`${done.length} rounds in ${Math.round((performance.now() - began) / 1_000)} s, ${bad.length} complaints`);
process.exit(bad.length === 0 ? 0 : 1);

async function wanted() {
  const all = await catalogue();
  const names = options.only?.split(',');
  const chosen = names === undefined ? all : all.filter(({ name }) => names.some((one) => name.startsWith(one)));
  if (chosen.length === 0) throw new Error(`no attack is named ${options.only}; --list lists them`);
  return chosen;
}

/** One server after the other, each with its rounds: without TLS all attacks, with it those that are others then. */
function planned(attacks) {
  const form = options.form ?? (options.short ? 'mix' : 'both');
  const tls = options.home === 'cluster' ? 'none' : (options.tls ?? 'both');
  const overTls = attacks.filter((attack) => attack.overTls && (!options.short || attack.shortOverTls));
  const each = (list, most) =>
    alone(list, seed).map((round) => roundOf(round, (attack) => Math.min(most, attack.seconds)));
  const mixed = (list, count) => pairs(list, seed, count).map((round) => roundOf(round, () => MIX.seconds));
  const together = attacks.filter((attack) => !attack.alone);
  const plain = [
    ...(form === 'mix' ? [] : each(attacks, Number.POSITIVE_INFINITY)),
    ...(form === 'each' ? [] : mixed(together, options.short ? undefined : MIX.rounds)),
  ];
  const secured = options.short ? mixed(overTls) : each(overTls, MOST_SECONDS_TLS);
  return [
    { tls: false, rounds: tls === 'only' ? [] : plain },
    { tls: true, rounds: tls === 'none' ? [] : secured.map((round) => ({ ...round, name: `${round.name} (TLS)` })) },
  ].filter(({ rounds }) => rounds.length > 0);
}

function roundOf(attacks, secondsOf) {
  const given = options.seconds ?? (options.short ? SHORT.seconds : undefined);
  const seconds = given === undefined ? secondsOf : () => Number(given);
  return { name: attacks.map(({ name }) => name).join(' + '), attacks, seconds };
}

function list(name, attacks) {
  console.log(name);
  for (const { sends, mustNot } of attacks) console.log(`  sends ${sends}\n  must not ${mustNot}`);
}

/** A run that is ended leaves no server behind; attackers and load end with their parent. */
function endWith(campaign) {
  const stop = async () => {
    await campaign.abandon();
    process.exit(130);
  };
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop);
  return () => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, stop);
  };
}

async function carryOut({ tls, rounds }) {
  // A search that waits for the processor is no failure where no time counts.
  const flags = options.short ? ['--search-timeout-ms', '60000'] : [];
  const campaign = new Campaign({
    ...{ seed, form: options.short ? 'short' : 'full', timed: !options.short },
    home: { kind: options.home, tls, flags },
  });
  const ended = endWith(campaign);
  try {
    await campaign.begin();
    for (const { name, attacks, seconds } of rounds) {
      const round = await campaign.round(attacks, { seconds, scale });
      done.push({ name, ...round });
      const results = round.attacks.map(({ result }) => result);
      tell(name, round.complaints, results.map(({ sent, got }) => `${sent} sent, ${gotOf(got)}`).join(' + '));
    }
  } catch (error) {
    tell('the campaign', [`${error.stack}\n${campaign.log}`]);
  } finally {
    await campaign.end();
    ended();
  }
  const { acknowledged, lost } = campaign;
  tell(`acknowledged writes${tls ? ' (TLS)' : ''}`, lost.slice(0, 5), `${acknowledged} points read back`);
}

function tell(name, complaints, detail = '') {
  if (options.json) console.log(JSON.stringify({ name, complaints, detail }));
  else say(`${complaints.length === 0 ? 'ok  ' : 'BAD '} ${name}: ${complaints.join('; ') || detail}`);
  bad.push(...complaints.map((complaint) => `${name}: ${complaint}`));
}
