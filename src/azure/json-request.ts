import type { HttpClient, Pipeline, PipelineResponse } from '@azure/core-rest-pipeline';
import { objectIn } from './app-json.ts';

/** A request of raw JSON to Azure Resource Manager. */
export interface JsonRequest {
  readonly method: 'GET' | 'PATCH' | 'PUT' | 'POST' | 'DELETE';
  /** A path under the endpoint, made of checked parts, or a whole URL from an answer, which the pipeline refuses outside of the endpoint. */
  readonly to: string;
  /** Left out for URLs from answers, which bring theirs. */
  readonly apiVersion?: string;
  readonly body?: unknown;
}

export interface JsonAnswer {
  readonly status: number;
  /** Undefined when the answer has none. */
  readonly json: unknown;
  header(name: string): string | undefined;
}

/** Sends the request over the pipeline. Throws RestError, as clients do, also for every status from 400 and for a body that is no JSON. */
export async function sendJson(
  pipeline: Pipeline,
  httpClient: HttpClient,
  endpoint: string,
  { method, to, apiVersion, body }: JsonRequest,
  { abortSignal }: { readonly abortSignal: AbortSignal },
): Promise<JsonAnswer> {
  const { createHttpHeaders, createPipelineRequest, RestError } = await import('@azure/core-rest-pipeline');
  const url = new URL(to, endpoint);
  if (apiVersion !== undefined) url.searchParams.set('api-version', apiVersion);
  const request = createPipelineRequest({
    url: url.href,
    method,
    abortSignal,
    headers: createHttpHeaders({ accept: 'application/json', ...(body !== undefined && { 'content-type': 'application/json' }) }),
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const response = await pipeline.sendRequest(httpClient, request);
  const json = parsed(response);
  if (response.status >= 400 || json === unreadable) {
    const { code, message } = errorOf(json);
    throw new RestError(message ?? `Azure answered with status ${response.status}`, {
      statusCode: response.status,
      request,
      response,
      ...(json === unreadable && response.status < 400 ? { code: 'PARSE_ERROR' } : code !== undefined && { code }),
    });
  }
  return { status: response.status, json, header: (name) => response.headers.get(name) };
}

const unreadable = Symbol('a body that is no JSON');

function parsed({ bodyAsText }: PipelineResponse): unknown {
  if (!bodyAsText) return undefined;
  try {
    return JSON.parse(bodyAsText) as unknown;
  } catch {
    return unreadable;
  }
}

/** https://github.com/microsoft/api-guidelines (azure/Guidelines.md, error response); App Service has a shape of its own, and a bare title stands for a body that was not understood. */
function errorOf(json: unknown): { readonly code: string | undefined; readonly message: string | undefined } {
  const body = objectIn(json);
  const error = 'error' in body ? objectIn(body['error']) : { code: body['Code'], message: body['Message'] ?? body['title'] };
  const { code, message } = error;
  return { code: typeof code === 'string' ? code : undefined, message: typeof message === 'string' ? message : undefined };
}
