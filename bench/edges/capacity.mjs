// What measured searches say about what a server can do.
import { failures, perSecond } from '../harness/outcomes.mjs';

export const DEADLINE_SECONDS = 2;
/** Of the deadline, what the mean wait may take for a server to be able to keep it. */
const SHARE = 0.75;

/** `capacity`: searches a second of 8 clients, by which the deadline can be met or cannot. */
export function crowdRow(clients, report, capacity) {
  const notAnswered = failures(report);
  return {
    clients,
    perSecond: perSecond(report),
    p50Ms: report.ok.p50Ms,
    p99Ms: report.ok.p99Ms,
    canMeetDeadline: clients / capacity <= SHARE * DEADLINE_SECONDS,
    notAnswered,
    typed: notAnswered === 0 ? 1 : report.refusedWithRetryInfo / notAnswered,
    /** Of the time that a line of all clients takes. */
    p99OfLine: report.ok.p99Ms / 1000 / (clients / perSecond(report)),
    codes: report.codes,
  };
}

/**
 * Searches a second of all the cores: where the load generator shares them, its share is taken out of what several gateways
 * had. One gateway is bound by its thread, whatever the others do, and stays as it was measured.
 */
export function ofCores(measured, { cores, gateways, apart, clientCores }) {
  return apart || gateways === 1 ? measured : (measured * cores) / Math.max(cores - clientCores, 0.1);
}

/**
 * CPU of each part of a process with several gateways, seconds, of its threads before and after: those of gateways have no name of
 * their own, and are the busiest of the others that run JavaScript or help it.
 */
export function byPart(pid, gateways, before, after) {
  const parts = { main: 0, gateways: [], engine: 0, rest: 0 };
  const others = [];
  for (const [id, { name, seconds }] of after) {
    const took = seconds - (before.get(id)?.seconds ?? 0);
    if (id === pid) parts.main = took;
    else if (name.startsWith('vectron')) parts.engine += took;
    else others.push(took);
  }
  others.sort((a, b) => b - a);
  parts.gateways = others.splice(0, gateways === 1 ? 0 : gateways);
  parts.rest = others.reduce((sum, took) => sum + took, 0);
  return parts;
}

/**
 * Searches a second that so many cores would have for a server alone, by its CPU a search: bound by all cores together and, where
 * `threads` says what the main thread and one gateway take of a search that is its own, by each of those.
 */
export function onPaper(cpuMs, cores, threads) {
  const all = (cores * 1000) / cpuMs;
  if (threads === undefined) return all;
  const { gateways, mainMs, gatewayMs } = threads;
  return Math.min(all, 1000 / mainMs, (gateways * 1000) / gatewayMs);
}
