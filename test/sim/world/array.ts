import { BLOCKS, type Leg, type Side } from './leg.ts';
import type { Timeline } from './timeline.ts';

/** How an array reaches a leg. */
export interface LegPath {
  readonly leg: Leg;
  /** The kernel's name of the disk. */
  readonly name: string;
  /** Calls `done` when the write is durable there (true) or has failed for good (false); never while the disk hangs. */
  write(block: number, version: number, done: (ok: boolean) => void): void;
  /** Whether a superblock can be written and read right now. */
  isReachable(): boolean;
}

interface Member {
  path: LegPath;
  state: 'in_sync' | 'spare' | 'faulty';
}

interface PendingWrite {
  block: number;
  version: number;
  waiting: Set<Member>;
  done: (ok: boolean) => void;
}

export interface ArrayOptions {
  timeline: Timeline;
  /** The machine's kernel runs: nothing goes on in a frozen one, and the array of one that is off is gone. */
  isRunning: () => boolean;
  copy_ms: number;
  /** Called when a leg has become part of what is served. */
  onInSync: (leg: Leg) => void;
  onDropped: (leg: Leg) => void;
  /** The last leg has failed: writes return errors. */
  onBroken: () => void;
}

/** A running MD array of two legs at most, as in docs/failover.md: acknowledges when every leg that is not faulty has the write. */
export class MirrorArray {
  readonly members = new Map<Side, Member>();
  readonly bitmap = new Set<number>();
  readonly: boolean;
  syncAction: 'idle' | 'recover' | 'resync' | 'check' = 'idle';
  syncDone = 0;
  mismatches = 0;
  /** The last comparison did not come to its end. */
  wasCheckCutShort = false;
  stopped = false;
  readonly #options: ArrayOptions;
  readonly #pending = new Set<PendingWrite>();
  #dirtyToCopy: number[] = [];

  constructor(options: ArrayOptions, isReadonly: boolean) {
    this.#options = options;
    this.readonly = isReadonly;
  }

  /** Assembles from legs of one array; the first that is fresh is the source. */
  assemble(paths: readonly LegPath[]): boolean {
    const fresh = chooseFresh(paths.filter(({ leg }) => leg.superblock && !leg.superblock.beingCopied));
    if (fresh.length === 0) return false;
    for (const path of fresh) this.members.set(path.leg.side, { path, state: 'in_sync' });
    for (const { leg } of fresh) for (const block of leg.bitmap) this.bitmap.add(block);
    this.#writeSuperblocks();
    for (const { leg } of fresh) this.#options.onInSync(leg);
    if (fresh.length === 2 && this.bitmap.size > 0 && !this.readonly) this.#beginCopy('resync');
    return true;
  }

  setWritable(): void {
    this.readonly = false;
    this.#writeSuperblocks();
  }

  write(block: number, version: number, done: (ok: boolean) => void): void {
    if (this.readonly || this.stopped) {
      done(false);
      return;
    }
    this.bitmap.add(block);
    const members = this.#alive();
    const pending: PendingWrite = { block, version, waiting: new Set(members), done };
    this.#pending.add(pending);
    for (const member of members) {
      member.path.leg.bitmap.add(block);
      member.path.write(block, version, (ok) => this.#written(pending, member, ok));
    }
  }

  /** Every leg that is not faulty has it. */
  #written(pending: PendingWrite, member: Member, ok: boolean): void {
    if (this.stopped || !this.#pending.has(pending)) return;
    if (!ok) {
      this.drop(member.path.leg.side);
      return;
    }
    pending.waiting.delete(member);
    this.#complete(pending);
  }

  #complete(pending: PendingWrite): void {
    if (pending.waiting.size > 0) return;
    this.#pending.delete(pending);
    if (this.isWhole() && this.syncAction !== 'resync') this.#clean(pending.block);
    pending.done(true);
  }

  /** A leg that fails, is failed by hand, or is lost. The last one is never dropped: its errors reach the applications. */
  drop(side: Side): void {
    const member = this.members.get(side);
    if (!member || member.state === 'faulty') return;
    const isLast = member.state === 'in_sync' && this.#alive().filter(({ state }) => state === 'in_sync').length === 1;
    if (isLast) {
      this.#failPending();
      this.#options.onBroken();
      return;
    }
    member.state = 'faulty';
    if (this.syncAction === 'check') this.wasCheckCutShort = true;
    this.syncAction = 'idle';
    this.#writeSuperblocks();
    this.#options.onDropped(member.path.leg);
    for (const pending of [...this.#pending]) {
      pending.waiting.delete(member);
      this.#complete(pending);
    }
  }

  remove(side: Side): void {
    if (this.members.get(side)?.state === 'faulty') this.members.delete(side);
  }

  /** `--re-add`: only what the array's bitmap marks is copied. False: MD refuses. */
  reAdd(path: LegPath, uuid: string): boolean {
    const { superblock } = path.leg;
    if (superblock?.uuid !== uuid || this.members.has(path.leg.side)) return false;
    this.#addMember(path, [...this.bitmap]);
    return true;
  }

  /** `--add`: everything is copied. */
  add(path: LegPath): void {
    this.#addMember(
      path,
      Array.from({ length: BLOCKS }, (_, block) => block),
    );
  }

