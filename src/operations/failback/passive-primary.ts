import { logout } from '../../mirror/initiator.ts';
import { isPassive, PASSIVE_PATH, service, serviceStatus } from '../../service/service.ts';
import { SpareError } from '../../std/errors.ts';
import type { VolumeContext } from '../../steps/operation-context.ts';

/** Its text must differ from the guard's own record (`replaced …`). */
const HELD_PASSIVE = 'held passive by the standby during a failback. On the standby, run: spare failback\n';

/** @throws SpareError `unreachable`, or `precondition` if the machine is not set up for this array. */
export async function assertPrimaryAnswers({ primaryMachine, host, volume }: VolumeContext): Promise<void> {
  const { stdout } = await primaryMachine.exec(['cat', `/etc/spare/services/${host.name}.conf`]).catch((cause) => {
    if (cause instanceof SpareError && cause.kind === 'unreachable') throw cause;
    throw new SpareError(
      'precondition',
      'NOT_PREPARED',
      `Cannot fail back ${host.name}: its machine is not set up as its primary`,
      {
        hint: 'If its system disk was replaced, restore /etc/spare, /usr/local/lib/spare and the other files listed in docs/runbook.md from a backup',
        cause,
      },
    );
  });
  if (stdout.includes(volume.mirrorUuid)) return;
  throw new SpareError(
    'precondition',
    'OTHER_MIRROR',
    `Cannot fail back ${host.name}: its machine is set up for another array`,
    {
      hint: `Compare /etc/spare/services/${host.name}.conf on both machines`,
    },
  );
}

/** Stops the array, mount, service and session there, whatever it was doing; this survives a restart (invariant 6). */
export async function makePassive({ host, standby, primaryMachine }: VolumeContext): Promise<void> {
  await primaryMachine.writeFile(PASSIVE_PATH, HELD_PASSIVE, 0o644);
  await service(primaryMachine, 'down', host.name);
  await logout(primaryMachine, host, standby);
  const status = await serviceStatus(primaryMachine, host.name);
  if (isPassive(status)) return;
  throw new SpareError(
    'refused',
    'PRIMARY_NOT_PASSIVE',
    `Cannot fail back ${host.name}: its primary still runs parts of the service: ${JSON.stringify(status)}`,
    {
      hint: `Run on ${host.name}: /usr/local/lib/spare/service down ${host.name}`,
    },
  );
}
