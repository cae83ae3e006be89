import type { gateway, reranker } from '@vectron/proto';
import MiniSearch from 'minisearch';

export const STRATEGY = { name: 'rule', version: '1' } as const;

/**
 * Weights of the parts of a score; every part is in 0..1 before its weight. The vector order stays the base: text
 * can lift a candidate past its neighbours, not past everything.
 */
export const WEIGHTS = { vector: 1, text: 0.6, exact: 0.3, recency: 0.2 } as const;
/** Days after which recency is worth half. */
const RECENCY_HALF_LIFE_DAYS = 30;
const FUZZY = 0.2;

interface Document {
  readonly at: number;
  readonly fields: Record<string, string>;
  readonly payload: Record<string, unknown>;
}

interface Part {
  readonly label: string;
  readonly value: number;
}

/**
 * Reorders candidates by vector score, BM25+ over their payload text (MiniSearch, exact and fuzzy terms, field
 * boosts), whole-phrase matches and recency. Explains every term. Pure: equal inputs, equal order; equal scores
 * keep the vector order.
 */
export function rerankByRules(request: reranker.RerankRequest): reranker.ScoredCandidate[] {
  const settings = request.settings;
  const documents = request.candidates.map((candidate, at) => document(candidate, at, settings));
  const text = textScores(request.query, documents, settings);
  const vector = scaled(request.candidates.map((candidate) => candidate.score));
  const phrase = request.query.trim().toLowerCase();

  const scored = request.candidates.map((candidate, at) => {
    const parts: Part[] = [{ label: 'vector', value: WEIGHTS.vector * vector[at] }];
    for (const { label, value } of text[at]) parts.push({ label, value: WEIGHTS.text * value });
    const exact = Object.entries(documents[at].fields).find(
      ([, value]) => phrase !== '' && value.toLowerCase().includes(phrase),
    );
    if (exact) parts.push({ label: `phrase in ${exact[0]}`, value: WEIGHTS.exact });
    const recent = recency(documents[at].payload, settings?.recencyField ?? '', request.nowMs);
    if (recent > 0) parts.push({ label: 'recency', value: WEIGHTS.recency * recent });
    const score = parts.reduce((sum, part) => sum + part.value, 0);
    return {
      candidate,
      at,
      score,
      explanation: parts.map((part) => `${part.label} ${part.value.toFixed(3)}`).join(' + '),
    };
  });
  scored.sort((a, b) => b.score - a.score || a.at - b.at);
  return scored.slice(0, request.topN || scored.length).map(({ candidate, score, explanation }) => ({
    id: candidate.id,
    rerankScore: score,
    originalScore: candidate.score,
    explanation,
  }));
}

function document(candidate: reranker.Candidate, at: number, settings: gateway.RerankSettings | undefined): Document {
  const payload =
    candidate.payload.length > 0 ? (JSON.parse(candidate.payload.toString()) as Record<string, unknown>) : {};
  const wanted = settings?.textFields.length ? settings.textFields : Object.keys(payload);
  const fields: Record<string, string> = {};
  for (const name of wanted) {
    const value = Object.hasOwn(payload, name) ? payload[name] : undefined;
    if (typeof value === 'string') fields[name] = value;
    else if (Array.isArray(value)) fields[name] = value.filter((item) => typeof item === 'string').join(' ');
  }
  return { at, fields, payload };
}

/** Per candidate, the share of each query term in the best text score of all. */
function textScores(query: string, documents: Document[], settings: gateway.RerankSettings | undefined): Part[][] {
  const names = [...new Set(documents.flatMap((one) => Object.keys(one.fields)))];
  const parts: Part[][] = documents.map(() => []);
  if (names.length === 0) return parts;
  const index = new MiniSearch<Document>({
    idField: 'at',
    fields: names,
    extractField: (one, name) => (name === 'at' ? one.at : one.fields[name]) as string,
  });
  index.addAll(documents);
  const tokenize = MiniSearch.getDefault('tokenize') as (text: string) => string[];
  const terms = [
    ...new Set(
      tokenize(query)
        .map((term) => term.toLowerCase())
        .filter((term) => term !== ''),
    ),
  ];
  const boost = Object.fromEntries(settings?.fieldBoosts ?? []);
  const totals = documents.map(() => 0);
  for (const term of terms) {
    // Numbers and short words match exactly: a fuzzy "5" is every digit.
    const fuzzy = term.length > 3 && !/^\d+$/.test(term) ? FUZZY : false;
    for (const hit of index.search(term, { boost, fuzzy })) {
      const matched = Object.entries(hit.match).map(([word, fields]) =>
        word === term ? fields.join(',') : `${fields.join(',')}~${word}`,
      );
      parts[hit.id].push({ label: `${term}(${matched.join(' ')})`, value: hit.score });
      totals[hit.id] += hit.score;
    }
  }
  const best = Math.max(...totals);
  return parts.map((list) => list.map(({ label, value }) => ({ label, value: value / best })));
}

/** To 0..1 over the candidates; all 1 when equal. */
function scaled(scores: number[]): number[] {
  const best = Math.max(...scores);
  const worst = Math.min(...scores);
  return scores.map((score) => (best === worst ? 1 : (score - worst) / (best - worst)));
}

const TIME = /^(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?) ?([Zz]|[+-]\d{2}(?::?\d{2})?)?)?$/;

/**
 * Milliseconds since 1970 of an RFC 3339 time or date; UTC without a zone. NaN for another text: what `Date.parse` makes of those
 * depends on the zone of the machine, and takes 01/02/2024 for January.
 */
function timeMs(text: string): number {
  const [, day, clock = '00:00', zone = 'Z'] = TIME.exec(text) ?? [];
  if (day === undefined) return Number.NaN;
  const offset = zone.toUpperCase() === 'Z' ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(3).replace(':', '') || '00'}`;
  return Date.parse(`${day}T${clock}${offset}`);
}

function recency(payload: Record<string, unknown>, field: string, nowMs: number): number {
  const value = field !== '' && Object.hasOwn(payload, field) ? payload[field] : undefined;
  const atMs = typeof value === 'number' ? value * 1000 : typeof value === 'string' ? timeMs(value) : Number.NaN;
  if (!Number.isFinite(atMs)) return 0;
  const days = Math.max(0, nowMs - atMs) / 86_400_000;
  return 0.5 ** (days / RECENCY_HALF_LIFE_DAYS);
}
