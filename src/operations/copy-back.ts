import { enter, noteComparisonDue, recordComparison } from '../hosts/host-state.ts';
import { forgetTakeoverDecision } from '../hosts/takeover-decision.ts';
import type { Machine } from '../machine/machine.ts';
import { quoteForShell as words } from '../machine/quote.ts';
import { addArgv, reAddArgv } from '../mirror/md/commands.ts';
import { mirrorStatus } from '../mirror/md/status.ts';
import { legOf, refillLocalLeg, returnLocalLeg } from '../mirror/primary-legs.ts';
import { compareLegs, waitForCopy } from '../mirror/resync.ts';
import { PASSIVE_PATH } from '../service/service.ts';
import { SpareError } from '../std/errors.ts';
import type { VolumeContext } from '../steps/operation-context.ts';
import { stateStep } from '../steps/state-step.ts';
import { type Step, stepOn } from '../steps/step.ts';

export interface FailbackOptions {
  /** Compares both legs block by block at the end: it reads the whole volume. */
  verify: boolean;
}

/** What a failback measures; filled while it runs. */
export interface FailbackMeasurements {
  /** From taking the address down on the standby until the standby has read the volume through it again. */
  outage_s?: number;
  /** Written to the primary's own disk while its leg was brought up to date, what clients wrote meanwhile included. */
  copied_bytes?: number;
  size_bytes: number;
  copy?: 'incremental' | 'full';
  /** `undefined` where it was not asked for. */
  legs_equal?: boolean;
}

/** The second half of a failback, behind the service that is home already: the primary's own leg is brought up to date. */
export function copyBackSteps(
  context: VolumeContext,
  options: FailbackOptions,
  measurements: FailbackMeasurements,
): Step[] {
  const { host, volume, primaryMachine } = context;
  const { device, localLeg } = volume;
  const onPrimary = stepOn(primaryMachine);
  let writtenBefore_bytes: number | undefined;
  const localLegIsBack = async () => {
    const leg = (await mirrorStatus(primaryMachine, device)) && (await legOf(context, 'local'));
    return leg !== undefined && !leg.state.includes('faulty');
  };

  return [
    onPrimary({
      name: 'return-local-leg',
      title: `Mark what ${host.name} had written alone, and take its own disk back into the mirror set`,
      commandLines: [
        `(dirty ranges of ${localLeg} to md/bitmap_set_bits)`,
        words(reAddArgv(device, localLeg)),
        '(mark the LUN write-mostly)',
      ],
      check: localLegIsBack,
      async run(report) {
        writtenBefore_bytes = await diskWrittenBytes(primaryMachine, localLeg);
        measurements.copy = await returnLocalLeg(context);
        report({
          detail:
            measurements.copy === 'full'
              ? 'its bitmap can not be used: everything is copied'
              : 'only what differs is copied',
        });
      },
    }),
    onPrimary({
      name: 'active',
      title: `Let the guard of ${host.name} take over from here`,
      commandLines: [`rm -f ${PASSIVE_PATH}`],
      async run() {
        await primaryMachine.exec(['sh', '-c', 'rm -f "$1" && sync "$(dirname "$1")"', 'active', PASSIVE_PATH]);
      },
    }),
    homeStep(context, options, 'service-home'),
    ...completionSteps(context, options, measurements, async () => {
      if (writtenBefore_bytes === undefined) return;
      measurements.copied_bytes = (await diskWrittenBytes(primaryMachine, localLeg)) - writtenBefore_bytes;
    }),
  ];
}

/** From here on the standby leg is the source of a copy, no longer what is served. */
function homeStep(
  { host, standbyMachine, clock }: VolumeContext,
  { verify }: FailbackOptions,
  event: 'service-home' | 'refill-started',
): Step {
  return stepOn(standbyMachine)({
    name: 'home',
    title: `Record that ${host.name} serves again, and is being brought up to date`,
    commandLines: ['(state: syncing)'],
    async run() {
      // The state last: this step is not run again once the host is home, and a decision that is left would decide the next failover.
      if (verify) noteComparisonDue(host.name);
      forgetTakeoverDecision(host.name);
      enter(host.name, event, clock);
    },
  });
}

/** What is left once the primary serves and its own disk is in the mirror set: also of a failback that was interrupted then. */
export function completionSteps(
  context: VolumeContext,
  options: FailbackOptions,
  measurements: FailbackMeasurements,
  copied: () => Promise<void> = async () => {},
): Step[] {
  const { host, volume, primaryMachine } = context;
  const { device } = volume;
  const onPrimary = stepOn(primaryMachine);
  return [
    onPrimary({
      name: 'copy',
      title: 'Copy back what differs',
      commandLines: [`(watch md/sync_completed of ${device})`],
      async run(report) {
        await waitForCopy(context, report);
        await copied();
      },
    }),
    ...(options.verify ? [onPrimary(verifyStep(context, measurements))] : []),
    stateStep(context, {
      name: 'end',
      title: `Record that ${host.name} is protected again`,
      event: 'legs-in-sync',
      to: 'protected',
    }),
  ];
}

/** Puts right what a comparison has found: the standby leg is the one that was in service. */
export function refillSteps(context: VolumeContext, options: FailbackOptions): Step[] {
  const { host, volume, primaryMachine } = context;
  const { device, localLeg } = volume;
  const refill = stepOn(primaryMachine)({
    name: 'refill',
    title: `Take the disk of ${host.name} out of its mirror set, and fill it anew from the standby leg`,
    commandLines: [
      words(['mdadm', device, '--fail', localLeg]),
      words(['mdadm', device, '--remove', localLeg]),
      words(['mdadm', '--zero-superblock', localLeg]),
      words(addArgv(device, localLeg, { writeMostly: false })),
    ],
    check: async () => (await legOf(context, 'local'))?.state.includes('spare') === true,
    run: () => refillLocalLeg(context),
  });
  return [refill, homeStep(context, options, 'refill-started')];
}

function verifyStep(context: VolumeContext, measurements: FailbackMeasurements): Omit<Step, 'machine'> {
  const { host } = context;
  return {
    name: 'verify',
    title: 'Compare both legs block by block',
    commandLines: ['echo check >/sys/block/mdX/md/sync_action'],
    async run(report) {
      const different_sectors = await compareLegs(context, report);
      measurements.legs_equal = different_sectors === 0;
      recordComparison(host.name, different_sectors, context.clock);
      if (different_sectors === 0) return;
      throw new SpareError(
        'stepFailed',
        'LEGS_DIFFER',
        `The legs of ${host.name} differ in ${different_sectors} sectors`,
        {
          hint: `The standby leg is the one that was in service. Run again, the failback fills the disk of ${host.name} from it, all of it, and compares once more`,
        },
      );
    },
  };
}

/** How much has been written to a disk since its machine started (Documentation/block/stat.rst, field 7, sectors). */
async function diskWrittenBytes(machine: Machine, path: string): Promise<number> {
  const script = 'cat "/sys/class/block/$(basename "$(readlink -f "$1")")/stat"';
  const { stdout } = await machine.exec(['sh', '-c', script, 'disk-written', path]);
  return Number(stdout.trim().split(/\s+/)[6] ?? 0) * 512;
}
