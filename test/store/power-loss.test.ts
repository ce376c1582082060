/** Seeded: `POWER_LOSS_SEED=7 POWER_LOSS_RUNS=1 node test/store/power-loss.test.ts` plays one run again. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { NO_MOUNT_ID } from '../../src/store/mount-id.ts';
import { RecordedStore } from '../../src/store/recorded-store.ts';
import { RegionMarks } from '../../src/store/region-marks.ts';
import { decodeRegionRecord, encodeRegionRecord, type RegionRecord } from '../../src/store/region-record.ts';
import { Random } from '../fixtures/iscsi/random.ts';
import { seedOf } from '../fixtures/seed.ts';
import { VolatileMachine } from '../fixtures/store/volatile-machine.ts';
import { TickClock } from '../fixtures/tick-clock.ts';

const REGIONS = 12;
const REGION_BYTES = 5;
const SIZE_BYTES = REGIONS * REGION_BYTES - 2;
const EVENTS = 120;
const BOOT_ID = '11111111-2222-3333-4444-555555555555';
const FIRST_SEED = seedOf('POWER_LOSS_SEED');
const RUNS = Number(process.env.POWER_LOSS_RUNS ?? 3_000);

/** An initiator's knowledge: for each byte the last acknowledged and the last flushed value. */
class Initiator {
  readonly acknowledged = Buffer.alloc(SIZE_BYTES);
  /** `undefined` where a later write may have changed it. */
  readonly safe: (number | undefined)[] = Array.from({ length: SIZE_BYTES });
  readonly #store: RecordedStore;
  readonly #random: Random;
  readonly #writing = new Uint8Array(SIZE_BYTES);
  /** Counts the writes to each byte that have begun. */
  readonly #begun = new Uint32Array(SIZE_BYTES);
  refused = 0;

  constructor(store: RecordedStore, random: Random) {
    this.#store = store;
    this.#random = random;
  }

