import type { RerankerMetrics } from '@vectron/observability';
import { AnswerCache, RerankerController } from './reranker.controller.js';

interface Parts {
  get<T>(type: abstract new (...args: never[]) => T): T;
}

/** Has what a reranker has answered looked at whenever its metrics are read. */
export function reportReranker(parts: Parts, metrics: RerankerMetrics, collectors: (() => void)[]): void {
  const [controller, cache] = [parts.get(RerankerController), parts.get(AnswerCache)];
  collectors.push(() => {
    const { fromCache, byRules, candidates } = controller.counts;
    metrics.answers.reset();
    metrics.answers.inc({ from: 'cache' }, fromCache);
    metrics.answers.inc({ from: 'rules' }, byRules);
    metrics.candidates.reset();
    metrics.candidates.inc(candidates);
    metrics.cached.set(cache.size);
  });
}
