/** Tries everything of the matrix with one client of npm. */
import { describe, expect, test } from 'bun:test';
import { type Client, type ClientName, FEATURES, upstreamsOf } from './matrix.ts';

export const YAML = `
timeouts: { first_byte_ms: 5000, idle_ms: 5000 }
retry: { count: 0, delay_ms: 10 }
limits: { requests_per_minute: 0 }
`;

/** `name`: where it is tried on more than the usual ones. */
export function tryAll(client: Client, name?: ClientName): void {
  describe.each(Object.entries(upstreamsOf(name)))('%s', (_, model) => {
    test.each([...FEATURES])('%s', (feature) => client[feature](model));
  });
}

/** A stream that came in more than one piece. */
export function expectPieces(pieces: readonly string[], whole: string): void {
  expect(pieces.join('')).toBe(whole);
  expect(pieces.length).toBeGreaterThan(3);
}
