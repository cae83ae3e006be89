import { type DestinationStream, pino } from 'pino';

export type Logger = import('pino').Logger;

/** Field names that hold a secret, wherever they stand in a logged object. */
const SECRET_FIELDS = [
  'password',
  'token',
  'authorization',
  'apiKey',
  'fullKey',
  'full_key',
  'jwtToken',
  'sdkJwt',
  'secret',
];
const REDACTED = SECRET_FIELDS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]).concat(
  '["x-api-key"]',
  '*["x-api-key"]',
);

/** What JSON leaves as it is and a terminal acts on: DEL, C1, separators and the marks of bidirectional text. */
const CONTROLS = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;
const escaped = (line: string) =>
  line.replace(CONTROLS, (one) => `\\u${(one.codePointAt(0) as number).toString(16).padStart(4, '0')}`);

/** JSON lines on stderr, or on `destination`. stdout belongs to what a command prints. */
export function createLogger(service: string, level: string, destination?: DestinationStream): Logger {
  const to = destination ?? pino.destination({ dest: 2, sync: false });
  return pino(
    { name: service, level, redact: { paths: REDACTED, censor: '[secret]' }, hooks: { streamWrite: escaped } },
    to,
  );
}

/** Nest's own messages through the same logger: start-up noise at debug level. */
export class NestLogger {
  constructor(private readonly logger: Logger) {}
  log(message: unknown): void {
    this.logger.debug(String(message));
  }
  error(message: unknown, stack?: unknown): void {
    this.logger.error({ stack }, String(message));
  }
  warn(message: unknown): void {
    this.logger.warn(String(message));
  }
  debug(message: unknown): void {
    this.logger.debug(String(message));
  }
  verbose(message: unknown): void {
    this.logger.trace(String(message));
  }
}
