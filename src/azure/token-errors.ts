import { ConnectionError, type FailureKind, isConnectionError } from '../api/connection-error.ts';
import { reasons } from '../api/reasons.ts';
import { safeText } from './safe-text.ts';

/** What a number of Entra means, and what the reader should do. */
interface Meaning {
  readonly kind: FailureKind;
  readonly advice: string;
}

const passing: Meaning = { kind: 'retry', advice: 'Entra is busy or unavailable; it goes on by itself' };
const assertion: Meaning = {
  kind: 'retry',
  advice:
    "the operator's service account token is too old or can't be checked: see that its projected token file is renewed and that the clocks agree",
};
const secret: Meaning = { kind: 'waiting', advice: 'the client secret or certificate is wrong or has expired: renew it' };

/** Numbers of Entra (azure-facts 7.2; https://learn.microsoft.com/entra/identity-platform/reference-error-codes). */
const meanings: Readonly<Record<string, Meaning>> = {
  '90006': passing,
  '90024': passing,
  '90033': passing,
  '90055': passing,
  '50196': passing,
  '50013': assertion,
  '700024': assertion,
  '70021': {
    kind: 'waiting',
    advice: 'no federated credential of the identity fits the token: add one for the issuer, subject and audience of the message',
  },
  '70025': { kind: 'waiting', advice: 'the identity has no federated credential: add one for the operator' },
  '700211': {
    kind: 'waiting',
    advice: "no federated credential of the identity has the token's issuer: compare it letter by letter, also the slash at its end",
  },
  '700212': {
    kind: 'waiting',
    advice: "no federated credential of the identity has the token's audience: it should be api://AzureADTokenExchange",
  },
  '700213': {
    kind: 'waiting',
    advice: "no federated credential of the identity has the token's subject, system:serviceaccount:<namespace>:<name>: add one",
  },
  '700016': {
    kind: 'waiting',
    advice: 'the tenant has no application or identity with this client id: correct it, or wait some minutes if it was just made',
  },
  '90002': { kind: 'waiting', advice: 'there is no such tenant: correct the tenant id' },
  '500011': { kind: 'waiting', advice: 'the tenant has no service principal for the resource: check the cloud and the tenant' },
  '7000215': secret,
  '7000222': secret,
  '700027': secret,
  '53003': { kind: 'waiting', advice: 'a Conditional Access policy of the tenant refuses the identity: except it from the policy' },
  '530003': {
    kind: 'waiting',
    advice: 'a Conditional Access policy of the tenant wants a managed device, which no workload has: except the identity from the policy',
  },
  '50020': { kind: 'waiting', advice: 'the account is of another tenant: use an identity of this tenant' },
  '700030': { kind: 'waiting', advice: 'the certificate or key of the assertion is not accepted: renew it' },
};

const unknownNumber: Meaning = { kind: 'waiting', advice: 'look the number up at https://login.microsoftonline.com/error' };
const unreachable: Meaning = {
  kind: 'retry',
  advice: "Entra can't be reached or its certificate isn't trusted: check DNS, egress and --ca-file",
};
const unknown: Meaning = { kind: 'retry', advice: 'Entra gave no number' };
/** What Conditional Access may ask of people: a sign-in that no workload can make. */
const interactive: Meaning = {
  kind: 'waiting',
  advice:
    'interactive authentication is needed, which no workload can give: except the identity from the Conditional Access policies of the tenant',
};

/** Whether an error comes from asking Entra for a token. */
export function isTokenFailure(error: unknown): boolean {
  const names = ['AuthenticationError', 'AuthenticationRequiredError', 'CredentialUnavailableError', 'AggregateAuthenticationError'];
  return chainOf(error).some((each) => names.includes(each.name)) || numberIn(textOf(error)) !== undefined;
}

/**
 * What Entra's refusal of a token means: always TokenRefused, with advice by AADSTS number. Classes and OAuth words say too little: @azure/identity throws
 * AuthenticationRequiredError for what is wrong with a federated credential and CredentialUnavailableError for a network failure. A ConnectionError comes back as it is.
 */
export function tokenFailure(error: unknown): ConnectionError {
  if (isConnectionError(error)) return error;
  const text = textOf(error);
  const number = numberIn(text);
  const { kind, advice } = number === undefined ? withoutNumber(text) : (meanings[number] ?? consentOrUnknown(number, text));
  const said = safeText(number === undefined ? text : text.slice(text.indexOf(`AADSTS${number}`)));
  return new ConnectionError(kind, reasons.TokenRefused, `Entra gives no token: ${advice} (${said})`, { cause: error });
}

function withoutNumber(text: string): Meaning {
  if (asksForPeople(text)) return interactive;
  return /endpoints_resolution_error|network_error|ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|certificate/i.test(text)
    ? unreachable
    : unknown;
}

/** 1000xx and 65001 are about consent, 7000112 about an application that is switched off, 5007x and 50158 about a second factor or another step that only people can take. */
function consentOrUnknown(number: string, text: string): Meaning {
  if (/^(50074|50076|50078|50079|50158)$/.test(number) || asksForPeople(text)) return interactive;
  return /^(1000\d{2}|65001|7000112)$/.test(number)
    ? { kind: 'waiting', advice: 'an administrator of the tenant must enable the application or consent to it' }
    : unknownNumber;
}

/** OAuth's word for it, and that of Microsoft's libraries. */
function asksForPeople(text: string): boolean {
  return /interaction_required|interactive authentication is needed/i.test(text);
}

function numberIn(text: string): string | undefined {
  return /AADSTS(\d{3,9})/.exec(text)?.[1];
}

/** The messages of an error and its causes, since the outer one often leaves out the number. */
function textOf(error: unknown): string {
  return chainOf(error)
    .map((each) => each.message)
    .join('\n');
}

function chainOf(error: unknown): readonly Error[] {
  const chain: Error[] = [];
  let next = error;
  while (next instanceof Error && chain.length < 8) {
    chain.push(next);
    next = next.cause ?? (next as { errors?: readonly unknown[] }).errors?.[0];
  }
  return chain;
}
