import { answered } from '../world/process.ts';
import { theWorld } from './edge-world.ts';

/** Stands for `src/machine/kernel-files.ts`: the standby's devices. */
export const arrayState = (device: string) => answered(async () => theWorld().arrayState(device));
export const loopsOf = (path: string) => answered(async () => theWorld().loopsOf(path));
export const linkMirrorSet = (device: string, leg: string) =>
  answered(async () => theWorld().linkMirrorSet(device, leg));
export const isBlockDevice = async (_path: string) => false;
export const readFileBytes = (path: string, offset_bytes: number, length_bytes: number) =>
  answered(async () => theWorld().readLeg(path, offset_bytes, length_bytes));
