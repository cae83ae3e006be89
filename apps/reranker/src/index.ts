export { type RerankerConfig, rerankerKnobs } from './config.js';
export { RerankerController } from './reranker.controller.js';
export { RerankerModule } from './reranker.module.js';
export { reportReranker } from './reranker-metrics.js';
