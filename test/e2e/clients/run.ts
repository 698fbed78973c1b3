/** Tries everything of the matrix with one client of npm. */
import { describe, expect, test } from 'bun:test';
import {
  type Client,
  type ClientName,
  exceptionOf,
  FEATURES,
  UPSTREAMS,
  type Upstream,
} from './matrix.ts';

export const YAML = `
timeouts: { first_byte_ms: 5000, idle_ms: 5000 }
retry: { count: 0, delay_ms: 10 }
limits: { requests_per_minute: 0 }
`;

export function tryAll(name: ClientName, client: Client): void {
  describe.each(Object.entries(UPSTREAMS) as [Upstream, string][])('%s', (upstream, model) => {
    test.each([...FEATURES])('%s', async (feature) => {
      const exception = exceptionOf(name, feature, upstream);
      if (exception === undefined) return client[feature](model);
      // What is said not to work must not work, for then the page would be wrong.
      const said = await client[feature](model).then(
        () => 'it worked',
        (error: unknown) => String(error),
      );
      expect(said).toContain(exception.says);
    });
  });
}

/** A stream that came in more than one piece. */
export function expectPieces(pieces: readonly string[], whole: string): void {
  expect(pieces.join('')).toBe(whole);
  expect(pieces.length).toBeGreaterThan(3);
}
