import { EmbeddingProviders } from '@vectron/embeddings';
import type { Embed } from '@vectron/model';
import { abortSignalOf, type StopSignal } from '@vectron/rpc';

/** Texts made vectors, by the providers that this gateway's operator has set up. */
export class EmbeddingService {
  constructor(private readonly providers: EmbeddingProviders) {}

  /** Throws INVALID_ARGUMENT when this gateway has no such provider. */
  check(provider: string): void {
    this.providers.get(provider);
  }

  /** `signal`: of who waits for it. */
  with(signal?: StopSignal): Embed {
    return (provider, texts, dimension) =>
      this.providers.get(provider).embed(texts, dimension, signal && abortSignalOf(signal));
  }
}
