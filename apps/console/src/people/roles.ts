export const ROLES = ['read', 'write', 'metrics', 'admin'] as const;
export type Role = (typeof ROLES)[number];
