import { shownCommand } from '../../machine/program.ts';
import { quoteForShell as words } from '../../machine/quote.ts';
import { holdWritesArgv, login, loginArgv, logout, standbyLegPath } from '../../mirror/initiator.ts';
import { assembleArgv } from '../../mirror/md/commands.ts';
import { mirrorStatus } from '../../mirror/md/status.ts';
import { stopMirror } from '../../mirror/standby-leg.ts';
import { observeService } from '../../service/observe-service.ts';
import { FILL_PATH, service, serviceArgv } from '../../service/service.ts';
import { type Step, stepOn } from '../../steps/step.ts';
import { ownershipOf } from '../ownership.ts';
import type { FailbackContext } from './failback-context.ts';
import type { Outage } from './outage.ts';
import { serviceStep } from './service-step.ts';

const OBSERVE_TIMEOUT_ms = 30_000;

/** The primary serves again, from the standby leg alone. */
export function bringHomeSteps(context: FailbackContext, outage: Outage): Step[] {
  const { host, volume, primaryMachine } = context;
  return [
    ...arraySteps(context),
    serviceStep(context, primaryMachine, 'mount', 'unmount', `Mount the volume at ${volume.mountPoint}`),
    serviceStep(
      context,
      primaryMachine,
      'nfs-start',
      'nfs-stop',
      `Start the NFS server of ${host.name} with its client records`,
    ),
    ...addressSteps(context, outage),
  ];
}

function arraySteps(context: FailbackContext): Step[] {
  const { host, volume, standby, primaryMachine } = context;
  const { device, mirrorUuid } = volume;
  const lun = standbyLegPath(host, volume, standby);
  const onPrimary = stepOn(primaryMachine);
  return [
    onPrimary({
      name: 'fill',
      title: `Note that the local leg of ${host.name} is not complete: its guard must not use it`,
      commandLines: [`(write ${FILL_PATH})`],
      // It is not rolled back: the local leg stays incomplete until it is resynced.
      // What the primary is told of an earlier epoch is from before this failback.
      async run() {
        const { epoch } = await ownershipOf(context);
        await primaryMachine.writeFile(FILL_PATH, `${volume.name} ${epoch}\n`, 0o644);
      },
    }),
    onPrimary({
      name: 'login',
      title: `Log ${host.name} in to its LUN, and let writes wait for the standby until both legs are in sync`,
      commandLines: [words(loginArgv(host, standby)), shownCommand(holdWritesArgv(host))],
      async run(report) {
        await login(primaryMachine, host, standby, report);
        await primaryMachine.exec(holdWritesArgv(host));
      },
      undo: () => logout(primaryMachine, host, standby),
    }),
    onPrimary({
      name: 'assemble',
      title: 'Assemble the array from the LUN alone: given both legs, the kernel may choose the stale one',
      commandLines: [words(assembleArgv(device, mirrorUuid, lun, { readonly: false }))],
      check: async () => (await mirrorStatus(primaryMachine, device)) !== undefined,
      async run() {
        await primaryMachine.exec(assembleArgv(device, mirrorUuid, lun, { readonly: false }));
      },
      undo: () => stopMirror(primaryMachine, device),
    }),
  ];
}

function addressSteps(context: FailbackContext, outage: Outage): Step[] {
  const { host, volume, standbyMachine, primaryMachine, measurements, clock } = context;
  return [
    stepOn(primaryMachine)({
      name: 'primary-address-up',
      title: `Bring up the service address ${host.service.address} and announce it`,
      commandLines: [words(serviceArgv('address-up', host.name))],
      run: () => service(primaryMachine, 'address-up', host.name),
      pointOfNoReturn: true,
    }),
    stepOn(standbyMachine)({
      name: 'observe',
      title: 'Verify from outside that the volume is served',
      commandLines: [`(read ${volume.mountPoint}/.spare/identity through NFS at ${host.service.address})`],
      async run(report) {
        report({ detail: `waiting for the service at ${host.service.address} to answer` });
        await observeService(host, volume, { timeout_ms: OBSERVE_TIMEOUT_ms, clock });
        const elapsed_s = outage.elapsed_s();
        if (elapsed_s !== undefined) measurements.outage_s = elapsed_s;
      },
    }),
  ];
}
