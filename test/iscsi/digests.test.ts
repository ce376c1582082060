/** CRC32C digests in both directions on a real socket (RFC 7143 §13.1). */
import { connect } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { crc32c } from '../../src/iscsi/crc32c.ts';
import { type Frame, Framer } from '../../src/iscsi/framer.ts';
import { Target } from '../../src/iscsi/target.ts';
import { field, pduBytes, text } from '../fixtures/iscsi/bytes.ts';
import { MemoryDisk } from '../fixtures/iscsi/memory-disk.ts';
import { ServingPortal } from '../fixtures/iscsi/serving-portal.ts';
import { directoryOf, INITIATOR, ISID } from '../fixtures/iscsi/test-initiator.ts';

const NAME = 'iqn.2026-11.test:digests';

interface Context {
  disk: MemoryDisk;
  portal: ServingPortal;
  reasons: string[];
  initiator: DigestInitiator;
}

/** Adds both digests to what it sends, and checks those of what comes. */
class DigestInitiator {
  readonly #frames: (Frame | 'closed')[] = [];
  readonly #socket;
  #wake = (): void => {};

  constructor(portal: string) {
    const [host = '', port] = portal.split(':');
    const framer = new Framer(0xffffff, (frame) => {
      this.#frames.push(frame);
      framer.headerDigest = true;
      framer.dataDigest = true;
    });
    this.#socket = connect({ host, port: Number(port), noDelay: true });
    this.#socket.on('data', (chunk: Buffer) => {
      framer.push(chunk);
      this.#wake();
    });
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      this.#frames.push('closed');
      this.#wake();
    });
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  async next(): Promise<Frame | 'closed'> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame !== undefined) return frame;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  end(): void {
    this.#socket.destroy();
  }
}

function withDigests(pdu: Buffer): Buffer {
  const header = pdu.subarray(0, 48);
  const data = pdu.subarray(48);
  return Buffer.concat([header, digestOf(header), data, data.length > 0 ? digestOf(data) : Buffer.alloc(0)]);
}

function digestOf(bytes: Buffer): Buffer {
  const digest = Buffer.alloc(4);
  digest.writeUInt32LE(crc32c([bytes]));
  return digest;
}

function writeOf(data: Buffer): Buffer {
  const fields = { 0: '01', 1: 'a0', 8: '0001', 16: field(1, 4), 20: field(512, 4), 24: field(1, 4) };
  return withDigests(pduBytes({ ...fields, 32: '2a 00 00000001 00 0001 00' }, data));
}

const test = suite<Context>('digests');

test.before.each(async (context) => {
  context.disk = new MemoryDisk(8);
  context.reasons = [];
  const target = new Target({ name: NAME, luns: [1], deviceServer: context.disk, fenced: false });
  context.portal = new ServingPortal({
    directory: directoryOf(target),
    report: ({ facts }) => facts?.reason !== undefined && context.reasons.push(String(facts.reason)),
  });
  context.initiator = new DigestInitiator(await context.portal.listen());
  const names = [`InitiatorName=${INITIATOR}`, `TargetName=${NAME}`, 'SessionType=Normal'];
  const keys = ['HeaderDigest=CRC32C', 'DataDigest=CRC32C', 'ImmediateData=Yes'];
  context.initiator.write(pduBytes({ 0: '43', 1: '87', 8: ISID, 24: field(1, 4) }, text(...names, ...keys)));
  const login = await context.initiator.next();
  assert.ok(login !== 'closed' && login.header.readUInt16BE(36) === 0);
});
test.after.each(async ({ initiator, portal }) => {
  initiator.end();
  await portal.close();
});

test('a write, and a read of 3 bytes that needs padding', async ({ disk, initiator }) => {
  initiator.write(writeOf(Buffer.alloc(512, 0xab)));
  const written = await initiator.next();
  assert.ok(written !== 'closed' && written.header[0] === 0x21 && written.header[3] === 0);
  assert.equal(disk.bytes.subarray(512, 1024), Buffer.alloc(512, 0xab));
  const fields = { 0: '01', 1: 'c0', 8: '0001', 16: field(2, 4), 20: field(3, 4), 24: field(2, 4) };
  initiator.write(withDigests(pduBytes({ ...fields, 32: '28 00 00000001 00 0001 00' })));
  const read = await initiator.next();
  assert.ok(read !== 'closed');
  assert.equal(Buffer.concat(read.data as Buffer[]), Buffer.alloc(3, 0xab));
});

for (const [name, at] of [
  ['header', 20],
  ['header digest', 50],
  ['data', 300],
  ['data digest', 566],
] as const) {
  test(`a bit that was flipped in the ${name} ends the connection, and nothing is written`, async (context) => {
    const bytes = writeOf(Buffer.alloc(512, 0xab));
    bytes.writeUInt8(bytes.readUInt8(at) ^ 0x10, at);
    context.initiator.write(bytes);
    assert.is(await context.initiator.next(), 'closed');
    assert.match(context.reasons.join(), 'digest');
    assert.equal(context.disk.bytes, Buffer.alloc(context.disk.bytes.length));
  });
}

test.run();
