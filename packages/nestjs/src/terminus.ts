/** A health indicator for `@nestjs/terminus`, which checks that Vectron can be reached. */
import { Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { type VectronClient, VectronError } from '@vectron/sdk';
import { getVectronToken } from './tokens.js';

export interface VectronHealthOptions {
  /** The name of the client to check; default: the client without a name. */
  readonly client?: string;
  /** Time limit of the check with all retries, in milliseconds; default 1,000. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 1_000;

/**
 * A provider of the module that checks health, beside an import of `TerminusModule`:
 * `health.check([() => vectron.isHealthy('vectron')])`.
 */
@Injectable()
export class VectronHealthIndicator {
  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly modules: ModuleRef,
  ) {}

  /**
   * `up` when the database answers and takes the key, with `database` `ok`, or `degraded` where a service or worker of it is not well; otherwise
   * `down` with the code of the error, and its request id. Throws when there is no such client.
   */
  async isHealthy<Key extends string>(
    key: Key,
    { client, timeoutMs = TIMEOUT_MS }: VectronHealthOptions = {},
  ): Promise<HealthIndicatorResult<Key>> {
    const db = this.modules.get<VectronClient>(getVectronToken(client), { strict: false });
    const indicator = this.indicators.check(key);
    const limited = db.with({ timeoutMs });
    try {
      const { status } = await limited.admin.health();
      return indicator.up({ database: status });
    } catch (error) {
      if (!(error instanceof VectronError)) throw error;
      const { code, requestId } = error;
      return indicator.down({ code, ...(requestId !== undefined && { requestId }) });
    }
  }
}
