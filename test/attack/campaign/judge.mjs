/** What an attack must not have achieved; the README has the list. All of this is decided from figures alone. */

const MEMORY_SHARE = 1.2;
/** Open files beyond those of before: what the normal load's own connections come and go with. */
const FILES_SLACK = 48;
const MiB = 1 << 20;
/** What one attack may add to the disk and to the log, and take of memory while it lasts, unless it says otherwise. */
const MOST = { disk: 64 * MiB, log: MiB / 4, memory: 1024 * MiB };
const HEALTHZ_P99_MS = 1_000;

/**
 * Whether memory and open files are back where they were. `floor`: memory of the server when it was warm. An attack may have
 * filled caches whose size is a setting (`most.kept`).
 */
export function settled(now, before, floor, attacks) {
  const kept = attacks.reduce((sum, { most }) => sum + (most?.kept ?? 0), 0);
  const memory = MEMORY_SHARE * Math.max(before.memory, floor) + kept;
  return now.memory <= memory && now.files <= before.files + FILES_SLACK;
}

/**
 * Complaints about one round, in words; none: the server held. `timed`: whether times count, which depends on what else the
 * machine does.
 */
export function complaints(round, { timed, floor }) {
  const { attacks, during, after, facts, alive, samePids, late, probe } = round;
  if (!alive) return ['the server ended'];
  const { before, peak, now } = facts;
  const found = [];
  if (!samePids) found.push('a process of the server is another one than before');
  for (const [when, kinds] of Object.entries({ during, after })) {
    for (const [kind, { failed, faults }] of Object.entries(kinds)) {
      if (failed > 0) found.push(`${when} the attack ${failed} of ${kind} failed: ${Object.keys(faults).join('; ')}`);
    }
  }
  for (const kind of late) found.push(`${kind} of the normal load did not go on`);
  if (timed && during.healthz?.p99 > HEALTHZ_P99_MS) found.push(`healthz took ${during.healthz.p99} ms (p99)`);
  if (!settled(now, before, floor, attacks)) {
    found.push(`memory ${mib(before.memory)} -> ${mib(now.memory)} MiB, open files ${before.files} -> ${now.files}`);
  }
  const most = (what) => attacks.reduce((sum, attack) => sum + (attack.most?.[what] ?? MOST[what]), 0);
  const grown = { disk: now.disk - before.disk, log: now.log - before.log, memory: peak.memory - before.memory };
  for (const [what, bytes] of Object.entries(grown)) {
    if (bytes > most(what)) found.push(`${what} grew by ${mib(bytes)} MiB`);
  }
  found.push(...probe);
  for (const attack of attacks) {
    const { sent, got, fault } = attack.result;
    if (fault !== undefined) found.push(`${attack.name} failed itself: ${fault}`);
    else if (sent === 0) found.push(`${attack.name} sent nothing`);
    else found.push(...(attack.judge?.({ sent, got, times: attack.times }) ?? []));
    // What files and bytes another attack took at the same time is not this one's.
    if (attacks.length === 1 && attack.judgeAlone) found.push(...attack.judgeAlone({ got, facts }));
  }
  return found;
}

export const mib = (bytes) => (bytes / MiB).toFixed(bytes < 10 * MiB ? 1 : 0);
