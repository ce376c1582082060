import { Args, Flags } from '@oclif/core';
import { BaseCommand, dryRunFlag } from '../cli/base-command.ts';
import type { Plan } from '../cli/plan-view.ts';
import { chooseFailoverHost } from '../hosts/choose-host.ts';
import type { HostStateName } from '../hosts/host-record.ts';
import { stateOf } from '../hosts/host-state.ts';
import { readTakeoverNote } from '../hosts/takeover-note.ts';
import { planAbort } from '../operations/failover/abort.ts';
import { planFailover } from '../operations/failover/failover.ts';
import { type VolumeContext, volumeContext, volumeId } from '../steps/operation-context.ts';
import type { OperationReport } from '../steps/operation-report.ts';

/** What `spare failover --json` prints. */
export interface FailoverResult extends OperationReport {
  takeover_s: number;
  /** Why it was allowed. */
  evidence: { verdict: string; reasons: readonly string[] };
}

/** What `spare failover --abort --json` prints. */
export interface AbortResult extends OperationReport {
  /** The state that the host is in again. */
  state: HostStateName;
}

export default class Failover extends BaseCommand {
  static override summary = 'move the service of a failed primary to the standby';
  static override description =
    'Makes sure that the primary is off, takes the volume over in its ownership record, which says whether the standby leg holds every acknowledged write, and starts the service on the standby with the same name and address. Refuses with exit code 4 if the record does not allow it. If it is interrupted, run it again; it resumes where it stopped. Or roll it back with --abort, as long as the standby has not written to the volume.';
  static override examples = [
    '<%= config.bin %> failover alpha',
    '<%= config.bin %> failover alpha --confirmed-off',
    '<%= config.bin %> failover alpha --dry-run',
    '<%= config.bin %> failover alpha --abort',
  ];
  static override args = {
    host: Args.string({ description: 'host to fail over [default: the only one that is suspect]' }),
  };
  static override flags = {
    'allow-data-loss': Flags.boolean({
      description: 'continue although the standby leg may lack acknowledged writes',
    }),
    'confirmed-off': Flags.boolean({ description: 'you have switched the machine off: do not run the fence command' }),
    abort: Flags.boolean({
      description: 'roll back a failover that did not finish',
      exclusive: ['allow-data-loss', 'confirmed-off'],
    }),
    ...dryRunFlag,
  };

  override async run(): Promise<FailoverResult | AbortResult | Plan> {
    const { args, flags } = await this.parse(Failover);
    const context = volumeContext(args.host ?? chooseFailoverHost(), this.clock);
    if (flags.abort) return this.#abort(context, flags['dry-run']);
    const operation = await planFailover(context, {
      allowDataLoss: flags['allow-data-loss'],
      confirmedOff: flags['confirmed-off'],
    });
    const outcome = await this.operate(operation, { dryRun: flags['dry-run'] });
    if ('dryRun' in outcome) return outcome;

    const evidence = await whyAllowed(context);
    const takeover_s = outcome.elapsed_ms / 1000;
    this.log(
      `\nThe standby serves ${context.host.name} after ${takeover_s.toFixed(1)} s. ${evidence.reasons.join('. ')}.`,
    );
    this.log(`When the primary is repaired, run: spare failback ${context.host.name}`);
    return { ...outcome, takeover_s, evidence };
  }

  async #abort(context: VolumeContext, dryRun: boolean): Promise<AbortResult | Plan> {
    const { name } = context.host;
    const outcome = await this.operate(await planAbort(context), { dryRun });
    if ('dryRun' in outcome) return outcome;
    const state = stateOf(name);
    this.log(`\nThe failover of ${name} was rolled back: it is ${state}, as before. If it is off, power it on.`);
    return { ...outcome, state };
  }
}

async function whyAllowed(context: VolumeContext): Promise<FailoverResult['evidence']> {
  const { host, volume, ownership } = context;
  const note = readTakeoverNote(host.name, volume.name, await ownership.read(volumeId(context)));
  return { verdict: note?.proven ? 'current' : 'unproven', reasons: note?.reasons ?? [] };
}
