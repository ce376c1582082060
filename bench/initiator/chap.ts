import { createHash } from 'node:crypto';

export interface ChapCredentials {
  user: string;
  secret: string;
}

/**
 * The answer to a challenge with MD5 (RFC 7143 §12.1.3, RFC 1994 §4.1): MD5(identifier, secret, challenge).
 * @throws {Error} where the target asks for another algorithm, or writes its challenge in another way than hexadecimal.
 */
export function chapAnswer(
  challenge: ReadonlyMap<string, string>,
  { user, secret }: ChapCredentials,
): { CHAP_N: string; CHAP_R: string } {
  const digits = /^0[xX]((?:[0-9a-fA-F]{2})+)$/.exec(challenge.get('CHAP_C') ?? '')?.[1];
  const identifier = Number(challenge.get('CHAP_I') ?? Number.NaN);
  if (challenge.get('CHAP_A') !== '5' || digits === undefined || !(identifier >= 0 && identifier <= 255)) {
    throw new Error(`Cannot answer the challenge of the target: ${[...challenge].join(' ')}`);
  }
  const response = createHash('md5').update(Buffer.of(identifier)).update(secret).update(digits, 'hex').digest('hex');
  return { CHAP_N: user, CHAP_R: `0x${response}` };
}
