/** The client over REST only, for browsers and for small bundles. */

export * from './common.js';
export { connect } from './connect-rest.js';
