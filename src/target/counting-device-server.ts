import { type DeviceServer, type Nexus, STATUS, type Task, type TaskResult } from '../scsi/task.ts';
import { type Clock, systemClock } from '../std/clock.ts';
import type { VolumeTargetStatus } from './client/control-protocol.ts';

export type Counters = VolumeTargetStatus['counters'];

const READS = new Set([0x08, 0x28, 0xa8, 0x88]);
/** WRITE, WRITE AND VERIFY, WRITE SAME, COMPARE AND WRITE, ORWRITE, UNMAP: whatever changes the medium. */
const WRITES = new Set([0x0a, 0x2a, 0xaa, 0x8a, 0x2e, 0xae, 0x8e, 0x41, 0x93, 0x89, 0x8b, 0x42]);
const FLUSHES = new Set([0x35, 0x91]);

/** Counts the commands of a device server. */
export class CountingDeviceServer implements DeviceServer {
  readonly counters: Counters = { reads: 0, writes: 0, flushes: 0, readBytes: 0, writtenBytes: 0, errors: 0 };
  /** When the last write succeeded, in milliseconds of boot time. */
  lastWriteAt: number | null = null;
  readonly #inner: DeviceServer;
  readonly #clock: Clock;

  constructor(inner: DeviceServer, clock: Clock = systemClock) {
    this.#inner = inner;
    this.#clock = clock;
  }

  execute(task: Task, done: (result: TaskResult) => void): void {
    this.#inner.execute(task, (result) => {
      this.#count(task, result);
      done(result);
    });
  }

  reset(lun?: number): void {
    this.#inner.reset(lun);
  }

  nexusLost(nexus: Nexus): void {
    this.#inner.nexusLost(nexus);
  }

  dataOutLength_bytes(cdb: Buffer, lun: number): number | undefined {
    return this.#inner.dataOutLength_bytes(cdb, lun);
  }

  #count(task: Task, result: TaskResult): void {
    const opcode = task.cdb[0] as number;
    if (result.status === STATUS.checkCondition) {
      this.counters.errors++;
    } else if (READS.has(opcode)) {
      this.counters.reads++;
      for (const part of result.dataIn ?? []) this.counters.readBytes += part.length;
    } else if (WRITES.has(opcode)) {
      this.counters.writes++;
      this.counters.writtenBytes += task.dataOutLength_bytes;
      this.lastWriteAt = this.#clock.bootTime_ms();
    } else if (FLUSHES.has(opcode)) {
      this.counters.flushes++;
    }
  }
}
