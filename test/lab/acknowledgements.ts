/** One record that the client was told is safe. Times are seconds since the epoch, by the client's clock. */
export interface Acknowledgement {
  number: number;
  begun_s: number;
  acknowledged_s: number;
}

export interface WriterLog {
  acknowledgements: Acknowledgement[];
  /** What the program was told by a system call that failed: on a hard mount there is none. */
  errors: string[];
}

const RECORD_BYTES = 64;

/** The log of `guest/write-records.py` or `guest/hold-lock.py`. */
export function parseWriterLog(text: string): WriterLog {
  const log: WriterLog = { acknowledgements: [], errors: [] };
  for (const line of text.split('\n')) {
    if (line.startsWith('error ')) log.errors.push(line.slice('error '.length));
    const match = /^(\d+) (\d+\.\d+) (\d+\.\d+)$/.exec(line);
    if (match === null) continue;
    log.acknowledgements.push({
      number: Number(match[1]),
      begun_s: Number(match[2]),
      acknowledged_s: Number(match[3]),
    });
  }
  return log;
}

/** The numbers of the records that are in the file, each where it belongs. */
export function parseRecords(content: string): Set<number> {
  const numbers = new Set<number>();
  for (let index = 0; (index + 1) * RECORD_BYTES <= content.length; index += 1) {
    const match = /^(\d+) \d+\.\d+ *\n$/.exec(content.slice(index * RECORD_BYTES, (index + 1) * RECORD_BYTES));
    if (match !== null && Number(match[1]) === index + 1) numbers.add(index + 1);
  }
  return numbers;
}

/** Records that were acknowledged and are not there: the number that must be 0. */
export function lostRecords(acknowledgements: readonly Acknowledgement[], present: ReadonlySet<number>): number[] {
  return acknowledgements.map(({ number }) => number).filter((number) => !present.has(number));
}

/** The longest time that one record had to wait, in seconds. */
export function longestStall_s(acknowledgements: readonly Acknowledgement[]): number {
  return acknowledgements.reduce(
    (longest, { begun_s, acknowledged_s }) => Math.max(longest, acknowledged_s - begun_s),
    0,
  );
}

/**
 * The longest time without an acknowledgement that ended between `from_s` and `to_s`, in seconds: how long the service was away,
 * as its client saw it.
 */
export function outage_s(acknowledgements: readonly Acknowledgement[], from_s: number, to_s: number): number {
  let longest = 0;
  for (const [index, { acknowledged_s }] of acknowledgements.entries()) {
    const previous = acknowledgements[index - 1];
    if (previous === undefined || acknowledged_s < from_s || acknowledged_s > to_s) continue;
    longest = Math.max(longest, acknowledged_s - previous.acknowledged_s);
  }
  return longest;
}
