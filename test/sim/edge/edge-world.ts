import type { Clock } from '../../../src/std/clock.ts';
import type { ControlRequest, TargetStatus } from '../../../src/target/client/control-protocol.ts';
import type { Disk } from '../world/disk.ts';
import type { SimProcess } from '../world/process.ts';

export interface CommandResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** What the program's edge asks of the simulated world. */
export interface EdgeWorld {
  readonly clock: Clock;
  /** The standby's file systems. */
  readonly disk: Disk;
  /** Runs a command on the standby, or through ssh on a primary. `undefined`: it did not end in time. */
  exec(argv: readonly string[], input: string, timeout_ms: number): Promise<CommandResult | undefined>;
  /** Starts a long-lived command. Its lines go to `onLine` until `onEnd`, or until the returned function is called. */
  open(argv: readonly string[], onLine: (line: string) => void, onEnd: () => void): OpenCommand;
  control(request: ControlRequest, timeout_ms: number): Promise<TargetStatus>;
  /** The content of a file, as a client reads it at a service address. */
  readNfs(address: string, path: string, timeout_ms: number): Promise<Buffer>;
  arrayState(device: string): string | undefined;
  loopsOf(path: string): string[];
  linkMirrorSet(device: string, leg: string): boolean;
  readLeg(path: string, offset_bytes: number, length_bytes: number): Buffer;
}

export interface OpenCommand {
  /** A line for its standard input. */
  write(text: string): void;
  close(): void;
}

let present: EdgeWorld | undefined;

export function enterWorld(world: EdgeWorld | undefined): void {
  present = world;
}

export function theWorld(): EdgeWorld {
  if (!present) throw new Error('No simulated world has begun');
  return present;
}

export type { SimProcess };
