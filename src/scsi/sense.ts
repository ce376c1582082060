/** Sense keys (SPC-4 §4.5.6). */
const KEY = {
  noSense: 0x0,
  notReady: 0x2,
  mediumError: 0x3,
  hardwareError: 0x4,
  illegalRequest: 0x5,
  unitAttention: 0x6,
  dataProtect: 0x7,
  abortedCommand: 0xb,
  miscompare: 0xe,
} as const;

export interface Sense {
  readonly key: number;
  /** Additional sense code and its qualifier (SPC-4 annex D). */
  readonly asc: number;
  readonly ascq: number;
  /** Command-specific, e.g. the LBA of a medium error or the offset of a miscompare. */
  readonly information?: number;
  /** The byte, and the bit if applicable, of the CDB or parameter list that is invalid. */
  readonly field?: { readonly byte: number; readonly bit?: number; readonly inCdb: boolean };
}

function sense(key: number, asc: number, ascq: number): Sense {
  return { key, asc, ascq };
}

/** Every sense that the logical unit gives. Names are those of SPC-4 annex D. */
export const SENSE = {
  none: sense(KEY.noSense, 0x00, 0x00),
  mediumNotPresent: sense(KEY.notReady, 0x3a, 0x00),
  writeError: sense(KEY.mediumError, 0x0c, 0x00),
  unrecoveredReadError: sense(KEY.mediumError, 0x11, 0x00),
  internalTargetFailure: sense(KEY.hardwareError, 0x44, 0x00),
  parameterListLengthError: sense(KEY.illegalRequest, 0x1a, 0x00),
  invalidOperationCode: sense(KEY.illegalRequest, 0x20, 0x00),
  lbaOutOfRange: sense(KEY.illegalRequest, 0x21, 0x00),
  invalidFieldInCdb: sense(KEY.illegalRequest, 0x24, 0x00),
  logicalUnitNotSupported: sense(KEY.illegalRequest, 0x25, 0x00),
  invalidFieldInParameterList: sense(KEY.illegalRequest, 0x26, 0x00),
  invalidReleaseOfPersistentReservation: sense(KEY.illegalRequest, 0x26, 0x04),
  savingParametersNotSupported: sense(KEY.illegalRequest, 0x39, 0x00),
  mediumRemovalPrevented: sense(KEY.illegalRequest, 0x53, 0x02),
  insufficientRegistrationResources: sense(KEY.illegalRequest, 0x55, 0x04),
  notReadyToReady: sense(KEY.unitAttention, 0x28, 0x00),
  powerOnOrReset: sense(KEY.unitAttention, 0x29, 0x00),
  modeParametersChanged: sense(KEY.unitAttention, 0x2a, 0x01),
  reservationsPreempted: sense(KEY.unitAttention, 0x2a, 0x03),
  reservationsReleased: sense(KEY.unitAttention, 0x2a, 0x04),
  registrationsPreempted: sense(KEY.unitAttention, 0x2a, 0x05),
  writeProtected: sense(KEY.dataProtect, 0x27, 0x00),
  softwareWriteProtected: sense(KEY.dataProtect, 0x27, 0x02),
  spaceAllocationFailed: sense(KEY.dataProtect, 0x27, 0x07),
  miscompareDuringVerify: sense(KEY.miscompare, 0x1d, 0x00),
} as const;

/**
 * A command that ends in CHECK CONDITION before it has done anything. Thrown by decoders and handlers while they are
 * still synchronous; `UnitServer.execute` turns it into a result.
 */
export class CheckCondition extends Error {
  override readonly name = 'CheckCondition';
  readonly sense: Sense;

  constructor(reason: Sense) {
    super(`Check condition ${reason.key}h ${reason.asc.toString(16)}h/${reason.ascq.toString(16)}h`);
    this.sense = reason;
  }
}

/** INVALID FIELD IN CDB, naming the field (SPC-4 §4.5.2.4.2). */
export function invalidCdbField(byte: number, bit?: number): CheckCondition {
  return new CheckCondition({ ...SENSE.invalidFieldInCdb, field: fieldAt(byte, bit, true) });
}

/** INVALID FIELD IN PARAMETER LIST, naming the field. */
export function invalidParameter(byte: number, bit?: number): CheckCondition {
  return new CheckCondition({ ...SENSE.invalidFieldInParameterList, field: fieldAt(byte, bit, false) });
}

function fieldAt(byte: number, bit: number | undefined, inCdb: boolean): NonNullable<Sense['field']> {
  return bit === undefined ? { byte, inCdb } : { byte, bit, inCdb };
}

/** Sense data in fixed (SPC-4 §4.5.3) or descriptor format (SPC-4 §4.5.2), as the D_SENSE bit says. */
export function encodeSense(reason: Sense, descriptorFormat: boolean): Buffer {
  return descriptorFormat ? encodeDescriptors(reason) : encodeFixed(reason);
}

/** Byte 0 70h; 2 key; 3-6 information; 7 additional length; 12 ASC; 13 ASCQ; 15-17 sense key specific. */
function encodeFixed(reason: Sense): Buffer {
  const data = Buffer.alloc(18);
  data[0] = 0x70;
  data[2] = reason.key;
  data[7] = data.length - 8;
  data[12] = reason.asc;
  data[13] = reason.ascq;
  if (reason.information !== undefined && reason.information <= 0xffff_ffff) {
    data[0] |= 0x80;
    data.writeUInt32BE(reason.information, 3);
  }
  if (reason.field !== undefined) writeFieldPointer(data, 15, reason.field);
  return data;
}

/** Byte 0 72h; 1 key; 2 ASC; 3 ASCQ; 7 additional length; then information (00h) and sense key specific (02h). */
function encodeDescriptors(reason: Sense): Buffer {
  const descriptors: Buffer[] = [];
  if (reason.information !== undefined) {
    const information = Buffer.alloc(12);
    information[1] = 0x0a;
    information[2] = 0x80;
    information.writeBigUInt64BE(BigInt(reason.information), 4);
    descriptors.push(information);
  }
  if (reason.field !== undefined) {
    const specific = Buffer.alloc(8);
    specific[0] = 0x02;
    specific[1] = 0x06;
    writeFieldPointer(specific, 4, reason.field);
    descriptors.push(specific);
  }
  const header = Buffer.alloc(8);
  header[0] = 0x72;
  header[1] = reason.key;
  header[2] = reason.asc;
  header[3] = reason.ascq;
  header[7] = descriptors.reduce((sum, descriptor) => sum + descriptor.length, 0);
  return Buffer.concat([header, ...descriptors]);
}

/** SKSV, C/D, BPV, bit pointer; field pointer (SPC-4 §4.5.2.4.2). */
function writeFieldPointer(data: Buffer, at: number, field: NonNullable<Sense['field']>): void {
  data[at] = 0x80 | (field.inCdb ? 0x40 : 0) | (field.bit === undefined ? 0 : 0x08 | field.bit);
  data.writeUInt16BE(field.byte, at + 1);
}

/**
 * The sense for a failed store call (SBC-3 §4.18): no space left is not a fault of the medium, so an initiator may retry once there
 * is space.
 */
export function senseOfStoreError(error: NodeJS.ErrnoException, writing: boolean, lba?: number): Sense {
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT') return SENSE.spaceAllocationFailed;
  if (error.code === 'EROFS') return SENSE.writeProtected;
  if (error.code === 'EBADF') return SENSE.internalTargetFailure;
  const reason = writing ? SENSE.writeError : SENSE.unrecoveredReadError;
  return lba === undefined ? reason : { ...reason, information: lba };
}
