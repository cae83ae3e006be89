import { Body, Controller, Inject, Param, Query, Req, Res } from '@nestjs/common';
import { VectronError } from '@vectron/errors';
import type { FastifyReply } from 'fastify';
import { AlertService } from '../../admin/alert.service.js';
import { SystemService, type WorkerView } from '../../admin/system.service.js';
import { requireAdmin } from '../../edge/access.js';
import { AuditLog } from '../../edge/audit.js';
import type { AuthenticatedRequest } from './auth.guard.js';
import { parse } from './json-schema.js';
import { openApiDocument } from './openapi.js';
import { Rest } from './rest-route.js';
import * as schema from './rest-schemas.js';

/** Management, health, metrics and the API's own description. */
@Controller()
export class SystemRestController {
  constructor(
    @Inject(SystemService) private readonly system: SystemService,
    @Inject(AlertService) private readonly alerts: AlertService,
    @Inject(AuditLog) private readonly audit: AuditLog,
  ) {}

  @Rest({
    method: 'GET',
    path: 'v1/system/health',
    operationId: 'systemHealth',
    tag: 'System',
    summary: 'Every service and worker, asked now',
    answer: {
      status: 'ok',
      services: [{ service: 'auth', status: 'ok', latencyMs: 0.4, error: '' }],
      workers: [{ workerId: '0c1f…', healthy: true, shards: 1 }],
    },
  })
  health() {
    return this.system.health();
  }

  @Rest({
    method: 'GET',
    path: 'v1/admin/stats',
    operationId: 'adminStats',
    tag: 'System',
    summary: 'Totals',
    answer: {
      collections: 1,
      shards: 1,
      points: 20000,
      indexLag: 0,
      shardMemoryBytes: 41000000,
      shardDiskBytes: 31000000,
      users: 1,
      apiKeys: 1,
      workers: 1,
      healthyWorkers: 1,
      queriesPerSecond: 12.5,
      gateway: { uptimeSeconds: 60, memoryBytes: 180000000, requests: 10, failedRequests: 0 },
    },
  })
  stats(@Req() request: AuthenticatedRequest) {
    requireAdmin(request.principal);
    return this.system.stats();
  }

  @Rest({
    method: 'GET',
    path: 'v1/admin/workers',
    operationId: 'adminWorkers',
    tag: 'System',
    summary: 'Workers as they reported last',
    answer: {
      workers: [
        {
          workerId: '0c1f…',
          grpcAddress: '127.0.0.1:6201',
          healthy: true,
          cpuUsagePercent: 3.1,
          memoryBytes: 200000000,
          queriesPerSecond: 12.5,
          shards: [],
        },
      ],
    },
  })
  async workers(@Req() request: AuthenticatedRequest): Promise<{ workers: WorkerView[] }> {
    requireAdmin(request.principal);
    return { workers: await this.system.workers() };
  }

  @Rest({
    method: 'GET',
    path: 'v1/admin/collections',
    operationId: 'adminCollections',
    tag: 'System',
    summary: 'Collections of all tenants',
    answer: {
      collections: [
        {
          name: 'papers',
          tenantId: '7d9f…',
          dimension: 384,
          distance: 'cosine',
          shards: 1,
          points: '20000',
          createdAt: '1700000000',
          ready: true,
        },
      ],
    },
  })
  async collections(@Req() request: AuthenticatedRequest) {
    requireAdmin(request.principal);
    return { collections: await this.system.collections() };
  }

  @Rest({
    method: 'GET',
    path: 'v1/alerts',
    operationId: 'listAlerts',
    tag: 'System',
    summary: 'Alerts, newest first',
    query: { status: 'open or resolved', level: 'warning or critical' },
    answer: {
      alerts: [
        {
          id: 'a1…',
          rule: 'worker_down',
          subject: 'worker 0c1f…',
          level: 'critical',
          message: 'worker 0c1f… sends no heartbeat',
          status: 'open',
          openedAtMs: 1700000000000,
          resolvedAtMs: null,
          resolvedBy: null,
        },
      ],
    },
  })
  async list(@Req() request: AuthenticatedRequest, @Query() query: Record<string, string | undefined>) {
    requireAdmin(request.principal);
    return { alerts: await this.alerts.list(query.status ?? '', query.level ?? '') };
  }

