import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { execa } from 'execa';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const check = resolve(import.meta.dirname, '../../scripts/check-words.ts');
const test = suite('words');

/** The check of a tree with one page and one source. */
async function checked(page: string, source: string): Promise<{ exitCode: number | undefined; stderr: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'spare-words-'));
  try {
    mkdirSync(join(folder, 'src'));
    writeFileSync(join(folder, 'README.md'), page);
    writeFileSync(join(folder, 'src/step.ts'), source);
    await execa('git', ['init', '--quiet'], { cwd: folder });
    const env = { NODE_NO_WARNINGS: '1' };
    const { exitCode, stderr } = await execa(process.execPath, [check, folder], { reject: false, env });
    return { exitCode, stderr };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('a tree with the words of the glossary passes', async () => {
  const { exitCode, stderr } = await checked('The standby itself\n', "const title = 'Stop the array';\n");
  assert.equal([exitCode, stderr], [0, '']);
});

test('a replaced phrase fails, with its place and the right word', async () => {
  const { exitCode, stderr } = await checked(
    '\nThe watch does that By Itself.\n',
    "const title = 'Stop the mirror set';\n",
  );
  assert.is(exitCode, 1);
  assert.match(stderr, "README.md:2: 'by itself', write 'automatically'");
  assert.match(stderr, "src/step.ts:1: 'mirror set', write 'array'");
});

test.run();
