/** What makes vectors of texts: endpoints that speak OpenAI's embeddings API, and a local one without a model. */
export type { ProviderOptions } from './provider-options.js';
export {
  type EmbeddingProvider,
  EmbeddingProviders,
  type ProviderSettings,
  parseProviders,
  type TextRole,
} from './providers.js';
