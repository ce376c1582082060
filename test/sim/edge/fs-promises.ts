import { answered } from '../world/process.ts';
import { theWorld } from './edge-world.ts';

/** Stands for `node:fs/promises`. */
export const readFile = (path: string, _encoding: 'utf8') =>
  answered(async () => theWorld().disk.read(path).toString());
