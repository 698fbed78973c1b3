/** JSON lines in the shape of pino, written in batches. Never a secret or a prompt. */

export type LogFields = Readonly<Record<string, unknown>>;

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** Writes what waits, now. */
  flush(): void;
}

const LEVELS = Object.freeze({ debug: 20, info: 30, warn: 40, error: 50, silent: 100 });
export type LogLevel = keyof typeof LEVELS;
export const LOG_LEVELS = Object.freeze(Object.keys(LEVELS)) as readonly LogLevel[];

const FLUSH_MS = 100;
const WAITING_CHARS_MAX = 64 * 1024;

function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Error)
    return { name: value.name, message: value.message, stack: value.stack };
  return value;
}

export function makeLog(level: LogLevel, write: (text: string) => void): Log {
  const floor = LEVELS[level];
  let waiting = '';
  let scheduled = false;
  const flush = (): void => {
    scheduled = false;
    if (waiting === '') return;
    const text = waiting;
    waiting = '';
    write(text);
  };
  const line = (rank: number, message: string, fields?: LogFields): void => {
    if (rank < floor) return;
    const head = { level: rank, time: Date.now(), msg: message };
    waiting += `${JSON.stringify({ ...head, ...fields }, plain)}\n`;
    if (waiting.length > WAITING_CHARS_MAX) flush();
    else if (!scheduled) {
      scheduled = true;
      setTimeout(flush, FLUSH_MS).unref();
    }
  };
  return {
    debug: (message, fields) => line(LEVELS.debug, message, fields),
    info: (message, fields) => line(LEVELS.info, message, fields),
    warn: (message, fields) => line(LEVELS.warn, message, fields),
    error: (message, fields) => line(LEVELS.error, message, fields),
    flush,
  };
}
