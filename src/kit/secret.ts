/** Secrets by reference, so that they need not stand in the settings. */
import { readFileSync } from 'node:fs';
import type { Env } from './env.ts';

/**
 * `env:NAME` or `file:/path` -> the secret; anything else is the secret itself. Throws an Error
 * that names the reference, never the secret.
 */
export function readSecret(reference: string, env: Env): string {
  if (reference.startsWith('env:')) {
    const name = reference.slice('env:'.length);
    const value = env[name]?.trim();
    if (value === undefined || value === '') throw new Error(`the variable ${name} is not set`);
    return value;
  }
  if (reference.startsWith('file:')) {
    const path = reference.slice('file:'.length);
    try {
      return readFileSync(path, 'utf8').trim();
    } catch (error) {
      throw new Error(`the secret file ${path} cannot be read`, { cause: error });
    }
  }
  return reference;
}
