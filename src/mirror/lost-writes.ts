import type { ByteRange } from '../std/byte-range.ts';
import { SpareError } from '../std/errors.ts';

type Ranges = readonly ByteRange[];

/** Sorted, with adjacent and overlapping ranges joined. */
export function joinRanges(ranges: Ranges): Ranges {
  const joined: ByteRange[] = [];
  for (const { offset_bytes, length_bytes } of [...ranges].sort((a, b) => a.offset_bytes - b.offset_bytes)) {
    const last = joined.at(-1);
    if (last && last.offset_bytes + last.length_bytes >= offset_bytes) {
      last.length_bytes = Math.max(last.length_bytes, offset_bytes + length_bytes - last.offset_bytes);
    } else joined.push({ offset_bytes, length_bytes });
  }
  return joined;
}

/**
 * During a failback the standby leg is the only complete copy: writes that it lost cannot be copied from anywhere.
 * @throws SpareError `refused` if writes were lost
 */
export function refuseLossOfOnlyLeg(host: string, lost: Ranges): void {
  if (lost.length === 0) return;
  throw new SpareError(
    'refused',
    'ONLY_COPY_LOST_WRITES',
    `Cannot continue the failback of ${host}: the standby leg, the only complete copy, has lost writes. These ranges may be stale: ${rangesText(lost)}`,
    {
      hint: `No other copy has them. To serve what is on the standby's disk, run: spare failover ${host} --allow-data-loss`,
    },
  );
}

/** How many ranges a sentence lists at most. */
const MOST_RANGES = 4;

export function rangesText(ranges: Ranges): string {
  const text = ranges
    .slice(0, MOST_RANGES)
    .map(({ offset_bytes, length_bytes }) => `${mebibytes(length_bytes)} at offset ${mebibytes(offset_bytes)}`)
    .join(', ');
  return ranges.length > MOST_RANGES ? `${text}, and ${ranges.length - MOST_RANGES} more ranges` : text;
}

export function mebibytes(length_bytes: number): string {
  return `${Math.ceil(length_bytes / 2 ** 20)} MiB`;
}
