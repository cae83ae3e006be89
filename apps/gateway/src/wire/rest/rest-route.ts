import { applyDecorators, HttpCode, RequestMapping, RequestMethod, SetMetadata } from '@nestjs/common';
import type { z } from 'zod';

/** One REST route, for Nest and for the OpenAPI document alike. */
export interface RestRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** With `:name` parameters, as Nest writes them. */
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly tag: string;
  /** Reachable without a token. */
  readonly open?: boolean;
  readonly body?: z.ZodType;
  /** Example of the body. */
  readonly example?: unknown;
  readonly query?: Record<string, string>;
  /** Example answer. */
  readonly answer: unknown;
}

export const ROUTES: RestRoute[] = [];
export const OPEN_ROUTE = 'vectron:open';

/** Declares a handler's route; a handler without one is not reachable, and a route without `open` takes a token. */
export function Rest(route: RestRoute): MethodDecorator {
  ROUTES.push(route);
  return applyDecorators(
    RequestMapping({ method: RequestMethod[route.method], path: route.path }),
    HttpCode(200),
    SetMetadata(OPEN_ROUTE, route.open === true),
  );
}
