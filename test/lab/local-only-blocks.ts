import { open } from 'node:fs/promises';
import type { Lab } from './lab.ts';
import type { PrimaryName } from './settings.ts';

/** Block-aligned, so that a piece of the file is found where a block of the disk begins. */
const BLOCK_BYTES = 4096;
const BLOCKS = 256;
const MIRRORED = 'MIRRORED';
const LOCAL_ONLY = 'LOCALONLY';

/** Makes a file of the volume whose blocks are on both legs. */
export async function writeMirrored(lab: Lab, host: PrimaryName): Promise<void> {
  await lab.machine(host).shell.run(`${write(host, MIRRORED)} && sync`);
}

/**
 * Overwrites the same blocks while the standby is not reached: they get to the primary's own disk, and since the mirror's half
 * does not, the program that writes is never told that they are safe. Returns without waiting for it.
 */
export async function overwriteLocally(lab: Lab, host: PrimaryName): Promise<void> {
  await lab.machine(host).shell.run(`systemd-run --quiet sh -c '${write(host, LOCAL_ONLY)}'`);
}

/** Overwrites them on the disk of a machine that is off: nothing inside can know of it. */
export async function overwriteFromOutside(lab: Lab, host: PrimaryName): Promise<void> {
  const file = await open(lab.machine(host).diskFile(`${host}-data`), 'r+');
  try {
    const block = Buffer.alloc(BLOCK_BYTES);
    for (
      let offset = 0;
      (await file.read(block, 0, BLOCK_BYTES, offset)).bytesRead === BLOCK_BYTES;
      offset += BLOCK_BYTES
    ) {
      if (block.toString('latin1', 0, MIRRORED.length) === MIRRORED)
        await file.write(LOCAL_ONLY.padEnd(BLOCK_BYTES), offset);
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

/** How many blocks of each kind are on the primary's own disk, counted on the raw disk. */
export async function countBlocks(lab: Lab, host: PrimaryName): Promise<{ mirrored: number; localOnly: number }> {
  const counts = { mirrored: 0, localOnly: 0 };
  const file = await open(lab.machine(host).diskFile(`${host}-data`));
  try {
    for await (const chunk of file.createReadStream({ highWaterMark: BLOCK_BYTES * BLOCKS, autoClose: false })) {
      const bytes = chunk as Buffer;
      for (let offset = 0; offset < bytes.length; offset += BLOCK_BYTES) {
        const head = bytes.toString('latin1', offset, offset + LOCAL_ONLY.length);
        if (head.startsWith(MIRRORED)) counts.mirrored += 1;
        else if (head === LOCAL_ONLY) counts.localOnly += 1;
      }
    }
  } finally {
    await file.close();
  }
  return counts;
}

export const LOCAL_ONLY_BLOCKS = BLOCKS;

/** Past the page cache, in place: dd's `notrunc` keeps the file's blocks where they are. */
function write(host: PrimaryName, word: string): string {
  const blocks = `i=0; while [ $i -lt ${BLOCKS} ]; do printf "%-${BLOCK_BYTES}s" ${word}; i=$((i+1)); done`;
  const dd = `dd of=/srv/${host}/local-only bs=${BLOCK_BYTES * BLOCKS} iflag=fullblock oflag=direct conv=notrunc status=none`;
  return `{ ${blocks}; } | ${dd}`;
}
