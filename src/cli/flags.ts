/** Flags of a command, checked; wrong ones are refused by name. */
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { printLine } from './print.ts';

/** A mistake of the person at the keyboard: shown as it is, without a stack. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** null where help was asked for (and is printed). Throws UsageError. */
export function parseFlags<T extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: T,
  help: string,
) {
  try {
    const parsed = parseArgs({
      args: [...args],
      options,
      allowPositionals: true,
      strict: true,
    });
    if ('help' in parsed.values && parsed.values.help === true) {
      printLine(help);
      return null;
    }
    return parsed;
  } catch (error) {
    const why = error instanceof Error ? error.message : 'not understood';
    throw new UsageError(`${why}\n\n${help}`);
  }
}
