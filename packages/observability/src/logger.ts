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

/** JSON lines on stderr, or on `destination`. stdout belongs to what a command prints. */
export function createLogger(service: string, level: string, destination?: DestinationStream): Logger {
  return pino(
    { name: service, level, redact: { paths: REDACTED, censor: '[secret]' } },
    destination ?? pino.destination({ dest: 2, sync: false }),
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
