import { enter } from '../../hosts/host-state.ts';
import { quoteForShell as words } from '../../machine/quote.ts';
import { assembleOnStandby, detachLeg, stopMirrorOnStandby } from '../../mirror/standby-leg.ts';
import { PASSIVE_PATH, service, serviceArgv } from '../../service/service.ts';
import { stateStep } from '../../steps/state-step.ts';
import { type Step, stepOn } from '../../steps/step.ts';
import { hostTargetStatus } from '../../target/client/target-control.ts';
import { assertStandbyOwns, recordWritable } from '../ownership.ts';
import { type FailbackContext, isOnItsWayHome } from './failback-context.ts';
import type { Outage } from './outage.ts';
import { makePassive } from './passive-primary.ts';
import { serviceStep } from './service-step.ts';

/** The primary is known to serve nothing, and ready to. */
export function readinessSteps(context: FailbackContext): Step[] {
  const { host, primaryMachine } = context;
  const onPrimary = stepOn(primaryMachine);
  return [
    stateStep(context, {
      name: 'begin',
      title: `Record that the failback of ${host.name} has started`,
      event: 'failback-started',
      to: 'failing-back',
      async undo() {
        await assertStandbyOwns(context);
        enter(host.name, 'failback-rolled-back', context.clock);
      },
    }),
    onPrimary({
      name: 'passive',
      title: `Make sure that the primary of ${host.name} serves nothing`,
      commandLines: [
        `(write ${PASSIVE_PATH})`,
        words(serviceArgv('down', host.name)),
        '(iscsiadm --logout, then check that nothing is left)',
      ],
      // An earlier run may have given it the LUN: what it holds of that is what it is to have.
      check: async () => !(await hostTargetStatus(host.name)).fenced,
      run: () => makePassive(context),
    }),
    onPrimary({
      name: 'prepare',
      title: 'Create the namespaces and load the modules, so that the service moves quickly',
      commandLines: [words(serviceArgv('prepare', host.name))],
      run: () => service(primaryMachine, 'prepare', host.name),
    }),
  ];
}

/** The standby lets go of everything: of the address, the service, the array and its leg. */
export function leaveStandbySteps(context: FailbackContext, outage: Outage): Step[] {
  const { host, volume, standbyMachine: machine } = context;
  const addressDown = serviceStep(
    context,
    machine,
    'address-down',
    'address-up',
    `Take down the service address ${host.service.address}`,
  );
  const steps = [
    {
      ...addressDown,
      async run() {
        outage.begin();
        await service(machine, 'address-down', host.name);
      },
    },
    serviceStep(context, machine, 'nfs-stop', 'nfs-start', `Stop the NFS server of ${host.name}`),
    serviceStep(context, machine, 'unmount', 'mount', `Unmount ${volume.mountPoint}`),
    ...legSteps(context),
  ];
  return steps.map((step) => onlyWhileOwned(context, step));
}

/** Once the record has let the volume go, nothing of it is stopped or started here. */
function onlyWhileOwned(context: FailbackContext, step: Step): Step {
  const { undo } = step;
  const check = () => isOnItsWayHome(context);
  if (!undo) return { ...step, check };
  return {
    ...step,
    check,
    async undo() {
      await assertStandbyOwns(context);
      await undo();
    },
  };
}

function legSteps(context: FailbackContext): Step[] {
  const { volume, standbyMachine } = context;
  const { device } = volume;
  const onStandby = stepOn(standbyMachine);
  return [
    onStandby({
      name: 'stop-mirror',
      title: 'Stop the array',
      commandLines: [words(['mdadm', '--stop', device])],
      run: () => stopMirrorOnStandby(context),
      async undo() {
        await assembleOnStandby(context);
        await recordWritable(context);
        await standbyMachine.exec(['mdadm', '--readwrite', device]);
      },
    }),
    onStandby({
      name: 'detach',
      title: 'Detach the standby leg',
      commandLines: [`losetup --detach (of ${volume.standbyLeg.path})`],
      run: () => detachLeg(context),
    }),
  ];
}
