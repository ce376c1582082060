import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Image } from '../image.ts';
import type { LabSettings } from '../settings.ts';
import { ENGINE_NAMES, type Engine, type EngineName } from './engine.ts';
import { kvm, kvmRunsGuest } from './kvm.ts';
import { tcg } from './tcg.ts';
import { userModeLinux, userModeLinuxRunsGuest } from './user-mode-linux.ts';
import { xsaveShim } from './xsave-shim.ts';

/**
 * The engine of the lab: what it was started with; else what `SPARE_LAB_ENGINE` says; else KVM where it really runs a guest, user-mode Linux
 * where that does, software emulation otherwise.
 */
export async function chooseEngine(settings: LabSettings, image: Image): Promise<Engine> {
  const name = (await read(startedWith(settings))) ?? wantedEngine() ?? (await usableEngine(settings, image));
  if (name === 'uml') return userModeLinux(image, await xsaveShim(settings.cacheDirectory));
  return name === 'kvm' ? kvm : tcg;
}

/** Keeps a running lab with its engine, whatever later commands' environments say. It is forgotten with the lab's disks. */
export async function keepEngine(settings: LabSettings, engine: Engine): Promise<void> {
  await writeFile(startedWith(settings), engine.name);
}

function startedWith(settings: LabSettings): string {
  return join(settings.runDirectory, 'engine');
}

function wantedEngine(): EngineName | undefined {
  const wanted = process.env.SPARE_LAB_ENGINE;
  if (wanted === undefined || wanted === '') return undefined;
  if (isEngine(wanted)) return wanted;
  throw new Error(`Cannot use SPARE_LAB_ENGINE=${wanted}: wanted ${ENGINE_NAMES.join(', ')}`);
}

/** Guests are booted to see. The answer is kept until this computer restarts. */
async function usableEngine(settings: LabSettings, image: Image): Promise<EngineName> {
  const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  const answerFile = join(settings.cacheDirectory, `engine-${boot}`);
  const known = await read(answerFile);
  if (known !== undefined) return known;
  const answer = await firstUsable(settings, image);
  await writeFile(answerFile, answer);
  return answer;
}

async function firstUsable(settings: LabSettings, image: Image): Promise<EngineName> {
  if (await kvmRunsGuest(image)) return 'kvm';
  const shim = await xsaveShim(settings.cacheDirectory).catch(() => undefined);
  return (await userModeLinuxRunsGuest(image, shim)) ? 'uml' : 'tcg';
}

async function read(file: string): Promise<EngineName | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return isEngine(text) ? text : undefined;
}

function isEngine(name: string): name is EngineName {
  return (ENGINE_NAMES as readonly string[]).includes(name);
}