  #addMember(path: LegPath, blocks: number[]): void {
    this.members.set(path.leg.side, { path, state: 'spare' });
    for (const block of blocks) this.bitmap.add(block);
    this.#writeSuperblocks();
    this.#beginCopy('recover');
  }

  check(): void {
    if (this.syncAction !== 'idle') return;
    this.mismatches = 0;
    this.wasCheckCutShort = false;
    this.#beginCopy('check');
  }

  setBits(blocks: readonly number[]): void {
    for (const block of blocks) {
      this.bitmap.add(block);
      for (const member of this.#alive()) member.path.leg.bitmap.add(block);
    }
  }

  /** No write waits. */
  isIdle(): boolean {
    return this.#pending.size === 0;
  }

  isWhole(): boolean {
    return this.members.size === 2 && [...this.members.values()].every(({ state }) => state === 'in_sync');
  }

  stop(): void {
    this.stopped = true;
    if (this.isWhole() && this.#pending.size === 0 && this.syncAction !== 'resync')
      for (const block of this.bitmap) this.#clean(block);
    this.#pending.clear();
  }

  /** The machine lost power, or its kernel was killed: nothing is written any more. */
  vanish(): void {
    this.stopped = true;
    this.#pending.clear();
  }

  inSyncLegs(): Leg[] {
    return [...this.members.values()].filter(({ state }) => state === 'in_sync').map(({ path }) => path.leg);
  }

  #alive(): Member[] {
    return [...this.members.values()].filter(({ state }) => state !== 'faulty');
  }

  #clean(block: number): void {
    if (this.#isPending(block)) return;
    this.bitmap.delete(block);
    for (const { path } of this.members.values()) path.leg.bitmap.delete(block);
  }

  #isPending(block: number): boolean {
    for (const pending of this.#pending) if (pending.block === block) return true;
    return false;
  }

  #failPending(): void {
    for (const pending of this.#pending) pending.done(false);
    this.#pending.clear();
  }

  #beginCopy(action: 'recover' | 'resync' | 'check'): void {
    this.syncAction = action;
    this.syncDone = 0;
    this.#dirtyToCopy = action === 'check' ? Array.from({ length: BLOCKS }, (_, block) => block) : [...this.bitmap];
    this.#copyNext(action);
  }

  #copyNext(action: MirrorArray['syncAction']): void {
    const { timeline, isRunning, copy_ms } = this.#options;
    timeline.after(copy_ms, () => {
      if (this.stopped || this.syncAction !== action) return;
      if (!isRunning()) return this.#copyNext(action);
      const block = this.#dirtyToCopy[this.syncDone];
      if (block === undefined) return this.#endCopy(action);
      if (action === 'check') {
        this.#compare(block);
        this.syncDone += 1;
        return this.#copyNext(action);
      }
      this.#copyBlock(block, (ok) => {
        if (this.stopped || this.syncAction !== action || !ok) return;
        this.syncDone += 1;
        this.#copyNext(action);
      });
    });
  }

  get syncTotal(): number {
    return this.#dirtyToCopy.length;
  }

  #compare(block: number): void {
    const [one, other] = this.inSyncLegs();
    if (one && other && !this.#isPending(block) && one.content[block] !== other.content[block]) this.mismatches += 128;
  }

  #copyBlock(block: number, done: (ok: boolean) => void): void {
    const source = this.inSyncLegs()[0];
    const targets = this.#alive().filter(
      ({ state, path }) => state === 'spare' || (this.syncAction === 'resync' && path.leg !== source),
    );
    const target = targets[0];
    if (!source || !target) {
      done(false);
      return;
    }
    // A read that hangs: it goes on when the leg answers again.
    const isReadable = [...this.members.values()].some(({ path }) => path.leg === source && path.isReachable());
    // Nor does a resync pass a write to the same block.
    if (!isReadable || this.#isPending(block)) {
      this.#copyNext(this.syncAction);
      return;
    }
    if (target.path.leg.content[block] === source.content[block]) {
      done(true);
      return;
    }
    target.path.write(block, source.content[block] ?? 0, (ok) => {
      if (!ok) this.drop(target.path.leg.side);
      done(ok);
    });
  }

  #endCopy(action: MirrorArray['syncAction']): void {
    this.syncAction = 'idle';
    if (action === 'check') return;
    const spares = this.#alive().filter(({ state }) => state === 'spare');
    for (const member of spares) member.state = 'in_sync';
    if (this.isWhole()) for (const block of [...this.bitmap]) this.#clean(block);
    this.#writeSuperblocks();
    for (const { path } of spares) this.#options.onInSync(path.leg);
  }

  /** Members that can be reached are told of every change; what is dropped keeps what was written last. */
  #writeSuperblocks(): void {
    const alive = this.#alive();
    const events = Math.max(0, ...alive.map(({ path }) => path.leg.superblock?.events ?? 0)) + 2;
    const uuid = alive.map(({ path }) => path.leg.superblock?.uuid).find((known) => known !== undefined);
    if (uuid === undefined) return;
    const otherDropped = alive.filter(({ state }) => state === 'in_sync').length < 2;
    for (const { path, state } of alive) {
      if (path.isReachable()) path.leg.superblock = { uuid, events, otherDropped, beingCopied: state === 'spare' };
    }
  }
}

/**
 * Of two legs, that one is left out which is older, and the standby's where each says that the other was dropped: the kernel
 * "ignores" a leg that another reports as failed (seen).
 */
function chooseFresh(paths: readonly LegPath[]): LegPath[] {
  const one = paths.find(({ leg }) => leg.side === 'local');
  const other = paths.find(({ leg }) => leg.side === 'standby');
  if (!one || !other) return [...paths];
  const [a, b] = [one.leg.superblock, other.leg.superblock];
  if (!a || !b) return [one];
  if (Math.abs(a.events - b.events) <= 1) return [one, other];
  if (a.otherDropped) return [one];
  return a.events > b.events ? [one] : [other];
}
