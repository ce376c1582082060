import { LIMITS } from './limits.ts';
import { ProtocolError } from './protocol-error.ts';
import type { TextKeys } from './text-keys.ts';

/** The negotiated parameters; initially the defaults for keys that are not negotiated (RFC 7143 §13). */
export interface Parameters {
  headerDigest: boolean;
  dataDigest: boolean;
  initialR2t: boolean;
  immediateData: boolean;
  firstBurst_bytes: number;
  maxBurst_bytes: number;
  maxOutstandingR2t: number;
  /** The initiator's MaxRecvDataSegmentLength: how much data one PDU to it may carry. */
  initiatorDataSegment_bytes: number;
}

export function defaultParameters(): Parameters {
  return {
    headerDigest: false,
    dataDigest: false,
    initialR2t: true,
    immediateData: true,
    firstBurst_bytes: 65_536,
    maxBurst_bytes: 262_144,
    maxOutstandingR2t: 1,
    initiatorDataSegment_bytes: 8_192,
  };
}

type SessionType = 'normal' | 'discovery';

/** Answers an offer and records the result; `undefined` for declared keys, which need no answer. */
type Negotiator = (offer: string, parameters: Parameters) => string | undefined;

/** Only these have a meaning in a discovery session (RFC 7143 §13). */
const FOR_DISCOVERY = new Set([
  'HeaderDigest',
  'DataDigest',
  'MaxRecvDataSegmentLength',
  'DefaultTime2Wait',
  'DefaultTime2Retain',
  'ErrorRecoveryLevel',
  'MaxConnections',
  'iSCSIProtocolLevel',
  'TaskReporting',
  'SendTargets',
]);

const OBSOLETE = new Set(['IFMarker', 'OFMarker', 'IFMarkInt', 'OFMarkInt']);

/** Declared by initiators during login, or keys of the security stage: nothing to answer here. */
const DECLARED = new Set(['InitiatorName', 'InitiatorAlias', 'TargetName', 'SessionType', 'AuthMethod']);

const NEGOTIATORS: Readonly<Record<string, Negotiator>> = {
  HeaderDigest: list(['CRC32C', 'None'], (value, parameters) => {
    parameters.headerDigest = value === 'CRC32C';
  }),
  DataDigest: list(['CRC32C', 'None'], (value, parameters) => {
    parameters.dataDigest = value === 'CRC32C';
  }),
  // OR with the target's No, AND with its Yes: the offer decides (RFC 7143 §13.10 f.).
  InitialR2T: boolean(
    (offer) => offer,
    (value, parameters) => {
      parameters.initialR2t = value;
    },
  ),
  ImmediateData: boolean(
    (offer) => offer,
    (value, parameters) => {
      parameters.immediateData = value;
    },
  ),
  FirstBurstLength: number({ from: 512, to: 0xffffff }, Math.min, LIMITS.firstBurst_bytes, (value, parameters) => {
    parameters.firstBurst_bytes = value;
  }),
  MaxBurstLength: number({ from: 512, to: 0xffffff }, Math.min, LIMITS.maxBurst_bytes, (value, parameters) => {
    parameters.maxBurst_bytes = value;
  }),
  MaxOutstandingR2T: number({ from: 1, to: 65_535 }, Math.min, LIMITS.outstandingR2t, (value, parameters) => {
    parameters.maxOutstandingR2t = value;
  }),
  // Declared, not negotiated (RFC 7143 §13.12).
  MaxRecvDataSegmentLength: (offer, parameters) => {
    const value = parseNumber(offer, 512, 0xffffff);
    if (value === undefined) return 'Reject';
    parameters.initiatorDataSegment_bytes = value;
    return undefined;
  },
  MaxConnections: number({ from: 1, to: 65_535 }, Math.min, 1),
  DefaultTime2Wait: number({ from: 0, to: 3_600 }, Math.max, 0),
  DefaultTime2Retain: number({ from: 0, to: 3_600 }, Math.min, 0),
  ErrorRecoveryLevel: number({ from: 0, to: 2 }, Math.min, 0),
  iSCSIProtocolLevel: number({ from: 0, to: 31 }, Math.min, 1),
  // The result is the OR of both, and the target says Yes: data in order only (RFC 7143 §13.18 f.).
  DataPDUInOrder: boolean(() => true),
  DataSequenceInOrder: boolean(() => true),
  TaskReporting: list(['RFC3720']),
};

