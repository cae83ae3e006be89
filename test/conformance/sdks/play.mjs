// Plays one scenario: its calls in their order, with the answers that are right.
import { inspect } from 'node:util';
import { compare } from './compare.mjs';
import { filled, valueAt } from './made-data.mjs';

const STEP_KEYS = new Set(['call', 'with', 'answer', 'error', 'keep', 'apiKey', 'atMost']);

/**
 * Plays `scenario`. `perform(call, fields, apiKey)` makes a call with the fields of its request and gives the answer in the form of REST;
 * `restart()` restarts the gateways. Throws an Error that names the step and what was wrong with it.
 */
export async function play(scenario, { collection, perform, restart }) {
  const state = { collection, perform, restart, kept: new Map() };
  if (scenario.collection !== undefined)
    await perform('CreateCollection', { ...scenario.collection, name: collection });
  try {
    await playSteps(scenario.steps, state, 'step');
  } finally {
    if (scenario.collection !== undefined) await perform('DeleteCollection', { name: collection });
  }
}

async function playSteps(steps, state, at) {
  for (const [n, step] of steps.entries()) {
    const place = `${at} ${n + 1}`;
    if (step.restart !== undefined) await duringRestart(step, state, place);
    else if (step.times !== undefined) {
      for (let time = 1; time <= step.times; time++) await playSteps(step.steps, state, `${place}, time ${time}, step`);
    } else if (step.together !== undefined) {
      await Promise.all(step.together.map((one, at) => playCall(one, state, `${place}, call ${at + 1}`)));
    } else await playCall(step, state, place);
  }
}

async function duringRestart({ restart, during }, state, at) {
  if (restart !== 'gateways') throw new Error(`${at}: what are ${restart}, to be restarted?`);
  let isOver = false;
  const over = state.restart().finally(() => {
    isOver = true;
  });
  let plays = 0;
  try {
    do await playSteps(during, state, `${at}, play ${++plays}, step`);
    while (!isOver);
  } finally {
    // A failure is told when no gateway is on its way any more.
    await over;
  }
}

async function playCall(step, state, at) {
  const unknown = Object.keys(step).find((key) => !STEP_KEYS.has(key));
  if (unknown !== undefined) throw new Error(`${at}: a step has no ${unknown}`);
  try {
    await playOnce(step, state);
  } catch (error) {
    throw new Error(`${at} (${step.call}): ${error.message}`, { cause: error });
  }
}

async function playOnce(step, state) {
  const fields = named(step, filled(step.with ?? {}, state), state.collection);
  const key = filled(step.apiKey, state);
  const perform = () => outcomeOf(() => state.perform(step.call, fields, key));
  let outcome = await perform();
  for (let left = (step.atMost ?? 1) - 1; left > 0 && comesBefore(step.error, outcome); left--)
    outcome = await perform();
  const { answer, error } = outcome;
  if (error !== undefined) {
    if (step.error === undefined) throw error;
    return checkError(filled(step.error, state), error, state.kept);
  }
  if (step.error !== undefined) throw new Error(`it succeeds, and should fail: ${inspect(step.error)}`);
  compare(filled(step.answer ?? {}, state), answer, state.kept);
  for (const [name, path] of Object.entries(step.keep ?? {})) state.kept.set(name, valueAt(answer, path));
}

/** How a call ends: with an answer, or with an error of Vectron. */
async function outcomeOf(perform) {
  try {
    return { answer: await perform() };
  } catch (error) {
    if (error.code === undefined) throw error;
    return { error };
  }
}

const fieldsOf = (wanted) => (typeof wanted === 'string' ? { code: wanted } : wanted);

/** Whether a call that is repeated until it fails with `wanted` is repeated after this outcome. */
function comesBefore(wanted, { error }) {
  if (wanted === undefined) throw new Error('atMost stands beside an error');
  return error === undefined || (error.retryable && error.code !== fieldsOf(wanted).code);
}

function checkError(wanted, error, kept) {
  const { field, retryAfterMs } = error.details ?? {};
  const given = { code: error.code, retryable: error.retryable, field: inSnakeCase(field), retryAfterMs };
  compare(fieldsOf(wanted), given, kept, `the error (${error.message})`);
}

const OF_NO_COLLECTION = new Set([
  ...['ListCollections', 'ListAliases', 'UpdateAliases', 'QueryBatch'],
  ...['CreateAPIKey', 'ListAPIKeys', 'DeleteAPIKey'],
]);
const BY_NAME = new Set(['CreateCollection', 'DeleteCollection', 'GetCollectionStatus', 'UpdateCollection']);

/** The collection of the play, unless the step names another. */
/** Scenarios name fields as the proto does, and TypeScript in lowerCamelCase. */
const inSnakeCase = (field) => field?.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function named({ call }, fields, collection) {
  if (OF_NO_COLLECTION.has(call)) return fields;
  return BY_NAME.has(call) ? { name: collection, ...fields } : { collection, ...fields };
}
