import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where spare is installed: the folder with `bin`, `src` and `templates`. */
export const installRoot: string = join(import.meta.dirname, '..', '..');

/**
 * A file of `templates/` with its `{{placeholders}}` filled in.
 * @param name Path below `templates/`, e.g. `systemd/spare-serve.service`.
 * @throws Error if a placeholder has no value, which is a bug.
 */
export function renderTemplate(name: string, values: Readonly<Record<string, string>>): string {
  const text = readFileSync(join(installRoot, 'templates', name), 'utf8');
  return text.replaceAll(/\{\{(\w+)\}\}/g, (_match, key: string) => {
    const value = values[key];
    if (value === undefined) throw new Error(`Cannot render ${name}: '${key}' has no value`);
    return value;
  });
}
