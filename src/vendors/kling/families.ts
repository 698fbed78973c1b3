/** Kling's families of jobs: each has a path, and reads and lists its own. */

export interface KlingFamily {
  readonly path: string;
  /** Of tasks that come by its path; each family has its own, by which its list is told apart. */
  readonly kind: string;
  readonly makes: 'video' | 'image';
  /** The model where the body names none; null: that of the job that it builds on. */
  readonly model: string | null;
  /** The body has a field for the model. */
  readonly named: boolean;
  /** The field that names what it builds on. Absent: `input.video_id`, where there is one. */
  readonly buildsOn?: 'video_id' | 'session_id';
  /** It may do without that, and begin with a file. */
  readonly mayStart?: true;
  /** What is held for where the request does not say how long its result will be. */
  readonly secondsMax: number;
}

/** The faces of a video, among which the next job chooses: answered at once. */
export const FACES = 'identify_face';
const VIDEO = { makes: 'video', named: true, secondsMax: 5 } as const;
const IMAGE = { makes: 'image', named: true, secondsMax: 0 } as const;

export const FAMILIES: readonly KlingFamily[] = Object.freeze([
  { ...VIDEO, path: '/v1/videos/text2video', kind: 'text_to_video', model: 'kling-v1' },
  { ...VIDEO, path: '/v1/videos/image2video', kind: 'image_to_video', model: 'kling-v1' },
  {
    ...VIDEO,
    path: '/v1/videos/multi-image2video',
    kind: 'reference_to_video',
    model: 'kling-v1-6',
  },
  { ...VIDEO, path: '/v1/videos/omni-video', kind: 'omni_video', model: 'kling-video-o1' },
  {
    ...{ ...VIDEO, path: '/v1/videos/motion-control', kind: 'motion_control' },
    ...{ model: 'kling-v2-6', secondsMax: 30 },
  },
  {
    ...{ ...VIDEO, path: '/v1/videos/video-extend', kind: 'extend', model: null },
    ...{ named: false, buildsOn: 'video_id' },
  },
  {
    ...{ ...VIDEO, path: '/v1/videos/identify-face', kind: FACES, model: 'kling-identify-face' },
    ...{ named: false, buildsOn: 'video_id', mayStart: true },
  },
  {
    ...{ ...VIDEO, path: '/v1/videos/advanced-lip-sync', kind: 'advanced_lip_sync' },
    ...{ model: 'kling-lip-sync', named: false, buildsOn: 'session_id', secondsMax: 60 },
  },
  {
    ...{ ...VIDEO, path: '/v1/videos/lip-sync', kind: 'lip_sync' },
    ...{ model: 'kling-lip-sync', named: false, secondsMax: 60 },
  },
  {
    ...{ ...VIDEO, path: '/v1/videos/effects', kind: 'effects' },
    ...{ model: 'kling-effects', named: false },
  },
  {
    ...{ ...VIDEO, path: '/v1/videos/avatar/image2video', kind: 'avatar' },
    ...{ model: 'kling-avatar', named: false, secondsMax: 300 },
  },
  { ...IMAGE, path: '/v1/images/generations', kind: 'text_to_image', model: 'kling-v1' },
  { ...IMAGE, path: '/v1/images/multi-image2image', kind: 'reference_to_image', model: 'kling-v2' },
  {
    ...{ ...IMAGE, path: '/v1/images/editing/expand', kind: 'expand' },
    ...{ model: 'kling-image-expand', named: false },
  },
  {
    ...{ ...IMAGE, path: '/v1/images/kolors-virtual-try-on', kind: 'try_on' },
    model: 'kolors-virtual-try-on-v1',
  },
]);

/** Two frames are given to the family of one, and an image to that of none. */
const SAME: Readonly<Record<string, string>> = Object.freeze({
  frames_to_video: 'image_to_video',
  image_to_image: 'text_to_image',
});

export const KINDS: readonly string[] = Object.freeze([
  ...FAMILIES.map(({ kind }) => kind),
  ...Object.keys(SAME),
]);

export function familyOf(kind: string): KlingFamily | undefined {
  const own = SAME[kind] ?? kind;
  return FAMILIES.find((one) => one.kind === own);
}

/**
 * Videos and images have models of one name, `kling-v2-1`, which are not the same model. Ours of
 * images is called `kling-image-v2-1`.
 */
export function catalogueName(family: KlingFamily, wireName: string): string {
  return family.makes === 'image' ? wireName.replace(/^kling-v(?=\d)/, 'kling-image-v') : wireName;
}
