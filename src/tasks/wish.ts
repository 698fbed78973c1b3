/** What a caller asks for, however it was written. */
import type { JsonObject } from '../kit/json.ts';
import type { JobMedia, JobParams, NativeRequest } from '../vendors/job.ts';
import type { CallbackWish } from './doc.ts';
import type { Leave } from './fit.ts';

export type { JobParams } from '../vendors/job.ts';

export interface TaskCaller {
  readonly accountId: string;
  readonly keyId: string;
  readonly keyBudgeted: boolean;
  /** Neither its account nor its own budget limits it. */
  readonly unlimited: boolean;
  /** Model ids it may use; null: all. */
  readonly models: ReadonlySet<string> | null;
}

export interface TaskWish {
  readonly requestId: string;
  readonly caller: TaskCaller;
  /** As the caller named it; null: that of the task which it builds on. */
  readonly model: string | null;
  /** The endpoint by which it was named. */
  readonly endpoint: string | null;
  /** Whose paths it came by, and its id there; null: our own. */
  readonly door: {
    readonly vendor: string;
    readonly mount: string;
    readonly idOf: (hex: string, createdMs: number) => string;
  } | null;
  /** null: as its media suggest. */
  readonly kind: string | null;
  /** Only models that make this; absent: any. */
  readonly makes?: 'image';
  readonly prompt: string | null;
  readonly negativePrompt: string | null;
  readonly media: readonly JobMedia[];
  readonly params: JobParams;
  readonly options: JsonObject;
  readonly native: NativeRequest | null;
  /** Ids of tasks of this account. */
  readonly sources: readonly string[];
  readonly callback: CallbackWish | null;
  readonly metadata: JsonObject | null;
  readonly repeatKey: string | null;
  /** What the caller calls it: unique in its account at this door. */
  readonly ownName?: string;
  /** Its client says that it sends it anew. */
  readonly retried?: boolean;
  /** Of its params. Absent: nothing. */
  readonly leave?: Leave;
  /** It must be over by then. Absent: as the settings say. */
  readonly expiresInS?: number;
}

/** The kind that a job of these media most likely is. */
export function guessKind(media: readonly JobMedia[], makes: string): string {
  if (makes === 'image') return media.length === 0 ? 'text_to_image' : 'image_to_image';
  if (media.length === 0) return 'text_to_video';
  if (media.some(({ type }) => type === 'video')) return 'video_to_video';
  if (media.some(({ role }) => role === 'reference')) return 'reference_to_video';
  const isLast = media.some(({ role }) => role === 'last_frame');
  return isLast ? 'frames_to_video' : 'image_to_video';
}
