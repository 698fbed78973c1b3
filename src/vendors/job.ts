/** What is wanted of a slow service, whatever the vendor. */
import type { JsonObject } from '../kit/json.ts';

export interface JobMedia {
  readonly type: 'image' | 'video' | 'audio';
  /** first_frame, last_frame, reference, base, driving, face, garment, mask, audio, … */
  readonly role: string;
  /** https or data URL. */
  readonly url: string;
}

/** Absent: the vendor's default. */
export interface JobParams {
  readonly durationS?: number;
  /** "16:9" */
  readonly aspectRatio?: string;
  /** "720p" */
  readonly resolution?: string;
  /** "1280x720" */
  readonly size?: string;
  readonly fps?: number;
  readonly seed?: number;
  readonly audio?: boolean;
  readonly mode?: string;
  readonly loop?: boolean;
  readonly watermark?: boolean;
  readonly count?: number;
  /** Of pictures: how much care is taken, in the vendor's words. */
  readonly quality?: string;
  readonly background?: string;
  /** png, jpeg, webp */
  readonly outputFormat?: string;
  /** 0 to 100 */
  readonly outputCompression?: number;
  readonly inputFidelity?: string;
  readonly moderation?: string;
  readonly complexity?: string;
  /** Who asks, for vendors that want to know; the others are not told. */
  readonly endUser?: string;
}

/** What only some services of pictures take, under the names that callers know it by. */
export const PICTURE_FIELDS = Object.freeze({
  quality: 'quality',
  background: 'background',
  outputFormat: 'output_format',
  outputCompression: 'output_compression',
  inputFidelity: 'input_fidelity',
  moderation: 'moderation',
  complexity: 'complexity',
} satisfies Partial<Record<keyof JobParams, string>>);

export type PictureField = keyof typeof PICTURE_FIELDS;

/** A job at the vendor, as far as later requests must know it. */
export interface VendorTask {
  /** The vendor's id of it. */
  readonly id: string;
  /** What the vendor wants repeated beside the id: a URL to poll, a family, a step. */
  readonly kept: JsonObject;
}

/** A request in the vendor's own format. */
export interface NativeRequest {
  readonly path: string;
  readonly body: JsonObject;
  /** Those of the caller's headers that the vendor is to see. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What is wanted of a model, whatever the vendor. */
export interface Job {
  readonly kind: string;
  /** The model's name on the vendor's wire. */
  readonly wireName: string;
  readonly prompt: string | null;
  readonly negativePrompt: string | null;
  readonly media: readonly JobMedia[];
  readonly params: JobParams;
  /** Fields of the vendor's own, merged last. */
  readonly options: JsonObject;
  /** Written in the vendor's own format: sent as it is, but for model and callback. */
  readonly native: NativeRequest | null;
  /** The job that this one builds on. */
  readonly source: VendorTask | null;
  /** Our own id, unique for ever, for vendors that take one. */
  readonly ownId: string;
  /** Where the vendor may tell us of a change; null: nowhere. */
  readonly callbackUrl: string | null;
}

/** What a service takes beside the words of a job. */
export interface Inputs {
  /** Which of these fields it is given; jobs with another one are refused. Absent: none. */
  readonly takes?: readonly PictureField[];
  /**
   * Fields of the vendor's own that change the bill and that its `bound` reads, or that change no
   * price of ours: callers may send them beside a job in our words. Absent: none of those that do.
   */
  readonly pricedOptions?: readonly string[];
  /** Files themselves in place of links to them, as data URLs. Absent: only links are fetched. */
  readonly inline?: {
    readonly types: readonly ('image' | 'video' | 'audio')[];
    readonly bytesMax: number;
    /** In its own format without the head of a data URL. */
    readonly bare?: true;
  };
}

/** All that is counted beside tokens, here and in meters: what a price may be asked for. */
export const UNITS: readonly string[] = Object.freeze([
  ...['image', 'more_megapixels', 'image_token', 'video', 'video_ms', 'audio_ms', 'task', 'run'],
  ...['credit', 'credit_milli', 'search', 'context_token_hours'],
]);
