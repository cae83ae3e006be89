import type { OnModuleDestroy, OnModuleInit } from '@nestjs/common';
import type { InvitationRepository } from './invitations.js';

const EVERY_MS = 600_000;

/** Removes expired invitations now and then. */
export class InvitationSweep implements OnModuleInit, OnModuleDestroy {
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly invitations: InvitationRepository) {}

  onModuleInit(): void {
    // One that fails is made up for by the next.
    this.#timer = setInterval(() => void this.invitations.sweep().catch(() => undefined), EVERY_MS);
    this.#timer.unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.#timer);
  }
}
