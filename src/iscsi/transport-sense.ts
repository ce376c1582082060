/** Additional sense codes that RFC 7143 §11.4.7.2 gives to failures of the transport. All go with ABORTED COMMAND. */
export const TRANSPORT_SENSE = {
  unexpectedUnsolicitedData: 0x0c0c,
  incorrectAmountOfData: 0x0c0d,
} as const;

const ABORTED_COMMAND = 0x0b;
const ILLEGAL_REQUEST = 0x05;
const INVALID_FIELD_IN_CDB = 0x2400;

/** Fixed format (SPC-4 §4.5.3). */
function fixedSense(key: number, code: number): Buffer {
  const sense = Buffer.alloc(18);
  sense[0] = 0x70;
  sense[2] = key;
  sense[7] = 10;
  sense.writeUInt16BE(code, 12);
  return sense;
}

export function abortedCommandSense(code: number): Buffer {
  return fixedSense(ABORTED_COMMAND, code);
}

/** For commands with more data than the limit for one command. */
export function transferTooLongSense(): Buffer {
  return fixedSense(ILLEGAL_REQUEST, INVALID_FIELD_IN_CDB);
}
