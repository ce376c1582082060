import { bootMomentNow } from '../std/boot-moment.ts';
import type { Clock } from '../std/clock.ts';
import { SpareError } from '../std/errors.ts';
import type { Owner, OwnershipCause, OwnershipRecord } from './record.ts';

interface Rule {
  readonly from: Owner | null;
  readonly cause: OwnershipCause;
  readonly to: Owner;
  /** Only if the standby took the volume from this owner, and has not written to it. */
  readonly takenFrom?: Owner;
}

/** All changes of an ownership record; the table in docs/failover.md is made from them. There is no other way from one owner to another. */
export const OWNERSHIP_RULES: readonly Rule[] = [
  // The first resync is still to come.
  { from: null, cause: 'created', to: 'primary' },
  { from: null, cause: 'created-fenced', to: 'standby' },

  { from: 'primary', cause: 'in-sync', to: 'pair' },
  { from: 'fill', cause: 'in-sync', to: 'pair' },

  // The epoch rises even if the owner stays: a report from before says nothing about the array of now.
  { from: 'pair', cause: 'leg-lost', to: 'primary' },
  { from: 'primary', cause: 'leg-lost', to: 'primary' },
  // The local leg is not complete: losing the other one never makes the primary the owner.
  { from: 'fill', cause: 'leg-lost', to: 'fill' },
  // The primary serves through the LUN from here on: after a restart its own leg would be stale.
  { from: 'pair', cause: 'local-leg-lost', to: 'fill' },
  { from: 'primary', cause: 'local-leg-lost', to: 'fill' },
  // It is complete now, but the other one is not in the array: from here on the primary may acknowledge alone.
  { from: 'fill', cause: 'local-leg-complete', to: 'primary' },
  { from: 'pair', cause: 'logged-in', to: 'pair' },
  { from: 'primary', cause: 'logged-in', to: 'primary' },
  { from: 'fill', cause: 'logged-in', to: 'fill' },

  { from: 'pair', cause: 'lease-expired', to: 'primary' },
  // A machine that is off goes on alone no more: its lease does not run out until it is heard again.
  { from: 'pair', cause: 'proven-off', to: 'pair' },
  { from: 'pair', cause: 'standby-booted', to: 'primary' },

  { from: 'pair', cause: 'taken-over', to: 'standby' },
  { from: 'fill', cause: 'taken-over', to: 'standby' },
  // The administrator has accepted that the standby leg may be stale.
  { from: 'primary', cause: 'taken-over-with-loss', to: 'standby' },
  { from: 'standby', cause: 'writable', to: 'standby' },

  { from: 'standby', cause: 'takeover-rolled-back', takenFrom: 'pair', to: 'primary' },
  { from: 'standby', cause: 'takeover-rolled-back', takenFrom: 'primary', to: 'primary' },
  { from: 'standby', cause: 'takeover-rolled-back', takenFrom: 'fill', to: 'fill' },

  { from: 'standby', cause: 'gone-home', to: 'fill' },
];

/** The rule for a change; `undefined` if the change is not allowed. */
export function ruleFor(record: OwnershipRecord | undefined, cause: OwnershipCause): Rule | undefined {
  return OWNERSHIP_RULES.find(
    (rule) =>
      rule.from === (record?.owner ?? null) &&
      rule.cause === cause &&
      (rule.takenFrom === undefined || (rule.takenFrom === record?.takenFrom && !record.written)),
  );
}

/**
 * The record after a change. Pure.
 * @throws SpareError `refused` if no rule allows it.
 */
export function nextRecord(record: OwnershipRecord | undefined, cause: OwnershipCause, clock: Clock): OwnershipRecord {
  const rule = ruleFor(record, cause);
  if (!rule) {
    throw new SpareError(
      'refused',
      'OWNERSHIP_RULE',
      `Cannot record '${cause}': the owner of the volume is '${record?.owner ?? 'unknown'}'`,
      { hint: 'Another operation may have changed it. To see the state, run: spare status' },
    );
  }
  const { from, to } = rule;
  const takenFrom = from !== null && from !== 'standby' ? from : record?.takenFrom;
  const epoch = (record?.epoch ?? 0) + 1;
  const isTaking = cause === 'taken-over' || cause === 'taken-over-with-loss';
  const takenIn = isTaking ? epoch : record?.takenIn;
  const written = cause === 'writable' || cause === 'created-fenced' || record?.written === true;
  return {
    version: 1,
    epoch,
    owner: to,
    cause,
    at: clock.wallTime().toISOString(),
    changed: bootMomentNow(clock),
    ...(cause === 'proven-off' && { off: true }),
    ...((to === 'standby' || to === 'fill') && takenIn && { takenIn }),
    ...(to === 'standby' && takenFrom && { takenFrom }),
    ...(to === 'standby' && written && { written }),
  };
}

/** The rules as a table in Markdown. */
export function ownershipTable(): string {
  const rows = OWNERSHIP_RULES.map(({ from, cause, to, takenFrom }) => {
    const origin = takenFrom === undefined ? '' : `, taken from \`${takenFrom}\` and not written to`;
    return `| ${from === null ? 'no record' : `\`${from}\`${origin}`} | ${cause} | \`${to}\` |`;
  });
  return ['| owner | change | new owner |', '| --- | --- | --- |', ...rows, ''].join('\n');
}
