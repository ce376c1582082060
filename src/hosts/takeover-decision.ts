import type { ByteRange } from '../std/byte-range.ts';
import type { LegCurrency } from './leg-currency.ts';
import type { HostFile } from './record-file.ts';
import { readVolumeRecord, removeVolumeRecord, writeVolumeRecord } from './volume-record.ts';

/** Why a failover was allowed, for one volume. Kept until the failback, because after an interruption the lease cannot be proven again. */
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

export function readTakeoverDecision(host: string, volume: string): TakeoverDecision | undefined {
  const recorded = readVolumeRecord<TakeoverDecision & HostFile>(host, volume, 'takeover');
  if (!recorded) return undefined;
  const { version: _version, ...decision } = recorded;
  return decision;
}

export function recordTakeoverDecision(host: string, volume: string, decision: TakeoverDecision): void {
  writeVolumeRecord(host, volume, 'takeover', { ...decision, version: 1 });
}

/** @param served False once the leg is attached on the standby again: later writes bypass the target. */
export function noteLunServed(host: string, volume: string, served: boolean): void {
  const decision = readTakeoverDecision(host, volume);
  if (!decision || (decision.lunServedSince ?? false) === served) return;
  const { lunServedSince: _before, ...rest } = decision;
  recordTakeoverDecision(host, volume, { ...rest, ...(served && { lunServedSince: true }) });
}

export function forgetTakeoverDecision(host: string, volume: string): void {
  removeVolumeRecord(host, volume, 'takeover');
}
