/** Types of runtime.mjs, for the tests. */
export const packageRoot: string;
export const OUTBOUND_REQUESTS_MAX: number;
type Env = Record<string, string | undefined>;
export function makeBunEnv(env?: Env): Env;
export function findBun(root?: string): string | null;
export function listMissing(
  root: string,
  kinds: readonly ('dependencies' | 'devDependencies')[],
): string[];
export function installMissing(root: string, options: { dev: boolean }): void;
export function requireBun(root: string, options: { dev: boolean }): string;
