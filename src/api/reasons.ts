/**
 * The reasons of conditions and Events. Each says what its reader should do.
 * A reason is part of the API: alerts and scripts match on it.
 */
export const reasons = {
  /** All is as the spec says. Nothing to do. */
  InSync: 'InSync',
  /** The operator is working on it. Wait. */
  Progressing: 'Progressing',
  /** spec.suspend is true. Set it to false to go on. */
  Suspended: 'Suspended',
  /** This version doesn't serve what the spec asks for. Change the spec or the operator's version. */
  NotYetServed: 'NotYetServed',
  /** No ConnectionPolicy allows it, or something is never allowed. Ask the platform team, or change the part named. */
  NotPermitted: 'NotPermitted',
  /** The access was ended, because no policy allows it any more. Ask the platform team; with a policy everything comes back. */
  Withdrawn: 'Withdrawn',
  /** So many connections lost their policy at once that it looks like a mistake: none was ended. Mend the policies, or release it by an annotation on one. */
  MassWithdrawal: 'MassWithdrawal',
  /** The identity is the operator's own or administers a server. Use another one. */
  IdentityReserved: 'IdentityReserved',
  /** The identity isn't there. Create it, or correct its id. */
  IdentityNotFound: 'IdentityNotFound',
  /** The identity was just made or switched on, and Entra does not show it yet. Wait. */
  IdentityNotReady: 'IdentityNotReady',
  /** The identity that shall be made is there, and another connection made it. Leave create out, or name another one. */
  IdentityNotOwned: 'IdentityNotOwned',
  /** The ids of a service principal are not those of the token that its secret gives, or it is of another tenant. Correct spec.identity.servicePrincipal. */
  IdentityMismatch: 'IdentityMismatch',
  /** The Secret of clientSecretRef isn't there, lacks the key, or lacks the label dbaccess.dev/referable "true". Mend the Secret or the reference. */
  ClientSecretNotFound: 'ClientSecretNotFound',
  /** Twenty federated credentials are on the identity. Remove one, or use another identity. */
  FederatedCredentialLimit: 'FederatedCredentialLimit',
  /** A credential under our name is for another subject. Remove it. */
  FederatedCredentialConflict: 'FederatedCredentialConflict',
  /** The service account, app, slot, deployment or container isn't there. Create it, correct its name, or set createIfMissing. */
  WorkloadNotFound: 'WorkloadNotFound',
  /** The service account carries another client id. Remove its annotation, or use another service account. */
  ServiceAccountNotOwned: 'ServiceAccountNotOwned',
  /** The server isn't there. Create it, or create the connection anew with the right id. */
  ServerNotFound: 'ServerNotFound',
  /** The server is stopped, disabled or being deleted. Start it. */
  ServerStopped: 'ServerStopped',
  /** Entra authentication is off on the server. Switch it on, or let the policy's setup. */
  EntraAuthenticationDisabled: 'EntraAuthenticationDisabled',
  /** The operator isn't an Entra administrator of the server. Make it one, or let the policy's setup. */
  NotEntraAdministrator: 'NotEntraAdministrator',
  /** Another identity is the one Entra administrator that the server can have. Put the operator into a group that is, or make it the administrator. */
  OtherEntraAdministrator: 'OtherEntraAdministrator',
  /** The server's firewall refuses the operator's address, which the message names. Add a rule for it, or let the policy's setup open it while sessions last. */
  FirewallDenied: 'FirewallDenied',
  /** Public network access is off at the server, and the operator has no private way to it. Give the cluster's network a private endpoint. */
  PublicAccessDisabled: 'PublicAccessDisabled',
  /** The server can't be reached over the network. See the message for what failed. */
  Unreachable: 'Unreachable',
  /** The server's name doesn't resolve. Link the private DNS zone to the cluster's network. */
  PrivateDnsNotLinked: 'PrivateDnsNotLinked',
  /** Another server answers under the name of this one. Check DNS; if the server was restored, remove its ledger entry. */
  WrongServer: 'WrongServer',
  /** The database isn't there. Create it. */
  DatabaseNotFound: 'DatabaseNotFound',
  /** The serverless database is paused, and looking after it would wake it. Nothing to do: the operator goes on when something else wakes it. */
  DatabasePaused: 'DatabasePaused',
  /** Somebody else owns the database, and the right named isn't there and can't be given. Have its owner run the GRANT of the message. */
  DatabaseNotOwned: 'DatabaseNotOwned',
  /** A schema of the spec isn't there. Create it. */
  SchemaNotFound: 'SchemaNotFound',
  /** A table, sequence or function that access.grants names isn't there. Create it, or correct the name. The other grants hold meanwhile. */
  ObjectNotFound: 'ObjectNotFound',
  /** A privilege of access.grants is none of that kind of object on this version of the server. Put one of those that the message names. */
  PrivilegeUnknown: 'PrivilegeUnknown',
  /** A role of access.roles isn't there. Create it, or correct the name. */
  RoleNotFound: 'RoleNotFound',
  /** The operator has no ADMIN OPTION on a role of access.roles. Have somebody who has it run the GRANT of the message. */
  RoleNotGrantable: 'RoleNotGrantable',
  /** A user of that name is there and isn't ours. Choose another name, or remove the user. */
  UserNameTaken: 'UserNameTaken',
  /** Another user of the database is bound to the identity, and there can be but one. Take that user over, have it removed, or use another identity. */
  IdentityInUse: 'IdentityInUse',
  /** The user was bound to another identity than the spec's, and the operator may not bind it anew. */
  StaleIdentityBinding: 'StaleIdentityBinding',
  /** Views, routines, triggers or events have the user for their definer, so it can't be made, or made anew for its identity. Have those of the message made anew with another definer, or dropped. */
  DefinerObjects: 'DefinerObjects',
  /** Tables or other objects of an owner for whom we can't act lack a promised right. Have their owner run the GRANT of the message. */
  TablesNotOwned: 'TablesNotOwned',
  /** The user has a right too many that somebody else gave, or that comes with what it owns. Have that grantor take it back, or another owner put in its place. */
  PrivilegeNotRevocable: 'PrivilegeNotRevocable',
  /** A right that is promised is denied to a role that the user is in. Have the DENY that the message names taken back. */
  PrivilegeDenied: 'PrivilegeDenied',
  /** An event or DDL trigger would run as the administrator. Remove it, or list it in the policy's knownTriggers. */
  DdlTriggerPresent: 'DdlTriggerPresent',
  /** The database has more objects or grantees than can be looked after. See the message. */
  TooManyObjects: 'TooManyObjects',
  /** The engine or its version isn't supported. */
  UnsupportedServer: 'UnsupportedServer',
  /** A Secret of that name is there and isn't ours. Remove it, or choose another name. */
  SecretNotOwned: 'SecretNotOwned',
  /** The app has a setting of that name that isn't ours. Remove it, choose another prefix, or take it over with output.adopt. */
  SettingNotOwned: 'SettingNotOwned',
  /** Another operation changes the app just now. Wait. */
  WorkloadBusy: 'WorkloadBusy',
  /** The app has its settings and does not start with what it is configured with. See its logs, and mend it. */
  WorkloadFailed: 'WorkloadFailed',
  /** A setting may not be written under that name. Rename it. */
  SettingNotAllowed: 'SettingNotAllowed',
  /** Azure or Kubernetes asks us to slow down. Wait. */
  Throttled: 'Throttled',
  /** Azure refuses the operator an action, which the message names. Give it the role of deploy/azure-roles that has the action. */
  AzureAccessDenied: 'AzureAccessDenied',
  /** Azure answered with an error. See the message. */
  AzureError: 'AzureError',
  /** Entra gives the operator no token. See the message. */
  TokenRefused: 'TokenRefused',
  /** The database answered with an error. See the message. */
  DatabaseError: 'DatabaseError',
  /** Kubernetes refuses the operator something. See the message. */
  KubernetesError: 'KubernetesError',
  /** A fault of the operator. Please report it, with its log. */
  InternalError: 'InternalError',
  /** The plan didn't become empty within the rounds or the time of one reconcile. It goes on by itself; if it lasts, something undoes our work. */
  NotConverging: 'NotConverging',
  /** The user's rights or binding differ from the spec. */
  DriftDetected: 'DriftDetected',
  /** Event: steps were applied for a new or changed spec. */
  Applied: 'Applied',
  /** Event: something that was changed behind our back was repaired. */
  DriftCorrected: 'DriftCorrected',
  /** Event: the user was bound to an identity that was made anew or replaced. */
  IdentityRebound: 'IdentityRebound',
  /** Event: the access has ended. */
  AccessEnded: 'AccessEnded',
  /** Event: the resource was let go while its server could not be reached. Bring the server back: the access ends then. */
  AccessAbandoned: 'AccessAbandoned',
  /** Event of a server's ledger: a user's connection had gone without the operator, or the user was renamed, so its access was ended. Find out who did that. */
  OrphanEnded: 'OrphanEnded',
} as const;

export type Reason = (typeof reasons)[keyof typeof reasons];
