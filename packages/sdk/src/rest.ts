/** The client over REST alone, for browsers and for whoever wants nothing else. */

export * from './common.js';
export { connect } from './connect-rest.js';
