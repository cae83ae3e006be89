/** The name of the client that was not given one. */
export const DEFAULT_CLIENT = 'default';
