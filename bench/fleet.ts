import { rmSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { monotonic_ms, systemClock } from '../src/std/clock.ts';
import { KIB, type Setup, type TargetRole } from './case.ts';
import { ownLoad } from './clients/load.ts';
import { fill } from './fill.ts';
import { makeFile, makeHosts, makeSparseFile } from './make-files.ts';
import { NotMeasurableError } from './not-measurable-error.ts';
import type { Sandbox } from './sandbox.ts';
import type { Starter, Target } from './targets/target.ts';

/** A file must fit into the page cache several times over, or "cached" would be a guess. */
const MEMORY_PER_FILE = 3;
const SERVED_TIMEOUT_MS = 20_000;
const RETRY_INTERVAL_MS = 100;

export type Pair = Readonly<Record<TargetRole, Target>>;

/** The two targets of a setup, one setup at a time: what another one left idle would be neither quiet nor cheap. */
export class Fleet {
  readonly #sandbox: Sandbox;
  readonly #starters: Readonly<Record<TargetRole, Starter>>;
  readonly #size_bytes: number;
  #current: { key: string; pair: Pair; files: Set<string> } | undefined;

  constructor(sandbox: Sandbox, starters: Readonly<Record<TargetRole, Starter>>, size_bytes: number) {
    this.#sandbox = sandbox;
    this.#starters = starters;
    this.#size_bytes = size_bytes;
  }

  async pairFor(setup: Setup): Promise<Pair> {
    const key = JSON.stringify(setup);
    if (this.#current?.key === key) return this.#current.pair;
    await this.close();
    const pair = await this.#start(setup);
    const files = Object.values(pair).flatMap(({ hosts }) => hosts.map(({ file }) => file));
    this.#current = { key, pair, files: new Set(files) };
    for (const target of Object.values(pair)) {
      await untilServed(target);
      if (setup.kind === 'file') await fill(target, setup.fill_bytes);
      else if (setup.kind === 'hosts') await fill(target);
    }
    return pair;
  }

  async close(): Promise<void> {
    const current = this.#current;
    this.#current = undefined;
    if (current === undefined) return;
    await Promise.all(Object.values(current.pair).map((target) => target.stop()));
    for (const file of current.files) rmSync(file, { force: true });
  }

  async #start(setup: Setup): Promise<Pair> {
    const { subject, peer } = this.#starters;
    const { folder } = this.#sandbox;
    if (setup.kind === 'hosts') {
      const { count, size_bytes } = setup;
      return {
        subject: await subject.serveHosts(makeHosts(folder, 'subject', count, size_bytes, makeSparseFile)),
        peer: await peer.serveHosts(makeHosts(folder, 'peer', count, size_bytes, makeSparseFile)),
      };
    }
    if (setup.kind === 'shared-file') {
      if (setup.size_bytes * MEMORY_PER_FILE > totalmem()) throw new NotMeasurableError('the memory is too small');
      const file = makeFile(join(folder, 'shared.img'), setup.size_bytes);
      return { subject: await subject.serveFile(file), peer: await peer.serveFile(file) };
    }
    return {
      subject: await subject.serveFile(makeSparseFile(join(folder, 'subject.img'), this.#size_bytes)),
      peer: await peer.serveFile(makeSparseFile(join(folder, 'peer.img'), this.#size_bytes)),
    };
  }
}

/**
 * Waits until each host of the target lets its initiator in and answers a read.
 * @throws {Error} the last reason why not, after 20 s.
 */
export async function untilServed(target: Target): Promise<void> {
  const look = ownLoad({ sessions: target.hosts.length, depth: 1, operation_bytes: 4 * KIB, readShare: 1, drain_s: 2 });
  for (const deadline_ms = monotonic_ms() + SERVED_TIMEOUT_MS; ; await systemClock.sleep(RETRY_INTERVAL_MS)) {
    try {
      await look(target, 0.05);
      return;
    } catch (error) {
      if (monotonic_ms() > deadline_ms) throw error;
    }
  }
}
