import { createHash } from 'node:crypto';

/** The identifiers of a logical unit, in the VPD pages 80h and 83h. */
export interface UnitIdentity {
  /** 16 hexadecimal digits. */
  readonly serial: string;
  /** A locally assigned NAA identifier: 3h and 60 bits (SPC-4 §7.8.6.6.4). */
  readonly naa: Buffer;
}

/** Derived from a name alone, so that the disk is the same disk after a restart, and on another standby with the same name. */
export function unitIdentity(name: string): UnitIdentity {
  const digest = createHash('sha256').update(name).digest();
  const naa = Buffer.from(digest.subarray(0, 8));
  naa[0] = 0x30 | ((digest[0] ?? 0) % 16);
  return { serial: naa.toString('hex'), naa };
}
