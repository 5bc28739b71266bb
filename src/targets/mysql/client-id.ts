declare const brand: unique symbol;

/** A client id, checked to be a GUID: the binding that it becomes part of has a grammar of its own (threat-model D21). */
export type ClientId = string & { readonly [brand]: 'ClientId' };

/** A client id in lower case. Throws TypeError for anything that isn't a GUID. */
export function parseClientId(text: string): ClientId {
  if (!isGuid(text)) throw new TypeError('not a client id');
  return text.toLowerCase() as ClientId;
}

function isGuid(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text);
}
