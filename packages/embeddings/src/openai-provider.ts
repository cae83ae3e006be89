import { VectronError } from '@vectron/errors';
import { ConsecutiveBreaker, circuitBreaker, ExponentialBackoff, handleWhen, retry, wrap } from 'cockatiel';
import pLimit from 'p-limit';
import { z } from 'zod';
import type { EmbeddingProvider, ProviderSettings, TextRole } from './providers.js';

const RETRIES = 2;
const BREAK_AFTER = 5;
const BREAK_MS = 10_000;
const MAX_ANSWER_BYTES = 64 << 20;
const EXCERPT = 200;

const answer = z.object({ data: z.array(z.object({ index: z.int().optional(), embedding: z.array(z.number()) })) });

/**
 * `POST {url}/embeddings` as OpenAI defined it. Batches go out a few at a time; what fails for a passing reason (429, 5xx, no
 * answer) is tried again; an endpoint that only fails is left alone for a while. Redirects are not followed: the operator
 * chose the address.
 */
export function openAiProvider(name: string, settings: ProviderSettings): EmbeddingProvider {
  const limit = pLimit(settings.concurrency);
  const passing = handleWhen((error) => error instanceof VectronError && error.spec.retryable);
  const policy = wrap(
    retry(passing, { maxAttempts: RETRIES, backoff: new ExponentialBackoff({ initialDelay: 100, maxDelay: 2_000 }) }),
    circuitBreaker(passing, { halfOpenAfter: BREAK_MS, breaker: new ConsecutiveBreaker(BREAK_AFTER) }),
  );
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await policy.execute(work);
    } catch (cause) {
      if (cause instanceof VectronError) throw cause;
      throw new VectronError(
        'UNAVAILABLE',
        `embedding provider ${name} failed repeatedly and is not called at the moment; try again in a few seconds`,
        {
          cause,
        },
      );
    }
  };
  return {
    async embed(texts, dimension, role, signal) {
      const batches: string[][] = [];
      for (let at = 0; at < texts.length; at += settings.batch) batches.push(texts.slice(at, at + settings.batch));
      const made = await Promise.all(
        batches.map((batch) => limit(() => guarded(() => request(name, settings, batch, dimension, role, signal)))),
      );
      return made.flat();
    },
  };
}

async function request(
  name: string,
  settings: ProviderSettings,
  texts: string[],
  dimension: number,
  role: TextRole,
  signal?: AbortSignal,
): Promise<Float32Array[]> {
  const { url, apiKey, timeoutMs } = settings;
  const timeout = AbortSignal.timeout(timeoutMs);
  let status: number;
  let text: string;
  try {
    const response = await fetch(`${url.replace(/\/$/, '')}/embeddings`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
      },
      body: JSON.stringify(bodyOf(settings, texts, dimension, role)),
      redirect: 'error',
      signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
    });
    status = response.status;
    text = await limited(response, name);
  } catch (cause) {
    if (cause instanceof VectronError) throw cause;
    if (signal?.aborted)
      throw new VectronError('CANCELLED', 'the caller cancelled the request for the embedding', { cause });
    const why = timeout.aborted ? `did not answer within ${timeoutMs} ms` : 'cannot be reached';
    throw new VectronError('UNAVAILABLE', `embedding provider ${name} ${why}`, { cause });
  }
  if (status !== 200) {
    const passing = status === 429 || status >= 500;
    const said = text.slice(0, EXCERPT).replaceAll(apiKey || '\0', '…');
    throw new VectronError(
      passing ? 'UNAVAILABLE' : 'INVALID_ARGUMENT',
      `embedding provider ${name} answered ${status}: ${said}`,
    );
  }
  return vectors(name, text, texts.length, dimension);
}

function bodyOf(settings: ProviderSettings, texts: string[], dimension: number, role: TextRole): object {
  const { model, documentPrefix, queryPrefix, sendDimension } = settings;
  const prefix = role === 'query' ? queryPrefix : documentPrefix;
  const input = prefix === '' ? texts : texts.map((text) => prefix + text);
  return { model, input, encoding_format: 'float', ...(sendDimension && { dimensions: dimension }) };
}

/** Reads no more than is allowed. */
async function limited(response: Response, name: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES)
      throw new VectronError(
        'UNAVAILABLE',
        `the answer of embedding provider ${name} exceeds the size limit; reduce its setting batch`,
      );
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function vectors(name: string, text: string, count: number, dimension: number): Float32Array[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // Said below.
  }
  const parsed = answer.safeParse(json);
  if (!parsed.success || parsed.data.data.length !== count) {
    throw new VectronError(
      'UNAVAILABLE',
      `embedding provider ${name} did not return ${count} embeddings; check its url and model`,
    );
  }
  const ordered = new Array<Float32Array>(count);
  parsed.data.data.forEach(({ index, embedding }, at) => {
    ordered[index ?? at] = Float32Array.from(embedding);
  });
  const wrong = ordered.find((one) => one?.length !== dimension);
  if (ordered.includes(undefined as never) || wrong !== undefined) {
    throw new VectronError(
      'DIMENSION_MISMATCH',
      `embedding provider ${name} returned a vector with ${wrong?.length ?? 0} dimensions, but the collection has ${dimension}; use the model for which the collection was created`,
    );
  }
  return ordered;
}
