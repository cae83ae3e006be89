/**
 * Vectron for NestJS 11 and 12: clients and typed collections as providers, which are closed when the application stops. It is no other
 * client: what is injected is what `@vectron/sdk` gives. Errors become answers of the application only where a filter is used.
 *
 * ```ts
 * const products = defineCollection<Product>('products', { create: { dimension: 384 } });
 *
 * @Module({
 *   imports: [
 *     VectronModule.forRoot({ url: 'grpc://127.0.0.1:8081', apiKey }),
 *     VectronModule.forFeature([products]),
 *   ],
 * })
 * class AppModule {}
 * ```
 */
export {
  type AnyCollectionDefinition,
  type CollectionDefinition,
  type CollectionOf,
  defineCollection,
  type NewCollection,
  type PayloadIndexOf,
} from './collection-definition.js';
export type {
  EmbeddedOptions,
  ServerOptions,
  VectronConnectionOptions,
  VectronOptionsFactory,
} from './connection-options.js';
export { httpExceptionOf, VectronHttpFilter } from './http-errors.js';
export { DEFAULT_CLIENT, getCollectionToken, getVectronToken, InjectCollection, InjectVectron } from './tokens.js';
export {
  type ForFeatureOptions,
  VectronModule,
  type VectronModuleAsyncOptions,
  type VectronModuleOptions,
} from './vectron.module.js';
