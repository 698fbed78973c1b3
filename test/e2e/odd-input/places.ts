/** Paths with names in them, and lists that take numbers. */

export const PLACES: readonly string[] = [
  ...['/v1/models/{}', '/v1/responses/{}', '/v1/responses/{}/input_items', '/v1beta/models/{}'],
  ...['/v1/tasks/{}', '/v1/tasks/{}/events', '/v1/tasks/{}/cancel', '/v1/tasks/{}/outputs/{}'],
  ...['/v1/videos/{}', '/v1/videos/{}/content', '/v1/video/generations/{}', '/v1/webhooks/{}'],
  ...['/v1/webhook-deliveries/{}/replay', '/results/{}', '/_cb/luma/{}', '/_cb/{}/{}'],
  ...['/luma/dream-machine/v1/generations/{}', '/kling/v1/videos/text2video/{}'],
  ...['/runway/v1/tasks/{}', '/replicate/v1/predictions/{}', '/replicate/v1/models/{}/{}'],
  ...['/replicate/v1/files/{}', '/replicate/v1/files/{}/download', '/bfl/v1/get_result?id={}'],
  ...['/mj/task/{}/fetch', '/mj/task/{}/cancel', '/api/v3/contents/generations/tasks/{}'],
  ...['/v1/tasks/{}/raw', '/v1/uploads/{}', '/v1/uploads/{}/content', '/mj/image/{}'],
  ...['/replicate/v1/predictions/{}/stream', '/mj/task/{}/image-seed', '/v1/videos/{}/remix'],
  ...['/api/v3/files/{}', '/api/v3/responses/{}', '/v1beta/models/{}:generateContent'],
];

export const LISTS: readonly string[] = [
  ...['/v1/tasks?limit=', '/v1/tasks?after=', '/v1/tasks?status=', '/v1/tasks?created_after='],
  ...['/v1/tasks/task_x?wait=', '/v1/videos?limit=', '/v1/videos?after=', '/v1/webhooks?limit='],
  ...['/v1/webhook-deliveries?limit=', '/v1/webhook-deliveries?after=', '/v1/models?limit='],
  ...['/v1beta/models?pageSize=', '/v1beta/models?pageToken='],
  ...['/api/v3/contents/generations/tasks?page_num=', '/mj/task/list?x=', '/volcv/v1?Action='],
  ...['/api/v3/contents/generations/tasks?page_size=', '/?Version=2024-01-01&Action='],
  ...['/api/v3/contents/generations/tasks?filter.task_ids=', '/api/v3/files?limit='],
  ...['/luma/dream-machine/v1/generations?limit=', '/kling/v1/videos/text2video?pageNum='],
  ...['/luma/dream-machine/v1/generations?offset=', '/replicate/v1/predictions?cursor='],
  ...['/v1/responses/resp_x/input_items?limit=', '/v1/uploads?limit=', '/v1/uploads?after='],
  ...['/v1/tasks?created_before=', '/v1/tasks?order=', '/replicate/v1/predictions?created_after='],
];
