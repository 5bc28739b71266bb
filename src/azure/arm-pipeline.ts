import type { HttpClient, PipelinePolicy, PipelineRequest, PipelineResponse } from '@azure/core-rest-pipeline';
import { ConnectionError } from '../api/connection-error.ts';
import { reasons } from '../api/reasons.ts';

/** No answer of Azure that we ask for comes near this. */
const maximumBodyBytes = 4 * 1024 * 1024;

/** No list that we ask for has so many pages. */
const maximumPages = 200;

/**
 * Refuses every request to another origin. It belongs before the policy that adds the operator's token, since links to further pages and to
 * long-running operations come from answers (threat-model D24, E5).
 */
export function originGuard(endpoint: string): PipelinePolicy {
  return {
    name: 'originGuard',
    sendRequest(request, next) {
      demandOrigin(request, endpoint);
      return next(request);
    },
  };
}

/** Awaits `before` ahead of each request, polls and further pages too, and tells `after` the status of its answer, or the error. */
export function requestHook(
  before: (request: PipelineRequest) => Promise<void>,
  after: (outcome: { readonly status: number } | { readonly error: unknown }) => void,
): PipelinePolicy {
  return {
    name: 'requestHook',
    async sendRequest(request, next) {
      await before(request);
      let response: PipelineResponse;
      try {
        response = await next(request);
      } catch (error) {
        after({ error });
        throw error;
      }
      after({ status: response.status });
      return response;
    },
  };
}

/**
 * A client that waits no longer for a whole answer than `deadlineMs`, reads no more of it than 4 MiB, measured after decompression, and checks the origin once
 * more, past all policies that could have changed the URL.
 */
export function boundedHttpClient(client: HttpClient, endpoint: string, deadlineMs: number): HttpClient {
  return {
    async sendRequest(request) {
      demandOrigin(request, endpoint);
      const deadline = AbortSignal.timeout(deadlineMs);
      // The pipeline's own type for signals has fewer members than the platform's, which is what it holds.
      const signal = request.abortSignal ? AbortSignal.any([request.abortSignal as AbortSignal, deadline]) : deadline;
      request.abortSignal = signal;
      // Infinity stands for any status: the answer comes as a stream, which can be left.
      request.streamResponseStatusCodes = new Set([Number.POSITIVE_INFINITY]);
      const { readableStreamBody, ...response } = await sendOverKept(client, request);
      return { ...response, bodyAsText: readableStreamBody ? await readBounded(readableStreamBody) : '' };
    },
  };
}

/** A kept connection may be closed by the other side just when it is used again: a read is then sent once more, over another one. */
async function sendOverKept(client: HttpClient, request: PipelineRequest): Promise<PipelineResponse> {
  try {
    return await client.sendRequest(request);
  } catch (error) {
    if (request.method !== 'GET' || (error as { readonly code?: unknown }).code !== 'ECONNRESET') throw error;
    return await client.sendRequest(request);
  }
}

/** All items of a list's pages. Throws ConnectionError when the list doesn't end, or holds something else than objects. */
export async function collectPages<T extends object>(pages: AsyncIterable<readonly T[]>): Promise<readonly T[]> {
  const items: T[] = [];
  let count = 0;
  for await (const page of pages) {
    count += 1;
    if (count > maximumPages)
      throw new ConnectionError('waiting', reasons.AzureError, `Azure answered with a list of more than ${maximumPages} pages`);
    if (page.some((item) => item === null || typeof item !== 'object'))
      throw new ConnectionError('retry', reasons.AzureError, 'Azure answered with a list of something else than resources');
    items.push(...page);
  }
  return items;
}

function demandOrigin({ url }: PipelineRequest, endpoint: string): void {
  const { origin, username } = URL.canParse(url) ? new URL(url) : { origin: '', username: '' };
  if (origin === new URL(endpoint).origin && origin.startsWith('https://') && username === '') return;
  throw new ConnectionError('waiting', reasons.AzureError, 'Azure answered with a link to another host, which was not followed');
}

async function readBounded(stream: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    const data = Buffer.from(chunk);
    bytes += data.length;
    if (bytes > maximumBodyBytes) {
      throw new ConnectionError('waiting', reasons.AzureError, `Azure answered with more than ${maximumBodyBytes / 1024 / 1024} MiB`);
    }
    chunks.push(data);
  }
  return Buffer.concat(chunks).toString('utf8');
}
