import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** MD5 (RFC 1994), the one algorithm that every initiator supports (RFC 7143 §12.1.3). */
export const CHAP_MD5 = '5';

const CHALLENGE_BYTES = 16;

export interface ChapSecret {
  readonly user: string;
  readonly secret: string;
}

export interface Challenge {
  readonly identifier: number;
  readonly value: Buffer;
}

/** Outstanding challenges of all connections. A peer that returns one of them is trying a reflection. */
const outstanding = new Set<string>();

/** A fresh random challenge; `forget` it when its login is over. */
export function newChallenge(): Challenge {
  const random = randomBytes(CHALLENGE_BYTES + 1);
  const challenge = { identifier: random[0] as number, value: random.subarray(1) };
  outstanding.add(challenge.value.toString('hex'));
  return challenge;
}

export function forgetChallenge(challenge: Challenge): void {
  outstanding.delete(challenge.value.toString('hex'));
}

/** Whether the challenge came from this target, on this or another connection (RFC 7143 §12.1.3: reflection). */
export function isOurChallenge(value: Buffer): boolean {
  return outstanding.has(value.toString('hex'));
}

/** MD5(identifier, secret, challenge): RFC 1994 §4.1. */
export function chapResponse({ identifier, value }: Challenge, secret: string): Buffer {
  return createHash('md5').update(Buffer.of(identifier)).update(secret).update(value).digest();
}

/**
 * Whether user and response match the credentials, in a time that does not depend on where they differ.
 * Without credentials (an unknown target) the same work is done and the answer is no, so that nobody learns which names exist.
 */
export function chapVerify(
  challenge: Challenge,
  credentials: ChapSecret | undefined,
  user: string,
  response: Buffer,
): boolean {
  const expected = chapResponse(challenge, credentials?.secret ?? randomBytes(16).toString('hex'));
  const sameResponse = response.length === expected.length && timingSafeEqual(response, expected);
  const sameUser = timingSafeEqual(digest(user), digest(credentials?.user ?? ''));
  return credentials !== undefined && sameResponse && sameUser;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