  /** Writes, or unmaps, a range on which nothing is under way, as a file system does. */
  write(): void {
    const offset = this.#random.below(SIZE_BYTES);
    const length = Math.min(1 + this.#random.below(2 * REGION_BYTES), SIZE_BYTES - offset);
    const bytes = Array.from({ length }, (_, index) => offset + index);
    if (bytes.some((byte) => this.#writing[byte] === 1)) return;
    const isUnmap = this.#random.oneIn(5);
    const data = isUnmap ? Buffer.alloc(length) : this.#random.bytes(length);
    for (const byte of bytes) {
      this.#writing[byte] = 1;
      this.#begun[byte] = (this.#begun[byte] ?? 0) + 1;
      this.safe[byte] = undefined;
    }
    const done = (error: Error | null) => {
      for (const byte of bytes) this.#writing[byte] = 0;
      if (error === null) data.copy(this.acknowledged, offset);
      else this.refused += 1;
    };
    if (isUnmap) this.#store.unmap(offset, length, done);
    else this.#store.write([data.subarray(0, length >> 1), data.subarray(length >> 1)], offset, done);
  }

  flush(): void {
    const begun = Uint32Array.from(this.#begun);
    const ended = Uint8Array.from(this.#writing, (writing) => 1 - writing);
    this.#store.flush((error) => {
      if (error !== null) return;
      for (let byte = 0; byte < SIZE_BYTES; byte += 1) {
        if (ended[byte] === 1 && begun[byte] === this.#begun[byte]) this.safe[byte] = this.acknowledged[byte];
      }
    });
  }
}

interface Run {
  machine: VolatileMachine;
  initiator: Initiator;
  store: RecordedStore;
  tick(): void;
}

function begin(seed: number): Run & { random: Random } {
  const random = new Random(seed);
  const record: RegionRecord = {
    size_bytes: SIZE_BYTES,
    region_bytes: REGION_BYTES,
    bootId: BOOT_ID,
    mountId: NO_MOUNT_ID,
    marks: new Uint8Array(REGIONS),
  };
  const machine = new VolatileMachine(SIZE_BYTES, encodeRegionRecord(record), random);
  const clock = new TickClock();
  const store = new RecordedStore({
    below: machine.disk,
    marks: new RegionMarks(machine.recordFile, record),
    clock,
  });
  return { random, machine, store, initiator: new Initiator(store, random), tick: () => clock.tick() };
}

/** Nothing that was promised is missing, and nothing is missing outside of what the record tells. */
function assertHonest({ machine, initiator }: Run, label: string): { clean: number; unreadable: boolean } {
  const record = decodeRegionRecord(machine.recordFile.durable);
  let clean = 0;
  for (let byte = 0; byte < SIZE_BYTES; byte += 1) {
    const found = machine.disk.durable[byte];
    const safe = initiator.safe[byte];
    if (safe !== undefined) assert.is(found, safe, `${label}: byte ${byte} was flushed, and is lost`);
    const isMarked = record === undefined || record.marks[Math.floor(byte / REGION_BYTES)] === 1;
    if (isMarked) continue;
    clean += 1;
    assert.is(found, initiator.acknowledged[byte], `${label}: byte ${byte} is lost, and its region is not marked`);
  }
  return { clean, unreadable: record === undefined };
}

const test = suite('power loss');

test('whenever power is lost, all lost writes are within the ranges of the record', () => {
  const seen = { clean: 0, unreadable: 0, cleared: 0 };
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed += 1) {
    const run = begin(seed);
    const { random, machine, initiator } = run;
    for (let events = random.below(EVENTS); events > 0; events -= 1) {
      const event = random.below(20);
      if (event < 4) initiator.write();
      else if (event < 5) initiator.flush();
      else if (event < 8) run.tick();
      else machine.step();
    }
    machine.losePower();
    const { clean, unreadable } = assertHonest(run, `POWER_LOSS_SEED=${seed}`);
    seen.clean += clean;
    seen.unreadable += unreadable ? 1 : 0;
  }
  // The runs have been where it matters.
  assert.ok(seen.clean > RUNS && (RUNS < 100 || seen.unreadable > 0), JSON.stringify(seen));
});

test('after a flush that failed nothing is cleared any more, and the record is believed by no boot', () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS / 10; seed += 1) {
    const run = begin(seed);
    const { random, machine, initiator } = run;
    for (let events = 0; events < EVENTS; events += 1) {
      if (events === EVENTS / 2) machine.disk.failing = true;
      const event = random.below(20);
      if (event < 4) initiator.write();
      else if (event < 6) initiator.flush();
      else if (event < 8) run.tick();
      else machine.step();
    }
    while (machine.step());
    initiator.flush();
    while (machine.step());
    assertHonest(run, `POWER_LOSS_SEED=${seed}`);
    assert.is(decodeRegionRecord(machine.recordFile.durable)?.bootId, '00000000-0000-0000-0000-000000000000');
  }
});

test('where the record can not be written new regions are not written to, and what was marked stays covered', () => {
  let refused = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS / 10; seed += 1) {
    const run = begin(seed);
    const { random, machine, initiator } = run;
    for (let events = 0; events < EVENTS; events += 1) {
      if (events === EVENTS / 3) machine.recordFile.failing = true;
      const event = random.below(20);
      if (event < 6) initiator.write();
      else if (event < 8) run.tick();
      else machine.step();
    }
    machine.losePower();
    assertHonest(run, `POWER_LOSS_SEED=${seed}`);
    refused += initiator.refused;
  }
  assert.ok(refused > 0);
});

test('when idle it becomes clean, and after an orderly close it is clean', () => {
  for (const end of ['left alone', 'closed'] as const) {
    const run = begin(FIRST_SEED);
    for (let count = 0; count < 10; count += 1) run.initiator.write();
    while (run.machine.step());
    assert.ok(decodeRegionRecord(run.machine.recordFile.durable)?.marks.includes(1));
    let closed = false;
    if (end === 'closed') run.store.close((error) => (closed = error === null));
    for (let ticks = 0; ticks < 2; ticks += 1) {
      if (end === 'left alone') run.tick();
      while (run.machine.step());
    }
    assert.is(closed, end === 'closed');
    assert.not.ok(decodeRegionRecord(run.machine.recordFile.durable)?.marks.includes(1), end);
    run.machine.losePower();
    assert.ok(run.machine.disk.durable.equals(run.initiator.acknowledged));
  }
});

test.run();
