// Imported before the native core is loaded: on a processor without what the core is compiled for, the process would end by a signal, without a
// word. See docs/adr/0056-processors.md and .cargo/config.toml.
import { closeSync, openSync, readSync } from 'node:fs'

const NEEDED = { sse4_2: 'SSE4.2', pclmulqdq: 'PCLMULQDQ', popcnt: 'POPCNT' }
/** More than what one processor of the list takes. */
const FIRST_PROCESSOR_BYTES = 8192

/** What a processor lacks, by the text of /proc/cpuinfo; nothing where that does not tell. */
export function lackedBy(text) {
  const flags = /^flags\s*:\s*(.*)$/m.exec(text)?.[1]?.split(' ')
  return flags === undefined ? [] : Object.keys(NEEDED).filter((flag) => !flags.includes(flag)).map((flag) => NEEDED[flag])
}

/** The beginning of /proc/cpuinfo; empty where there is none. */
function aboutProcessor() {
  try {
    const file = openSync('/proc/cpuinfo', 'r')
    try {
      const bytes = Buffer.alloc(FIRST_PROCESSOR_BYTES)
      return bytes.toString('latin1', 0, readSync(file, bytes))
    } finally {
      closeSync(file)
    }
  } catch {
    return ''
  }
}

if (process.platform === 'linux' && process.arch === 'x64') {
  const lacked = lackedBy(aboutProcessor())
  if (lacked.length > 0)
    throw new Error(
      `Vectron needs a processor with ${Object.values(NEEDED).join(', ')}, as all of x86-64 since 2010 have, and this one lacks ${lacked.join(', ')}. ` +
        'In a virtual machine, choose a model of processor that has them, such as x86-64-v2-AES or host.',
    )
}
