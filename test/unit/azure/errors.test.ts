import { RestError } from '@azure/core-rest-pipeline';
import { expect } from 'chai';
import { ConnectionError } from '../../../src/api/connection-error.ts';
import { armFailure, isNotFound } from '../../../src/azure/errors.ts';
import { tokenFailure } from '../../../src/azure/token-errors.ts';

const attempt = { action: 'Microsoft.App/containerApps/write' as const, what: 'server "shop-pg"' };

describe('a failure of Azure Resource Manager', () => {
  for (const [status, code, kind, reason] of [
    [429, 'TooManyRequests', 'retry', 'Throttled'],
    [429, 'SubscriptionRequestsThrottled', 'retry', 'Throttled'],
    [408, 'RequestTimeout', 'retry', 'AzureError'],
    [500, 'InternalServerError', 'retry', 'AzureError'],
    [503, 'ServiceUnavailable', 'retry', 'AzureError'],
    [504, 'GatewayTimeout', 'retry', 'AzureError'],
    [409, 'ServerBusy', 'retry', 'AzureError'],
    [409, 'ServerIsBusy', 'retry', 'AzureError'],
    [409, 'AadAuthOperationCannotBePerformedWhenServerIsNotAccessible', 'retry', 'AzureError'],
    [409, 'ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity', 'retry', 'AzureError'],
    [409, 'SomethingNew', 'retry', 'AzureError'],
    [409, 'ScopeLocked', 'stalled', 'AzureError'],
    [409, 'MissingSubscriptionRegistration', 'stalled', 'AzureError'],
    [409, 'ReadOnlyDisabledSubscription', 'stalled', 'AzureError'],
    [403, 'AuthorizationFailed', 'waiting', 'AzureAccessDenied'],
    [403, 'LinkedAuthorizationFailed', 'waiting', 'AzureAccessDenied'],
    [403, 'SomethingNew', 'waiting', 'AzureAccessDenied'],
    [403, 'RequestDisallowedByPolicy', 'stalled', 'AzureError'],
    [401, 'InvalidAuthenticationToken', 'retry', 'TokenRefused'],
    [404, 'ResourceNotFound', 'waiting', 'AzureError'],
    [400, 'InvalidParameterValue', 'stalled', 'AzureError'],
    [400, 'NoRegisteredProviderFound', 'stalled', 'AzureError'],
    [400, 'PrincipalNotFound', 'retry', 'AzureError'],
    [200, 'PARSE_ERROR', 'retry', 'AzureError'],
  ] as const) {
    it(`${status} ${code} is ${kind} with ${reason}`, () => {
      expect(armFailure(rest(status, code), attempt)).to.include({ kind, reason });
    });
  }

  for (const [code, kind, reason] of [
    ['ServerBusy', 'retry', 'AzureError'],
    ['AadAuthPrincipalCreationFailed', 'waiting', 'AzureError'],
    ['AuthorizationFailed', 'waiting', 'AzureAccessDenied'],
    ['ScopeLocked', 'stalled', 'AzureError'],
    ['SomethingNew', 'waiting', 'AzureError'],
  ] as const) {
    it(`in a long-running operation, ${code} is ${kind} with ${reason}`, () => {
      const failed = armFailure(new Error(`The long-running operation has failed. ${code}. The reason.`), attempt);
      expect(failed).to.include({ kind, reason });
      expect(failed.message).to.contain(code);
    });
  }

  for (const code of [
    'ECONNREFUSED',
    'ECONNRESET',
    'ENOTFOUND',
    'ETIMEDOUT',
    'EAI_AGAIN',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'REQUEST_SEND_ERROR',
  ]) {
    it(`of the network, ${code}, is tried again`, () => {
      const failed = armFailure(new RestError('it broke', { code }), attempt);
      expect(failed).to.include({ kind: 'retry', reason: 'AzureError' });
      expect(failed.message).to.contain('could not be reached');
    });
  }

  for (const [headers, ms] of [
    [{ 'retry-after': '5' }, 5000],
    [{ 'retry-after': '0' }, 0],
    [{ 'retry-after-ms': '250', 'retry-after': '5' }, 250],
    [{ 'x-ms-retry-after-ms': '99' }, 99],
    [{ 'retry-after': 'Mon, 23 Nov 2026 10:00:30 GMT', date: 'Mon, 23 Nov 2026 10:00:00 GMT' }, 30_000],
    [{ 'retry-after': '999999999' }, 3_600_000],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'retry-after': '-5' }, undefined],
    [{}, undefined],
  ] as const) {
    it(`waits ${ms} ms for ${JSON.stringify(headers)}`, () => {
      expect(armFailure(rest(429, 'TooManyRequests', 'slow', headers), attempt).retryAfterInMs).to.equal(ms);
    });
  }

  it('names the action that is missing, else the one that was tried', () => {
    const linked =
      "The client has permission to perform action 'Microsoft.App/containerApps/write' on scope '/x'; however, it does not have permission to perform action(s) 'Microsoft.App/managedEnvironments/join/action' on the linked scope(s) '/y'";
    expect(armFailure(rest(403, 'LinkedAuthorizationFailed', linked), attempt).message).to.contain(
      'Microsoft.App/managedEnvironments/join/action',
    );
    expect(armFailure(rest(403, 'AuthorizationFailed', 'no'), attempt).message).to.contain(
      'Microsoft.App/containerApps/write for server "shop-pg"',
    );
  });

  it('says what Azure said, without secrets', () => {
    const failed = armFailure(rest(400, 'InvalidParameterValue', 'bad password=hunter2\nand more'), attempt);
    expect(failed.message).to.equal(
      'Azure refused Microsoft.App/containerApps/write for server "shop-pg" (InvalidParameterValue): bad password=…',
    );
  });

  it('keeps its cause, and stays what it is when it has a reason already', () => {
    const cause = rest(500, 'x');
    const failed = armFailure(cause, attempt);
    expect(failed.cause).to.equal(cause);
    expect(armFailure(failed, attempt)).to.equal(failed);
  });

  it('that Azure has no part in is the operator’s own', () => {
    expect(armFailure(new TypeError('x is undefined'), attempt)).to.include({ kind: 'retry', reason: 'InternalError' });
    for (const odd of [undefined, null, 'text', 7]) expect(armFailure(odd, attempt).reason).to.equal('InternalError');
  });

  it('is "not there" only when the resource is not, not when the address is wrong', () => {
    expect(isNotFound(rest(404, 'ResourceNotFound'))).to.equal(true);
    expect(isNotFound(rest(404, 'SubscriptionNotFound')), 'it may only be out of our sight').to.equal(false);
    expect(isNotFound(rest(404, 'InvalidResourceType'))).to.equal(false);
    expect(isNotFound(rest(403, 'ResourceNotFound'))).to.equal(false);
    expect(isNotFound(new Error('404'))).to.equal(false);
  });

  it('of the operator’s own sign-in is told as such', () => {
    const cause = Object.assign(new Error('AADSTS700213: No matching federated identity record'), { name: 'AuthenticationRequiredError' });
    expect(armFailure(cause, attempt)).to.include({ kind: 'waiting', reason: 'TokenRefused' });
  });
});

