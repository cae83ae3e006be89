// What a report of the load generator says.

/** Requests that were answered otherwise than well. */
export const failures = ({ codes }) =>
  Object.entries(codes).reduce((sum, [code, count]) => (code === 'OK' ? sum : sum + count), 0);

export const perSecond = ({ ok, seconds }) => ok.count / seconds;
