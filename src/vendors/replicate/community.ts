/** Models of the community: called by version, charged by the time that they run. */
import {
  file,
  flag,
  type Models,
  needed,
  number,
  oneNumberOf,
  oneOf,
  text,
  whole,
} from './fields.ts';

const RATIOS = oneOf('1:1|16:9|21:9|3:2|2:3|4:5|5:4|3:4|4:3|9:16|9:21');
const FORMATS = oneOf('webp|jpg|png');
const PATHS = oneOf(
  [
    'toonyou_beta3.safetensors|lyriel_v16.safetensors|rcnzCartoon3d_v10.safetensors',
    'majicmixRealistic_v5Preview.safetensors|realisticVisionV40_v20Novae.safetensors',
  ].join('|'),
);

export const community: Models = {
  'lucataco/flux-schnell-lora': {
    version: '2a6b576af31790b470f0a8442e1e9791213fa13799cbb65a9fc1436e96389574',
    created: '2024-09-07T00:28:54.334128Z',
    makes: 'image',
    many: true,
    input: {
      prompt: needed(text),
      aspect_ratio: RATIOS,
      image: file,
      prompt_strength: number(0, 1),
      num_outputs: whole(1, 4),
      num_inference_steps: whole(1, 12),
      seed: whole(),
      output_format: FORMATS,
      output_quality: whole(0, 100),
      hf_lora: text,
      lora_scale: number(0, 1),
      disable_safety_checker: flag,
    },
  },
  'lucataco/flux-dev-lora': {
    version: '091495765fa5ef2725a175a57b276ec30dc9d39c22d30410f2ede68a3eab66b3',
    created: '2024-10-05T23:26:34.143830Z',
    makes: 'image',
    many: true,
    input: {
      prompt: needed(text),
      aspect_ratio: RATIOS,
      image: file,
      prompt_strength: number(0, 1),
      num_outputs: whole(1, 4),
      num_inference_steps: whole(1, 50),
      guidance_scale: number(0, 10),
      seed: whole(),
      output_format: FORMATS,
      output_quality: whole(0, 100),
      hf_lora: text,
      lora_scale: number(0, 1),
      disable_safety_checker: flag,
    },
  },
  'andreasjansson/stable-diffusion-animation': {
    version: 'ca1f5e306e5721e19c473e0d094e6603f0456fe759c10715fcd6c1b79242d4a5',
    created: '2022-11-01T23:12:35.575633Z',
    makes: 'video',
    many: true,
    input: {
      prompt_start: needed(text),
      prompt_end: needed(text),
      width: oneNumberOf('128|256|512|768|1024'),
      height: oneNumberOf('128|256|512|768'),
      num_inference_steps: whole(1, 500),
      prompt_strength: number(),
      num_animation_frames: whole(2, 50),
      num_interpolation_steps: whole(1, 50),
      guidance_scale: number(1, 20),
      gif_frames_per_second: whole(1, 50),
      gif_ping_pong: flag,
      film_interpolation: flag,
      intermediate_output: flag,
      seed: whole(),
      output_format: oneOf('gif|mp4'),
    },
  },
  'lucataco/animate-diff': {
    version: 'beecf59c4aee8d81bf04f0381033dfa10dc16e845b4ae00d281e2fa377e48a9f',
    created: '2023-09-24T16:14:13.471024Z',
    makes: 'video',
    input: {
      motion_module: oneOf('mm_sd_v14|mm_sd_v15|mm_sd_v15_v2'),
      path: PATHS,
      prompt: text,
      n_prompt: text,
      steps: whole(1, 100),
      guidance_scale: number(1, 10),
      seed: whole(),
    },
  },
  'sujaykhandekar/object-removal': {
    version: '153b0087c2576ad30d8cbddb35275b387d1a6bf986bda5499948f843f6460faf',
    created: '2022-05-25T06:18:02.869765Z',
    makes: 'image',
    input: {
      image_path: needed(file),
      objects_to_remove: text,
    },
  },
  'cjwbw/rembg': {
    version: 'fb8af171cfa1616ddcf1242c093f9c46bcada5ad4cf6f2fbe8b81b330ec5c003',
    created: '2022-11-30T08:42:10.670527Z',
    makes: 'image',
    input: {
      image: file,
    },
  },
};
