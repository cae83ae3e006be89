import type { ConnectOptions, OpenOptions } from '@vectron/sdk';
import { VectronError } from '@vectron/sdk';

/** Options of a client that connects to a server. */
export interface ServerOptions extends ConnectOptions {
  /**
   * The address of the server, `http(s)://` or `grpc(s)://`; several gateways of one cluster as a list, or separated by
   * commas.
   */
  readonly url: string | readonly string[];
  readonly path?: undefined;
}

/** Options of an embedded database, which only one process can open at a time. */
export interface EmbeddedOptions extends OpenOptions {
  /** The directory of the database; created if it does not exist. */
  readonly path: string;
  readonly url?: undefined;
}

export type VectronConnectionOptions = ServerOptions | EmbeddedOptions;

/** The interface of the classes for `useClass` and `useExisting` of `forRootAsync`. */
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
    throw VectronError.invalid(
      'path',
      'set url or path, not both: a database is either on a server or in this process',
    );
  if (path !== undefined && (typeof path !== 'string' || path === ''))
    throw VectronError.invalid('path', 'path must be the name of a directory');
  return options;
}
