import type { LogicalUnit } from './logical-unit.ts';

const VENDOR = 'SPARE   ';
const PRODUCT = 'MIRROR LEG      ';
const REVISION = '0001';

/** Vendor specific: bytes 36 to 55. */
const VENDOR_TEXT = { offset: 36, length_bytes: 20 } as const;

/** Version descriptors (SPC-4 §6.4.2, table 144): SAM-5, SPC-4, SBC-3, iSCSI, none of them a dated edition. */
const VERSION_DESCRIPTORS = [0x00a0, 0x0460, 0x04c0, 0x0960];

/**
 * Standard INQUIRY data (SPC-4 §6.4.2), 96 bytes:
 *
 *     0 qualifier, type      1 RMB          2 version 06h      3 HISUP, format 2     4 additional length
 *     5 TPGS 01b (implicit)  7 CMDQUE       8-15 vendor        16-31 product         32-35 revision     36-55 vendor specific
 *     58-73 version descriptors
 */
export function standardInquiry(unit: LogicalUnit): Buffer {
  const data = inquiryData(0x00);
  data[1] = unit.removable ? 0x80 : 0x00;
  const { offset, length_bytes } = VENDOR_TEXT;
  data.write(unit.vendorText().slice(0, length_bytes), offset, 'latin1');
  return data;
}

/** INQUIRY data for a LUN that does not exist: qualifier 3, device type 1Fh (SPC-4 §6.4.2). */
export function absentInquiry(): Buffer {
  return inquiryData(0x7f);
}

function inquiryData(peripheral: number): Buffer {
  const data = Buffer.alloc(96);
  data.set([peripheral, 0x00, 0x06, 0x12, data.length - 5, 0x10, 0x00, 0x02]);
  data.write(VENDOR + PRODUCT + REVISION, 8, 'latin1');
  for (const [index, version] of VERSION_DESCRIPTORS.entries()) data.writeUInt16BE(version, 58 + 2 * index);
  return data;
}

/** Vital product data pages by page code (SPC-4 §7.8, SBC-3 §6.5); the bytes after the four of the header. */
const PAGES: Readonly<Record<number, (unit: LogicalUnit) => Buffer>> = {
  0: () => Buffer.from(Object.keys(PAGES).map(Number)),
  128: (unit) => Buffer.from(unit.identity.serial, 'latin1'),
  131: deviceIdentification,
  134: extendedInquiry,
  176: blockLimits,
  177: () => Buffer.alloc(60),
  178: logicalBlockProvisioning,
};

/** A vital product data page with its header; `undefined` where there is none with this code. */
export function vitalProductData(unit: LogicalUnit, code: number): Buffer | undefined {
  const body = code === 0xb2 && !unit.thin ? Buffer.alloc(4) : PAGES[code]?.(unit);
  if (body === undefined) return undefined;
  const header = Buffer.alloc(4);
  header[1] = code;
  header.writeUInt16BE(body.length, 2);
  return Buffer.concat([header, body]);
}

/** Designators of SPC-4 §7.8.6: T10 vendor ID and NAA of the unit; relative port and port group of the target port. */
function deviceIdentification(unit: LogicalUnit): Buffer {
  const vendorId = Buffer.from(VENDOR + unit.identity.serial, 'latin1');
  return Buffer.concat([
    designator(0x02, 0x01, vendorId),
    designator(0x01, 0x03, unit.identity.naa),
    designator(0x51, 0x94, Buffer.from([0, 0, 0, 1])),
    designator(0x51, 0x95, Buffer.from([0, 0, 0, 1])),
  ]);
}

/** Byte 0: protocol (5 iSCSI) and code set; byte 1: PIV, association, type; byte 3: length. */
function designator(codeSet: number, type: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from([codeSet, type, 0, value.length]), value]);
}

/** SPC-4 §7.8.7: HEADSUP, ORDSUP, SIMPSUP; V_SUP if there is a volatile write cache; LUICLR. */
function extendedInquiry(unit: LogicalUnit): Buffer {
  const data = Buffer.alloc(60);
  data[1] = 0x07;
  data[2] = unit.modePages.writeCache ? 0x01 : 0x00;
  data[3] = 0x01;
  return data;
}

/** The most that one command may transfer or change. WRITE SAME: the maximum length of its 10-byte form. */
const LIMITS = {
  transfer_bytes: 8 * 1024 * 1024,
  optimalTransfer_bytes: 1024 * 1024,
  compareAndWrite_blocks: 255,
  unmap_blocks: 0xffff_ffff,
  unmapDescriptors: 256,
  writeSame_blocks: 65_535,
} as const;

/** The limits of the Block Limits page in blocks of this unit. Commands past them are refused (SBC-3 §6.5.3). */
export function blockLimitsOf(unit: LogicalUnit) {
  return {
    transfer_blocks: LIMITS.transfer_bytes / unit.blockSize_bytes,
    optimalTransfer_blocks: LIMITS.optimalTransfer_bytes / unit.blockSize_bytes,
    compareAndWrite_blocks: LIMITS.compareAndWrite_blocks,
    unmap_blocks: LIMITS.unmap_blocks,
    unmapDescriptors: LIMITS.unmapDescriptors,
    writeSame_blocks: LIMITS.writeSame_blocks,
  };
}

/** SBC-3 §6.5.3, offsets less 4: 0 WSNZ, 1 compare and write, 2-3 granularity, 4-7 transfer, 8-11 optimal, 16-… unmap, 32-39 write same. */
function blockLimits(unit: LogicalUnit): Buffer {
  const limits = blockLimitsOf(unit);
  const physical_blocks = unit.physicalBlockSize_bytes / unit.blockSize_bytes;
  const data = Buffer.alloc(60);
  data[0] = 0x01;
  data[1] = limits.compareAndWrite_blocks;
  data.writeUInt16BE(physical_blocks, 2);
  data.writeUInt32BE(limits.transfer_blocks, 4);
  data.writeUInt32BE(limits.optimalTransfer_blocks, 8);
  if (unit.thin) {
    data.writeUInt32BE(limits.unmap_blocks, 16);
    data.writeUInt32BE(limits.unmapDescriptors, 20);
    // Space is released in blocks of the file system.
    data.writeUInt32BE(Math.max(4096 / unit.blockSize_bytes, physical_blocks), 24);
    // UGAVALID with an alignment of 0.
    data.writeUInt32BE(0x8000_0000, 28);
  }
  data.writeBigUInt64BE(BigInt(limits.writeSame_blocks), 32);
  return data;
}

/** SBC-3 §6.5.4: LBPU, LBPWS, LBPWS10, LBPRZ; provisioning type 2, thin. */
function logicalBlockProvisioning(): Buffer {
  return Buffer.from([0x00, 0xe4, 0x02, 0x00]);
}
