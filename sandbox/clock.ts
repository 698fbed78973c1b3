/** The only place of the sandbox that reads a clock or sets a timer. */

/** Milliseconds since 1970. */
export function nowMs(): number {
  return Date.now();
}

/** Whole seconds since 1970, the unit of `created` in every chat format. */
export function nowS(): number {
  return Math.floor(Date.now() / 1000);
}

/** Waits `ms` milliseconds; 0 gives the event loop one turn, so that sockets are served. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    if (ms <= 0) setImmediate(resolve);
    else setTimeout(resolve, ms);
  });
}

/** Waits until `left` settles or `ms` milliseconds pass; leaves no timer behind. */
export function pauseUnless(ms: number, left: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    left.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
