import { checkPointId, checkSearch, type ReadPlan, readPlan, type SearchTrace } from '@vectron/model';
import type { StopSignal, Work } from '@vectron/rpc';
import { type CallLimits, deadlineOf } from '../edge/call-limits.js';
import type { SearchInput } from './search-input.js';

/** One search on its way to the shards: what was asked and for whom, and what holds for all of it. */
export interface SearchCall {
  readonly tenantId: string;
  readonly input: SearchInput;
  readonly plan: ReadPlan;
  readonly budgetMs: number;
  readonly deadlineMs: number;
  readonly signal?: StopSignal;
  readonly work?: Work;
  /** Records the steps of a search that is to be explained. */
  readonly trace?: SearchTrace;
}

/** `defaultMs`: the budget of a search that names none. Throws INVALID_ARGUMENT for a request that is wrong on any route. */
export function searchCall(
  tenantId: string,
  input: SearchInput,
  defaultMs: number,
  limits: CallLimits,
  trace?: SearchTrace,
): SearchCall {
  checkSearch(input);
  if (input.whyNot !== '') checkPointId(input.whyNot, 'why_not');
  const plan = readPlan(input.consistency);
  const budgetMs = input.timeoutMs || defaultMs;
  const { signal, work } = limits;
  return { tenantId, input, plan, budgetMs, deadlineMs: deadlineOf(budgetMs, limits), signal, work, trace };
}
