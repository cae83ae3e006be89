import type { OnApplicationShutdown } from '@nestjs/common';
import { connect, open, type VectronClient, VectronError } from '@vectron/sdk';
import { checkConnection, type VectronConnectionOptions } from './connection-options.js';

/** A client for the time that an application runs. */
export class VectronConnection implements OnApplicationShutdown {
  private constructor(readonly client: VectronClient) {}

  /**
   * A server is connected to with the first call; a directory is opened now. Throws what `connect` and `open` throw, with the name of
   * the client before it.
   */
  static async open(name: string, options: VectronConnectionOptions): Promise<VectronConnection> {
    try {
      return new VectronConnection(await clientOf(checkConnection(options)));
    } catch (error) {
      if (!(error instanceof VectronError)) throw error;
      const { code, message, details } = error;
      throw new VectronError(code, `Vectron client ${name}: ${message}`, { cause: error, details });
    }
  }

  /** Behind `onModuleDestroy` and `beforeApplicationShutdown`, in which services may still write. */
  onApplicationShutdown(): Promise<void> {
    return this.client.close();
  }
}

async function clientOf(options: VectronConnectionOptions): Promise<VectronClient> {
  if (options.path !== undefined) {
    const { path, url: _, ...others } = options;
    return open(path, others);
  }
  const { url, path: _, ...others } = options;
  return connect(url, others);
}
