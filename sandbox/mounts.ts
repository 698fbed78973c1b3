/** Every mount of the sandbox, Ark first. */
import { ANTHROPIC } from './anthropic/mount.ts';
import { chatMount } from './chat.ts';
import { GEMINI } from './gemini/mount.ts';
import { VERTEX } from './gemini/vertex.ts';
import type { Mount } from './service.ts';
import { VENDORS } from './vendors.ts';

export const MOUNTS: readonly Mount[] = Object.freeze([
  ...VENDORS.map((vendor) => chatMount(vendor)),
  ANTHROPIC,
  GEMINI,
  VERTEX,
]);
