/** `gangway/client`: for programs that call a gateway. Node 20 and later, Bun, Deno, browsers. */
export { readAnswer, readEvents } from './answers.mjs';
export { gangwayAuth } from './auth.mjs';
export { GangwayError } from './errors.mjs';
export { verifyWebhook } from './webhook.mjs';
