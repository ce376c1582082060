import { logout } from '../mirror/initiator.ts';
import { isPassive, PASSIVE_PATH, service, serviceStatus } from '../service/service.ts';
import { SpareError } from '../std/errors.ts';
import type { VolumeContext } from '../steps/operation-context.ts';

/** Whoever reads it on the primary must see that it is not the guard's own record (`replaced …`). */
const HELD_PASSIVE = 'held passive by the standby, which goes on with: spare failback\n';

/** @throws SpareError `unreachable`, or `precondition` where the machine is not set up for this mirror set. */
export async function assertPrimaryAnswers({ primaryMachine, host, volume }: VolumeContext): Promise<void> {
  const { stdout } = await primaryMachine.exec(['cat', `/etc/spare/services/${host.name}.conf`]).catch((cause) => {
    if (cause instanceof SpareError && cause.kind === 'unreachable') throw cause;
    throw new SpareError(
      'precondition',
      'NOT_PREPARED',
      `Cannot fail back to ${host.name} as that machine is not set up for it`,
      {
        hint: 'Was its system disk replaced? Its files from spare are missing: /etc/spare/services, /usr/local/lib/spare',
        cause,
      },
    );
  });
  if (stdout.includes(volume.mirrorUuid)) return;
  throw new SpareError(
    'precondition',
    'OTHER_MIRROR',
    `Cannot fail back to ${host.name} as that machine is set up for another mirror set`,
    {
      hint: `Compare /etc/spare/services/${host.name}.conf on both machines`,
    },
  );
}

/** Nothing assembled, mounted, served or logged in there, whatever it was doing, and it stays so over a restart (invariant 6). */
export async function makePassive({ host, standby, primaryMachine }: VolumeContext): Promise<void> {
  await primaryMachine.writeFile(PASSIVE_PATH, HELD_PASSIVE, 0o644);
  await service(primaryMachine, 'down', host.name);
  await logout(primaryMachine, host, standby);
  const status = await serviceStatus(primaryMachine, host.name);
  if (isPassive(status)) return;
  throw new SpareError(
    'refused',
    'PRIMARY_NOT_PASSIVE',
    `Cannot fail back as ${host.name} still holds its service: ${JSON.stringify(status)}`,
    {
      hint: `On ${host.name}: /usr/local/lib/spare/service down ${host.name}`,
    },
  );
}
