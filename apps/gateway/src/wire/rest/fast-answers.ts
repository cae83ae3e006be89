import { type Candidate, floatText, type QueryAnswer, stringifyJson, writeWithout } from '@vectron/model';
import type { QueryOutcome } from '../../data/query.service.js';
import type { SearchAnswer } from '../../data/search-answer.js';
import { forClients } from '../../edge/public-error.js';

/**
 * JSON text of the answers that cost most: payloads were JSON text all the time and are copied, vectors are bytes. The
 * result is what the contract alone would give; fast-answers.test.ts compares.
 */
export function searchAnswerJson({ hits, payloadFields: _, ...answer }: SearchAnswer): string {
  return `{"results":[${hits.map(hitJson).join(',')}],${writeWithout('vectron.v1.SearchResponse', answer, ['results']).slice(1)}`;
}

export const batchAnswerJson = (answers: readonly SearchAnswer[]): string =>
  `{"answers":[${answers.map(searchAnswerJson).join(',')}]}`;

export function queryAnswerJson({ results, groups, ...answer }: QueryAnswer): string {
  const rest = writeWithout('vectron.v1.QueryResponse', answer, ['results', 'groups']);
  return `{"results":${listJson(results)},"groups":[${groups.map(groupJson).join(',')}],${rest.slice(1)}`;
}

export function outcomesJson(outcomes: readonly QueryOutcome[]): string {
  const texts = outcomes.map(({ answer, error }) => {
    const failure = `"errorCode":${JSON.stringify(error?.code ?? '')},"errorMessage":${JSON.stringify(error === undefined ? '' : forClients(error).message)}`;
    return answer === undefined ? `{${failure}}` : `{"answer":${queryAnswerJson(answer)},${failure}}`;
  });
  return `{"outcomes":[${texts.join(',')}]}`;
}

const listJson = (hits: readonly Candidate[]) => `[${hits.map(hitJson).join(',')}]`;
const groupJson = ({ value, results }: QueryAnswer['groups'][number]) =>
  `{"value":${stringifyJson(value)},"results":${listJson(results)}}`;

function hitJson({ id, score, payload, vector, explanation = '' }: Candidate & { explanation?: string }): string {
  const document = payload.length === 0 ? '{}' : payload.toString();
  return `{"id":${JSON.stringify(id)},"score":${floatText(score)},"payload":${document},"vector":${vectorJson(vector)},"explanation":${JSON.stringify(explanation)}}`;
}

/** `bytes`: little-endian float32. */
function vectorJson(bytes: Buffer): string {
  let text = '[';
  for (let at = 0; at < bytes.length; at += 4) text += (at === 0 ? '' : ',') + floatText(bytes.readFloatLE(at));
  return `${text}]`;
}
