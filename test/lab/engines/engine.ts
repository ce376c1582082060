import type { Image } from '../image.ts';
import type { MachineDisk } from '../machine-disks.ts';

export const ENGINE_NAMES = ['kvm', 'uml', 'tcg'] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

/** A machine as an engine is told of it. */
export interface MachinePlan {
  /** A word that no other process of this computer has at the end of a word of its command line. */
  readonly processName: string;
  readonly processors: number;
  /** This computer's processor that a machine with one processor may be bound to. */
  readonly processor: number;
  readonly memory_MiB: number;
  /** The root first. The guest counts them in this order. */
  readonly disks: readonly [MachineDisk, ...MachineDisk[]];
  readonly tap: string;
  readonly macAddress: string;
  /** What every engine gives to the kernel. */
  readonly kernelParameters: readonly string[];
  /** A folder for sockets and the like. */
  readonly directory: string;
}

export interface CommandLine {
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * What runs a machine: as a process group, whose standard output is the machine's console. Signals cut its power, freeze it and thaw it; its
 * network is a tap, and its disks are files. So all that the lab does to a machine means the same with every engine.
 */
export interface Engine {
  readonly name: EngineName;

  /** The end of the name of a root's overlay, which only this engine understands. */
  readonly overlaySuffix: string;

  /** Whether a machine whose cable is pulled sees that the carrier is lost. Otherwise its packets vanish, no more. */
  readonly tellsCarrier: boolean;

  /** The guest's device of the disk with this number, from 0 on, the root. */
  device(index: number): string;

  /** Makes what has to be there before the first start. */
  prepare(plan: MachinePlan, image: Image): Promise<void>;

  commandLine(plan: MachinePlan, image: Image): CommandLine;

  /** Those of the machine's processes that everything stands still with when they are stopped. */
  kernelProcesses(leader: number): number[];

  /**
   * Bytes written to a disk since the machine was powered on, as counted outside of it. An engine that can't count each disk alone gives
   * what was written to all of them: it is never less than what was asked for.
   */
  written_bytes(plan: MachinePlan, disk: MachineDisk, leader: number): Promise<number>;
}
