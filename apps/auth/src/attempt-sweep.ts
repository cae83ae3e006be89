import type { OnModuleDestroy, OnModuleInit } from '@nestjs/common';
import type { AttemptCounters } from './attempts.js';

/** One of 256 parts each time: all of them are looked at within 17 minutes. */
const EVERY_MS = 4_000;

/** Removes counters of attempts that are forgotten, as long as the process runs. */
export class AttemptSweep implements OnModuleInit, OnModuleDestroy {
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly attempts: AttemptCounters) {}

  onModuleInit(): void {
    // What was not removed, because the MetaStore is away, is removed the next time round.
    this.#timer = setInterval(() => void this.attempts.sweep().catch(() => undefined), EVERY_MS);
    this.#timer.unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.#timer);
  }
}
