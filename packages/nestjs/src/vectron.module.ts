import {
  type DynamicModule,
  type FactoryProvider,
  type InjectionToken,
  Module,
  type ModuleMetadata,
  type Provider,
  type Type,
} from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { type VectronClient, VectronError } from '@vectron/sdk';
import { type AnyCollectionDefinition, checkDefinition } from './collection-definition.js';
import { VectronConnection } from './connection.js';
import type { VectronConnectionOptions, VectronOptionsFactory } from './connection-options.js';
import { DEFAULT_CLIENT } from './default-client.js';
import { makeIfMissing } from './missing-collection.js';
import { getCollectionToken, getVectronToken } from './tokens.js';

/** Options of a client that must be known before its connection options. */
interface Registration {
  /**
   * The name for `@InjectVectron(name)`, if an application has several clients; default: the client of
   * `@InjectVectron()`.
   */
  readonly name?: string;
  /** Whether every module can inject the client (default: true), or only modules that import this module. */
  readonly isGlobal?: boolean;
}

export type VectronModuleOptions = Registration & VectronConnectionOptions;

/** How the options are obtained: exactly one of `useFactory`, `useClass` and `useExisting`. */
export interface VectronModuleAsyncOptions extends Registration {
  readonly imports?: ModuleMetadata['imports'];
  readonly inject?: FactoryProvider['inject'];
  readonly useFactory?: FactoryProvider<VectronConnectionOptions | Promise<VectronConnectionOptions>>['useFactory'];
  readonly useClass?: Type<VectronOptionsFactory>;
  readonly useExisting?: InjectionToken<VectronOptionsFactory>;
}

const ASYNC_OPTIONS = ['name', 'isGlobal', 'imports', 'inject', 'useFactory', 'useClass', 'useExisting'];

export interface ForFeatureOptions {
  /** The modules that export the clients of the collections, if those are not global. */
  readonly imports?: ModuleMetadata['imports'];
}

/**
 * Clients of Vectron and collections as providers. A client is closed by `onApplicationShutdown`: by `app.close()`, and at a signal where the
 * application has called `enableShutdownHooks()`.
 */
@Module({})
export class VectronModule {
  /**
   * Registers one client. Options are validated at the start of the application, which fails with INVALID_ARGUMENT if
   * one is invalid.
   */
  static forRoot(options: VectronModuleOptions): DynamicModule {
    const { name, isGlobal, ...connection } = options ?? {};
    return clientModule({ name, isGlobal }, [], (provide) => [{ provide, useValue: connection }]);
  }

  /**
   * Registers one client whose options come from providers. Throws INVALID_ARGUMENT unless exactly one way to get them
   * is given.
   */
  static forRootAsync(options: VectronModuleAsyncOptions): DynamicModule {
    const other = Object.keys(options).find((key) => !ASYNC_OPTIONS.includes(key));
    if (other !== undefined)
      throw VectronError.invalid(other, `unknown option ${other}; the options are ${ASYNC_OPTIONS.join(', ')}`);
    return clientModule(options, options.imports, (provide) => optionsProviders(provide, options));
  }

  /**
   * Registers a provider for each collection, which the importing module can inject. Throws INVALID_ARGUMENT for an
   * invalid definition.
   */
  static forFeature(
    definitions: readonly AnyCollectionDefinition[],
    { imports = [] }: ForFeatureOptions = {},
  ): DynamicModule {
    if (!Array.isArray(definitions))
      throw VectronError.invalid('definitions', 'forFeature requires a list of collection definitions');
    const providers = definitions.map((definition) => collectionProvider(checkDefinition(definition)));
    return { module: VectronModule, imports, providers, exports: providers.map(({ provide }) => provide) };
  }
}

const connectionToken = (name: string): string => `VectronConnection:${name}`;

function clientModule(
  { name = DEFAULT_CLIENT, isGlobal = true }: Registration,
  imports: ModuleMetadata['imports'],
  providersOf: (options: InjectionToken) => Provider[],
): DynamicModule {
  if (typeof name !== 'string' || name === '')
    throw VectronError.invalid('name', 'the name of a client must be a string that is not empty');
  if (typeof isGlobal !== 'boolean') throw VectronError.invalid('isGlobal', 'isGlobal must be true or false');
  const options = `VectronOptions:${name}`;
  const connection = connectionToken(name);
  const client = getVectronToken(name);
  return {
    module: VectronModule,
    global: isGlobal,
    imports,
    providers: [
      ...providersOf(options),
      {
        provide: connection,
        inject: [options, ModulesContainer],
        useFactory: (given: VectronConnectionOptions, modules: ModulesContainer) => {
          checkAlone(name, modules);
          return VectronConnection.open(name, given);
        },
      },
      { provide: client, inject: [connection], useFactory: ({ client }: VectronConnection) => client },
    ],
    exports: [client],
  };
}

/** Two clients of one name: a module would get the one or the other, depending on the order of imports. */
function checkAlone(name: string, modules: ModulesContainer): void {
  const count = [...modules.values()].filter(({ providers }) => providers.has(connectionToken(name))).length;
  if (count > 1)
    throw VectronError.invalid('name', `${count} Vectron clients have the name ${name}; choose a unique name for each`);
}

function optionsProviders(
  provide: InjectionToken,
  { inject = [], useFactory, useClass, useExisting }: VectronModuleAsyncOptions,
): Provider[] {
  const ways = [useFactory, useClass, useExisting].filter((way) => way !== undefined).length;
  if (ways !== 1)
    throw VectronError.invalid(
      'useFactory',
      'forRootAsync requires exactly one of useFactory, useClass and useExisting',
    );
  if (useFactory !== undefined) return [{ provide, inject, useFactory }];
  const maker = useClass ?? (useExisting as InjectionToken);
  return [
    ...(useClass === undefined ? [] : [useClass]),
    { provide, inject: [maker], useFactory: (factory: VectronOptionsFactory) => factory.createVectronOptions() },
  ];
}

function collectionProvider(definition: AnyCollectionDefinition): FactoryProvider {
  const { name, client, create } = definition;
  return {
    provide: getCollectionToken(definition),
    inject: [getVectronToken(client)],
    useFactory: async (db: VectronClient) => {
      if (create !== undefined) await makeIfMissing(db, { name, create });
      return db.collection(name);
    },
  };
}