  @Rest({
    method: 'POST',
    path: 'v1/alerts/:id/resolve',
    operationId: 'resolveAlert',
    tag: 'System',
    summary: 'Close an alert',
    answer: { success: true },
  })
  async resolve(@Req() request: AuthenticatedRequest, @Param('id') id: string) {
    requireAdmin(request.principal);
    await this.alerts.resolve(id, request.principal.email);
    return { success: true };
  }

  @Rest({
    method: 'GET',
    path: 'v1/alerts/rules',
    operationId: 'listAlertRules',
    tag: 'System',
    summary: 'What alerts are opened for',
    answer: { rules: [{ rule: 'disk', enabled: true, level: 'warning', threshold: 0.9 }] },
  })
  async rules(@Req() request: AuthenticatedRequest) {
    requireAdmin(request.principal);
    return { rules: await this.alerts.rules() };
  }

  @Rest({
    method: 'PUT',
    path: 'v1/alerts/rules/:rule',
    operationId: 'putAlertRule',
    tag: 'System',
    summary: 'Change an alert rule',
    body: schema.alertRule,
    answer: { rule: 'disk', enabled: true, level: 'warning', threshold: 0.8 },
  })
  async setRule(@Req() request: AuthenticatedRequest, @Param('rule') rule: string, @Body() body: unknown) {
    requireAdmin(request.principal);
    return this.alerts.setRule(rule, parse(schema.alertRule, body));
  }

  @Rest({
    method: 'GET',
    path: 'v1/admin/audit',
    operationId: 'auditLog',
    tag: 'System',
    summary: 'The newest entries of this gateway’s audit log',
    query: { limit: '1 to 1000, default 100' },
    answer: {
      entries: [
        {
          sequence: 1,
          at: '2026-01-01T00:00:00.000Z',
          action: 'login',
          userId: '7d9f…',
          who: 'you@example.org',
          address: '127.0.0.1',
          target: '',
          result: 'OK',
          requestId: '1b9d…',
          previous: 'the first entry',
          mac: 'q83v…',
        },
      ],
    },
  })
  async auditLog(@Req() request: AuthenticatedRequest, @Query() query: Record<string, string | undefined>) {
    requireAdmin(request.principal);
    const limit = query.limit === undefined ? 100 : Number(query.limit);
    if (!(Number.isInteger(limit) && limit >= 1 && limit <= 1000)) {
      throw VectronError.invalid('limit', 'limit must be 1 to 1000');
    }
    return { entries: await this.audit.newest(limit) };
  }

  @Rest({
    method: 'GET',
    path: 'metrics',
    operationId: 'metrics',
    tag: 'System',
    summary: 'Prometheus metrics',
    answer: '# HELP …',
  })
  async metrics(@Req() request: AuthenticatedRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    requireAdmin(request.principal);
    reply.header('content-type', 'text/plain; version=0.0.4; charset=utf-8');
    return this.system.scrape();
  }

  @Rest({
    method: 'GET',
    path: 'healthz',
    operationId: 'healthz',
    tag: 'System',
    summary: 'The process is up',
    open: true,
    answer: { status: 'ok' },
  })
  alive() {
    return { status: 'ok' };
  }

  @Rest({
    method: 'GET',
    path: 'readyz',
    operationId: 'readyz',
    tag: 'System',
    summary: 'The system can serve',
    open: true,
    answer: { status: 'ok' },
  })
  async ready() {
    const { status } = await this.system.health();
    if (status !== 'ok') throw new VectronError('UNAVAILABLE', 'some service or worker does not answer');
    return { status };
  }

  @Rest({
    method: 'GET',
    path: 'openapi.json',
    operationId: 'openapi',
    tag: 'System',
    summary: 'This document',
    open: true,
    answer: { openapi: '3.1.0' },
  })
  openapi() {
    return openApiDocument();
  }
}
