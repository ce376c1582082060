import type { OwnershipRecord } from './record.ts';

/** SPC-4 §6.4.2: the vendor-specific bytes of standard INQUIRY data. */
const LENGTH_bytes = 20;

/**
 * How the LUN tells its initiator who owns the volume: `spare OWNER EPOCH`, padded with spaces to 20 characters. Linux shows it in
 * `/sys/block/sdX/device/inquiry`, as it was at the login. `templates/primary/lib/owner.sh` reads it.
 * @param record Without one, as when it is damaged, the owner is `unknown`, and the guard starts nothing.
 */
export function inquiryText(record: OwnershipRecord | undefined): string {
  const owner = `spare ${record?.owner ?? 'unknown'}`;
  const text = `${owner} ${record?.epoch ?? 0}`;
  // An epoch that does not fit is left out: a part of it would be another one.
  return (text.length <= LENGTH_bytes ? text : owner).padEnd(LENGTH_bytes);
}
