/** What makes vectors of texts: endpoints that speak OpenAI's embeddings API, and a local one without a model. */
export {
  type EmbeddingProvider,
  EmbeddingProviders,
  type ProviderOptions,
  type ProviderSettings,
  parseProviders,
} from './providers.js';
