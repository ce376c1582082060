import { enter, noteComparisonDue, recordComparison } from '../../hosts/host-state.ts';
import type { Machine } from '../../machine/machine.ts';
import { programArgv } from '../../machine/program.ts';
import { quoteForShell as words } from '../../machine/quote.ts';
import { addArgv, reAddArgv } from '../../mirror/md/commands.ts';
import { mirrorStatus } from '../../mirror/md/status.ts';
import { legOf, refillLocalLeg, returnLocalLeg } from '../../mirror/primary-legs.ts';
import { compareLegs, waitForCopy } from '../../mirror/resync.ts';
import { PASSIVE_PATH } from '../../service/service.ts';
import { SpareError } from '../../std/errors.ts';
import { stateStep } from '../../steps/state-step.ts';
import { type Step, stepOn } from '../../steps/step.ts';
import type { FailbackContext } from './failback-context.ts';

/** The second half of a failback, after the service has moved: the local leg is resynced. */
export function copyBackSteps(context: FailbackContext): Step[] {
  const [returned, copied] = localLegSteps(context);
  return [...returned, homeStep(context, 'service-home'), ...completionSteps(context, copied)];
}

/** What is left of it on a host that is home already: its local leg may be missing, also after a restart of the primary. */
export function fillSteps(context: FailbackContext): Step[] {
  const [returned, copied] = localLegSteps(context);
  return [...returned, ...completionSteps(context, copied)];
}

/** The steps until the local leg is being resynced, and what measures the resync. */
function localLegSteps(context: FailbackContext): [Step[], copied: () => Promise<void>] {
  const { host, volume, primaryMachine, measurements } = context;
  const { device, localLeg } = volume;
  const onPrimary = stepOn(primaryMachine);
  let writtenBefore_bytes: number | undefined;
  const localLegIsBack = async () => {
    const leg = (await mirrorStatus(primaryMachine, device)) && (await legOf(context, 'local'));
    return leg !== undefined && !leg.state.includes('faulty');
  };
  const steps = [
    onPrimary({
      name: 'return-local-leg',
      title: `Mark for resync what ${host.name} had written alone, and re-add its own disk to the array`,
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
          detail: measurements.copy === 'full' ? 'its bitmap cannot be used: full resync' : 'incremental resync',
        });
      },
    }),
    onPrimary({
      name: 'active',
      title: `Hand control to the guard of ${host.name}`,
      commandLines: [`rm -f ${PASSIVE_PATH}`],
      async run() {
        await primaryMachine.exec(programArgv('remove-file', PASSIVE_PATH));
      },
    }),
  ];
  const copied = async () => {
    if (writtenBefore_bytes === undefined) return;
    measurements.copied_bytes = (await diskWrittenBytes(primaryMachine, localLeg)) - writtenBefore_bytes;
  };
  return [steps, copied];
}

/** From here on the primary serves, and the standby leg is the source of the resync. */
function homeStep(
  { host, standbyMachine, options, clock }: FailbackContext,
  event: 'service-home' | 'refill-started',
): Step {
  return stepOn(standbyMachine)({
    name: 'home',
    title: `Record that ${host.name} serves again and is being resynced`,
    commandLines: ['(state: syncing)'],
    async run() {
      // The state last: this step does not run again once the host is on its primary.
      if (options.verify) noteComparisonDue(host.name, clock);
      enter(host.name, event, clock);
    },
  });
}

/** The remaining steps once the primary serves and its own disk is in the array; also for a failback that was interrupted then. */
export function completionSteps(context: FailbackContext, copied: () => Promise<void> = async () => {}): Step[] {
  const { host, volume, primaryMachine } = context;
  const { device } = volume;
  const onPrimary = stepOn(primaryMachine);
  return [
    onPrimary({
      name: 'copy',
      title: 'Resync the local leg',
      commandLines: [`(watch md/sync_completed of ${device})`],
      async run(report) {
        await waitForCopy(context, report);
        await copied();
      },
    }),
    ...(context.options.verify ? [onPrimary(verifyStep(context))] : []),
    stateStep(context, {
      name: 'end',
      title: `Record that ${host.name} is protected again`,
      event: 'legs-in-sync',
      to: 'protected',
    }),
  ];
}

/** Fixes a mirror mismatch: the standby leg was in service, so the local leg is resynced from it. */
export function refillSteps(context: FailbackContext): Step[] {
  const { host, volume, primaryMachine } = context;
  const { device, localLeg } = volume;
  const refill = stepOn(primaryMachine)({
    name: 'refill',
    title: `Remove the local leg of ${host.name} from the array, and resync all of it from the standby leg`,
    commandLines: [
      words(['mdadm', device, '--fail', localLeg]),
      words(['mdadm', device, '--remove', localLeg]),
      words(['mdadm', '--zero-superblock', localLeg]),
      words(addArgv(device, localLeg, { writeMostly: false })),
    ],
    check: async () => (await legOf(context, 'local'))?.state.includes('spare') === true,
    run: () => refillLocalLeg(context),
  });
  return [refill, homeStep(context, 'refill-started')];
}

function verifyStep(context: FailbackContext): Omit<Step, 'machine'> {
  const { host, measurements, clock } = context;
  return {
    name: 'verify',
    title: 'Compare both legs',
    commandLines: ['echo check >/sys/block/mdX/md/sync_action'],
    async run(report) {
      const different_sectors = await compareLegs(context, report);
      measurements.legs_equal = different_sectors === 0;
      recordComparison(host.name, different_sectors, clock);
      if (different_sectors === 0) return;
      throw new SpareError(
        'stepFailed',
        'LEGS_DIFFER',
        `Mirror mismatch on ${host.name}: ${different_sectors} sectors`,
        {
          hint: `The standby leg is good; the local leg may return stale data. To resync all of it and compare again, run: spare failback ${host.name}`,
        },
      );
    },
  };
}

/** Bytes written to a disk since its machine booted (Documentation/block/stat.rst, field 7, sectors). */
async function diskWrittenBytes(machine: Machine, path: string): Promise<number> {
  const { stdout } = await machine.exec(programArgv('disk-statistics', path));
  return Number(stdout.trim().split(/\s+/)[6] ?? 0) * 512;
}
