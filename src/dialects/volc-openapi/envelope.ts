/** The envelope of Volcengine's OpenAPI: `ResponseMetadata` with `Result` or `Error`. */
import type { Fault, FaultCode } from '../../kit/fault.ts';

export const SERVICE = 'ark';
const REGION = 'cn-beijing';

/** What the envelope repeats of the request. */
export interface EnvelopeHead {
  readonly requestId: string;
  readonly action: string;
  readonly version: string;
  /** As signed; null where nothing was. */
  readonly region: string | null;
}

interface Code {
  readonly code: string;
  /** Absent where the vendor documents none. */
  readonly codeN?: number;
}

const CODES: Readonly<Partial<Record<FaultCode, Code>>> = {
  missing_parameter: { code: 'MissingParameter', codeN: 100_002 },
  missing_signature: { code: 'MissingRequestInfo', codeN: 100_004 },
  invalid_timestamp: { code: 'InvalidTimestamp', codeN: 100_006 },
  unknown_action: { code: 'InvalidActionOrVersion', codeN: 100_008 },
  invalid_access_key: { code: 'InvalidAccessKey', codeN: 100_009 },
  signature_mismatch: { code: 'SignatureDoesNotMatch', codeN: 100_010 },
  invalid_authorization: { code: 'InvalidAuthorization', codeN: 100_024 },
  invalid_credential: { code: 'InvalidCredential', codeN: 100_025 },
  invalid_security_token: { code: 'InvalidSecretToken', codeN: 100_026 },
  model_not_found: { code: 'InvalidEndpointOrModel.NotFound' },
  endpoint_running: { code: 'OperationDenied.EndpointStatus' },
  endpoint_limit_exceeded: { code: 'QuotaExceeded' },
};

const BY_STATUS: Readonly<Record<number, Code>> = {
  403: { code: 'AccessDenied', codeN: 100_013 },
  429: { code: 'FlowLimitExceeded', codeN: 100_018 },
  500: { code: 'InternalError', codeN: 100_014 },
  502: { code: 'InternalServiceError', codeN: 100_023 },
  503: { code: 'ServiceUnavailableTemp', codeN: 100_019 },
  504: { code: 'InternalServiceTimeout', codeN: 100_016 },
};

export function writeResult(head: EnvelopeHead, result: object): string {
  return JSON.stringify({ ResponseMetadata: metadata(head), Result: result });
}

export function writeFault(fault: Fault, head: EnvelopeHead): string {
  const { code, codeN } = codeOf(fault);
  const error = { ...(codeN === undefined ? {} : { CodeN: codeN }), Code: code };
  return JSON.stringify({
    ResponseMetadata: { ...metadata(head), Error: { ...error, Message: fault.message } },
  });
}

function metadata(head: EnvelopeHead) {
  return {
    RequestId: head.requestId,
    Action: head.action,
    Version: head.version,
    Service: SERVICE,
    Region: head.region ?? REGION,
  };
}

function codeOf(fault: Fault): Code {
  const { param } = fault.detail;
  if (fault.code === 'resource_not_found') return { code: `NotFound.${param ?? 'Id'}` };
  const known = CODES[fault.code] ?? BY_STATUS[fault.status];
  if (known !== undefined) return known;
  return { code: param === undefined ? 'InvalidParameter' : `InvalidParameter.${param}` };
}