describe('a refused token', () => {
  for (const [number, kind, advice] of [
    ['90033', 'retry', 'goes on by itself'],
    ['700024', 'retry', 'token file'],
    ['50013', 'retry', 'clocks'],
    ['70021', 'waiting', 'federated credential'],
    ['700211', 'waiting', 'issuer'],
    ['700212', 'waiting', 'audience'],
    ['700213', 'waiting', 'subject'],
    ['700016', 'waiting', 'client id'],
    ['90002', 'waiting', 'tenant'],
    ['500011', 'waiting', 'service principal'],
    ['7000222', 'waiting', 'renew'],
    ['90006', 'retry', 'goes on by itself'],
    ['90024', 'retry', 'goes on by itself'],
    ['90055', 'retry', 'goes on by itself'],
    ['50196', 'retry', 'goes on by itself'],
    ['7000215', 'waiting', 'renew'],
    ['700027', 'waiting', 'renew'],
    ['700030', 'waiting', 'renew'],
    ['50020', 'waiting', 'another tenant'],
    ['53003', 'waiting', 'Conditional Access'],
    ['530003', 'waiting', 'managed device'],
    ['50076', 'waiting', 'interactive authentication is needed'],
    ['50079', 'waiting', 'interactive authentication is needed'],
    ['100028', 'waiting', 'consent'],
    ['999999', 'waiting', 'look the number up'],
  ] as const) {
    it(`with AADSTS${number} is ${kind}, and the message says what to do`, () => {
      const text = `invalid_client: Error(s): ${number} - Timestamp: x - Description: AADSTS${number}: Some text. Trace ID: y`;
      const failed = tokenFailure(Object.assign(new Error(text), { name: 'AuthenticationRequiredError' }));
      expect(failed).to.include({ kind, reason: 'TokenRefused' });
      expect(failed.message).to.contain(advice).and.to.contain(`AADSTS${number}: Some text`);
    });
  }

  it('that only a person could get is said to be such, also where it has no number', () => {
    for (const text of ['interaction_required: a policy wants it', 'Interactive authentication is needed. Please run: az login'])
      expect(tokenFailure(Object.assign(new Error(text), { name: 'AuthenticationRequiredError' })))
        .to.include({ kind: 'waiting', reason: 'TokenRefused' })
        .and.to.have.property('message')
        .that.contains('no workload can give');
  });

  it('is told by its number also where only the cause has one', () => {
    const cause = new Error('AADSTS700213: none');
    const failed = tokenFailure(
      Object.assign(new Error('ManagedIdentityCredential failed', { cause }), { name: 'CredentialUnavailableError' }),
    );
    expect(failed.message).to.contain('subject');
  });

  it('for want of a network is tried again', () => {
    const failed = tokenFailure(
      Object.assign(new Error('endpoints_resolution_error: could not resolve'), { name: 'CredentialUnavailableError' }),
    );
    expect(failed).to.include({ kind: 'retry', reason: 'TokenRefused' });
    expect(failed.message).to.contain('egress');
  });

  it('stays what it is when it has a reason already', () => {
    const known = new ConnectionError('waiting', 'TokenRefused', 'x');
    expect(tokenFailure(known)).to.equal(known);
  });
});

function rest(statusCode: number, code: string, message = 'the reason', headers: Readonly<Record<string, string>> = {}): RestError {
  const error = new RestError(message, { statusCode, code });
  return Object.assign(error, { details: { error: { code, message } }, response: { headers: new Map(Object.entries(headers)) } });
}
