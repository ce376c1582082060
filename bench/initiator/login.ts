import { chapAnswer } from './chap.ts';
import type { Portal } from './redirect.ts';
import type { SessionOptions } from './session-options.ts';

/** What open-iscsi asks for by default, but for InitialR2T: nothing is sent unsolicited here. */
const OPERATIONAL_KEYS = {
  InitialR2T: 'Yes',
  ImmediateData: 'Yes',
  MaxRecvDataSegmentLength: '262144',
  MaxBurstLength: '16776192',
  FirstBurstLength: '262144',
  MaxOutstandingR2T: '1',
  MaxConnections: '1',
  ErrorRecoveryLevel: '0',
  DefaultTime2Wait: '2',
  DefaultTime2Retain: '0',
  DataPDUInOrder: 'Yes',
  DataSequenceInOrder: 'Yes',
};

/** One request of a login and the keys of its answer. `next`: the stage that is wanted afterwards, `null` to stay. */
type LoginStep = (
  stages: { current: number; next: number | null },
  keys: Readonly<Record<string, string>>,
) => Promise<ReadonlyMap<string, string> | Portal>;

/** What the target said to the keys that matter here. */
export interface Negotiated {
  targetSegment_bytes: number;
  immediateLimit_bytes: number;
}

/** A login (RFC 7143 §6.3), with CHAP where there are credentials; any step may send us to another portal. @throws {Error} when the target wants it otherwise. */
export async function logIn(step: LoginStep, options: SessionOptions): Promise<Negotiated | Portal> {
  const { iqn, initiatorName, chap, digests } = options;
  const names = { InitiatorName: initiatorName, TargetName: iqn, SessionType: 'Normal' };
  if (chap === undefined) {
    const answer = await step({ current: 0, next: 1 }, { ...names, AuthMethod: 'None' });
    if ('port' in answer) return answer;
  } else {
    const methods = await step({ current: 0, next: null }, { ...names, AuthMethod: 'CHAP' });
    if ('port' in methods) return methods;
    const method = methods.get('AuthMethod');
    if (method !== 'CHAP') throw new Error(`Cannot log in with CHAP: the target says ${method}`);
    const challenge = await step({ current: 0, next: null }, { CHAP_A: '5' });
    if ('port' in challenge) return challenge;
    const answer = await step({ current: 0, next: 1 }, chapAnswer(challenge, chap));
    if ('port' in answer) return answer;
  }
  const digest = digests ? 'CRC32C' : 'None';
  const keys = { HeaderDigest: digest, DataDigest: digest, ...OPERATIONAL_KEYS };
  const answers = await step({ current: 1, next: 3 }, keys);
  if ('port' in answers) return answers;
  for (const key of ['HeaderDigest', 'DataDigest']) {
    const answer = answers.get(key) ?? 'None';
    if (answer !== digest) throw new Error(`Cannot use the wanted ${key}: wanted ${digest}, the target says ${answer}`);
  }
  const targetSegment_bytes = Number(answers.get('MaxRecvDataSegmentLength') ?? 8192);
  const firstBurst_bytes = Number(answers.get('FirstBurstLength') ?? 65536);
  const immediate = (answers.get('ImmediateData') ?? 'Yes') === 'Yes';
  return {
    targetSegment_bytes,
    immediateLimit_bytes: immediate ? Math.min(firstBurst_bytes, targetSegment_bytes) : 0,
  };
}
