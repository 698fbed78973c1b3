/** Runway's kinds of jobs: each has a path, and makes files of one type (@runwayml/sdk 4.20.1). */

export interface RunwayFamily {
  /** Of tasks that come by its path. */
  readonly kind: string;
  readonly path: string;
  readonly makes: 'video' | 'image' | 'audio';
}

function made(makes: RunwayFamily['makes'], path: string, kind = path): RunwayFamily {
  return { kind, path: `/v1/${path}`, makes };
}

export const FAMILIES: readonly RunwayFamily[] = Object.freeze([
  made('video', 'text_to_video'),
  made('video', 'image_to_video'),
  made('video', 'video_to_video'),
  made('video', 'character_performance', 'avatar'),
  made('video', 'video_upscale', 'upscale'),
  made('video', 'video_to_hdr', 'hdr'),
  made('image', 'text_to_image'),
  made('image', 'image_upscale'),
  made('audio', 'sound_effect'),
  made('audio', 'text_to_speech'),
  made('audio', 'speech_to_speech'),
  made('audio', 'voice_dubbing'),
  made('audio', 'voice_isolation'),
]);

/** What our own kinds are called there: two frames go where one goes. */
const SAME: Readonly<Record<string, string>> = Object.freeze({
  frames_to_video: 'image_to_video',
  image_to_image: 'text_to_image',
});

export const KINDS: readonly string[] = Object.freeze([
  ...FAMILIES.map(({ kind }) => kind),
  ...Object.keys(SAME),
]);

export function familyOf(kind: string): RunwayFamily | undefined {
  const own = SAME[kind] ?? kind;
  return FAMILIES.find((one) => one.kind === own);
}
