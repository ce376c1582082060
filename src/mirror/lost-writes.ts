import type { TakeoverDecision } from '../hosts/takeover-decision.ts';
import type { ByteRange } from '../std/byte-range.ts';
import { SpareError } from '../std/errors.ts';
import type { HostTargetStatus } from '../target/control-protocol.ts';
import { rangesText } from './leg-currency.ts';

type Ranges = readonly ByteRange[];

/**
 * What the leg may have lost and nobody has decided on: where a decision stands, what it does not know of.
 *
 * A failback serves the LUN again while the decision stands still: what is lost from then on is new, also where the decision names the same ranges.
 */
export function undecidedLoss(
  decision: TakeoverDecision | undefined,
  { lost, fenced }: Pick<HostTargetStatus, 'lost' | 'fenced'>,
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

/** In order, neighbours and what overlaps joined. */
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
 * During a failback the LUN is the only leg that is whole: when it has lost writes, nobody can write them again.
 * @throws SpareError `refused` where something is lost
 */
export function refuseLossOfOnlyLeg(host: string, lost: Ranges): void {
  if (lost.length === 0) return;
  throw new SpareError(
    'refused',
    'ONLY_COPY_LOST_WRITES',
    `Cannot go on with the failback of ${host} as the standby has lost writes to the only whole copy: up to the last writes to ${rangesText(lost)} may be missing`,
    {
      hint: `Nothing else has them. Start from what the standby has on its disk: spare failover ${host} --allow-data-loss`,
    },
  );
}
