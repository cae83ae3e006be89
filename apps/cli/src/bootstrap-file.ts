import { join } from 'node:path';

/** Where a single server leaves the first administrator's password and API key. */
export const bootstrapFile = (data: string): string => join(data, 'bootstrap.json');
