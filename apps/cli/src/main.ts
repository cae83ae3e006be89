import { inspect } from 'node:util';
import { toVectronError, type VectronError } from '@vectron/errors';
import { vectronProgram } from './program.js';

export async function run(argv: string[]): Promise<void> {
  try {
    await (await vectronProgram(argv[2])).parseAsync(argv);
  } catch (cause) {
    const [{ jsonText, note }, { EXIT_CODES }] = await Promise.all([import('./output.js'), import('./help.js')]);
    const error = toVectronError(cause);
    const exitCode = EXIT_CODES.find(({ http }) => http.includes(error.spec.http))?.code ?? 1;
    const hint = hintFor(error);
    const reason = error.code === 'INTERNAL' && error.cause !== undefined ? inspect(error.cause) : undefined;
    if (argv.includes('--json')) {
      const { code, message, retryable, details } = error;
      const also = { ...(hint === '' ? {} : { hint }), ...(reason === undefined ? {} : { cause: reason }) };
      console.error(jsonText({ error: { code, message, retryable, ...details, ...also, exitCode } }));
    } else {
      note(`vectron: ${error.code}: ${error.message}${hint === '' ? '' : `; ${hint}`}${requestOf(error)}`);
      for (const line of reason?.split('\n') ?? []) note(line);
    }
    process.exit(exitCode);
  }
}

/** Failures of the server are looked for in its log by this. */
const requestOf = ({ requestId, spec }: VectronError): string =>
  requestId === undefined || spec.http < 500 ? '' : ` (request ${requestId})`;

function hintFor({ code, message }: VectronError): string {
  if (code !== 'UNAVAILABLE') return '';
  if (/certificate/i.test(message))
    return '--ca-file names the authority of a certificate that the system does not know';
  return 'is the server running? (npx vectron serve)';
}
