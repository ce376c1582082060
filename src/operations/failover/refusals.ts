import type { LegCurrency } from '../../hosts/leg-currency.ts';
import { decideCurrency } from '../../mirror/leg-currency.ts';
import { SpareError } from '../../std/errors.ts';
import type { VolumeContext } from '../../steps/operation-context.ts';
import { currencyFacts, type FailoverFacts } from './failover-facts.ts';
import type { FailoverOptions } from './failover-options.ts';

/** Mirror traffic this recent means that the primary is alive. */
const ALIVE_ms = 3_000;

/** Before anything is changed: could the leg be proven current if the machine were off by now? */
export function refuseWithoutPrerequisites(
  context: VolumeContext,
  facts: FailoverFacts,
  options: FailoverOptions,
): void {
  const { host } = context;
  const { askedAt_ms } = facts;
  const { lastPduAt } = facts.target;
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
  if (options.confirmedOff && lastPduAt !== null && askedAt_ms - lastPduAt < ALIVE_ms) {
    throw new SpareError(
      'refused',
      'HOST_ALIVE',
      `Cannot fail over ${host.name}: mirror traffic still arrives, so its machine is not off`,
      {
        hint: 'Switch it off first. Otherwise two machines would serve the same volume (split-brain)',
      },
    );
  }
  refuseUnproven(host.name, decideCurrency(currencyFacts(context, facts, askedAt_ms)), options);
}

/**
 * @param switchedOff The fence command has switched the machine off by now; a refusal does not reverse that.
 * @throws SpareError `refused` unless the leg is good enough for these options.
 */
export function refuseUnproven(host: string, leg: LegCurrency, options: FailoverOptions, switchedOff = false): void {
  const reasons = leg.reasons.join('. ');
  const isOff = switchedOff ? `. ${host} has been switched off; when it is powered on, it serves again` : '';
  if (leg.currency === 'unusable') {
    throw new SpareError(
      'refused',
      'LEG_UNUSABLE',
      `Cannot fail over ${host}: the standby leg is not usable. ${reasons}`,
      {
        hint: `Only the local leg has the data: repair the primary${isOff}`,
      },
    );
  }
  if (leg.currency === 'unproven' && !options.allowDataLoss) {
    const lost =
      leg.mayMiss_ms === undefined
        ? leg.mayMiss_bytes === undefined
          ? 'an unknown amount'
          : 'the last writes before the standby failed'
        : `up to ${(leg.mayMiss_ms / 1000).toFixed(0)} s of writes`;
    throw new SpareError(
      'refused',
      'LEG_NOT_PROVEN',
      `Cannot fail over ${host}: the standby leg is not proven current, and ${lost} may be missing. ${reasons}`,
      {
        hint: `If you prefer losing that to waiting for the primary, run: ${commandLine(host, { ...options, allowDataLoss: true })}${isOff}`,
      },
    );
  }
}

/** The command to run: a hint without one of the flags would lead to the next refusal. */
function commandLine(host: string, { confirmedOff, allowDataLoss }: FailoverOptions): string {
  return ['spare failover', host, confirmedOff && '--confirmed-off', allowDataLoss && '--allow-data-loss']
    .filter(Boolean)
    .join(' ');
}