/**
 * The answers to the keys of the operational stage, or of a Text Request. Changes `parameters`.
 * @throws ProtocolError when the results contradict each other.
 */
export function negotiate(keys: TextKeys, parameters: Parameters, type: SessionType): [string, string][] {
  const answers: [string, string][] = [];
  for (const [key, offer] of keys) {
    const answer = answerTo(key, offer, parameters, type);
    if (answer !== undefined) answers.push([key, answer]);
  }
  // RFC 7143 §13.14: unsolicited data must fit into one burst.
  if (parameters.firstBurst_bytes > parameters.maxBurst_bytes) {
    if (keys.has('FirstBurstLength') && keys.has('MaxBurstLength')) {
      throw new ProtocolError('FirstBurstLength must not exceed MaxBurstLength');
    }
    parameters.firstBurst_bytes = parameters.maxBurst_bytes;
  }
  return answers;
}

/** Whether it is a key of the login phase. */
export function isKnownKey(key: string): boolean {
  return DECLARED.has(key) || OBSOLETE.has(key) || Object.hasOwn(NEGOTIATORS, key);
}

function answerTo(key: string, offer: string, parameters: Parameters, type: SessionType): string | undefined {
  if (DECLARED.has(key)) return undefined;
  if (OBSOLETE.has(key)) return 'Reject';
  const negotiator = Object.hasOwn(NEGOTIATORS, key) ? NEGOTIATORS[key] : undefined;
  // An answer to an answer would never end (RFC 7143 §6.2).
  if (!negotiator) return isAnswer(offer) ? undefined : 'NotUnderstood';
  if (type === 'discovery' && !FOR_DISCOVERY.has(key)) return 'Irrelevant';
  return negotiator(offer, parameters);
}

function isAnswer(value: string): boolean {
  return value === 'NotUnderstood' || value === 'Irrelevant' || value === 'Reject';
}

/** The first offered value that the target supports (RFC 7143 §6.2.1). */
function list(known: readonly string[], note: (value: string, parameters: Parameters) => void = () => {}): Negotiator {
  return (offer, parameters) => {
    const value = offer.split(',').find((offered) => known.includes(offered));
    if (value === undefined) return 'Reject';
    note(value, parameters);
    return value;
  };
}

function boolean(
  result: (offer: boolean) => boolean,
  note: (value: boolean, parameters: Parameters) => void = () => {},
): Negotiator {
  return (offer, parameters) => {
    if (offer !== 'Yes' && offer !== 'No') return 'Reject';
    const value = result(offer === 'Yes');
    note(value, parameters);
    return value ? 'Yes' : 'No';
  };
}

function number(
  range: { from: number; to: number },
  choose: (offer: number, ours: number) => number,
  ours: number,
  note: (value: number, parameters: Parameters) => void = () => {},
): Negotiator {
  return (offer, parameters) => {
    const offered = parseNumber(offer, range.from, range.to);
    if (offered === undefined) return 'Reject';
    const value = choose(offered, ours);
    note(value, parameters);
    return String(value);
  };
}

/** Decimal, or hexadecimal with 0x (RFC 7143 §6.1). */
function parseNumber(text: string, from: number, to: number): number | undefined {
  if (!/^(0[xX][0-9a-fA-F]{1,8}|[0-9]{1,10})$/.test(text)) return undefined;
  const value = Number(text);
  return value >= from && value <= to ? value : undefined;
}
