import type { TakeoverDecision } from '../hosts/takeover-decision.ts';
import type { ByteRange } from '../std/byte-range.ts';
import { SpareError } from '../std/errors.ts';
import type { HostTargetStatus, VolumeTargetStatus } from '../target/client/control-protocol.ts';
import { rangesText } from './leg-currency.ts';

type Ranges = readonly ByteRange[];

/**
 * Lost writes that no decision covers.
 *
 * A failback serves the LUN again while the decision still exists: writes lost from then on are new, even if the decision names the same ranges.
 */
export function undecidedLoss(
  decision: TakeoverDecision | undefined,
  { lost, fenced }: Pick<HostTargetStatus & VolumeTargetStatus, 'lost' | 'fenced'>,
): Ranges {
  if (!decision || decision.lunServedSince || !fenced) return lost;
  const known = joinRanges(decision.lost ?? []);
  return lost.filter(
    ({ offset_bytes, length_bytes }) =>
      !known.some(
        (range) =>
          range.offset_bytes <= offset_bytes && range.offset_bytes + range.length_bytes >= offset_bytes + length_bytes,
      ),
  );
}

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
