import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Task } from '../../src/scsi/task.ts';
import { CountingDeviceServer } from '../../src/target/counting-device-server.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';
import { MemoryDisk } from '../fixtures/iscsi/memory-disk.ts';

const test = suite('CountingDeviceServer');

function task(cdb: string, data = Buffer.alloc(0)): Task {
  return {
    nexus: { id: 'n', initiatorName: 'i' },
    lun: 1,
    cdb: Buffer.from(cdb.replaceAll(' ', '').padEnd(32, '0'), 'hex'),
    dataOut: [data],
    dataOutLength_bytes: data.length,
    aborted: false,
  };
}

test('counts reads, writes and errors, and notes the last write', () => {
  const clock = new FakeClock();
  const subject = new CountingDeviceServer(new MemoryDisk(16), clock);
  const statuses: number[] = [];
  assert.is(subject.lastWriteAt, null);
  for (const one of [task('28 00 00000000 00 0002'), task('2a 00 00000000 00 0001', Buffer.alloc(512)), task('ee')]) {
    subject.execute(one, ({ status }) => statuses.push(status));
  }
  assert.equal(statuses, [0, 0, 2]);
  assert.equal(subject.counters, { reads: 1, writes: 1, flushes: 0, readBytes: 1024, writtenBytes: 512, errors: 1 });
  assert.is(subject.lastWriteAt, clock.bootTime_ms());
});

test('a write that failed is no write', () => {
  const subject = new CountingDeviceServer(new MemoryDisk(16));
  subject.execute(task('8a'), () => {});
  assert.is(subject.lastWriteAt, null);
  assert.is(subject.counters.errors, 1);
});

test.run();
