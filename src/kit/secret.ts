/** Secrets by reference, so that they need not stand in the settings. */
import { readFileSync } from 'node:fs';
import type { Env } from './env.ts';

/**
 * `env:NAME` or `file:/path` -> the secret; anything else is the secret itself. Throws an Error
 * that says why; the caller names the reference.
 */
export function readSecret(reference: string, env: Env): string {
  if (reference.startsWith('env:')) {
    const name = reference.slice('env:'.length);
    const value = env[name]?.trim();
    if (value === undefined || value === '') throw new Error('this variable is not set');
    return value;
  }
  if (reference.startsWith('file:')) {
    const path = reference.slice('file:'.length);
    let value: string;
    try {
      value = readFileSync(path, 'utf8').trim();
    } catch (error) {
      throw new Error('this file cannot be read', { cause: error });
    }
    // As it is for a moment while somebody writes it.
    if (value === '') throw new Error('this file is empty');
    return value;
  }
  return reference;
}
