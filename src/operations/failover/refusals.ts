import type { LegCurrency } from '../../mirror/leg-currency.ts';
import { ageOf_ms } from '../../std/boot-moment.ts';
import { SpareError } from '../../std/errors.ts';
import type { VolumeContext } from '../../steps/operation-context.ts';
import type { FailoverFacts } from './failover-facts.ts';
import type { FailoverOptions } from './failover-options.ts';

/** Mirror traffic this recent means that the primary is alive. */
const ALIVE_ms = 3_000;

/** Before anything is changed: could the leg be proven current if the machine were off by now? */
export function refuseWithoutPrerequisites(
  context: VolumeContext,
  facts: FailoverFacts,
  options: FailoverOptions,
): void {
  const { host, clock } = context;
  const heard_ms = ageOf_ms(facts.lease.heard, clock);
  if (!host.fenceCommand && !options.confirmedOff) {
    throw new SpareError(
      'refused',
      'NOT_PROVEN_OFF',
      `Cannot fail over ${host.name}: it has no fence command, so nothing confirms that its machine is off`,
      {
        hint: `Switch it off, then run: ${commandLine(host.name, { ...options, confirmedOff: true })}`,
      },
    );
  }
  if (options.confirmedOff && heard_ms !== undefined && heard_ms < ALIVE_ms) {
    throw new SpareError(
      'refused',
      'HOST_ALIVE',
      `Cannot fail over ${host.name}: mirror traffic still arrives, so its machine is not off`,
      {
        hint: 'Switch it off first. Otherwise two machines would serve the same volume (split-brain)',
      },
    );
  }
  refuseUnproven(host.name, facts.leg, options, heard_ms !== undefined && heard_ms < ALIVE_ms ? 'alive' : 'unknown');
}

/**
 * An "off" that is followed by a sign of life was a lie.
 * @param offAt_ms When the machine was confirmed off, by the boot clock.
 * @throws SpareError `refused`
 */
export function refuseIfHeardSince(
  { host }: VolumeContext,
  { lease }: FailoverFacts,
  offAt_ms: number | undefined,
): void {
  const heardAt_ms = lease.heard?.bootTime_ms ?? Number.NEGATIVE_INFINITY;
  if (offAt_ms !== undefined && heardAt_ms <= offAt_ms) return;
  throw new SpareError(
    'refused',
    'HOST_ALIVE',
    `Cannot fail over ${host.name}: the target has heard its machine after that was confirmed off`,
    { hint: `Its fence command may switch off another machine. Switch ${host.name} off, then run the command again` },
  );
}

/** What is known of the machine: a refusal does not switch it on again. */
type MachineState = 'alive' | 'switched-off' | 'unknown';

/** @throws SpareError `refused` unless the leg is good enough for these options. */
export function refuseUnproven(host: string, leg: LegCurrency, options: FailoverOptions, machine: MachineState): void {
  if (leg.proven || options.allowDataLoss) return;
  const isOff =
    machine === 'switched-off' ? `. ${host} has been switched off; when it is powered on, it serves again` : '';
  const look = machine === 'unknown' ? `Make sure that ${host} is off: if it is alive, it has every write. ` : '';
  const force = `${look}If you prefer losing those to waiting for the primary, run: ${commandLine(host, { ...options, allowDataLoss: true })}${isOff}`;
  throw new SpareError(
    'refused',
    'LEG_NOT_PROVEN',
    `Cannot fail over ${host}: the standby leg may lack acknowledged writes. ${leg.reasons.join('. ')}`,
    {
      hint:
        machine === 'alive'
          ? `${host} is alive and has every write. To see its mirror, run: spare status ${host}`
          : force,
    },
  );
}

/** Before the leg is written to. @throws SpareError `refused`, whatever the options are. */
export function refuseUnusable(host: string, defects: readonly string[]): void {
  if (defects.length === 0) return;
  throw new SpareError(
    'refused',
    'LEG_UNUSABLE',
    `Cannot fail over ${host}: the standby leg is not usable. ${defects.join('. ')}`,
    { hint: `Only the local leg has the data: repair the primary. If ${host} has been switched off, power it on` },
  );
}

/** The command to run: a hint without one of the flags would lead to the next refusal. */
function commandLine(host: string, { confirmedOff, allowDataLoss }: FailoverOptions): string {
  return ['spare failover', host, confirmedOff && '--confirmed-off', allowDataLoss && '--allow-data-loss']
    .filter(Boolean)
    .join(' ');
}
