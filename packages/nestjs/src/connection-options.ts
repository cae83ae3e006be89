import type { ConnectOptions, OpenOptions } from '@vectron/sdk';
import { VectronError } from '@vectron/sdk';

/** A server, and how it is spoken to. */
export interface ServerOptions extends ConnectOptions {
  /** `http(s)://` or `grpc(s)://`; several gateways of one cluster as a list, or with commas between them. */
  readonly url: string | readonly string[];
  readonly path?: undefined;
}

/** A database in this process, which no other process has open. */
export interface EmbeddedOptions extends OpenOptions {
  /** Its directory, which is made when it is not there. */
  readonly path: string;
  readonly url?: undefined;
}

export type VectronConnectionOptions = ServerOptions | EmbeddedOptions;

/** What `useClass` and `useExisting` of `forRootAsync` name. */
export interface VectronOptionsFactory {
  createVectronOptions(): VectronConnectionOptions | Promise<VectronConnectionOptions>;
}

/**
 * The options, when they name either a server or a directory. Throws INVALID_ARGUMENT, which repeats no value: a key that stands in the
 * wrong place is not shown either. What is left is checked by `connect` and `open`.
 */
export function checkConnection(options: VectronConnectionOptions): VectronConnectionOptions {
  if (typeof options !== 'object' || options === null)
    throw VectronError.invalid('options', 'the options must be an object with url or path');
  const { url, path } = options;
  if (url === undefined && path === undefined)
    throw VectronError.invalid(
      'url',
      'set url, the address of a server, or path, the directory of an embedded database',
    );
  if (url !== undefined && path !== undefined)
    throw VectronError.invalid('path', 'set url or path, not both: a database is either on a server or in this process');
  if (path !== undefined && (typeof path !== 'string' || path === ''))
    throw VectronError.invalid('path', 'path must be the name of a directory');
  return options;
}
