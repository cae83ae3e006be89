import { VectronError } from '@vectron/errors';
import type { Transport } from './transport.js';

/** A transport that is loaded by its first call: a client of one wire does not load the other. */
export function transportOnDemand(load: () => Promise<Transport>): Transport {
  let loaded: Transport | undefined;
  let loading: Promise<Transport> | undefined;
  let closed = false;
  const get = async () => {
    loading ??= load();
    const transport = await loading;
    if (closed) transport.close();
    loaded = transport;
    return transport;
  };
  return {
    async call(method, request, options) {
      if (closed) throw new VectronError('CANCELLED', 'the client was closed');
      return (loaded ?? (await get())).call(method, request, options);
    },
    async openDuplex(method, events) {
      if (closed) throw new VectronError('CANCELLED', 'the client was closed');
      const { openDuplex } = loaded ?? (await get());
      if (openDuplex === undefined) throw new VectronError('INTERNAL', 'this transport does not support streams');
      return openDuplex(method, events);
    },
    close() {
      closed = true;
      loaded?.close();
    },
  };
}
