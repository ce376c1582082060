import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { paths } from '../config/paths.ts';
import type { ByteRange } from '../std/byte-range.ts';
import { writeFileDurably } from '../std/durable-file.ts';
import type { LegCurrency } from './leg-currency.ts';

/** Why a failover was allowed. Kept until the failback, because after an interruption the lease cannot be proven again. */
export interface TakeoverDecision {
  decidedAt: string;
  leg: LegCurrency;
  /** The administrator used `--allow-data-loss`. */
  dataLossAllowed: boolean;
  /** Ranges of the standby leg with lost writes: the primary's own disk differs there. */
  lost?: readonly ByteRange[];
  /** A failback has served the LUN again, or was about to: this decision does not cover writes lost from then on. */
  lunServedSince?: true;
}

function decisionPath(host: string): string {
  return join(paths().state, 'takeovers', `${host}.json`);
}

export function readTakeoverDecision(host: string): TakeoverDecision | undefined {
  try {
    return JSON.parse(readFileSync(decisionPath(host), 'utf8')) as TakeoverDecision;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

export function recordTakeoverDecision(host: string, decision: TakeoverDecision): void {
  mkdirSync(dirname(decisionPath(host)), { recursive: true, mode: 0o700 });
  writeFileDurably(decisionPath(host), `${JSON.stringify(decision, null, 2)}\n`, 0o600);
}

/** @param served False once the leg is attached on the standby again: later writes bypass the target. */
export function noteLunServed(host: string, served: boolean): void {
  const decision = readTakeoverDecision(host);
  if (!decision || (decision.lunServedSince ?? false) === served) return;
  const { lunServedSince: _before, ...rest } = decision;
  recordTakeoverDecision(host, { ...rest, ...(served && { lunServedSince: true }) });
}

export function forgetTakeoverDecision(host: string): void {
  rmSync(decisionPath(host), { force: true });
}
