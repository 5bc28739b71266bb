/* Generated from crds/connectionpolicies.yaml by "npm run generate". Do not edit. */

import type {ObjectMeta} from './object-meta.ts';

/**
 * ConnectionPolicy is the platform team's permission for PasswordlessConnections. A connection is acted on while one policy allows all of it; policies add up, none takes away, except that a written Never under setup wins for its server. What is left out of a policy is not allowed. In patterns * stands for any run of characters without a slash, and ${namespace} for the name of the connection's namespace. Resource ids are compared without regard to case.
 */
export interface ConnectionPolicy {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  /**
   * Who may have what.
   */
  spec: {
    /**
     * The namespaces whose connections this policy is for. With both names and selector a namespace must meet both.
     */
    namespaces: {
      /**
       * Names of namespaces, with * as wildcard, for example "shop-*".
       *
       * @minItems 1
       * @maxItems 256
       */
      names?: string[];
      /**
       * A label selector. Only as safe as the rule who may label a namespace; kubernetes.io/metadata.name can't be forged.
       */
      selector?: {
        /**
         * Labels that the namespace must have.
         */
        matchLabels?: {
          [k: string]: string;
        };
        /**
         * Conditions on labels; all must hold.
         *
         * @maxItems 16
         */
        matchExpressions?: {
          /**
           * Label key.
           */
          key: string;
          /**
           * In, NotIn, Exists or DoesNotExist.
           */
          operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
          /**
           * Values for In and NotIn.
           *
           * @maxItems 256
           */
          values?: string[];
        }[];
      };
    };
    /**
     * Who may connect. Every service account of the namespaces, and nothing else, when left out.
     */
    workloads?: {
      /**
       * Names of service accounts of the connection's own namespace; "*" does not mean default, which must be named.
       *
       * @maxItems 64
       */
      serviceAccounts?: string[];
      /**
       * Container Apps, web apps and Spring apps, with or without a system-assigned identity of their own.
       *
       * @maxItems 64
       */
      resourceIds?: string[];
    };
    /**
     * Which identities may be bound to a database user and, for a service account, be federated. Who may federate an identity can do all that the identity can do in Azure, so name only those that belong to the namespaces above. A workload's own system-assigned identity goes with the workload.
     */
    identities?: {
      /**
       * Never when left out. Whether a connection may have such an identity made.
       */
      create?: 'Allow' | 'Never';
      /**
       * Resource ids of user-assigned identities.
       *
       * @maxItems 64
       */
      userAssigned?: string[];
      /**
       * Service principals, without wildcards. Both ids are compared, because PostgreSQL binds the one and MySQL and Azure SQL the other.
       *
       * @maxItems 64
       */
      servicePrincipals?: {
        /**
         * Application (client) id.
         */
        clientId: string;
        /**
         * Object id of the service principal.
         */
        objectId: string;
      }[];
    };
    /**
     * Never when left out. Whether identity.servicePrincipal.clientSecretRef may be used.
     */
    secretReferences?: 'Allow' | 'Never';
    /**
     * Bounds that hold for each namespace.
     */
    limits?: {
      /**
       * Connections that this policy allows in one namespace.
       */
      connectionsPerNamespace?: number;
      /**
       * Federated credentials that one namespace may take on one identity; Azure allows 20 for all together.
       */
      serviceAccountsPerIdentity?: number;
    };
    /**
     * What they may have. A connection must be allowed whole by one entry.
     *
     * @minItems 1
     * @maxItems 32
     */
    targets: {
      /**
       * Resource ids of servers.
       *
       * @minItems 1
       * @maxItems 16
       */
      servers: string[];
      /**
       * Names of databases, for example "orders*" or "${namespace}". Postgres is only meant when named in full; system databases never.
       *
       * @minItems 1
       * @maxItems 64
       */
      databases: string[];
      /**
       * Profiles that a connection may ask for.
       *
       * @minItems 1
       * @maxItems 5
       */
      profiles: ('ReadOnly' | 'ReadWrite' | 'ReadWriteDDL' | 'All' | 'Custom')[];
      /**
       * Privileges that access.grants may name, for example SELECT; "*" is all that the schema of PasswordlessConnection knows.
       *
       * @minItems 1
       * @maxItems 64
       */
      customPrivileges?: string[];
      /**
       * Roles that access.roles may name. On PostgreSQL and MySQL roles are the server's, not the database's, so a role can reach into databases that aren't listed above.
       *
       * @maxItems 64
       */
      roles?: string[];
      /**
       * Names that databaseUser.name may ask for. The default name, aad_<namespace>_<name>, is always allowed.
       *
       * @maxItems 64
       */
      users?: string[];
      /**
       * Schemas that a connection may name. Public on PostgreSQL and the whole database on Azure SQL when left out; system schemas never.
       *
       * @maxItems 64
       */
      schemas?: string[];
      /**
       * Never when left out. Whether access.routines All may be asked for.
       */
      routines?: 'Allow' | 'Never';
      /**
       * Never when left out. Whether a user, Secret or setting that the operator did not make may be taken over.
       */
      adoption?: 'Allow' | 'Never';
      /**
       * Never when left out. Whether the annotation dbaccess.dev/abandon may release a deleted connection whose server can't be reached.
       */
      abandon?: 'Allow' | 'Never';
      /**
       * Never when left out. Whether a connection may have deletionPolicy Retain, which leaves an access behind that no policy governs any more.
       */
      retain?: 'Allow' | 'Never';
      /**
       * What the operator may change on these servers. Where two policies differ about a server, a Never that somebody wrote down wins.
       */
      setup?: {
        /**
         * Enable switches Entra authentication on (PostgreSQL; the server restarts).
         */
        entraAuthentication?: 'Enable' | 'Never';
        /**
         * AddIfNone makes the operator an Entra administrator (MySQL and Azure SQL have only one, so there only while there is none). TakeOver replaces another one.
         */
        entraAdministrator?: 'AddIfNone' | 'TakeOver' | 'Never';
        /**
         * Allow opens the server's firewall to the operator's own address while a session lasts.
         */
        temporaryFirewallRule?: 'Allow' | 'Never';
        /**
         * A Secret (kubernetes.io/basic-auth) in the operator's own namespace with the login of the owner of older tables, used for nothing but granting on those (PostgreSQL).
         */
        ownerCredentialsSecretName?: string;
        /**
         * A role that takes over what deleted users owned, where the platform knowingly wants that. Locked shells keep it when left out.
         */
        retiredOwner?: string;
        /**
         * Keep when left out. Revoke takes CONNECT on the databases above from PUBLIC, so that a login of one database can't look into another (PostgreSQL).
         */
        publicConnect?: 'Revoke' | 'Keep';
        /**
         * Database-level DDL or event triggers that are known to be harmless; any other stops the operator from writing.
         *
         * @maxItems 32
         */
        knownTriggers?: string[];
        /**
         * The user-assigned identity that a MySQL server gets for its own Entra look-ups, where it has none.
         */
        mysqlServerIdentityId?: string;
      };
    }[];
  };
  /**
   * What the policy amounts to now.
   */
  status?: {
    /**
     * The generation that this status speaks of.
     */
    observedGeneration?: number;
    /**
     * Number of namespaces that it selects.
     */
    namespaces?: number;
    /**
     * Number of connections that only this policy allows.
     */
    connections?: number;
    /**
     * Accepted says that the operator uses the policy.
     *
     * @maxItems 8
     */
    conditions?: {
      /**
       * Name of the condition.
       */
      type: string;
      /**
       * True, False or Unknown.
       */
      status: 'True' | 'False' | 'Unknown';
      /**
       * The generation that it speaks of.
       */
      observedGeneration?: number;
      /**
       * When the status last changed.
       */
      lastTransitionTime: string;
      /**
       * One word for programs.
       */
      reason: string;
      /**
       * A sentence for people.
       */
      message: string;
    }[];
  };
}
