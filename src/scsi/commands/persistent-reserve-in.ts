import { goodUpTo } from '../block-io.ts';
import type { LogicalUnit } from '../logical-unit.ts';
import type { Registration } from '../reservation-state.ts';
import { isAllRegistrants } from '../reservations.ts';
import type { Done, Task } from '../task.ts';

/** Every PERSISTENT RESERVE IN (SPC-4 §6.15): 7-8 allocation length; data: 0-3 generation, 4-7 length of what follows. */
function answer(unit: LogicalUnit, task: Task, body: Buffer, done: Done): void {
  const header = Buffer.alloc(8);
  header.writeUInt32BE(unit.reservations.state.generation, 0);
  header.writeUInt32BE(body.length, 4);
  done(goodUpTo(task.cdb.readUInt16BE(7), Buffer.concat([header, body])));
}

/** READ KEYS (SPC-4 §6.15.2): 8 bytes for each registration. */
export function readKeys(unit: LogicalUnit, task: Task, done: Done): void {
  const keys = [...unit.reservations.state.registrations.values()].map(({ key }) => uint64(key));
  answer(unit, task, Buffer.concat(keys), done);
}

/** READ RESERVATION (SPC-4 §6.15.3): 0-7 key (0 for the All Registrants types), 13 scope 0 and type. */
export function readReservation(unit: LogicalUnit, task: Task, done: Done): void {
  const { reservation, registrations } = unit.reservations.state;
  if (reservation === undefined) {
    answer(unit, task, Buffer.alloc(0), done);
    return;
  }
  const body = Buffer.alloc(16);
  const key = isAllRegistrants(reservation.type) ? 0n : (registrations.get(reservation.holderId)?.key ?? 0n);
  body.writeBigUInt64BE(key, 0);
  body[13] = reservation.type;
  answer(unit, task, body, done);
}

/**
 * REPORT CAPABILITIES (SPC-4 §6.15.4), which has its length where the others have the generation: CRH, ATP_C, PTPL_C;
 * TMV, allowed commands not reported, PTPL_A; the types.
 */
export function reportCapabilities(unit: LogicalUnit, task: Task, done: Done): void {
  const { canPersist, state } = unit.reservations;
  const data = Buffer.from([
    0x00,
    0x08,
    0x14 | (canPersist ? 0x01 : 0),
    0x80 | (state.aptpl ? 0x01 : 0),
    0xea,
    0x01,
    0,
    0,
  ]);
  done(goodUpTo(task.cdb.readUInt16BE(7), data));
}

/** READ FULL STATUS (SPC-4 §6.15.5): for each registration 0-7 key, 12.0 R_HOLDER, 13 type, 18-19 relative port, 20-23 length, TransportID. */
export function readFullStatus(unit: LogicalUnit, task: Task, done: Done): void {
  const { registrations, reservation } = unit.reservations.state;
  const descriptors = [...registrations.values()].map((registration) => {
    const transportId = encodeTransportId(registration);
    const descriptor = Buffer.alloc(24);
    descriptor.writeBigUInt64BE(registration.key, 0);
    if (reservation !== undefined && unit.reservations.isHolder(registration.nexusId)) {
      descriptor[12] = 0x01;
      descriptor[13] = reservation.type;
    }
    descriptor.writeUInt16BE(1, 18);
    descriptor.writeUInt32BE(transportId.length, 20);
    return Buffer.concat([descriptor, transportId]);
  });
  answer(unit, task, Buffer.concat(descriptors), done);
}

/**
 * The iSCSI TransportID (SPC-4 §7.6.4.6): protocol 5, with the session's identifier (format 1) where the nexus is named by its
 * initiator port (`name,i,0x…`, RFC 7143 §10.1.2), else the node's name alone (format 0); zero-terminated and padded to 4 bytes.
 */
function encodeTransportId(registration: Registration): Buffer {
  const { nexusId, initiatorName } = registration;
  const port = /^,i,0x[0-9a-fA-F]+/.exec(nexusId.slice(initiatorName.length))?.[0];
  const name = initiatorName + (port ?? '');
  const padded_bytes = Math.max(20, Math.ceil((Buffer.byteLength(name) + 1) / 4) * 4);
  const data = Buffer.alloc(4 + padded_bytes);
  data[0] = port === undefined ? 0x05 : 0x45;
  data.writeUInt16BE(padded_bytes, 2);
  data.write(name, 4, 'utf8');
  return data;
}

function uint64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}
