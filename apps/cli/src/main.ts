import { inspect } from 'node:util';
import { toVectronError, type VectronError } from '@vectron/errors';
import { vectronProgram } from './program.js';

/** What a failed command exits with; 0 is success, 2 also stands for wrong usage. */
const EXIT_CODES: Record<number, number> = { 400: 2, 413: 2, 404: 3, 401: 4, 403: 4, 503: 5, 504: 5, 429: 5 };

export async function run(argv: string[]): Promise<void> {
  try {
    await (await vectronProgram(argv[2])).parseAsync(argv);
  } catch (cause) {
    const { note } = await import('./output.js');
    const error = toVectronError(cause);
    note(`vectron: ${error.code}: ${error.message}${hintFor(error)}`);
    if (error.code === 'INTERNAL' && error.cause !== undefined) {
      for (const line of inspect(error.cause).split('\n')) note(line);
    }
    process.exit(EXIT_CODES[error.spec.http] ?? 1);
  }
}

function hintFor({ code, message }: VectronError): string {
  if (code !== 'UNAVAILABLE') return '';
  if (/certificate/i.test(message))
    return '; --ca-file names the authority of a certificate that the system does not know';
  return '; is the server running? (npx vectron serve)';
}
