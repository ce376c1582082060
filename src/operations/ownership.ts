import type { OwnershipRecord } from '../ownership/record.ts';
import { SpareError } from '../std/errors.ts';
import { type VolumeContext, volumeId } from '../steps/operation-context.ts';

/** The ownership record of the volume. @throws SpareError `precondition` if there is none, or it is damaged. */
export async function ownershipOf(context: VolumeContext): Promise<OwnershipRecord> {
  const { host, volume, ownership } = context;
  const record = await ownership.read(volumeId(context));
  if (record) return record;
  throw new SpareError(
    'precondition',
    'NO_OWNERSHIP_RECORD',
    `Nothing is known about ${host.name} (volume ${volume.name}): it has no ownership record`,
    { hint: 'The target creates it when it starts. Run: systemctl restart spare-serve' },
  );
}

/**
 * Checks that the standby may use the leg: only while the record says that it owns the volume.
 * @throws SpareError `refused`
 */
export async function assertStandbyOwns(context: VolumeContext): Promise<OwnershipRecord> {
  const record = await ownershipOf(context);
  if (record.owner === 'standby') return record;
  const { name } = context.host;
  throw new SpareError(
    'refused',
    'NOT_OWNED',
    `Cannot use the standby leg of ${name}: by the ownership record its owner is '${record.owner}' since ${record.at}`,
    { hint: `To see the state, run: spare status ${name}` },
  );
}

/** Records that the standby is about to write to the volume. Nothing is recorded twice. @throws SpareError like `assertStandbyOwns` */
export async function recordWritable(context: VolumeContext): Promise<void> {
  const { written, epoch } = await assertStandbyOwns(context);
  if (!written) await context.ownership.change(volumeId(context), epoch, 'writable');
}
