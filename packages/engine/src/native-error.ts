import { VectronError } from '@vectron/errors';

/** Native errors carry `{"code", "message"}` as their reason. */
export async function decoded<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    throw decodeNativeError(error);
  }
}

export function decodeNativeError(error: unknown): VectronError {
  const reason = String((error as { message?: unknown } | null)?.message ?? error);
  try {
    const { code, message } = JSON.parse(reason) as { code: string; message: string };
    return VectronError.fromWire(code, message);
  } catch {
    return new VectronError('INTERNAL', `the core failed: ${reason}`, { cause: error });
  }
}

/** As `decoded`, of a call that is over when it returns. */
export function decodedNow<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw decodeNativeError(error);
  }
}
