import { LIMITS } from './limits.ts';
import { ProtocolError } from './protocol-error.ts';

/** Keys and values in the order of arrival. Values are as on the wire. */
export type TextKeys = Map<string, string>;

const KEY_NAME = /^[A-Z][A-Za-z0-9.\-+@_]*$/;
/** The keys whose values may be longer than `LIMITS.value_bytes`: large binary ones. */
const LONG_VALUES = new Set(['CHAP_R', 'CHAP_C']);

/**
 * Text of Login and Text PDUs: `key=value` pairs, each ended by a zero byte (RFC 7143 §6.1).
 * @throws ProtocolError if a limit is exceeded, a terminator is missing, or a key is malformed or repeated.
 */
export function decodeTextKeys(text: Buffer): TextKeys {
  const keys: TextKeys = new Map();
  let at = 0;
  while (at < text.length) {
    const end = text.indexOf(0, at);
    if (end < 0) throw new ProtocolError('A text does not end with a zero byte');
    // Padding within the data segment: some initiators include it in the length.
    if (end > at) addPair(keys, text.toString('utf8', at, end));
    at = end + 1;
  }
  return keys;
}

function addPair(keys: TextKeys, pair: string): void {
  const equals = pair.indexOf('=');
  if (equals < 1) throw new ProtocolError("A text contains a pair without '='");
  const key = pair.slice(0, equals);
  const value = pair.slice(equals + 1);
  if (key.length > LIMITS.keyName_bytes || !KEY_NAME.test(key))
    throw new ProtocolError('A text contains a malformed key');
  // A binary value of 1024 bytes has at most two digits a byte, and its prefix.
  const bound = LONG_VALUES.has(key) ? LIMITS.binaryValue_bytes * 2 + 2 : LIMITS.value_bytes;
  if (Buffer.byteLength(value) > bound) throw new ProtocolError(`The value of ${key} exceeds ${bound} bytes`);
  if (keys.has(key)) throw new ProtocolError(`The key ${key} appears twice`);
  if (keys.size === LIMITS.textKeys) throw new ProtocolError(`A text has more than ${LIMITS.textKeys} keys`);
  keys.set(key, value);
}

export function encodeTextKeys(pairs: Iterable<readonly [string, string]>): Buffer {
  let text = '';
  for (const [key, value] of pairs) text += `${key}=${value}\0`;
  return Buffer.from(text);
}

/**
 * A binary value, `0x…` or `0b…` with base64 (RFC 7143 §6.1), or `undefined` if it is malformed or over the bound.
 */
export function decodeBinaryValue(value: string): Buffer | undefined {
  const prefix = value.slice(0, 2).toLowerCase();
  const digits = value.slice(2);
  if (prefix === '0x') {
    if (!/^[0-9a-fA-F]+$/.test(digits)) return undefined;
    return bounded(Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex'));
  }
  if (prefix === '0b') {
    if (!/^[A-Za-z0-9+/]+={0,2}$/.test(digits) || digits.length % 4 !== 0) return undefined;
    return bounded(Buffer.from(digits, 'base64'));
  }
  return undefined;
}

function bounded(value: Buffer): Buffer | undefined {
  return value.length > 0 && value.length <= LIMITS.binaryValue_bytes ? value : undefined;
}
