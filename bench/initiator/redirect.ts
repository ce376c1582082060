import { decodeKeys } from './wire.ts';

/** RFC 7143 §11.13.5: the target is elsewhere, for now (1) or for good (2). */
const MOVED = [0x0101, 0x0102];

export interface Portal {
  host: string;
  port: number;
}

/** The other portal that a login response names (TargetAddress, RFC 7143 §13.8), `null` where it sends us nowhere. */
export function redirectOf(status: number, data: Buffer): Portal | null {
  if (!MOVED.includes(status)) return null;
  const [, host, port] =
    /^\[?([0-9A-Za-z.:-]+?)\]?:(\d+)(?:,\d+)?$/.exec(decodeKeys(data).get('TargetAddress') ?? '') ?? [];
  return host === undefined ? null : { host, port: Number(port) };
}
