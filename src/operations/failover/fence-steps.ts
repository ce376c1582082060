import { fenceCommandLine, fenceOff } from '../../fence/fence-command.ts';
import { quoteForShell } from '../../machine/quote.ts';
import { addressUnusedArgv } from '../../service/address.ts';
import { serviceAddress } from '../../service/observe-service.ts';
import { SpareError } from '../../std/errors.ts';
import type { VolumeContext } from '../../steps/operation-context.ts';
import { type Step, stepOn } from '../../steps/step.ts';
import { fenceTarget } from '../../target/client/target-control.ts';
import { serveLunAgain } from '../give-back.ts';
import type { FailoverOptions } from './failover-options.ts';
import { recordProvenOff } from './proven-off.ts';

/** Filled while the failover runs. */
export interface PowerOff {
  /** When the machine was proven to be off, by the boot clock. */
  at_ms?: number;
}

/** The command that turns the machine off, where one is run: a refusal does not take that back. */
export function fenceCommandOf({ host }: VolumeContext, { confirmedOff }: FailoverOptions): string | undefined {
  return confirmedOff || !host.fenceCommand ? undefined : host.fenceCommand;
}

/** The primary can neither serve nor acknowledge anything any more. */
export function machineOffStep(context: VolumeContext, options: FailoverOptions, powerOff: PowerOff): Step {
  const command = fenceCommandOf(context, options);
  return command === undefined ? addressUnusedStep(context, powerOff) : fenceMachineStep(context, command, powerOff);
}

/** From here on no write reaches the leg. */
export function fenceLunStep(context: VolumeContext): Step {
  const { host, standbyMachine } = context;
  return stepOn(standbyMachine)({
    name: 'fence-lun',
    title: `Fence the LUN of ${host.name}: refuse its mirror writes`,
    commandLines: [`(control socket: fence ${host.name})`],
    run: () => fenceTarget(host.name),
    undo: () => serveLunAgain(context),
  });
}

function fenceMachineStep(context: VolumeContext, command: string, powerOff: PowerOff): Step {
  const { host, standbyMachine, clock } = context;
  return stepOn(standbyMachine)({
    name: 'fence-machine',
    title: `Switch the machine of ${host.name} off`,
    commandLines: [fenceCommandLine(command, host.name, 'off')],
    async run() {
      await fenceOff(command, host.name);
      powerOff.at_ms = clock.bootTime_ms();
      await recordProvenOff(context, powerOff.at_ms);
    },
  });
}

function addressUnusedStep({ host, standby, standbyMachine: machine, clock }: VolumeContext, powerOff: PowerOff): Step {
  const addressUnused = addressUnusedArgv(standby.networkInterface, serviceAddress(host));
  return stepOn(machine)({
    name: 'address-unused',
    title: `Check that nothing answers at ${serviceAddress(host)} (--confirmed-off: ${host.name} should be off)`,
    commandLines: [quoteForShell(addressUnused)],
    async run() {
      await machine.exec(addressUnused).catch((cause) => {
        throw new SpareError(
          'refused',
          'ADDRESS_ANSWERS',
          `Cannot fail over ${host.name}: a machine still answers at ${serviceAddress(host)}`,
          {
            hint: `Switch ${host.name} off, then run the command again`,
            cause,
          },
        );
      });
      powerOff.at_ms = clock.bootTime_ms();
    },
  });
}
