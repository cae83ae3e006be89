declare module 'swagger-ui-dist' {
  /** Directory of the browser files. */
  export function getAbsoluteFSPath(): string;
}
