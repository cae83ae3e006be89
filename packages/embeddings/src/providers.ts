import { VectronError } from '@vectron/errors';
import { z } from 'zod';
import { localProvider } from './local-provider.js';
import { openAiProvider } from './openai-provider.js';
import type { ProviderOptions } from './provider-options.js';

/** What a text is: models that tell the two apart make other vectors of a query than of a document. */
export type TextRole = 'document' | 'query';

/** Makes vectors of texts. Throws VectronError; one that is not retryable will fail again. */
export interface EmbeddingProvider {
  /** One vector of `dimension` components a text, in order. */
  embed(texts: readonly string[], dimension: number, role: TextRole, signal?: AbortSignal): Promise<Float32Array[]>;
}

const MAX_PREFIX = 1_000;

const settings = z.strictObject({
  url: z.url({ protocol: /^https?$/ }),
  model: z.string().min(1),
  apiKey: z.string().optional(),
  timeoutMs: z.int().min(1).max(600_000).default(10_000),
  batch: z.int().min(1).max(2048).default(64),
  concurrency: z.int().min(1).max(64).default(4),
  documentPrefix: z.string().max(MAX_PREFIX).default(''),
  queryPrefix: z.string().max(MAX_PREFIX).default(''),
  sendDimension: z.boolean().default(false),
}) satisfies z.ZodType<unknown, ProviderOptions>;
export type ProviderSettings = z.output<typeof settings>;

/** Providers by the names that collections know them by. Throws for anything else, naming what is wrong. */
export function parseProviders(json: string): Record<string, ProviderSettings> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new VectronError('INVALID_ARGUMENT', 'the file with the embedding providers is not valid JSON; correct it', {
      cause,
    });
  }
  const parsed = z.record(z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/), settings).safeParse(value);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0];
  throw VectronError.invalid('embeddings', `embedding providers: ${path.join('.')}: ${message}`);
}

/** Those that the operator has set up, and `local`. */
export class EmbeddingProviders {
  readonly #known: ReadonlyMap<string, EmbeddingProvider>;

  constructor(configured: Readonly<Record<string, ProviderSettings>> = {}) {
    const made = Object.entries(configured).map(([name, one]) => [name, openAiProvider(name, one)] as const);
    this.#known = new Map([['local', localProvider()], ...made]);
  }

  /** Throws INVALID_ARGUMENT for one that is not set up here. */
  get(name: string): EmbeddingProvider {
    const provider = this.#known.get(name);
    if (provider !== undefined) return provider;
    const known = [...this.#known.keys()].join(', ');
    throw VectronError.invalid(
      'embedding.provider',
      `the server has no embedding provider ${name}; available: ${known}. The operator adds providers with --embeddings`,
    );
  }
}
