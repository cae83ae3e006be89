import { encoder, gateway, gatewayCache } from '@vectron/proto';
import type { SearchAnswer } from './search-answer.js';

const encode = encoder(gatewayCache.CachedAnswer.encode);

/** An answer as the shared cache holds it. */
export function encodeCached({ hits, payloadFields, ...answer }: SearchAnswer): Buffer {
  const explanations = hits.map(({ explanation }) => explanation);
  return encode({ answer: { ...answer, results: [] }, hits, explanations, payloadFields });
}

/** undefined when the bytes are those of another version. */
export function decodeCached(bytes: Buffer): SearchAnswer | undefined {
  const { answer, hits, explanations, payloadFields } = gatewayCache.CachedAnswer.decode(bytes);
  if (answer === undefined || explanations.length !== hits.length) return undefined;
  const { results: _, ...rest } = gateway.SearchResponse.fromPartial(answer);
  return { ...rest, hits: hits.map((hit, at) => ({ ...hit, explanation: explanations[at] })), payloadFields };
}
