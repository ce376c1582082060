import {
  CHAP_MD5,
  type Challenge,
  chapResponse,
  chapVerify,
  forgetChallenge,
  isOurChallenge,
  newChallenge,
} from './chap.ts';
import type { Credentials } from './credentials.ts';
import { decodeBinaryValue, type TextKeys } from './text-keys.ts';

/**
 * CHAP within a login (RFC 7143 §12.1.3), the target's side:
 *
 *     initiator: CHAP_A=5,…                              target: CHAP_A=5, CHAP_I, CHAP_C
 *     initiator: CHAP_N, CHAP_R [, CHAP_I, CHAP_C]       target: [CHAP_N, CHAP_R]
 */
export class ChapExchange {
  readonly #credentials: Credentials | undefined;
  #challenge: Challenge | undefined;
  succeeded = false;

  /** @param credentials The target's; `undefined` for an unknown name: the exchange runs, and fails. */
  constructor(credentials: Credentials | undefined) {
    this.#credentials = credentials;
  }

  /** The answer, or `failed`. */
  receive(keys: TextKeys): [string, string][] | 'failed' {
    return this.#challenge ? this.#verify(keys, this.#challenge) : this.#challengeFor(keys);
  }

  end(): void {
    if (this.#challenge) forgetChallenge(this.#challenge);
  }

  #challengeFor(keys: TextKeys): [string, string][] | 'failed' {
    if (!keys.get('CHAP_A')?.split(',').includes(CHAP_MD5)) return 'failed';
    const challenge = newChallenge();
    this.#challenge = challenge;
    return [
      ['CHAP_A', CHAP_MD5],
      ['CHAP_I', String(challenge.identifier)],
      ['CHAP_C', `0x${challenge.value.toString('hex')}`],
    ];
  }

  #verify(keys: TextKeys, challenge: Challenge): [string, string][] | 'failed' {
    const user = keys.get('CHAP_N');
    const response = decodeBinaryValue(keys.get('CHAP_R') ?? '');
    if (user === undefined || !response) return 'failed';
    if (!chapVerify(challenge, this.#credentials?.chap, user, response)) return 'failed';

    const proof = this.#prove(keys);
    this.succeeded = proof !== 'failed';
    return proof;
  }

  /** Mutual CHAP: the initiator's challenge, if it has one. */
  #prove(keys: TextKeys): [string, string][] | 'failed' {
    const identifier = keys.get('CHAP_I');
    const encoded = keys.get('CHAP_C');
    if (identifier === undefined && encoded === undefined) return [];
    const ours = this.#credentials?.mutualChap;
    const value = decodeBinaryValue(encoded ?? '');
    if (!ours || !value || !/^\d{1,3}$/.test(identifier ?? '') || Number(identifier) > 255) return 'failed';
    // Reflection: if the peer returns one of the target's own challenges, from any connection, answering it would authenticate the peer.
    if (isOurChallenge(value)) return 'failed';
    return [
      ['CHAP_N', ours.user],
      ['CHAP_R', `0x${chapResponse({ identifier: Number(identifier), value }, ours.secret).toString('hex')}`],
    ];
  }
}
