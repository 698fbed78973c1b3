/** Official models of other makers: called by name, charged by the image or video. */
import { file, flag, type Models, needed, oneOf, text, whole } from './fields.ts';

const SIZES = oneOf(
  [
    '1024x1024|1365x1024|1024x1365|1536x1024|1024x1536|1820x1024|1024x1820|1024x2048',
    '2048x1024|1434x1024|1024x1434|1024x1280|1280x1024|1024x1707|1707x1024',
  ].join('|'),
);
const STYLES = oneOf(
  [
    'any|realistic_image|digital_illustration|digital_illustration/pixel_art',
    'digital_illustration/hand_drawn|digital_illustration/grain',
    'digital_illustration/infantile_sketch|digital_illustration/2d_art_poster',
    'digital_illustration/handmade_3d|digital_illustration/hand_drawn_outline',
    'digital_illustration/engraving_color|digital_illustration/2d_art_poster_2',
    'realistic_image/b_and_w|realistic_image/hard_flash|realistic_image/hdr',
    'realistic_image/natural_light|realistic_image/studio_portrait',
    'realistic_image/enterprise|realistic_image/motion_blur',
  ].join('|'),
);
const RESOLUTIONS = oneOf(
  [
    'None|512x1536|576x1408|576x1472|576x1536|640x1024|640x1344|640x1408|640x1472',
    '640x1536|704x1152|704x1216|704x1280|704x1344|704x1408|704x1472|720x1280|736x1312',
    '768x1024|768x1088|768x1152|768x1216|768x1232|768x1280|768x1344|832x960|832x1024',
    '832x1088|832x1152|832x1216|832x1248|864x1152|896x960|896x1024|896x1088|896x1120',
    '896x1152|960x832|960x896|960x1024|960x1088|1024x640|1024x768|1024x832|1024x896',
    '1024x960|1024x1024|1088x768|1088x832|1088x896|1088x960|1120x896|1152x704|1152x768',
    '1152x832|1152x864|1152x896|1216x704|1216x768|1216x832|1232x768|1248x832|1280x704',
    '1280x720|1280x768|1280x800|1312x736|1344x640|1344x704|1344x768|1408x576|1408x640',
    '1408x704|1472x576|1472x640|1472x704|1536x512|1536x576|1536x640',
  ].join('|'),
);

export const makers: Models = {
  'minimax/video-01-live': {
    version: '4bce7c1730a5fc582699fb7e630c2e39c3dd4ddb11ca87fa3b7f0fc52537dd09',
    created: '2024-12-16T20:30:17.739699Z',
    makes: 'video',
    official: true,
    input: {
      prompt: needed(text),
      first_frame_image: needed(file),
      prompt_optimizer: flag,
    },
  },
  'minimax/video-01': {
    version: '6be8dfbbf29ba949b6bce8ca1b93fd8cf24f84f0b246852e98e0a5c7a4c02091',
    created: '2024-11-27T10:35:27.221916Z',
    makes: 'video',
    official: true,
    input: {
      prompt: needed(text),
      first_frame_image: file,
      prompt_optimizer: flag,
    },
  },
  'recraft-ai/recraft-v3': {
    version: 'e06217725b21e2c059a09b3f44b4aef56574173aee9976c9726bdc0f474d7f46',
    created: '2024-11-04T13:41:30.416489Z',
    makes: 'image',
    official: true,
    input: {
      prompt: needed(text),
      size: SIZES,
      style: STYLES,
    },
  },
  'recraft-ai/recraft-v3-svg': {
    version: '16f118e8ee05d9a03a2845fe533f0d45cbc6a7774f126bfb3dfbe857a4feec6b',
    created: '2024-11-04T13:45:57.407485Z',
    makes: 'image',
    official: true,
    input: {
      prompt: needed(text),
      size: SIZES,
      style: oneOf('any|engraving|line_art|line_circuit|linocut'),
    },
  },
  'ideogram-ai/ideogram-v2-turbo': {
    version: 'fbb188a06a69327a5daa9d82162b31528823d918705aefeeebd17856f856cfac',
    created: '2024-10-22T09:30:05.893763Z',
    makes: 'image',
    official: true,
    input: {
      prompt: needed(text),
      negative_prompt: text,
      aspect_ratio: oneOf('1:1|16:9|9:16|4:3|3:4|3:2|2:3|16:10|10:16|3:1|1:3'),
      resolution: RESOLUTIONS,
      magic_prompt_option: oneOf('Auto|On|Off'),
      image: file,
      mask: file,
      style_type: oneOf('None|Auto|General|Realistic|Design|Render 3D|Anime'),
      seed: whole(),
    },
  },
};
